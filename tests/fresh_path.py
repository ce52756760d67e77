"""Two dictations in a process that has imported nothing but what they need, with the loop watched.

    python -m tests.fresh_path CONFIG

Prints what the virtual host received, and then a line for each call on the loop that may block.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from device.app import assemble
from device.audio.files import read
from device.demo import RECORDING
from device.running import dictate
from device.settings_files import load
from device.simulation.scripted_button import ScriptedButton
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from device.simulation.wav_microphone import WavMicrophone
from tests.blocking import watched

if TYPE_CHECKING:
    from device.ports import Parts
    from device.settings import Settings


class Keyboard(VirtualKeyboard):
    """Ends the dictation when the host has a second full stop."""

    def __init__(self, host):
        super().__init__(host)
        self._text = host

    async def send(self, report):
        await super().send(report)
        if self._text.text.count(".") == 2 and not self._text.keys_down:
            os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    settings = load(Path(sys.argv[1])).settings
    host, button = VirtualHost(), ScriptedButton()
    microphone = WavMicrophone(settings, button, fast=True)
    parts = assemble(
        settings, button=button, microphone=microphone, keyboard=Keyboard(host), indicator=SilentIndicator()
    )
    sentence = read(RECORDING)
    for _ in range(2):
        microphone.play(sentence)
    calls = asyncio.run(_watched(parts, settings))
    print(host.text, *calls, sep="\n")


async def _watched(parts: Parts, settings: Settings) -> list[str]:
    with watched() as calls:
        await dictate(parts, settings)
    return calls


if __name__ == "__main__":
    main()
