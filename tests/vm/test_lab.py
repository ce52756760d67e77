"""The lab itself: it boots, its kernel has what the tests need, and a key comes through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.demo import SENTENCE
from device.models.self_test import words_apart
from device.models.store import resolve
from tests.vm import lab

_GUEST = Path(__file__).parent / "guest"

pytestmark = pytest.mark.usefixtures("machine")


def test_a_report_comes_back_as_a_key_event(tmp_path: Path):
    result = lab.run(_GUEST / "smoke.py", limit_s=120, share=tmp_path)

    assert result.status == 0, result.log
    received = json.loads((tmp_path / "smoke.json").read_text())
    assert received["text"] == "a"
    assert not received["down"]
    assert not received["dropped"]


def test_the_recogniser_hears_a_recording(tmp_path: Path, real_settings, tell):
    models = {"models": resolve(real_settings.recognition).parent}
    script = _GUEST / "recognise.py"

    result = lab.run(script, limit_s=900, share=tmp_path, folders=models, python=True, memory_mb=1024)

    assert result.status == 0, result.log
    heard = json.loads((tmp_path / "recognise.json").read_text())
    assert words_apart(heard["text"], SENTENCE) == 0
    times = ", ".join(f"{what} {time_s:.0f} s" for what, time_s in heard["times_s"].items())
    tell(f"tiny.en in the lab: {times}.")


def test_the_status_of_a_script_comes_back(tmp_path: Path):
    result = lab.run(_GUEST / "fail.sh", limit_s=120, share=tmp_path)

    assert result.status == 7, result.log
    assert "lab: Linux " in result.log
