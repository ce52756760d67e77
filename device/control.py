"""The daemon's control socket, by which `saykey pair`, `saykey hosts` and others speak with it.

A connection carries one request, a line of JSON such as `{"do": "use", "name": "usb"}`, and its answer,
another one, which has a sentence under "error" when nothing came of it. `pair` is answered with a line for
each change of the pairing window until it closes; whoever leaves before closes it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from device.control_requests import (
    LONGEST_LINE,
    PATIENCE_S,
    SOCKET,
    DriveOff,
    DriveOn,
    Forget,
    ForgetCorrections,
    HandsFree,
    List,
    Mute,
    Next,
    Pair,
    Reload,
    Rename,
    Request,
    Speak,
    Status,
    Use,
    folders,
)
from device.errors import ControlError, HostError, SaykeyError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from device.control_parts import Bonds, Daemon
    from device.pairing import Window
    from device.ports import Hosts


class NoPlaceError(ControlError):
    """The control socket cannot be made."""


@asynccontextmanager
async def serving(
    hosts: Hosts | None,
    bonds: Bonds | None = None,
    *,
    daemon: Daemon | None = None,
    changed: Callable[[], object] = lambda: None,
) -> AsyncIterator[None]:
    """Answer the commands that speak with the daemon, as long as the block lasts.

    Args:
        hosts: The computers that may receive the text; none while the device is a drive.
        bonds: Bluetooth, where it is on.
        daemon: The daemon, where it can be asked for more.
        changed: Called when something was done with the hosts.

    Raises:
        NoPlaceError: There is no place for the socket.
        ControlError: Saykey runs already.
    """
    with _listening() as listener:
        control = _Control(hosts, bonds, daemon, changed)
        server = await asyncio.start_unix_server(control.serve, sock=listener, limit=LONGEST_LINE)
        try:
            yield
        finally:
            server.close()
            await control.stop()


@contextmanager
def _listening() -> Iterator[socket.socket]:
    """Give the socket, bound; remove it at the end."""
    file = _folder() / SOCKET
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as listener:
        try:
            if _is_answered(file):
                raise ControlError("Saykey runs already: stop it first, with sudo systemctl stop saykey.")
            file.unlink(missing_ok=True)
            listener.bind(str(file))
            file.chmod(0o660)  # nobody can connect before it listens
        except OSError as error:
            raise NoPlaceError(f"The control socket {file} cannot be made: {error}.") from error
        try:
            yield listener
        finally:
            file.unlink(missing_ok=True)


def _folder() -> Path:
    """Give the folder for the socket: the service's, where we may write, else the user's own."""
    for folder in reversed(folders()):
        with suppress(OSError):
            folder.mkdir(mode=0o755, exist_ok=True)
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
    names = " or ".join(map(str, folders()))
    raise NoPlaceError(f"There is no place for the control socket: {names} cannot be written.")


def _is_answered(file: Path) -> bool:
    """Say whether a living daemon is behind a socket; one that a dead daemon left refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.settimeout(0)
        try:
            probe.connect(str(file))
        except BlockingIOError:  # it has too much to do
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


