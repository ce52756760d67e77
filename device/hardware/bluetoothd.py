"""bluetoothd as its bus shows it: whether it runs, what it has, what it asks of the objects given to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from device.hardware.bluez_agent import Agent
from device.hardware.bluez_objects import ADAPTER, DEVICE, BluezObjects
from device.hardware.gatt_objects import Advertisement, Application
from device.hardware.glib_thread import GlibThread

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from device.hardware.gatt import Service

_NAME = "org.bluez"
_OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"


class Owner(Protocol):
    """Who is told of it. Always called on the asyncio loop."""

    def came_or_went(self) -> None:
        """Bluetoothd started or ended: what it was given is gone."""

    def adapter_changed(self) -> None:
        """An adapter went, or was switched off."""

    def changed(self) -> None:
        """Anything that bluetoothd has changed."""

    def released(self) -> None:
        """Bluetoothd advertises no more."""

    def subscribed(self, path: str, key: str, link: socket.socket) -> None:
        """A host wants notifications."""

    def written(self, path: str, key: str, value: bytes) -> None:
        """A host wrote a characteristic."""

    def asked(self, method: str, path: str, answer: Callable[[bool], None]) -> None:
        """The agent is asked whether a computer may do something."""

    def cancelled(self) -> None:
        """The agent need not answer any more."""


class Bluetoothd:
    """One connection to it, opened once and closed once."""

    def __init__(self, address: str | None, loop: asyncio.AbstractEventLoop, owner: Owner) -> None:
        """Make a connection that is not open yet.

        Args:
            address: The message bus's; none for the system bus.
            loop: Where the owner is called.
            owner: Who is told what happens.
        """
        self.objects = BluezObjects()
        self.is_running = False
        self._owner, self._glib = owner, GlibThread(address, loop)
        self._is_looked_for = asyncio.Event()
        self._is_closed = self._is_known = False
        self._early: list[Callable[[], None]] = []
        self._application: Application
        self._advertisement: Advertisement
        self._agent: Agent

    async def open(self, name: str, services: Sequence[Service]) -> None:
        """Connect, give the objects to whoever asks, and look whether bluetoothd runs.

        Raises:
            BusError: It is not possible; the message says what to do.
        """
        await self._glib.open()
        await self._glib.run(lambda bus: self._export(bus, name, services))
        await self._is_looked_for.wait()

    @property
    def is_open(self) -> bool:
        """Say whether the connection works."""
        return self._glib.is_open

    def close(self) -> None:
        """Send what waits and disconnect, within a second. The owner is not told anything more."""
        self._is_closed = True
        self._glib.close()

    async def learn(self) -> None:
        """Learn what bluetoothd has, unless it is known; from then on its signals tell.

        Raises:
            BusError: It does not say.
        """
        if self._is_known:
            return
        self._early = []
        (objects,) = await self.call("/", f"{_OBJECT_MANAGER}.GetManagedObjects")
        self.objects = BluezObjects()
        for path, interfaces in objects.items():
            self.objects.add(path, interfaces)
        self._is_known = True
        for signal in self._early:
            signal()

    async def call(
        self, path: str, method: str, signature: str = "()", arguments: tuple[Any, ...] = ()
    ) -> Any:
        """Call a method, given with its interface.

        Raises:
            BusError: It failed.
        """
        return await self._glib.call(path, method, signature, arguments)

    async def set(self, path: str, interface: str, name: str, kind: str, value: object) -> None:
        """Set a property of this D-Bus type.

        Raises:
            BusError: It failed.
        """
        await self._glib.call(path, *_setting(interface, name, kind, value))

    def set_soon(self, path: str, interface: str, name: str, kind: str, value: object) -> None:
        """Set a property without waiting, not even for `close`."""
        if self.is_open:
            self._glib.schedule(lambda: self._glib.send(path, *_setting(interface, name, kind, value)))

    def set_value(self, key: str, value: bytes) -> None:
        """Set what hosts read from a characteristic."""
        self._application.set_value(key, value)

    def set_discoverable(self, *, on: bool) -> None:
        """Set what the next advertisement says: whether it is for everybody."""
        self._advertisement.Discoverable = on

    def _export(self, bus: Any, name: str, services: Sequence[Service]) -> None:
        owner, post = self._owner, self._post
        self._application = Application(bus, services, self._subscribed, post(owner.written))
        self._advertisement = Advertisement(bus, name, post(owner.released))
        self._agent = Agent(bus, self._glib.schedule, post(owner.asked), post(owner.cancelled))
        for iface, signal, take in (
            (_OBJECT_MANAGER, "InterfacesAdded", post(self._added)),
            (_OBJECT_MANAGER, "InterfacesRemoved", post(self._removed)),
            (_PROPERTIES, "PropertiesChanged", post(self._changed)),
        ):
            bus.subscribe(sender=_NAME, iface=iface, signal=signal, signal_fired=take)
        came, went = post(self._came_or_went), post(self._came_or_went)
        bus.watch_name(_NAME, name_appeared=came, name_vanished=went)

    def _post(self, work: Callable[..., object]) -> Callable[..., None]:
        """Give what has this done on the loop, unless it is closed by then."""

        def do(*arguments: object) -> None:
            if not self._is_closed:
                work(*arguments)

        return lambda *arguments: self._glib.post(do, *arguments)

    def _subscribed(self, path: str, key: str, link: socket.socket) -> None:
        def do() -> None:
            if self._is_closed:
                link.close()
            else:
                self._owner.subscribed(path, key, link)

        self._glib.post(do)

    def _came_or_went(self, new_owner: str = "") -> None:
        """Forget all: what comes is another bluetoothd."""
        self.is_running = bool(new_owner)
        self.objects = BluezObjects()
        self._is_known = False
        self._glib.schedule(self._agent.forget)
        self._is_looked_for.set()
        self._owner.came_or_went()

    def _added(self, _sender: str, _at: str, _interface: str, _signal: str, told: tuple[Any, ...]) -> None:
        self._apply(lambda: self.objects.add(*told))

    def _removed(self, _sender: str, _at: str, _interface: str, _signal: str, told: tuple[Any, ...]) -> None:
        if ADAPTER in told[1] or (DEVICE in told[1] and self.objects.peer(told[0]).is_bonded):
            # A bluetoothd that ends takes all of its objects away first, as does one whose adapter is reset:
            # then nobody has forgotten this host. So what there still is has to be asked, by `learn`.
            self._is_known = False
        self._apply(lambda: self.objects.remove(*told))
        if ADAPTER in told[1]:
            self._owner.adapter_changed()

    def _changed(self, _sender: str, at: str, _interface: str, _signal: str, told: tuple[Any, ...]) -> None:
        self._apply(lambda: self.objects.change(at, *told))
        if told[0] == ADAPTER and told[1].get("Powered") is False:
            self._owner.adapter_changed()

    def _apply(self, signal: Callable[[], None]) -> None:
        """Apply a signal; one that comes while bluetoothd is asked what it has, after its answer."""
        if self._is_known:
            signal()
        else:
            self._early.append(signal)
        self._owner.changed()


def _setting(interface: str, name: str, kind: str, value: object) -> tuple[str, str, tuple[Any, ...]]:
    from gi.repository import GLib

    return f"{_PROPERTIES}.Set", "(ssv)", (interface, name, GLib.Variant(kind, value))
