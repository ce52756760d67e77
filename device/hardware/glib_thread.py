"""A connection to a message bus whose traffic GLib handles in a thread of its own, for use from asyncio.

pydbus connects, watches and exports. Its method calls wait for their answer, and bluetoothd asks back before
it answers: calls go through Gio, which does not wait.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from device.errors import KeyboardError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_Result = TypeVar("_Result")

_ANSWER_MS = 10_000
"""How long bluetoothd may take to answer: it answers when the adapter has switched on, or advertises."""

_STOP_S = 1.0
"""How long `close` waits for the last messages to leave."""

_kept: list[Any] = []
"""Every connection that was opened, closed or not, as long as the process lives.

GDBus has one thread for all connections. For each message it takes a reference of the message's connection
with a lock held (message_bus_lock in GLib's gdbusconnection.c); where Python's reference is the only other
one, PyGObject's toggle reference wants the interpreter's lock then. Who lets a connection go holds that one,
and wants GDBus's: both wait for good, and all of Python with them.
"""

_NO_GI = "Bluetooth needs Debian's python3-gi; run: sudo apt install python3-gi, then saykey doctor ({})"
_NO_BUS = "Bluetooth needs D-Bus, which does not answer; run: systemctl start dbus ({})"


class BusError(KeyboardError):
    """A call on the bus failed, or there is no bus.

    Attributes:
        name: D-Bus's name of the error; empty where there was no answer.
    """

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class GlibThread:
    """One connection, and the thread with GLib's loop that handles it. Opened once and closed once."""

    def __init__(self, address: str | None, loop: asyncio.AbstractEventLoop) -> None:
        """Make a connection that is not open yet.

        Args:
            address: The bus's, as D-Bus writes it; none for the system bus.
            loop: Where results go.
        """
        self._address, self._loop = address, loop
        self._thread: threading.Thread | None = None
        self._bus: Any = None
        self._context: Any = None
        self._is_closing = False

    async def open(self) -> None:
        """Connect.

        Raises:
            BusError: It is not possible; the message says what to do.
        """
        opened = self._loop.create_future()
        self._thread = threading.Thread(target=self._main, args=(opened,), name="GLib", daemon=True)
        self._thread.start()
        await opened

    @property
    def is_open(self) -> bool:
        """Say whether the connection works."""
        return self._bus is not None and not self._is_closing and not self._bus.con.is_closed()

    def close(self) -> None:
        """Send what waits and disconnect, within a second."""
        self._is_closing = True
        if self._context is not None:
            self._context.wakeup()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    async def run(self, work: Callable[[Any], _Result]) -> _Result:
        """Do something short with pydbus's bus in GLib's thread, where its callbacks then come.

        Raises:
            BusError: The bus refused it.
        """
        done: asyncio.Future[_Result] = self._loop.create_future()

        def do() -> None:
            try:
                self._resolve(done, work(self._bus))
            except Exception as error:  # noqa: BLE001  # it is the caller's
                self._resolve(done, error=_bus_error(error))

        self.schedule(do)
        return await done

    async def call(
        self, path: str, method: str, signature: str = "()", arguments: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method of bluetoothd.

        Args:
            path: Its object.
            method: Interface and name, with a dot between.
            signature: The arguments' types, as D-Bus writes them.
            arguments: What they are.

        Raises:
            BusError: It failed.
        """
        done: asyncio.Future[Any] = self._loop.create_future()

        def finish(connection: Any, result: Any) -> None:
            try:
                self._resolve(done, connection.call_finish(result).unpack())
            except Exception as error:  # noqa: BLE001  # GLib's own class is not known before it is loaded
                self._resolve(done, error=_bus_error(error))

        def start() -> None:
            try:
                self.send(path, method, signature, arguments, finish)
            except Exception as error:  # noqa: BLE001
                self._resolve(done, error=_bus_error(error))

        self.schedule(start)
        return await done

    def send(
        self,
        path: str,
        method: str,
        signature: str,
        arguments: tuple[Any, ...],
        finish: Callable[[Any, Any], None] | None = None,
    ) -> None:
        """Call a method of bluetoothd without waiting. In GLib's thread only."""
        from gi.repository import Gio, GLib

        interface, name = method.rsplit(".", 1)
        self._bus.con.call(
            *("org.bluez", path, interface, name, GLib.Variant(signature, arguments), None),
            *(Gio.DBusCallFlags.NO_AUTO_START, _ANSWER_MS, None, finish),
        )

    def schedule(self, work: Callable[[], object]) -> None:
        """Have something done in GLib's thread, after all that was scheduled before. From any thread."""
        from gi.repository import GLib

        def do(*_: object) -> bool:
            work()
            return False

        source = GLib.Idle(priority=GLib.PRIORITY_DEFAULT)
        source.set_callback(do)
        source.attach(self._context)

    def post(self, work: Callable[..., object], *arguments: object) -> None:
        """Have something done on the asyncio loop. From any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            self._loop.call_soon_threadsafe(work, *arguments)

    def _main(self, opened: asyncio.Future[None]) -> None:
        try:
            self._connect()
        except ImportError as error:
            self._resolve(opened, error=BusError(_NO_GI.format(error)))
            return
        except Exception as error:  # noqa: BLE001  # GLib's own class is not known before it is loaded
            self._resolve(opened, error=BusError(_NO_BUS.format(error)))
            return
        self._resolve(opened, None)
        while not self._is_closing:
            self._context.iteration(True)  # noqa: FBT003  # GLib's signature: it may wait
        while self._context.iteration(False):  # noqa: FBT003
            pass
        with suppress(Exception):  # the bus may be gone
            self._bus.con.flush_sync(None)
            self._bus.con.close_sync(None)
        self._context.pop_thread_default()

    def _connect(self) -> None:
        import pydbus
        from gi.repository import Gio, GLib

        context = GLib.MainContext.new()
        context.push_thread_default()
        address = self._address or Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM, None)
        bus = pydbus.connect(address)
        _kept.append(bus)
        bus.con.set_exit_on_close(False)  # GLib's signature
        self._context, self._bus = context, bus

    def _resolve(
        self, future: asyncio.Future[Any], result: object = None, error: BaseException | None = None
    ) -> None:
        def settle() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self.post(settle)


def export(bus: Any, path: str, xml: str, answer: Callable[[str, Any, Any], None]) -> None:
    """Register an object whose methods take the invocation, to answer it as they like and when.

    Args:
        bus: pydbus's bus.
        path: Where.
        xml: Its only interface, as D-Bus describes it.
        answer: Called with the method's name, its arguments, and the invocation.
    """
    from gi.repository import Gio

    def on_call(*call: Any) -> None:
        _, _, _, _, method, arguments, invocation = call
        answer(method, arguments.unpack(), invocation)

    interface = Gio.DBusNodeInfo.new_for_xml(xml).interfaces[0]
    bus.con.register_object(path, interface, on_call, None, None)


def _bus_error(error: Exception) -> BusError:
    from gi.repository import Gio, GLib

    if not isinstance(error, GLib.Error):
        return BusError(str(error))
    name = Gio.DBusError.get_remote_error(error) or ""
    return BusError(error.message.removeprefix(f"GDBus.Error:{name}: "), name)
