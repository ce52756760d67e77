"""The daemon's life: dictations, each with fresh parts, and the drive in between."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401  asyncio would wait for the disk when it first needs it
import gc
import logging
import signal
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from device import systemd
from device.control import NoPlaceError, serving
from device.control_parts import Bonds
from device.corrections.keeper import Corrections
from device.dictation import Dictation
from device.drive.kept import Kept
from device.drive.session import serve_drive, take_left_over, wholly
from device.errors import ControlError, CorrectionError, DriveError, ModelError, SaykeyError
from device.events import HostsChanged, KeyboardTried, StopRequested, Then
from device.hosts import OneHost
from device.memory import give_back
from device.models.starts import Starts
from device.models.store import store_of
from device.mute import Mute
from device.ports import State
from device.settings_files import load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from device.control_parts import Daemon
    from device.events import Post
    from device.pairing import Window
    from device.ports import Button, Drive, Hosts, Indicator, Parts
    from device.settings import GpioSettings, Settings
    from device.utterance import Utterance

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


_LOADED_WITHIN_S = 300.0
"""As the self-test: the largest model on the slowest board takes a minute or so."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
"""Between two tries to be the keyboard again, of which each is twice as long as the one before."""


class Radio(Bonds, Protocol):
    """Bluetooth, which can be on or off."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; whatever is missing may come later."""

    def stop(self) -> None:
        """Let go of the radio."""

    def watching_hosts(self, tell: Callable[[], object]) -> AbstractContextManager[None]:
        """Have told in the block that a paired computer came or went, or is called otherwise."""

    async def tell_charge(self) -> None:
        """Let hosts read how full the battery is, until cancelled."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the daemon runs on.

    Attributes:
        button: Gives a button that nobody watches yet.
        indicator: Shows the user what the device does.
        parts: Gives all that a dictation is built from, with this button; and Bluetooth, where it is wanted.
        drive: What the host sees in the place of the keyboard. A desk has none.
        serial: The device's number.
        mute: Whether the microphone is muted, which no dictation and no drive ends.
        doctor: Says in a text what is wrong, given the settings file of the command line and whether the
            microphone may be listened to. Never raises.
        check_button: Raises `PinError` where the board cannot have its button at the pin of these settings.
        check_start: Raises a `SaykeyError` where these settings would end the daemon at its start.
    """

    button: Callable[[], Button]
    indicator: Indicator
    parts: Callable[[Settings, Button], tuple[Parts, Radio | None]]
    drive: Drive | None = None
    serial: str = ""
    mute: Mute = field(default_factory=Mute)
    doctor: Callable[[Path | None, bool], str] = lambda _config, _listens: ""
    check_button: Callable[[GpioSettings], object] = bool
    check_start: Callable[[Settings], object] = bool


def keep_running(board: Board, config: Path | None = None) -> None:
    """Dictate until told to stop, and be the drive when that is asked for: first, where the button is held.

    Args:
        board: What it runs on.
        config: The settings file of the command line, if one was given.

    Raises:
        SaykeyError: The settings or parts cannot be had, or one of the parts is broken.
    """
    kept = Kept(
        config,
        serial=board.serial,
        doctor=lambda: board.doctor(config, not board.mute.is_on),
        check_button=board.check_button,
        check_start=board.check_start,
    )
    with _kept_fault(board, kept):
        is_held = board.button().is_held()
    # Before the settings and the model, which may be what is to be mended by it.
    then = Then.DRIVE if is_held or kept.image.exists() else Then.RELOAD
    shows, is_keyboard = is_held, True
    while then is not Then.STOP:
        if then is Then.DRIVE and board.drive is not None:
            then, is_keyboard = _be_drive(board, board.drive, kept, shows=shows)
        else:
            with _kept_fault(board, kept):
                then = _dictate(board, config, None if is_keyboard else board.drive, kept.forget_fault)
        shows = True


@contextmanager
def _kept_fault(board: Board, kept: Kept) -> Iterator[None]:
    """Keep why the block failed, for the drive: without a login, nobody reads the log."""
    try:
        yield
    except ControlError:  # another Saykey is at work
        raise
    except SaykeyError as error:
        if board.drive is not None:
            kept.keep_fault(str(error))
        raise


