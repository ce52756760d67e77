"""A private message bus, dbusmock's bluetoothd on it, and one that asks back as the real one does."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from device.hardware.glib_thread import BusError, GlibThread, export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from device.hardware.radio import PairingRequest, Radio

_CONFIG = """<busconfig><type>session</type><listen>unix:dir={}</listen><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"""

_PATIENCE_S = 20

ADAPTER = "/org/bluez/hci0"
MOCK = "org.freedesktop.DBus.Mock"
_DEVICE = "org.bluez.Device1"
_PROPERTIES = "org.freedesktop.DBus.Properties"


def require_glib() -> None:
    """Skip the test, and say why, where PyGObject, pydbus or dbus-daemon is missing."""
    pytest.importorskip("gi", reason="PyGObject is missing: apt install python3-gi (for Debian's Python)")
    pytest.importorskip("pydbus", reason="pydbus is missing: make test installs it")
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is missing: apt install dbus")


@contextmanager
def private_bus(folder: Path) -> Iterator[str]:
    """Run a message bus of our own; give its address."""
    require_glib()
    config = folder / "bus.conf"
    config.write_text(_CONFIG.format(folder))
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            yield daemon.stdout.readline().strip()
        finally:
            daemon.kill()


@contextmanager
def dbusmock(bus: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run dbusmock's bluetoothd, which is made for Debian's own Python."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import dbusmock"], capture_output=True, check=False).returncode:
        pytest.skip("dbusmock is missing: apt install python3-dbusmock")
    command = [python, "-m", "dbusmock", "--template", "bluez5"]
    env = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": bus}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as mock:
        try:
            yield mock
        finally:
            mock.kill()


class Stir:
    """Wakes who waits for something to become true, whenever something happened."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def __call__(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)


class Heard:
    """A `Listener` that keeps what it was told."""

    def __init__(self, stir: Stir) -> None:
        self.radios: list[Radio] = []
        self.links: list[tuple[str, str, socket.socket]] = []
        self.writes: list[tuple[str, str, bytes]] = []
        self.requests: list[PairingRequest] = []
        self.cancelled = 0
        self._stir = stir

    @property
    def problem(self) -> str | None:
        return self.radios[-1].problem if self.radios else None

    def changed(self, radio: Radio) -> None:
        self.radios.append(radio)
        self._stir()

    def subscribed(self, path: str, key: str, link: socket.socket) -> None:
        self.links.append((path, key, link))
        self._stir()

    def written(self, path: str, key: str, value: bytes) -> None:
        self.writes.append((path, key, value))
        self._stir()

    def asked_to_pair(self, request: PairingRequest) -> None:
        self.requests.append(request)
        self._stir()

    def pairing_cancelled(self) -> None:
        self.cancelled += 1
        self._stir()

    def close(self) -> None:
        for _, _, link in self.links:
            link.close()


_ADAPTER_XML = f"""<node><interface name="{_PROPERTIES}">
<method name="Set"><arg direction="in" type="s"/><arg direction="in" type="s"/>
<arg direction="in" type="v"/></method></interface></node>"""
_OBJECT_MANAGER_XML = """<node><interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg direction="out" type="a{oa{sa{sv}}}"/></method></interface></node>"""
_AGENT_MANAGER_XML = """<node><interface name="org.bluez.AgentManager1">
<method name="RegisterAgent"><arg direction="in" type="o"/><arg direction="in" type="s"/></method>
<method name="RequestDefaultAgent"><arg direction="in" type="o"/></method></interface></node>"""
_MANAGER_XML = """<node><interface name="org.bluez.{0}Manager1">
<method name="Register{1}"><arg direction="in" type="o"/><arg direction="in" type="a{{sv}}"/></method>
<method name="Unregister{1}"><arg direction="in" type="o"/></method></interface></node>"""

_DEVICE_XML = """<node><interface name="org.bluez.Device1"><method name="Disconnect"/></interface></node>"""

_KINDS = {bool: "b", str: "s", int: "u"}


