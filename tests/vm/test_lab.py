"""The lab itself: it boots, its kernel has what the tests need, and a key comes through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_the_status_of_a_script_comes_back(tmp_path: Path):
    result = lab.run(_GUEST / "fail.sh", limit_s=120, share=tmp_path)

    assert result.status == 7, result.log
    assert "lab: Linux " in result.log
