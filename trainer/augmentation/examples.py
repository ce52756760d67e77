"""Augmented recordings to listen to, beside what they were made of."""

from __future__ import annotations

import random
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

import soundfile

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ
from trainer.augmentation.augmenter import apply
from trainer.errors import DataError
from trainer.files import replacing_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from trainer.augmentation.augmenter import Augmenter
    from trainer.dataset import Utterance

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Augmented recordings</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
section {{ border-top: 1px solid #ccc; padding: 1rem 0 }}
p {{ margin: 0 0 .5rem }}
audio {{ vertical-align: middle; max-width: 100% }}
</style>
<h1>Augmented recordings</h1>
{examples}
</html>
"""

_EXAMPLE = """\
<section>
<p>{text}</p>
<p>As recorded <audio controls preload="none" src="{before}"></audio></p>
<p>Augmented <audio controls preload="none" src="{after}"></audio></p>
<p>{change}</p>
</section>
"""


def write_examples(
    utterances: Sequence[Utterance], augmenter: Augmenter, target: Path, *, count: int, seed: int
) -> list[str]:
    """Augment some utterances and write them before and after, with a page to listen to them.

    Args:
        utterances: To choose from.
        augmenter: What changes them.
        target: A folder that is new or empty.
        count: So many, or all where there are fewer.
        seed: Chooses them.

    Returns:
        A line for each: its name and what was done.

    Raises:
        DataError: The folder has something in it, or cannot be written.
        SoundError: A recording cannot be read.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise DataError(f"{target} has something in it: give a new folder")
    chosen = random.Random(seed).sample(utterances, min(count, len(utterances)))  # noqa: S311  # repeatable
    try:
        with replacing_folder(target) as folder:
            return _write_all(chosen, augmenter, folder)
    except OSError as error:
        raise DataError(f"{target} cannot be written ({error}): make room, or give another folder") from error


def _write_all(chosen: Sequence[Utterance], augmenter: Augmenter, folder: Path) -> list[str]:
    lines, examples = [], []
    for number, utterance in enumerate(chosen, 1):
        before, after = f"{number:02}-recorded.wav", f"{number:02}-augmented.wav"
        samples, change = read(utterance.path), augmenter.change(utterance.id, number)
        _write(folder / before, samples)
        _write(folder / after, apply(change, samples))
        lines.append(f"{after}: {change}")
        shown = {"text": utterance.text, "change": str(change)}
        examples.append(
            _EXAMPLE.format(
                before=before, after=after, **{key: escape(value) for key, value in shown.items()}
            )
        )
    page = _PAGE.format(examples="".join(examples))
    (folder / "index.html").write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")
    return lines


def _write(file: Path, samples: Samples) -> None:
    encoded = BytesIO()  # libsndfile does not say when a disk is full
    soundfile.write(encoded, samples, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    file.write_bytes(encoded.getvalue())