class FakeBluetoothd:
    """Asks the applications, advertisements and agents that it is given, as bluetoothd does.

    `fail` maps a method, or a property's name, to the error with which it answers from now on. `meanwhile` is
    what changes between that it looks what there is, and that it tells.
    """

    def __init__(self, bus: str, stir: Stir, *, powered: bool = True) -> None:
        self._glib = GlibThread(bus, asyncio.get_running_loop())
        self._stir = stir
        self.fail: dict[str, str] = {}
        self.calls: list[str] = []
        self.meanwhile: list[tuple[str, str, dict[str, object]]] = []
        self._coming: tuple[str, ...] = ()
        self.client = ""
        self.application: dict[str, Any] = {}
        self.advertised: dict[str, Any] | None = None
        self.objects: dict[str, dict[str, dict[str, Any]]] = {
            ADAPTER: {
                "org.bluez.Adapter1": {
                    "Address": "00:00:00:00:00:01",
                    "Alias": "raspberrypi",
                    "Powered": powered,
                    "Pairable": True,
                    "PairableTimeout": 30,
                },
                "org.bluez.GattManager1": {},
                "org.bluez.LEAdvertisingManager1": {},
            }
        }

    @property
    def adapter(self) -> dict[str, Any]:
        return self.objects[ADAPTER]["org.bluez.Adapter1"]

    async def start(self) -> None:
        await self._glib.open()
        await self._glib.run(self._export)

    def close(self) -> None:
        self._glib.close()

    async def add_host(self, number: int, **properties: object) -> str:
        path = f"{ADAPTER}/dev_{number}"
        told = {"Address": f"0{number}:00", "Alias": f"host {number}", "Connected": True, **properties}
        await self.add(path, {_DEVICE: told})
        return path

    async def bring_late(self, *hosts: str) -> None:
        """Have hosts connect at the last moment when the advertisement is taken away."""
        self._coming = hosts
        for host in hosts:
            await self._glib.run(lambda bus, host=host: self._export_host(bus, host))

    async def add(self, path: str, interfaces: dict[str, dict[str, Any]]) -> None:
        self.objects[path] = interfaces
        await self._glib.run(
            lambda bus: bus.con.emit_signal(
                None, "/", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                _variant("(oa{sa{sv}})", (path, _variants(interfaces))),
            )
        )  # fmt: skip

    async def change(self, path: str, interface: str, **properties: object) -> None:
        await self._glib.run(lambda bus: self._change(bus, path, interface, properties))

    async def end(self, *paths: str) -> None:
        """Take these away and go. BlueZ's, which ends, answers nothing in between."""
        removed = [(path, list(self.objects.pop(path))) for path in paths]

        def end(bus: Any) -> None:
            for told in removed:
                bus.con.emit_signal(
                    None, "/", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
                    _variant("(oas)", told),
                )  # fmt: skip
            bus.con.close_sync(None)  # it sends first what waits

        await self._glib.run(end)

    async def remove_all(self, *paths: str) -> None:
        """Remove several in one go."""
        await asyncio.gather(*(self.remove(path) for path in paths))

    async def remove(self, path: str) -> None:
        interfaces = list(self.objects.pop(path))
        await self._glib.run(
            lambda bus: bus.con.emit_signal(
                None, "/", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
                _variant("(oas)", (path, interfaces)),
            )
        )  # fmt: skip

    async def ask(
        self, path: str, method: str, signature: str = "()", arguments: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method of the application's connection."""
        return (await self._ask(path, method, signature, arguments))[0]

    async def subscribe(self, path: str, host: str) -> socket.socket:
        """Acquire notifications; give our end of the link."""
        options = {"device": _variant("o", host), "mtu": _variant("q", 100)}
        method = "org.bluez.GattCharacteristic1.AcquireNotify"
        (index, mtu), handles = await self._ask(path, method, "(a{sv})", (options,))
        assert mtu == 100
        return socket.socket(fileno=handles.get(index))

    def find(self, uuid: str) -> list[str]:
        """Give the paths of what has this 16-bit UUID, in order."""
        return [
            path
            for path, has in self.application.items()
            if any(properties["UUID"][4:8] == uuid for properties in has.values())
        ]

    async def _ask(
        self, path: str, method: str, signature: str, arguments: tuple[Any, ...]
    ) -> tuple[Any, Any]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[Any, Any]] = loop.create_future()

        def finish(answer: tuple[Any, Any] | BusError) -> None:
            if isinstance(answer, BusError):
                done.set_exception(answer)
            else:
                done.set_result(answer)

        await self._glib.run(lambda bus: self._send(bus, (path, method), (signature, arguments), finish))
        async with asyncio.timeout(_PATIENCE_S):
            return await done

    def _send(
        self,
        bus: Any,
        method: tuple[str, str],
        arguments: tuple[str, tuple[Any, ...]],
        finish: Callable[[Any], None],
        sender: str = "",
    ) -> None:
        from gi.repository import Gio, GLib

        def finished(connection: Any, result: Any) -> None:
            try:
                reply, handles = connection.call_with_unix_fd_list_finish(result)
            except GLib.Error as error:
                name = Gio.DBusError.get_remote_error(error) or ""
                self._glib.post(finish, BusError(error.message, name))
            else:
                self._glib.post(finish, (reply.unpack(), handles))

        path, (interface, name) = method[0], method[1].rsplit(".", 1)
        bus.con.call_with_unix_fd_list(
            sender or self.client, path, interface, name, _variant(*arguments),
            None, 0, 10_000, None, None, finished,
        )  # fmt: skip

    def _export(self, bus: Any) -> None:
        def at(path: str, xml: str, answers: Callable[..., None]) -> None:
            export(bus, path, xml, lambda *call: self._answer(bus, answers, *call))

        at("/", _OBJECT_MANAGER_XML, self._get_managed_objects)
        at("/org/bluez", _AGENT_MANAGER_XML, lambda _bus, _method, _arguments, call: call.return_value(None))
        at(ADAPTER, _ADAPTER_XML, self._set)
        at(ADAPTER, _MANAGER_XML.format("Gatt", "Application"), self._register_application)
        at(ADAPTER, _MANAGER_XML.format("LEAdvertising", "Advertisement"), self._register_advertisement)
        # In a queue: the bus may not have seen yet that the one before is gone.
        bus.dbus.RequestName("org.bluez", 0)

    def _export_host(self, bus: Any, path: str) -> None:
        def disconnect(bus: Any, _method: str, _arguments: object, call: Any) -> None:
            self._change(bus, path, _DEVICE, {"Connected": False})
            call.return_value(None)

        export(bus, path, _DEVICE_XML, lambda *call: self._answer(bus, disconnect, *call))

    def _answer(
        self, bus: Any, answers: Callable[..., None], method: str, arguments: tuple[Any, ...], call: Any
    ) -> None:
        what = arguments[1] if method == "Set" else method
        self.calls.append(what)
        self.client = call.get_sender()
        if what in self.fail:
            call.return_dbus_error(self.fail[what], "it fails")
        else:
            answers(bus, method, arguments, call)
        self._glib.post(self._stir)

    def _get_managed_objects(self, bus: Any, _method: str, _arguments: object, call: Any) -> None:
        objects = {path: _variants(has) for path, has in self.objects.items()}
        for path, interface, properties in self.meanwhile:
            self._change(bus, path, interface, properties)
        call.return_value(_variant("(a{oa{sa{sv}}})", (objects,)))

    def _set(self, bus: Any, _method: str, arguments: tuple[Any, ...], call: Any) -> None:
        interface, name, value = arguments
        call.return_value(None)
        self._change(bus, ADAPTER, interface, {name: value})

    def _change(self, bus: Any, path: str, interface: str, properties: dict[str, object]) -> None:
        self.objects[path][interface].update(properties)
        told = _variant("(sa{sv}as)", (interface, _values(properties), []))
        bus.con.emit_signal(None, path, _PROPERTIES, "PropertiesChanged", told)

    def _register_application(self, bus: Any, method: str, arguments: tuple[Any, ...], call: Any) -> None:
        def told(answer: Any) -> None:
            self.application = answer[0][0]
            call.return_value(None)
            self._stir()

        if method == "UnregisterApplication":
            if self.application:
                self.application = {}
                call.return_value(None)
            else:
                call.return_dbus_error("org.bluez.Error.DoesNotExist", "there is none")
            return
        ask = "org.freedesktop.DBus.ObjectManager.GetManagedObjects"
        self._send(bus, (arguments[0], ask), ("()", ()), told, call.get_sender())

    def _register_advertisement(self, bus: Any, method: str, arguments: tuple[Any, ...], call: Any) -> None:
        def told(answer: Any) -> None:
            self.advertised = answer[0][0]
            call.return_value(None)
            self._stir()

        if method == "UnregisterAdvertisement":
            self.advertised = None
            for host in self._coming:
                self._change(bus, host, _DEVICE, {"Connected": True})
            call.return_value(None)
            return
        get = ("(s)", ("org.bluez.LEAdvertisement1",))
        self._send(bus, (arguments[0], f"{_PROPERTIES}.GetAll"), get, told, call.get_sender())


def _variant(kind: str, value: object) -> Any:
    from gi.repository import GLib

    return GLib.Variant(kind, value)


def _values(properties: dict[str, object]) -> dict[str, Any]:
    return {name: _variant(_KINDS[type(value)], value) for name, value in properties.items()}


def _variants(interfaces: dict[str, dict[str, object]]) -> dict[str, dict[str, Any]]:
    return {interface: _values(properties) for interface, properties in interfaces.items()}
