"""A guest with Bluetooth that can be seen, can see, and can connect; see test_air.py."""

from __future__ import annotations

import threading
from pathlib import Path

from bluetooth import Bluetooth
from gi.repository import GLib
from orders import serve
from peers import ADAPTER, connect, find, system_bus

_ADVERTISEMENT = "/lab/advertisement"


class Advertisement:
    """
    <node><interface name="org.bluez.LEAdvertisement1">
      <method name="Release"/>
      <property name="Type" type="s" access="read"/>
      <property name="LocalName" type="s" access="read"/>
      <property name="Discoverable" type="b" access="read"/>
    </interface></node>
    """  # pydbus takes what an object has from its docstring

    Type = "peripheral"
    Discoverable = True

    def __init__(self, name: str) -> None:
        self.LocalName = name

    def Release(self) -> None:  # noqa: N802  D-Bus calls it so
        """It is not advertised any more."""


def advertise(name: str) -> None:
    """Be there for whoever looks, connectable."""
    bus = system_bus()
    bus.register_object(_ADVERTISEMENT, Advertisement(name), None)
    manager = bus.get("org.bluez", ADAPTER)["org.bluez.LEAdvertisingManager1"]
    manager.RegisterAdvertisement(_ADVERTISEMENT, {})


# What is registered on the bus answers in a thread of its own.
threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
bluetooth = Bluetooth(Path(__file__).with_name("main.conf"))
bluetooth.attach()
bluetooth.start()
serve({**bluetooth.orders(), "advertise": advertise, "find": find, "connect": connect})
