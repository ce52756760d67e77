"""The daemon's control socket, by which `saykey pair` and `saykey hosts` speak with it.

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
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from device.control_requests import (
    LONGEST_LINE,
    PATIENCE_S,
    SOCKET,
    Forget,
    List,
    Next,
    Pair,
    Rename,
    Request,
    Status,
    Use,
    folders,
)
from device.errors import ControlError, HostError, SaykeyError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from device.pairing import BondedHost, Window
    from device.ports import Hosts


class NoPlaceError(ControlError):
    """The control socket cannot be made."""


class Bonds(Protocol):
    """What is asked of Bluetooth."""

    @property
    def name(self) -> str:
        """Give the name by which computers show this device."""

    @property
    def problem(self) -> str:
        """Say what is wrong with Bluetooth and what to do; empty when nothing is."""

    @property
    def window(self) -> Window:
        """Give the pairing window as it is now."""

    def watching(self, tell: Callable[[Window], None]) -> AbstractContextManager[None]:
        """Have every change of the window told in the block."""

    def close(self) -> None:
        """Close the window, if it is open."""

    def hosts(self) -> Sequence[BondedHost]:
        """Give the computers that are paired."""

    def forget(self, name: str) -> None:
        """Take a computer's bond away.

        Raises:
            HostError: There is no such computer.
        """

    def rename(self, name: str, new: str) -> None:
        """Call a computer otherwise.

        Raises:
            HostError: There is no such computer, or it cannot be called so.
        """


@asynccontextmanager
async def serving(
    hosts: Hosts, bonds: Bonds | None = None, *, changed: Callable[[], object] = lambda: None
) -> AsyncIterator[None]:
    """Answer `saykey pair` and `saykey hosts` as long as the block lasts.

    Args:
        hosts: The computers that may receive the text.
        bonds: Bluetooth, where it is on.
        changed: Called when something was done with the hosts.

    Raises:
        NoPlaceError: There is no place for the socket.
        ControlError: Saykey runs already.
    """
    with _listening() as listener:
        control = _Control(hosts, bonds, changed)
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

    def __init__(self, hosts: Hosts, bonds: Bonds | None, changed: Callable[[], object]) -> None:
        self._hosts, self._bonds, self._changed = hosts, bonds, changed
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
            else:
                await _write(writer, self._do(request))
        except SaykeyError as error:
            await _write(writer, {"error": str(error)})

    def _do(self, request: List | Use | Next | Forget | Rename | Status) -> dict[str, Any]:
        match request:
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
        about: dict[str, Any] = {"name": self._hosts.name, "hosts": self._hosts.names(), "bluetooth": None}
        if self._bonds:
            about["bluetooth"] = {
                "name": self._bonds.name,
                "problem": self._bonds.problem,
                "window": asdict(self._bonds.window),
            }
        return about

    async def _pair(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Open the pairing window, and tell of it until it closes; close it when the client leaves."""
        bonds = self._bluetooth()
        windows: asyncio.Queue[Window | None] = asyncio.Queue()
        leaving = asyncio.create_task(_until_left(reader, windows))
        try:
            with bonds.watching(windows.put_nowait):
                self._hosts.pair()
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
