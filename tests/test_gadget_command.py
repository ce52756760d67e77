from __future__ import annotations

import argparse
import json

import pytest

from device.commands import gadget
from device.errors import KeyboardError
from device.hardware.gadget_status import Status
from device.keyboard.reports import CAPS_LOCK_LED

UDC = "fe980000.usb"
NOTHING = Status(
    gadget="", drive="", bound="", controllers=(UDC,), udc="", state="", speed="", device="", leds=None
)
UP = Status(
    gadget="saykey",
    drive="saykey-drive",
    bound="saykey",
    controllers=(UDC,),
    udc=UDC,
    state="configured",
    speed="high-speed",
    device="/dev/hidg0",
    leds=CAPS_LOCK_LED,
)


def changed(status: Status, **values) -> Status:
    return Status(**{name: getattr(status, name) for name in Status.__slots__} | values)


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    gadget.configure(parser)
    return gadget.run(parser.parse_args(words))


@pytest.fixture
def machine(monkeypatch):
    """A machine on which the keyboard is made and removed by setting a variable."""

    class Machine:
        now = NOTHING

        def up(self):
            was, self.now = self.now, UP
            return was is not UP

        def down(self):
            was, self.now = self.now, NOTHING
            return was is not NOTHING

    made = Machine()
    monkeypatch.setattr(gadget, "up", made.up)
    monkeypatch.setattr(gadget, "down", made.down)
    monkeypatch.setattr(gadget, "status", lambda: made.now)
    return made


def test_up_and_down_say_what_they_did(machine, capsys):
    said = []
    for verb in ("up", "up", "down", "down"):
        assert call(verb) == 0
        said.append(capsys.readouterr().out)
    assert "now: /dev/hidg0" in said[0]
    assert "already" in said[1]
    assert "removed" in said[2]
    assert "no USB keyboard" in said[3]


def test_status_is_one_json_object(machine, capsys):
    machine.up()
    call("status", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["udc"] == UDC
    assert told["state"] == "configured"
    assert told["leds"] == CAPS_LOCK_LED


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (NOTHING, "run: sudo saykey gadget up"),
        (changed(NOTHING, gadget="saykey"), "half made"),
        (changed(NOTHING, controllers=()), "USB device controller"),
        (UP, "a host has taken it, high-speed, Caps Lock on"),
        (changed(UP, leds=0), "no lock key on"),
        (changed(UP, state="suspended"), "sleeps"),
        (changed(UP, state="not attached"), "plug it into a computer"),
        (changed(UP, state="addressed"), "addressed"),
        (changed(UP, device=""), "no device file"),
        (changed(UP, drive=""), "no drive"),
        (changed(UP, bound="saykey-drive", device=""), "the drive in place of the keyboard"),
    ],
)
def test_status_in_words(now: Status, words: str):
    assert words in gadget.in_words(now)


def test_the_drives_lights_are_not_told():
    shown = gadget.in_words(changed(UP, bound="saykey-drive", device=""))
    assert shown == f"the drive in place of the keyboard on {UDC}, a host has taken it, high-speed"


def test_a_machine_that_cannot_says_so(monkeypatch):
    def refuse():
        raise KeyboardError("There is no USB device controller")

    monkeypatch.setattr(gadget, "up", refuse)
    with pytest.raises(KeyboardError):
        call("up")
