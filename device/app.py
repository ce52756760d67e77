"""The composition root: settings to parts, parts to a running dictation."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401  asyncio would wait for the disk when it first needs it
import logging
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from device import systemd
from device.dictation import Dictation
from device.events import StopRequested
from device.keyboard.host import host_of
from device.memory import give_back
from device.ports import Parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from device.ports import Button, Indicator, Keyboard, Microphone, SpeechDetector
    from device.settings import Settings
    from device.speech.engine import Engine
    from device.speech.live import LiveRecogniser
    from device.utterance import Utterance

log = logging.getLogger(__name__)


def load_engine(settings: Settings, compute_type: str = "int8") -> Engine:
    """Load the speech model that the settings name, and warm it up.

    Args:
        settings: What names it.
        compute_type: The type that its matrices are multiplied in; the device has no other.

    Raises:
        ModelError: There is none, or it is damaged.
    """
    from device.models.check import check
    from device.models.manifest import has_short_window
    from device.models.store import resolve
    from device.speech.engine import Engine

    folder = resolve(settings.recognition)
    check(folder)
    engine = Engine(
        folder, settings.recognition, short_window=has_short_window(folder), compute_type=compute_type
    )
    engine.warm_up()
    give_back()
    return engine


def load_recogniser(settings: Settings, compute_type: str = "int8") -> LiveRecogniser:
    """Load the recogniser, warmed up; the arguments are those of `load_engine`.

    Raises:
        ModelError: There is no model, or it is damaged.
    """
    from device.speech.live import LiveRecogniser
    from device.speech.recogniser import PieceRecogniser

    return LiveRecogniser(PieceRecogniser(load_engine(settings, compute_type), settings.recognition))


def load_detector() -> SpeechDetector:
    """Load the speech detector.

    Raises:
        ModelError: Its model is missing.
    """
    from device.speech.detector import SileroDetector

    return SileroDetector()


def assemble(
    settings: Settings, *, button: Button, microphone: Microphone, keyboard: Keyboard, indicator: Indicator
) -> Parts:
    """Give the parts, with the real model and the layout that the settings name.

    Raises:
        ModelError: The model or the detector cannot be loaded.
    """
    return Parts(
        button=button,
        microphone=microphone,
        detector=load_detector(),
        recogniser=load_recogniser(settings),
        keyboard=keyboard,
        # Backspace is for taking text back: no transcript has one.
        host=host_of(settings.keyboard, controls="\b\n" if settings.text.newlines else "\b"),
        indicator=indicator,
    )


@contextmanager
def _microphone(settings: Settings) -> Iterator[Microphone]:
    """Give the real microphone, whose PortAudio loads beside the block, and stop it on an error."""
    from device.hardware.sounddevice_microphone import SoundDeviceMicrophone

    microphone = SoundDeviceMicrophone(settings.microphone)
    microphone.prepare()
    try:
        yield microphone
    except BaseException:
        microphone.stop()
        raise


def usb_parts(settings: Settings, status: TextIO) -> Parts:
    """Give the parts that type through USB; a key of the terminal is the button.

    Args:
        settings: What the user wants.
        status: Shows what the device does.

    Raises:
        KeyboardError: This machine is no USB keyboard.
    """
    from device.hardware.usb_keyboard import usb_keyboard
    from device.simulation.terminal import TerminalButton, TerminalIndicator

    keyboard = usb_keyboard()  # before the model is loaded, which takes longer
    with _microphone(settings) as microphone:
        return assemble(
            settings,
            button=TerminalButton(),
            microphone=microphone,
            keyboard=keyboard,
            indicator=TerminalIndicator(status),
        )


def desk_parts(settings: Settings, screen: TextIO, status: TextIO) -> Parts:
    """Give the parts for a desk: the real microphone, a key of the terminal, a virtual host.

    Args:
        settings: What the user wants.
        screen: Shows the host's text as it arrives.
        status: Shows what the device does.
    """
    from device.simulation.terminal import REPORT_INTERVAL_S, Screen, TerminalButton, TerminalIndicator
    from device.simulation.virtual_host import VirtualHost

    host = VirtualHost.described_by(settings.keyboard)
    with _microphone(settings) as microphone:
        return assemble(
            settings,
            button=TerminalButton(),
            microphone=microphone,
            keyboard=Screen(host, screen, interval_s=REPORT_INTERVAL_S),
            indicator=TerminalIndicator(status),
        )


async def dictate(parts: Parts, settings: Settings) -> None:
    """Run until a signal asks to stop, feeding the watchdog while the path makes progress."""
    loop = asyncio.get_running_loop()

    def rest(_: Utterance) -> None:
        loop.run_in_executor(None, give_back)

    dictation = Dictation(parts, settings, finished=rest)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, dictation.post, StopRequested())
    feeding = asyncio.create_task(_feed_watchdog(dictation))
    try:
        await dictation.run(ready=lambda: systemd.notify("READY=1"))
    finally:
        systemd.notify("STOPPING=1")
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding


async def _feed_watchdog(dictation: Dictation) -> None:
    interval_s = systemd.watchdog_interval_s()
    while interval_s is not None:
        await asyncio.sleep(interval_s)
        stalled = dictation.progress.stalled()
        if stalled:
            log.error("no progress: %s", ", ".join(stalled))
        else:
            systemd.notify("WATCHDOG=1")
