"""What bluetoothd says of adapters and computers: a copy of its objects that signals keep up to date."""

from __future__ import annotations

from typing import Any

from device.hardware.radio import Peer

Properties = dict[str, Any]

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
GATT_MANAGER = "org.bluez.GattManager1"
ADVERTISING_MANAGER = "org.bluez.LEAdvertisingManager1"


class BluezObjects:
    """Objects by their path, each with the properties of its interfaces."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Properties]] = {}

    def add(self, path: str, interfaces: dict[str, Properties]) -> None:
        """Note what was added (ObjectManager's InterfacesAdded, or an entry of GetManagedObjects)."""
        self._objects.setdefault(path, {}).update(interfaces)

    def remove(self, path: str, interfaces: list[str]) -> None:
        """Note what was removed (ObjectManager's InterfacesRemoved)."""
        left = self._objects.get(path, {})
        for interface in interfaces:
            left.pop(interface, None)
        if not left:
            self._objects.pop(path, None)

    def change(self, path: str, interface: str, changed: Properties, gone: list[str]) -> None:
        """Note what changed (PropertiesChanged)."""
        properties = self._objects.get(path, {}).get(interface)
        if properties is not None:
            properties.update(changed)
            for name in gone:
                properties.pop(name, None)

    def adapter(self) -> str | None:
        """Give the path of the first adapter."""
        return min((path for path, has in self._objects.items() if ADAPTER in has), default=None)

    def interfaces(self, path: str) -> dict[str, Properties]:
        """Give the interfaces of an object; none if there is no such object."""
        return self._objects.get(path, {})

    def peers(self, adapter: str) -> tuple[Peer, ...]:
        """Give the computers that an adapter is connected to or has bonds with."""
        peers = (_peer(path, has[DEVICE]) for path, has in sorted(self._objects.items()) if DEVICE in has)
        return tuple(
            peer
            for peer in peers
            if peer.path.startswith(adapter + "/") and (peer.is_connected or peer.is_bonded)
        )

    def peer(self, path: str) -> Peer:
        """Give a computer, whether it is known or not."""
        return _peer(path, self.interfaces(path).get(DEVICE, {}))


def _peer(path: str, properties: Properties) -> Peer:
    return Peer(
        path=path,
        address=properties.get("Address", ""),
        name=properties.get("Alias", ""),
        is_connected=properties.get("Connected", False),
        # BlueZ before 5.65 does not tell bonded from paired.
        is_bonded=bool(properties.get("Bonded", properties.get("Paired"))),
    )
