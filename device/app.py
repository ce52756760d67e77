"""The composition root: settings to parts, parts to a running dictation."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401  asyncio would wait for the disk when it first needs it
import logging
import signal
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from device import systemd
from device.control import NoPlaceError, serving
from device.dictation import Dictation
from device.errors import KeyboardError
from device.events import HostsChanged, StopRequested
from device.hosts import OneHost, Targets
from device.kept_host import KeptHost, state_folder
from device.keyboard.host import host_of
from device.memory import give_back
from device.ports import Parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path
    from typing import TextIO

    from device.choice import Bluetooth as Paired
    from device.choice import Target
    from device.events import Post
    from device.hardware.bluetooth import Bluetooth
    from device.hardware.bluetooth_keyboard import BluetoothKeyboard
    from device.hardware.hci_monitor import HciMonitor
    from device.hosts import BluetoothKeyboard as PairedKeyboard
    from device.keyboard.host import Host
    from device.pairing import Window
    from device.ports import Button, Hosts, Indicator, Keyboard, Microphone, SpeechDetector
    from device.settings import KeyboardSettings, Settings
    from device.speech.engine import Engine
    from device.speech.live import LiveRecogniser
    from device.utterance import Utterance

log = logging.getLogger(__name__)

_CHARGE_EVERY_S = 60.0
"""How often the battery is asked. It changes by a per cent in minutes."""


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


def host_described(settings: Settings, keyboard: KeyboardSettings) -> Host:
    """Give a host as it is typed into.

    Args:
        settings: What the user wants.
        keyboard: Those of them that describe this host.

    Raises:
        SettingsError: There is no such layout, or no such chord.
    """
    # Backspace is for taking text back: no transcript has one.
    return host_of(keyboard, controls="\b\n" if settings.text.newlines else "\b")


def targets_of(
    settings: Settings,
    usb: Keyboard | None,
    paired: PairedKeyboard | None = None,
    bluetooth: Paired | None = None,
    *,
    folder: Path | None = None,
) -> Targets:
    """Give the hosts that there are, each as the settings describe it.

    Args:
        settings: What the user wants.
        usb: The keyboard at the USB cable, if this board can be one.
        paired: The keyboard of the paired hosts, if Bluetooth shall be used.
        bluetooth: The radio, in that case.
        folder: Where the choice is kept; without, where such things are kept.

    Raises:
        SettingsError: There is no such layout, or no such chord.
    """
    # All at once: the tables of layouts are files, and a host is chosen on the event loop.
    others = host_described(settings, settings.keyboard)
    known = {name.casefold(): host_described(settings, each) for name, each in settings.hosts.items()}

    def describe(target: Target | None) -> Host:
        names = (target.name, target.address) if target else ()
        return next((known[name.casefold()] for name in names if name.casefold() in known), others)

    return Targets(usb, paired, bluetooth, describe, KeptHost((folder or state_folder()) / "host.json"))


def assemble(  # noqa: PLR0913  the parts that differ
    settings: Settings,
    *,
    button: Button,
    microphone: Microphone,
    keyboard: Keyboard,
    indicator: Indicator,
    hosts: Hosts | None = None,
) -> Parts:
    """Give the parts, with the real model.

    Args:
        settings: What the user wants.
        button: Any button.
        microphone: Any microphone.
        keyboard: Any keyboard.
        indicator: Any indicator.
        hosts: Who sees the keyboard; without, one host that is as the settings describe it.

    Raises:
        ModelError: The model or the detector cannot be loaded.
    """
    return Parts(
        button=button,
        microphone=microphone,
        detector=load_detector(),
        recogniser=load_recogniser(settings),
        keyboard=keyboard,
        hosts=hosts or OneHost(host_described(settings, settings.keyboard)),
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


def bluetooth_of(settings: Settings, monitor: HciMonitor | None) -> tuple[BluetoothKeyboard, Bluetooth]:
    """Give the keyboard of the paired computers, and the radio; nothing is started yet.

    Args:
        settings: What the user wants.
        monitor: Tells whether reports arrive; without, what is under way when a link breaks may be lost.
    """
    from device.hardware.battery import charge_percent
    from device.hardware.bluetooth import Bluetooth
    from device.hardware.bluetooth_keyboard import BluetoothKeyboard
    from device.hardware.bluez import Bluez
    from device.hardware.bluez_version import is_private
    from device.hardware.gatt import services

    bluez = Bluez(settings.bluetooth.name, services(charge_percent()))
    keyboard = BluetoothKeyboard(bluez, monitor)
    return keyboard, Bluetooth(
        bluez, keyboard, monitor, window_s=settings.bluetooth.window_s, one_at_a_time=not is_private()
    )


def board_parts(
    settings: Settings, status: TextIO, monitor: HciMonitor | None = None
) -> tuple[Parts, Bluetooth | None]:
    """Give the parts that type through USB and Bluetooth, and the radio where it is wanted.

    A key of the terminal is the button.

    Args:
        settings: What the user wants.
        status: Shows what the device does.
        monitor: Tells whether reports arrive by Bluetooth.

    Raises:
        KeyboardError: This machine is no USB keyboard, and is to be no other.
    """
    from device.hardware.usb_keyboard import usb_keyboard
    from device.simulation.terminal import TerminalButton, TerminalIndicator

    paired, radio, usb = None, None, None
    try:
        usb = usb_keyboard()  # before the model is loaded, which takes longer
    except KeyboardError as error:
        if not settings.bluetooth.enabled:
            raise
        log.warning("the USB cable is not used: %s", error)
    if settings.bluetooth.enabled:
        paired, radio = bluetooth_of(settings, monitor)
    targets = targets_of(settings, usb, paired, radio)
    with _microphone(settings) as microphone:
        parts = assemble(
            settings,
            button=TerminalButton(),
            microphone=microphone,
            keyboard=targets,
            indicator=TerminalIndicator(status),
            hosts=targets,
        )
    return parts, radio


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


async def dictate(parts: Parts, settings: Settings, radio: Bluetooth | None = None) -> None:
    """Run until a signal asks to stop, feeding the watchdog while the path makes progress.

    Args:
        parts: What the path is built from.
        settings: What the user wants.
        radio: Bluetooth, where it is wanted.

    Raises:
        ControlError: Saykey runs already.
    """
    loop = asyncio.get_running_loop()

    def rest(_: Utterance) -> None:
        loop.run_in_executor(None, give_back)

    dictation = Dictation(parts, settings, finished=rest)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, dictation.post, StopRequested())
    feeding = asyncio.create_task(_feed_watchdog(dictation))
    try:
        async with _hosts_told(parts.hosts, radio, dictation.post):
            await dictation.run(ready=lambda: systemd.notify("READY=1"))
    finally:
        systemd.notify("STOPPING=1")
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding


@asynccontextmanager
async def _hosts_told(hosts: Hosts, radio: Bluetooth | None, post: Post) -> AsyncIterator[None]:
    """Have the radio on, its news on the queue, and `saykey pair` and `saykey hosts` answered."""
    if isinstance(hosts, OneHost):  # at a desk: there is nothing to choose, and another Saykey may be at work
        yield
        return
    if radio is None:
        async with _answering(hosts):
            yield
        return

    def tell_window(window: Window) -> None:
        post(HostsChanged(window))

    def tell() -> None:
        tell_window(radio.window)

    with radio.watching(tell_window), radio.watching_hosts(tell):
        radio.start(asyncio.get_running_loop())
        charging = asyncio.create_task(_tell_charge(radio))
        try:
            async with _answering(hosts, radio, changed=tell):
                yield
        finally:
            charging.cancel()
            radio.stop()


@asynccontextmanager
async def _answering(
    hosts: Hosts, radio: Bluetooth | None = None, *, changed: Callable[[], object] = lambda: None
) -> AsyncIterator[None]:
    """Have the commands answered where that is possible. Typing does not take it."""
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(hosts, radio, changed=changed))
        except NoPlaceError as error:
            log.warning("saykey pair and saykey hosts cannot reach this Saykey: %s", error)
        yield


async def _tell_charge(radio: Bluetooth) -> None:
    from device.hardware.battery import charge_percent

    while True:
        percent = await asyncio.to_thread(charge_percent)
        if percent is not None:
            radio.tell_charge(percent)
        await asyncio.sleep(_CHARGE_EVERY_S)


async def _feed_watchdog(dictation: Dictation) -> None:
    interval_s = systemd.watchdog_interval_s()
    while interval_s is not None:
        await asyncio.sleep(interval_s)
        stalled = dictation.progress.stalled()
        if stalled:
            log.error("no progress: %s", ", ".join(stalled))
        else:
            systemd.notify("WATCHDOG=1")
