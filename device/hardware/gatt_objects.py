"""The D-Bus objects that bluetoothd looks at and calls: the GATT application and its advertisement.

pydbus exports what only has to be read; it cannot hand over descriptors, so that the characteristics are
registered with Gio. All of it runs in GLib's thread.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from device.hardware.gatt import HID
from device.hardware.glib_thread import export

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.hardware import gatt

    Subscribed = Callable[[str, str, socket.socket], object]
    """Called with the host's path, the characteristic's key, and our end of the link."""
    Written = Callable[[str, str, bytes], object]
    """Called with the host's path, the characteristic's key, and what was written."""

APPLICATION = "/saykey/gatt"
ADVERTISEMENT = "/saykey/advertisement"

APPEARANCE = 0x03C1
"""Keyboard (Bluetooth Assigned Numbers, 2.6.3)."""

_FIRST_HANDLE, _HANDLES = 0x0100, 0x0040
"""Where the services lie, and the room for each. Hosts keep handles and do not ask again. Left to itself,
BlueZ gives an application new ones each time it is registered (src/shared/gatt-db.c, last_handle). Lower
ones belong to BlueZ's own services; above 1,023 it no longer computes its database hash in one message."""

_LONGEST_NAME = 29
"""Bytes of a name that fit into a scan response (Bluetooth Core 5.4, vol. 3, part C, 11)."""

_INTERVAL_MS = 100
"""Time between advertisements. The kernel's own is 1.28 s, in which a user sees his keyboard come back late;
the 20 to 30 ms that HOGP 1.0, 5.1.2 asks for are meant for half a minute, and this goes on for ever."""

_SERVICE, _CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
_DESCRIPTOR = "org.bluez.GattDescriptor1"


class Application:
    """The GATT application: the root of its objects, which says what there is."""

    dbus = """<node><interface name="org.freedesktop.DBus.ObjectManager">
        <method name="GetManagedObjects"><arg direction="out" type="a{oa{sa{sv}}}"/></method>
        </interface></node>"""

    def __init__(
        self, bus: Any, services: Sequence[gatt.Service], subscribed: Subscribed, written: Written
    ) -> None:
        """Export the services."""
        # bluetoothd hands out handles in the order in which it is told of the objects.
        self._objects: dict[str, dict[str, Any]] = {}
        self._characteristics: dict[str, _Characteristic] = {}
        for number, service in enumerate(services):
            path = f"{APPLICATION}/service{number}"
            self._objects[path] = _properties(
                _SERVICE, UUID=("s", service.uuid), Primary=("b", True), Handle=("q", _handle(number))
            )
            for index, characteristic in enumerate(service.characteristics):
                place = f"{path}/characteristic{index}"
                exported = _Characteristic(bus, place, characteristic, subscribed, written)
                self._objects[place] = exported.properties(path)
                self._characteristics[characteristic.key] = exported
                self._export_descriptors(bus, place, characteristic.descriptors)
        bus.register_object(APPLICATION, self, None)

    def GetManagedObjects(self) -> dict[str, dict[str, Any]]:  # noqa: N802  # D-Bus's name
        """Give all objects with their properties."""
        return self._objects

    def set_value(self, key: str, value: bytes) -> None:
        """Set what hosts read from now on."""
        if key in self._characteristics:
            self._characteristics[key].value = value

    def _export_descriptors(self, bus: Any, place: str, descriptors: Sequence[gatt.Descriptor]) -> None:
        for index, descriptor in enumerate(descriptors):
            path = f"{place}/descriptor{index}"
            bus.register_object(path, _Descriptor(descriptor.value), None)
            self._objects[path] = _properties(
                _DESCRIPTOR,
                UUID=("s", descriptor.uuid),
                Characteristic=("o", place),
                Flags=("as", descriptor.flags),
            )


class _Descriptor:
    """A descriptor, which never changes."""

    dbus = f"""<node><interface name="{_DESCRIPTOR}">
        <method name="ReadValue"><arg direction="in" type="a{{sv}}"/><arg direction="out" type="ay"/></method>
        </interface></node>"""

    def __init__(self, value: bytes) -> None:
        self._value = value

    def ReadValue(self, options: dict[str, Any]) -> bytes:  # noqa: N802  # D-Bus's name
        return self._value[options.get("offset", 0) :]


