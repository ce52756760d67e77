"""The board as a drive in the place of the keyboard, in a kernel that is both ends of the cable.

The scenarios are in guest/drive.py; the device's side is a user who is not root.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from device.hardware.gadget_status import LUN_FILE
from tests.vm import lab

_SCRIPT = Path(__file__).parent / "guest/drive.py"


@pytest.fixture(scope="module")
def found(machine: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of the scenarios."""
    share = tmp_path_factory.mktemp("share")
    result = lab.run(_SCRIPT, limit_s=900, share=share)
    assert result.status == 0, result.log
    return json.loads((share / "drive.json").read_text())


def test_the_group_has_just_what_switches(found: dict[str, Any]):
    assert found["given"] == sorted(["saykey/UDC", "saykey-drive/UDC", f"saykey-drive/{LUN_FILE}"])
    assert found["ejected"]["given"] == found["given"]


def test_who_is_not_in_the_group_is_told_so(found: dict[str, Any]):
    assert "add the user to the group saykey" in found["outsider"]


def test_the_host_sees_a_removable_drive_and_no_keyboard(found: dict[str, Any], tell):
    ejected = found["ejected"]

    assert ejected["usb"][:2] == ["0525", "a4a5"]
    assert ejected["removable"] == "1"
    assert ejected["status"]["bound"] == "saykey-drive"
    tell(f"Drive: the host has it {ejected['seen_s']:.1f} s after it is shown.")


def test_a_drive_that_the_host_has_locked_is_taken_away(found: dict[str, Any]):
    assert found["locked"]["while_bound"] == "Device or resource busy"


def test_after_a_kill_as_a_drive_the_keyboard_types_again(found: dict[str, Any]):
    assert "drive" in found["killed"]
    assert found["typed"] == found["typed again"] == "back again"
    assert "removed" in found["down"]
