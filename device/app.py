"""The composition root: settings to parts, for a board or a desk."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from device.control_requests import SERVICE_FOLDER
from device.errors import KeyboardError, ModelError
from device.hosts import OneHost, Targets
from device.indicator import Indicators
from device.kept_host import KeptHost, state_folder
from device.kept_json import KeptJson
from device.kept_words import words_in_force
from device.keyboard.host import host_in, host_of
from device.languages import Languages
from device.memory import give_back
from device.mute import FILE, Mute
from device.ports import Parts
from device.running import Board
from device.settings import AUTO
from device.text.written import controls_of, prepare
from device.wording import may_hold_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from device.choice import Bluetooth as Paired
    from device.choice import Target
    from device.hardware.bluetooth import Bluetooth
    from device.hardware.bluetooth_keyboard import BluetoothKeyboard
    from device.hardware.capture_gain import CaptureGain
    from device.hardware.hci_monitor import HciMonitor
    from device.hosts import BluetoothKeyboard as PairedKeyboard
    from device.keyboard.host import Host
    from device.ports import (
        Button,
        Display,
        Gain,
        Hosts,
        Indicator,
        Keyboard,
        Microphone,
        Recogniser,
        SpeechDetector,
        WakeWord,
    )
    from device.settings import KeyboardSettings, Settings
    from device.speech.engine import Engine
    from device.text.vocabulary import Word

log = logging.getLogger(__name__)


def load_engine(settings: Settings, compute_type: str = "int8", words: Sequence[Word] = ()) -> Engine:
    """Load the speech model that the settings name, and warm it up.

    Args:
        settings: What names it.
        compute_type: The type that its matrices are multiplied in; the device has no other.
        words: The owner's, which it may be told to expect.

    Raises:
        ModelError: There is none, or it is damaged.
    """
    from device.models.check import check
    from device.models.manifest import has_short_window
    from device.models.store import resolve
    from device.speech.engine import Engine
    from device.speech.expected import with_words
    from device.speech.tokens import tokens_of

    folder = resolve(settings.recognition)
    check(folder)
    told = settings
    if words and settings.vocabulary.use != "none":
        told, _ = with_words(settings, words, tokens_of(folder))
    engine = Engine(
        folder,
        told.recognition,
        languages=told.languages,
        short_window=has_short_window(folder),
        compute_type=compute_type,
    )
    engine.warm_up()
    give_back()
    return engine


def load_recogniser(settings: Settings, compute_type: str = "int8", words: Sequence[Word] = ()) -> Recogniser:
    """Load the recogniser, warmed up; the arguments are those of `load_engine`.

    Raises:
        ModelError: There is no model, or it is damaged.
    """
    from device.speech.live import LiveRecogniser
    from device.speech.recogniser import PieceRecogniser
    from device.speech.repaired import RepairedRecogniser
    from device.text.repair import Repair

    for language in {settings.recognition.language, *settings.recognition.languages} - {AUTO}:
        prepare(language, settings)
    engine = load_engine(settings, compute_type, words)
    may_stand_alone = partial(may_hold_command, settings=settings)
    recogniser = LiveRecogniser(PieceRecogniser(engine, settings.recognition, may_stand_alone))
    if not words or not settings.vocabulary.repair:
        return recogniser
    return RepairedRecogniser(recogniser, Repair(words, engine.is_common))


def load_detector() -> SpeechDetector:
    """Load the speech detector.

    Raises:
        ModelError: Its model is missing.
    """
    from device.speech.detector import SileroDetector

    return SileroDetector()


def load_wake_word(settings: Settings) -> WakeWord | None:
    """Load what knows the wake word, where the user wants one.

    Raises:
        SettingsError: What it takes is not installed.
    """
    if not settings.hands_free.wake_word:
        return None
    from device.speech.wake_word import MicroWakeWord

    return MicroWakeWord(settings.hands_free.wake_word)


def check_start(settings: Settings) -> None:
    """Look whether the daemon can start with these settings. The model that they mean is not loaded for it.

    Where there is none yet, or it is damaged, the settings are not what is wrong, and may come first.

    Raises:
        ModelError: It does not know a language.
        SettingsError: What the wake word takes is not installed.
    """
    from device.models.check import check
    from device.models.store import resolve
    from device.speech.known import first_language
    from device.speech.tokens import tokens_of

    load_wake_word(settings)
    try:
        folder = resolve(settings.recognition)
        is_multilingual = check(folder).is_multilingual
        tokens = tokens_of(folder)
    except ModelError:
        return
    first_language(folder, tokens, settings.recognition, is_multilingual=is_multilingual)


def host_described(settings: Settings, keyboard: KeyboardSettings) -> Host:
    """Give a host as it is typed into.

    Args:
        settings: What the user wants.
        keyboard: Those of them that describe this host.

    Raises:
        SettingsError: There is no such layout, or no such chord.
    """
    # Backspace is for taking text back: no transcript has one.
    controls = "\b" + controls_of(settings)
    languages = {
        code: host_in(code, language, keyboard, controls=controls)
        for code, language in settings.languages.items()
        if language.layout
    }
    return replace(host_of(keyboard, controls=controls), languages=MappingProxyType(languages))


def targets_of(  # noqa: PLR0913  the two keyboards, of which one may come later
    settings: Settings,
    usb: Keyboard | None,
    paired: PairedKeyboard | None = None,
    bluetooth: Paired | None = None,
    *,
    folder: Path | None = None,
    late_usb: Callable[[], Keyboard | None] = lambda: None,
) -> Targets:
    """Give the hosts that there are, each as the settings describe it.

    Args:
        settings: What the user wants.
        usb: The keyboard at the USB cable, if this board can be one.
        paired: The keyboard of the paired hosts, if Bluetooth shall be used.
        bluetooth: The radio, in that case.
        folder: Where the choice is kept; without, where such things are kept.
        late_usb: Gives the keyboard at the USB cable, where that was missing, once it is there.

    Raises:
        SettingsError: There is no such layout, or no such chord.
    """
    # All at once: the tables of layouts are files, and a host is chosen on the event loop.
    others = host_described(settings, settings.keyboard)
    known = {name.casefold(): host_described(settings, each) for name, each in settings.hosts.items()}

    def describe(target: Target | None) -> Host:
        names = (target.name, target.address) if target else ()
        return next((known[name.casefold()] for name in names if name.casefold() in known), others)

    kept = KeptHost((folder or state_folder()) / "host.json")
    return Targets(usb, paired, bluetooth, describe, kept, late_usb=late_usb)


def assemble(  # noqa: PLR0913  the parts that differ
    settings: Settings,
    *,
    button: Button,
    microphone: Microphone,
    keyboard: Keyboard,
    indicator: Indicator,
    hosts: Hosts | None = None,
    gain: Gain | None = None,
    kept_language: KeptJson | None = None,
) -> Parts:
    """Give the parts, with the real model.

    Args:
        settings: What the user wants.
        button: Any button.
        microphone: Any microphone.
        keyboard: Any keyboard.
        indicator: Any indicator.
        hosts: Who sees the keyboard; without, one host that is as the settings describe it.
        gain: Turns the microphone up and down, if anything does.
        kept_language: Where the choice of the language is kept, if it is.

    Raises:
        ModelError: The model or the detector cannot be loaded.
        SettingsError: A wake word is wanted, and what it takes is not installed.
    """
    from device.models.check import check
    from device.models.next_model import next_model
    from device.models.store import resolve

    recognition = settings.recognition
    return Parts(
        button=button,
        microphone=microphone,
        detector=load_detector(),
        recogniser=load_recogniser(settings, words=words_in_force()),
        keyboard=keyboard,
        hosts=hosts or OneHost(host_described(settings, settings.keyboard)),
        indicator=indicator,
        gain=gain,
        wake_word=load_wake_word(settings),
        languages=Languages(
            recognition,
            is_multilingual=check(resolve(recognition)).is_multilingual,
            kept=kept_language,
        ),
        next_model=partial(next_model, recognition),
    )


@contextmanager
def _microphone(settings: Settings, gain: CaptureGain | None = None) -> Iterator[Microphone]:
    """Give the real microphone, whose PortAudio loads beside the block, and stop it on an error."""
    from device.hardware.sounddevice_microphone import SoundDeviceMicrophone

    microphone = SoundDeviceMicrophone(settings.microphone, gain=gain)
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


def board(
    status: TextIO,
    monitor: HciMonitor | None = None,
    button: Callable[[], Button] | None = None,
    lights: Sequence[Indicator] = (),
    display: Display | None = None,
) -> Board:
    """Give the board that types through USB and Bluetooth, and can be a drive.

    Args:
        status: Shows what the device does.
        monitor: Tells whether reports arrive by Bluetooth.
        button: Makes the button; by default a key of the terminal.
        lights: Show what the device does, too.
        display: Shows where the text goes besides.
    """
    from device.hardware.usb_drive import UsbDrive
    from device.hardware.usb_gadget import serial_number
    from device.simulation.terminal import TerminalButton, TerminalIndicator
    from device.wired import check_button

    indicator = Indicators(TerminalIndicator(status), *lights)

    def parts(settings: Settings, button: Button) -> tuple[Parts, Bluetooth | None]:
        parts, radio = board_parts(settings, button, indicator, monitor)
        return replace(parts, display=display), radio

    return Board(
        button or TerminalButton,
        indicator,
        parts,
        UsbDrive(),
        serial_number(),
        Mute(SERVICE_FOLDER / FILE),
        check_button=check_button,
        check_start=check_start,
    )


def _late_usb() -> Keyboard | None:
    """Give the keyboard at the USB cable, if its controller has come since the daemon began."""
    from device.hardware.usb_keyboard import usb_keyboard

    try:
        usb = usb_keyboard()
    except KeyboardError:
        return None
    log.info("the USB cable can be used now")
    return usb


def board_parts(
    settings: Settings, button: Button, indicator: Indicator, monitor: HciMonitor | None = None
) -> tuple[Parts, Bluetooth | None]:
    """Give the parts that type through USB and Bluetooth, and the radio where it is wanted.

    Args:
        settings: What the user wants.
        button: Any button.
        indicator: Any indicator.
        monitor: Tells whether reports arrive by Bluetooth.

    Raises:
        KeyboardError: This machine is no USB keyboard, and is to be no other.
    """
    from device.hardware import capture_gain
    from device.hardware.usb_keyboard import usb_keyboard

    paired, radio, usb = None, None, None
    try:
        usb = usb_keyboard()  # before the model is loaded, which takes longer
    except KeyboardError as error:
        if not settings.bluetooth.enabled:
            raise
        log.warning("the USB cable is not used: %s", error)
    if settings.bluetooth.enabled:
        paired, radio = bluetooth_of(settings, monitor.again() if monitor else None)
    targets = targets_of(settings, usb, paired, radio, late_usb=_late_usb)
    gain = capture_gain.CaptureGain(settings.microphone.gain, state_folder() / capture_gain.FILE)
    with _microphone(settings, gain) as microphone:
        parts = assemble(
            settings,
            button=button,
            microphone=microphone,
            keyboard=targets,
            indicator=indicator,
            hosts=targets,
            gain=gain,
            kept_language=KeptJson(state_folder() / "language.json", "the choice of the language"),
        )
    return parts, radio


def desk(screen: TextIO, status: TextIO) -> Board:
    """Give a desk: the real microphone, a key of the terminal, a virtual host.

    Args:
        screen: Shows the host's text as it arrives.
        status: Shows what the device does.
    """
    from device.simulation.terminal import REPORT_INTERVAL_S, Screen, TerminalButton, TerminalIndicator
    from device.simulation.virtual_host import VirtualHost

    indicator = TerminalIndicator(status)

    def parts(settings: Settings, button: Button) -> tuple[Parts, None]:
        host = VirtualHost.described_by(settings.keyboard)
        keyboard = Screen(host, screen, interval_s=REPORT_INTERVAL_S)
        with _microphone(settings) as microphone:
            return assemble(
                settings, button=button, microphone=microphone, keyboard=keyboard, indicator=indicator
            ), None

    return Board(TerminalButton, indicator, parts)
