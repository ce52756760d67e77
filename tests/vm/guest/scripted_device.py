"""Saykey as it runs on a board, with a button and a microphone that do what lines on standard input say.

    scripted_device.py [held]

The rest is real: the keyboard, the drive, the recogniser. What the indicator shows comes out as lines. With
`held`, the button is down at the start, until it is released.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

from device.app import assemble, targets_of
from device.audio.files import read
from device.demo import RECORDING
from device.hardware.usb_drive import UsbDrive
from device.hardware.usb_gadget import serial_number
from device.hardware.usb_keyboard import usb_keyboard
from device.running import Board, keep_running
from device.simulation.scripted_button import ScriptedButton
from device.simulation.wav_microphone import WavMicrophone

if TYPE_CHECKING:
    from device.ports import Button, Parts, State
    from device.settings import Settings


class Told:
    """An indicator that prints."""

    def show(self, state: State, detail: str = "") -> None:
        """Print a state."""
        print(state.name, detail, flush=True)


class Desk:
    """What lies before the user: a button, and a voice for the microphone that is there just now."""

    def __init__(self) -> None:
        self.button = ScriptedButton()
        self._microphone: WavMicrophone | None = None

    def parts(self, settings: Settings, _button: Button) -> tuple[Parts, None]:
        """Give the parts of a dictation, of which the keyboard is the kernel's."""
        targets = targets_of(settings, usb_keyboard())
        self._microphone = WavMicrophone(settings, self.button, fast=True)
        parts = assemble(
            settings,
            button=self.button,
            microphone=self._microphone,
            keyboard=targets,
            indicator=Told(),
            hosts=targets,
        )
        return parts, None

    def obey(self) -> None:
        """Do what standard input says, to its end."""
        for line in sys.stdin:
            match line.strip():
                case "speak" if self._microphone:
                    self._microphone.play(read(RECORDING))
                case "press":
                    self.button.press()
                    self.button.release()
                case "release":
                    self.button.release()


def main() -> None:
    """Run until a signal comes."""
    logging.basicConfig(level=logging.INFO)
    desk = Desk()
    if sys.argv[1:] == ["held"]:
        desk.button.press()
    threading.Thread(target=desk.obey, daemon=True).start()
    keep_running(Board(lambda: desk.button, Told(), desk.parts, UsbDrive(), serial_number()))


if __name__ == "__main__":
    main()