class _Characteristic:
    """A characteristic: read, written, subscribed to."""

    _XML = f"""<node><interface name="{_CHARACTERISTIC}">
        <method name="ReadValue"><arg direction="in" type="a{{sv}}"/><arg direction="out" type="ay"/></method>
        <method name="WriteValue"><arg direction="in" type="ay"/><arg direction="in" type="a{{sv}}"/></method>
        <method name="AcquireNotify"><arg direction="in" type="a{{sv}}"/>
            <arg direction="out" type="h"/><arg direction="out" type="q"/></method>
        </interface></node>"""

    def __init__(
        self, bus: Any, path: str, data: gatt.Characteristic, subscribed: Subscribed, written: Written
    ) -> None:
        self.value = data.value
        self._data, self._subscribed, self._written = data, subscribed, written
        export(bus, path, self._XML, self._answer)

    def properties(self, service: str) -> dict[str, Any]:
        has: dict[str, tuple[str, object]] = {
            "UUID": ("s", self._data.uuid),
            "Service": ("o", service),
            "Flags": ("as", self._data.flags),
        }
        if self._data.notifies:
            # With this property bluetoothd asks for a link for each host, and else sends to all of them.
            has["NotifyAcquired"] = ("b", False)
        return _properties(_CHARACTERISTIC, **has)

    def _answer(self, method: str, arguments: tuple[Any, ...], invocation: Any) -> None:
        getattr(self, f"_{method}")(invocation, *arguments)

    def _ReadValue(self, invocation: Any, options: dict[str, Any]) -> None:  # noqa: N802  # D-Bus's name
        from gi.repository import GLib

        offset = options.get("offset", 0)
        if offset > len(self.value):
            invocation.return_dbus_error("org.bluez.Error.InvalidOffset", "the value is shorter")
        else:
            invocation.return_value(GLib.Variant("(ay)", (self.value[offset:],)))

    def _WriteValue(self, invocation: Any, value: list[int], options: dict[str, Any]) -> None:  # noqa: N802
        if len(value) != len(self._data.value) or options.get("offset", 0):
            invocation.return_dbus_error("org.bluez.Error.InvalidValueLength", "the value has another length")
        else:
            invocation.return_value(None)
            self._written(options.get("device", ""), self._data.key, bytes(value))

    def _AcquireNotify(self, invocation: Any, options: dict[str, Any]) -> None:  # noqa: N802
        from gi.repository import Gio, GLib

        if not self._data.notifies:
            invocation.return_dbus_error("org.bluez.Error.NotSupported", "this does not notify")
            return
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        with theirs:
            handles = Gio.UnixFDList.new()
            answer = GLib.Variant("(hq)", (handles.append(theirs.fileno()), options.get("mtu", 23)))
            invocation.return_value_with_unix_fd_list(answer, handles)
        self._subscribed(options.get("device", ""), self._data.key, ours)


class Advertisement:
    """What computers around are told of the keyboard."""

    dbus = """<node><interface name="org.bluez.LEAdvertisement1">
        <method name="Release"/>
        <property name="Type" type="s" access="read"/>
        <property name="ServiceUUIDs" type="as" access="read"/>
        <property name="Appearance" type="q" access="read"/>
        <property name="LocalName" type="s" access="read"/>
        <property name="Discoverable" type="b" access="read"/>
        <property name="MinInterval" type="u" access="read"/>
        <property name="MaxInterval" type="u" access="read"/>
        </interface></node>"""

    Type = "peripheral"
    ServiceUUIDs = (HID,)
    Appearance = APPEARANCE
    MinInterval = MaxInterval = _INTERVAL_MS

    def __init__(self, bus: Any, name: str, released: Callable[[], object]) -> None:
        """Export it.

        Args:
            bus: pydbus's bus.
            name: The keyboard's name; as much of it is told as there is room.
            released: Called when bluetoothd advertises no more.
        """
        self.LocalName = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
        self.Discoverable = False
        self._released = released
        bus.register_object(ADVERTISEMENT, self, None)

    def Release(self) -> None:  # noqa: N802  # D-Bus's name
        """Be told that bluetoothd advertises no more."""
        self._released()


def _handle(number: int) -> int:
    return _FIRST_HANDLE + number * _HANDLES


def _properties(interface: str, **properties: tuple[str, object]) -> dict[str, Any]:
    from gi.repository import GLib

    return {interface: {name: GLib.Variant(kind, value) for name, (kind, value) in properties.items()}}
