"""Other Bluetooth devices, as this guest's bluetoothd has them."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

import pydbus
from gi.repository import GLib
from wait import until

ADAPTER = "/org/bluez/hci0"

_DEVICE = "org.bluez.Device1"


@cache
def system_bus() -> Any:
    """Give the system bus; it is never let go, for what glib_thread.py says."""
    return pydbus.SystemBus()


def adapter() -> dict[str, Any]:
    """Give the adapter's properties; none when there is no adapter."""
    return _objects().get(ADAPTER, {}).get("org.bluez.Adapter1", {})


def peer(address: str) -> dict[str, Any]:
    """Give the properties of a device that was seen; none when it was not."""
    return _objects().get(_path(address), {}).get(_DEVICE, {})


def connected() -> list[str]:
    """Give the addresses of all that are connected."""
    devices = [each[_DEVICE] for each in _objects().values() if _DEVICE in each]
    return [each["Address"] for each in devices if each["Connected"]]


def wait_for_connected(count: int) -> list[str]:
    """Return when so many are connected."""
    until(lambda: len(connected()) == count)
    return connected()


def find(address: str) -> str:
    """Look for a device; give its name."""
    found = system_bus().get("org.bluez", ADAPTER)["org.bluez.Adapter1"]
    found.SetDiscoveryFilter({"Transport": GLib.Variant("s", "le")})
    found.StartDiscovery()
    until(lambda: peer(address).get("Name"))
    found.StopDiscovery()
    return peer(address)["Name"]


def pair(address: str) -> None:
    """Pair with a device that was found, and trust it, as a desktop's settings do."""
    _device(address).Pair()
    _device(address).Trusted = True


def connect(address: str) -> None:
    """Connect to a device that was found."""
    _device(address).Connect()


def disconnect(address: str) -> None:
    """End the connection; bluetoothd does not connect again by itself."""
    _device(address).Disconnect()


def forget(address: str) -> None:
    """Forget a device and its keys."""
    system_bus().get("org.bluez", ADAPTER)["org.bluez.Adapter1"].RemoveDevice(_path(address))


def _device(address: str) -> Any:
    return system_bus().get("org.bluez", _path(address))[_DEVICE]


def _path(address: str) -> str:
    return f"{ADAPTER}/dev_{address.replace(':', '_')}"


def _objects() -> dict[str, dict[str, dict[str, Any]]]:
    """Give all that bluetoothd has, by path and interface; nothing when it does not run."""
    with suppress(GLib.Error):
        found: dict[str, dict[str, dict[str, Any]]] = system_bus().get("org.bluez", "/").GetManagedObjects()
        return found
    return {}
