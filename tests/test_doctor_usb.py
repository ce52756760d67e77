from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.doctor import usb
from device.doctor.finding import Verdict, examine

if TYPE_CHECKING:
    from pathlib import Path

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT


def write(root: Path, file: str, text: str = "") -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)


def a_board(root: Path, state: str = "configured") -> Path:
    write(root, "sys/class/udc/fe980000.usb/state", f"{state}\n")
    write(root, "sys/class/udc/fe980000.usb/current_speed", "high-speed\n")
    return root


def with_gadget(root: Path) -> Path:
    write(root, "sys/kernel/config/usb_gadget/saykey/UDC", "fe980000.usb\n")
    write(root, "sys/kernel/config/usb_gadget/saykey/functions/hid.usb0/dev", "236:0\n")
    write(root, "dev/hidg0")
    return root


def with_drive(root: Path) -> Path:
    write(root, "sys/kernel/config/usb_gadget/saykey-drive/UDC", "\n")
    return root


def findings(root: Path, may=lambda _: True):
    found = examine({"keyboard": lambda: usb.keyboard(root, lambda file, _: may(file))})
    return [finding for _, finding in found]


def only(root: Path, *, may=True):
    """Give the first finding, which is the keyboard's."""
    return findings(root, lambda _: may)[0]


def test_a_computer_that_is_no_board_is_no_fault(tmp_path: Path):
    finding = only(tmp_path)
    assert finding.verdict is OK
    assert "cannot be a USB keyboard" in finding.found
    assert "Raspberry Pi" in finding.found


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("Raspberry Pi 4 Model B Rev 1.4", "dtoverlay=dwc2,dr_mode=peripheral"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "take a Raspberry Pi Zero 2 W"),
        ("OrangePi Zero 2W", "device tree"),
    ],
)
def test_a_board_without_controller_is_told_what_to_do(tmp_path: Path, model: str, advice: str):
    write(tmp_path, "proc/device-tree/model", f"{model}\0")
    finding = only(tmp_path)
    assert finding.verdict is WARNING
    assert model in finding.found
    assert advice in finding.advice


def test_without_gadget_it_is_to_be_made(tmp_path: Path):
    finding = only(a_board(tmp_path))
    assert finding.verdict is FAULT
    assert "fe980000.usb" in finding.found
    assert finding.advice == "run: sudo saykey gadget up"


def test_half_a_gadget_is_to_be_made_anew(tmp_path: Path):
    write(a_board(tmp_path), "sys/kernel/config/usb_gadget/saykey/UDC", "\n")
    finding = only(tmp_path)
    assert finding.verdict is FAULT
    assert "half made" in finding.found
    assert finding.advice == "run: sudo saykey gadget up"


def test_a_user_who_may_not_write_is_told_how_to(tmp_path: Path):
    finding = only(with_gadget(a_board(tmp_path)), may=False)
    assert finding.verdict is FAULT
    assert "hidg0" in finding.found
    assert "60-saykey.rules" in finding.advice


@pytest.mark.parametrize(
    ("state", "verdict", "words"),
    [
        ("configured", OK, "taken by a host at high-speed"),
        ("suspended", WARNING, "sleeps"),
        ("not attached", WARNING, "no host is connected"),
        ("addressed", WARNING, "addressed"),
    ],
)
def test_the_host_is_looked_for(tmp_path: Path, state: str, verdict: Verdict, words: str):
    finding = only(with_gadget(a_board(tmp_path, state)))
    assert finding.verdict is verdict
    assert words in finding.found
    assert bool(finding.advice) == (verdict is not OK)


def test_a_keyboard_that_something_else_made_will_do(tmp_path: Path):
    write(a_board(tmp_path), "dev/hidg1")
    assert only(tmp_path).verdict is OK


def test_the_drive_is_looked_for(tmp_path: Path):
    _, drive = findings(with_drive(with_gadget(a_board(tmp_path))))
    assert drive.verdict is OK
    assert "can be a drive" in drive.found


def test_a_keyboard_alone_is_told_why(tmp_path: Path):
    _, drive = findings(with_gadget(a_board(tmp_path)))
    assert drive.verdict is WARNING
    assert "usb_f_mass_storage" in drive.advice


def test_a_user_who_may_not_switch_is_told_how_to(tmp_path: Path):
    _, drive = findings(with_drive(with_gadget(a_board(tmp_path))), lambda file: file.name != "UDC")
    assert drive.verdict is WARNING
    assert "usermod" in drive.advice


def test_a_drive_that_is_shown_is_no_broken_keyboard(tmp_path: Path):
    with_drive(with_gadget(a_board(tmp_path)))
    write(tmp_path, "sys/kernel/config/usb_gadget/saykey/UDC", "\n")
    write(tmp_path, "sys/kernel/config/usb_gadget/saykey-drive/UDC", "fe980000.usb\n")
    (tmp_path / "dev/hidg0").unlink()
    (finding,) = findings(tmp_path)
    assert finding.verdict is OK
    assert "drive" in finding.found