class _Control:
    """Answers requests, each in a task of its own."""

    def __init__(
        self,
        hosts: Hosts | None,
        bonds: Bonds | None,
        daemon: Daemon | None,
        changed: Callable[[], object],
    ) -> None:
        self._given, self._bonds, self._daemon, self._changed = hosts, bonds, daemon, changed
        self._tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one connection. Whatever comes, the daemon goes on."""
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            # Who has left needs no answer, and `stop` wants none to be given.
            with suppress(OSError, EOFError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def stop(self) -> None:
        """Answer no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            request = await _read(reader)
            if isinstance(request, Pair):
                await self._pair(reader, writer)
            elif isinstance(request, Mute):
                await _write(writer, await self._mute(request))
            elif isinstance(request, HandsFree):
                await _write(writer, self._hands_free(request))
            elif isinstance(request, ForgetCorrections):
                await _write(writer, await self._forget_corrections())
            else:
                await _write(writer, self._do(request))
        except SaykeyError as error:
            await _write(writer, {"error": str(error)})

    def _do(
        self, request: List | Use | Next | Forget | Rename | Status | DriveOn | DriveOff | Reload | Speak
    ) -> dict[str, Any]:
        match request:
            case DriveOn() | DriveOff() | Reload():
                return self._ask_daemon(request)
            case Speak(language):
                return self._speak(language)
            case Use(name):
                self._hosts.use(name)
            case Next():
                self._hosts.next()
            case Forget(name):
                self._bluetooth().forget(name)
            case Rename(name, to):
                self._bluetooth().rename(name, to)
            case Status():
                return self._status()
            case List():
                return {"hosts": self._list()}
        self._changed()
        return {"name": self._hosts.name}

    def _ask_daemon(self, request: DriveOn | DriveOff | Reload) -> dict[str, Any]:
        if self._daemon is None:
            raise ControlError("This Saykey has no drive, and does not begin anew by itself: restart it.")
        was_drive = self._daemon.is_drive
        match request:
            case DriveOn():
                self._daemon.drive_on()
            case DriveOff():
                self._daemon.drive_off()
            case Reload():
                self._daemon.reload()
        return {"drive": was_drive}

    def _speak(self, language: str) -> dict[str, Any]:
        if self._daemon is None:
            raise ControlError("This Saykey cannot be told a language from outside: restart it.")
        if language:
            self._daemon.speak(language)
        return {"language": self._daemon.languages()}

    async def _mute(self, request: Mute) -> dict[str, Any]:
        if self._daemon is None:
            raise ControlError("This Saykey cannot be muted from outside: stop it.")
        await self._daemon.mute(on=request.on)
        return {"muted": self._daemon.is_muted}

    def _hands_free(self, request: HandsFree) -> dict[str, Any]:
        if self._daemon is None:
            raise ControlError("This Saykey records only while its button is pressed.")
        self._daemon.hands_free(on=request.on)
        return {"hands_free": self._daemon.is_hands_free}

    async def _forget_corrections(self) -> dict[str, Any]:
        if self._daemon is None:
            raise ControlError("This Saykey keeps no corrections.")
        return {"forgotten": await self._daemon.forget_corrections()}

    @property
    def _hosts(self) -> Hosts:
        if self._given is None:
            raise HostError("Saykey is a drive now: eject it on the computer, or run saykey drive off.")
        return self._given

    def _list(self) -> list[dict[str, Any]]:
        """Give all hosts. Whether the one behind the cable is there is not known here."""
        bonded = {host.name: host for host in (self._bonds.hosts() if self._bonds else ())}
        listed = []
        for name in self._hosts.names():
            host = bonded.get(name)
            listed.append(
                {
                    "name": name,
                    "is_current": name == self._hosts.name,
                    "is_connected": host.is_connected if host else None,
                    "address": host.address if host else "",
                }
            )
        return listed

    def _status(self) -> dict[str, Any]:
        is_drive = self._daemon is not None and self._daemon.is_drive
        is_muted = self._daemon is not None and self._daemon.is_muted
        about: dict[str, Any] = {"name": "", "hosts": [], "bluetooth": None}
        is_hands_free = self._daemon is not None and self._daemon.is_hands_free
        language = self._daemon.languages() if self._daemon else None
        about |= {"drive": is_drive, "muted": is_muted, "hands_free": is_hands_free, "language": language}
        if self._given:
            about |= {"name": self._given.name, "hosts": self._given.names()}
        if self._bonds:
            about["bluetooth"] = {
                "name": self._bonds.name,
                "problem": self._bonds.problem,
                "window": asdict(self._bonds.window),
            }
        return about

    async def _pair(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Open the pairing window, and tell of it until it closes; close it when the client leaves."""
        hosts, bonds = self._hosts, self._bluetooth()
        windows: asyncio.Queue[Window | None] = asyncio.Queue()
        leaving = asyncio.create_task(_until_left(reader, windows))
        try:
            with bonds.watching(windows.put_nowait):
                hosts.pair()
                while window := await windows.get():
                    await _write(writer, {"device": bonds.name, **asdict(window)})
                    if not window.is_open:
                        break
        finally:
            leaving.cancel()
            bonds.close()

    def _bluetooth(self) -> Bonds:
        if self._bonds is None:
            raise HostError("Bluetooth is off: set bluetooth.enabled to true in the settings.")
        return self._bonds


async def _until_left(reader: StreamReader, windows: asyncio.Queue[Window | None]) -> None:
    with suppress(OSError):
        while await reader.read(LONGEST_LINE):
            pass
    windows.put_nowait(None)


async def _read(reader: StreamReader) -> Request:
    """Read a request.

    Raises:
        ControlError: It is none.
        EOFError: The client left before it was whole.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            line = await reader.readuntil()
        request: Request = msgspec.json.decode(line, type=Request)
    except TimeoutError as error:
        raise ControlError(f"No request came in {PATIENCE_S:.0f} s.") from error
    except asyncio.LimitOverrunError as error:
        raise ControlError(f"A request has at most {LONGEST_LINE} bytes.") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ControlError(f"This is no request: {error}.") from error
    return request


async def _write(writer: StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(msgspec.json.encode(answer) + b"\n")
    async with asyncio.timeout(PATIENCE_S):
        await writer.drain()