def _dictate(board: Board, config: Path | None, stuck: Drive | None, ready: Callable[[], object]) -> Then:
    """Dictate once, with the model and the settings as they are now."""
    board.indicator.show(State.STARTING)
    settings = load(config).settings
    if board.drive is None or settings.recognition.model:
        return _dictate_with(board, settings, stuck, ready)
    starts = Starts(store_of(settings.recognition))
    if starts.begin():
        settings = load(config).settings  # the model that is in use again may bring others

    def succeeded() -> None:
        starts.succeeded()
        ready()

    try:
        then = _dictate_with(board, settings, stuck, succeeded)
    except ModelError:
        raise
    except (SaykeyError, KeyboardInterrupt):  # that was not the model's fault
        starts.excused()
        raise
    starts.excused()
    return then


def _dictate_with(board: Board, settings: Settings, stuck: Drive | None, ready: Callable[[], object]) -> Then:
    with systemd.fed_for(_LOADED_WITHIN_S):  # it may be armed already: this is not always the first dictation
        parts, radio = board.parts(settings, board.button())
    try:
        return asyncio.run(dictate(parts, settings, radio, mute=board.mute, stuck=stuck, ready=ready))
    finally:
        del parts, radio
        gc.collect()  # the next model would not find room beside this one
        give_back()


async def dictate(  # noqa: PLR0913  what outlives it
    parts: Parts,
    settings: Settings,
    radio: Radio | None = None,
    *,
    mute: Mute | None = None,
    stuck: Drive | None = None,
    ready: Callable[[], object] = lambda: None,
) -> Then:
    """Run until a signal or a command asks for something else, and give what that is.

    The watchdog is fed while the path makes progress.

    Args:
        parts: What the path is built from.
        settings: What the user wants.
        radio: Bluetooth, where it is wanted.
        mute: Whether the microphone is muted.
        stuck: A drive that did not become the keyboard again: that is tried meanwhile.
        ready: Called once the device is ready.

    Raises:
        ControlError: Saykey runs already.
    """
    loop = asyncio.get_running_loop()

    def rest(_: Utterance) -> None:
        with suppress(RuntimeError):  # there is no memory for its thread
            loop.run_in_executor(None, give_back)

    def tell_ready() -> None:
        systemd.notify("READY=1")
        ready()

    mute = mute or Mute()
    corrections = Corrections(settings.corrections)
    dictation = Dictation(parts, settings, mute=mute, corrections=corrections, finished=rest)
    is_stopped = False

    def stop() -> None:
        nonlocal is_stopped
        is_stopped = True  # for good, also where the dictation is ending for another reason already
        dictation.post(StopRequested())

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    then = Then.STOP
    async with systemd.fed_watchdog(dictation.progress.stalled):
        try:
            daemon = _AsKeyboard(dictation, mute)
            async with (
                _hosts_told(parts.hosts, radio, dictation.post, daemon),
                _unstuck(stuck, dictation.post),
            ):
                # Not before a second Saykey is refused, which may have other settings.
                await corrections.start()
                then = await dictation.run(ready=tell_ready)
        finally:
            await asyncio.sleep(0)  # a signal that came meanwhile is told
            then = Then.STOP if is_stopped else then
            if then is Then.STOP:
                systemd.notify("STOPPING=1")
    return then


@asynccontextmanager
async def _unstuck(drive: Drive | None, post: Post) -> AsyncIterator[None]:
    """Try in the block to be the keyboard again, until it succeeds."""

    async def try_again(drive: Drive) -> None:
        pause_s = _FIRST_PAUSE_S
        while reason := await _why_not_closed(drive):
            log.error("%s", reason)
            post(KeyboardTried(reason))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        log.info("the keyboard is back after the drive")
        post(KeyboardTried(""))

    if drive is None:
        yield
        return
    trying = asyncio.create_task(try_again(drive))
    try:
        yield
    finally:
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)


async def _why_not_closed(drive: Drive) -> str:
    try:
        await wholly(drive.close)
    except DriveError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  whatever comes up, it is tried again
        return f"the keyboard cannot be had again ({type(error).__name__})"
    return ""


def _be_drive(board: Board, drive: Drive, kept: Kept, *, shows: bool) -> tuple[Then, bool]:
    """Take what an earlier drive has left, and be one, if it shall be shown.

    Returns:
        What comes after, and whether it is certain to be the keyboard again.
    """
    try:
        return asyncio.run(_take_and_show(board, drive, kept, shows=shows)), True
    except ControlError:  # another Saykey is at work
        raise
    except (SaykeyError, OSError) as error:  # the keyboard is there without a drive
        log.error("%s", error)  # noqa: TRY400  it is explained
        board.indicator.show(State.ERROR, str(error))
        return Then.RELOAD, False


