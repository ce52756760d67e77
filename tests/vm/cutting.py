"""Cuts of the power while another model is put in use, in the lab; guest/cuts.py makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile

from device.demo import RECORDING
from device.models.fetch import fetch
from device.models.store import Store
from tests import tiny_model
from tests.vm import lab

if TYPE_CHECKING:
    from collections.abc import Mapping

Cuts = dict[str, list[dict[str, Any]]]

_SCRIPT = Path(__file__).parent / "guest/cuts.py"
_TALKATIVE = 4
"""The seed of a tiny model that makes something of nearly any sound."""


def cut_tiny(share: Path, *, cuts: int, seed: int = 0, careless: int = 0, limit_s: float) -> Cuts:
    """Cut so often while tiny models are put in use; give what became of each cut (`cuts.Cut`).

    Args:
        share: An empty folder.
        cuts: How many.
        seed: Chooses the moments.
        careless: How many more while a device that does not synchronise files has installed a model.
        limit_s: How long it may take.
    """
    store = Store(share / "store")
    fetch(store, "tiny", tiny_model.write(share / "whisper", seed=_TALKATIVE), lambda *_: None)
    sound, rate_hz = soundfile.read(RECORDING, frames=8_000, start=6_000)
    soundfile.write(store.folder("tiny") / "selftest.flac", sound, rate_hz)
    return _cut(share, "/share/store/tiny", seed, cuts, careless, limit_s=limit_s, memory_mb=768)


def cut_real(share: Path, models: Path, *, cuts: int, seed: int = 0, limit_s: float) -> Cuts:
    """Cut while tiny.en is put in use, of which each trial takes half a minute.

    Args:
        share: An empty folder.
        models: The store in which it is.
        cuts: How many.
        seed: Chooses the moments.
        limit_s: How long it may take.
    """
    folders = {"models": models}
    return _cut(share, "/models/tiny.en", seed, cuts, 0, limit_s=limit_s, memory_mb=2048, folders=folders)


def _cut(
    share: Path, *arguments: object, limit_s: float, memory_mb: int, folders: Mapping[str, Path] | None = None
) -> Cuts:
    result = lab.run(
        _SCRIPT,
        *map(str, arguments),
        limit_s=limit_s,
        share=share,
        folders=folders,
        python=True,
        memory_mb=memory_mb,
    )
    assert result.status == 0, result.log
    found: Cuts = json.loads((share / "cuts.json").read_text())
    return found