async def _take_and_show(board: Board, drive: Drive, kept: Kept, *, shows: bool) -> Then:
    loop = asyncio.get_running_loop()
    leave = asyncio.Event()
    is_stopped = False

    def stop() -> None:
        nonlocal is_stopped
        is_stopped = True
        working.cancel()

    async def work() -> None:
        if kept.image.exists():
            await take_left_over(drive, kept, board.button(), board.indicator, asks=shows)
        if shows:
            await serve_drive(drive, kept, board.button(), board.indicator, leave)
        else:
            await wholly(drive.close)  # once more, since to take what was left does not depend on it

    # A second Saykey is refused before it touches the image that the first one shows.
    async with systemd.fed_watchdog(lambda: ()), _answering(None, daemon=_AsDrive(leave, board.mute)):
        working = asyncio.create_task(work())
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
        systemd.notify("READY=1")
        await asyncio.wait((working,))
    if not working.cancelled():
        working.result()
        if not is_stopped:
            return Then.RELOAD
    systemd.notify("STOPPING=1")
    return Then.STOP


class _AsKeyboard:
    """The daemon while it dictates."""

    is_drive = False

    def __init__(self, dictation: Dictation, mute: Mute) -> None:
        self._dictation, self._mute = dictation, mute

    @property
    def is_muted(self) -> bool:
        return self._mute.is_on

    def languages(self) -> dict[str, Any] | None:
        spoken = self._dictation.languages
        return {"chosen": spoken.chosen, "heard": spoken.heard, "choices": list(spoken.choices)}

    def speak(self, language: str) -> None:
        self._dictation.speak(language)

    async def mute(self, *, on: bool) -> None:
        await self._dictation.mute(on=on)

    @property
    def is_hands_free(self) -> bool:
        return self._dictation.is_hands_free

    def hands_free(self, *, on: bool) -> None:
        self._dictation.hands_free(on=on)

    async def forget_corrections(self) -> int:
        return await self._dictation.forget_corrections()

    def drive_on(self) -> None:
        self._dictation.post(StopRequested(Then.DRIVE))

    def drive_off(self) -> None:
        pass

    def reload(self) -> None:
        self._dictation.post(StopRequested(Then.RELOAD))


class _AsDrive:
    """The daemon while it is a drive. After that, everything is loaded anew anyway."""

    is_drive = True
    is_hands_free = False

    def __init__(self, leave: asyncio.Event, mute: Mute) -> None:
        self._leave, self._mute = leave, mute

    @property
    def is_muted(self) -> bool:
        return self._mute.is_on

    def languages(self) -> dict[str, Any] | None:
        return None

    def speak(self, language: str) -> None:
        raise ControlError(
            f"Saykey is a drive now, and cannot be told that {language} is spoken: eject it on the computer, "
            "or run saykey drive off."
        )

    async def mute(self, *, on: bool) -> None:
        self._mute.turn(on=on)  # as a drive it does not listen

    def hands_free(self, *, on: bool) -> None:
        if on:
            raise ControlError("Saykey is a drive now: eject it on the computer, or run saykey drive off.")

    async def forget_corrections(self) -> int:
        raise CorrectionError(
            "Saykey is a drive now, which has copies of them: eject it on the computer, or run "
            "saykey drive off."
        )

    def drive_on(self) -> None:
        pass

    def drive_off(self) -> None:
        self._leave.set()

    def reload(self) -> None:
        pass


@asynccontextmanager
async def _hosts_told(
    hosts: Hosts, radio: Radio | None, post: Post, daemon: Daemon | None = None
) -> AsyncIterator[None]:
    """Have the radio on, its news on the queue, and the commands that speak with the daemon answered."""
    if isinstance(hosts, OneHost):  # at a desk: there is nothing to choose, and another Saykey may be at work
        yield
        return
    if radio is None:
        async with _answering(hosts, daemon=daemon):
            yield
        return

    def tell_window(window: Window) -> None:
        post(HostsChanged(window))

    def tell() -> None:
        tell_window(radio.window)

    with radio.watching(tell_window), radio.watching_hosts(tell):
        radio.start(asyncio.get_running_loop())
        charging = asyncio.create_task(radio.tell_charge())
        try:
            async with _answering(hosts, radio, daemon=daemon, changed=tell):
                yield
        finally:
            charging.cancel()
            radio.stop()


@asynccontextmanager
async def _answering(
    hosts: Hosts | None,
    radio: Radio | None = None,
    *,
    daemon: Daemon | None,
    changed: Callable[[], object] = lambda: None,
) -> AsyncIterator[None]:
    """Have the commands answered where that is possible. Typing does not take it."""
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(hosts, radio, daemon=daemon, changed=changed))
        except NoPlaceError as error:
            log.warning("saykey pair, hosts and drive cannot reach this Saykey: %s", error)
        yield
