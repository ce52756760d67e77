"""The user of a host who says yes to every pairing, and sees no codes."""

from __future__ import annotations

import threading

from gi.repository import GLib
from peers import system_bus

_PATH = "/lab/agent"


class _Agent:
    """
    <node><interface name="org.bluez.Agent1">
      <method name="Release"/>
      <method name="RequestConfirmation">
        <arg name="device" type="o" direction="in"/><arg name="passkey" type="u" direction="in"/>
      </method>
      <method name="RequestAuthorization"><arg name="device" type="o" direction="in"/></method>
      <method name="AuthorizeService">
        <arg name="device" type="o" direction="in"/><arg name="uuid" type="s" direction="in"/>
      </method>
      <method name="Cancel"/>
    </interface></node>
    """  # pydbus takes what an object has from its docstring

    def Release(self) -> None:  # noqa: N802  D-Bus calls them so
        """It is not asked any more."""

    def RequestConfirmation(self, device: str, passkey: int) -> None:  # noqa: N802
        """Say yes."""

    def RequestAuthorization(self, device: str) -> None:  # noqa: N802
        """Say yes."""

    def AuthorizeService(self, device: str, uuid: str) -> None:  # noqa: N802
        """Say yes."""

    def Cancel(self) -> None:  # noqa: N802
        """It does not have to answer any more."""


def agree() -> None:
    """Say yes to every pairing until the script ends, as long as bluetoothd runs."""
    system_bus().register_object(_PATH, _Agent(), None)
    # What is registered answers in a thread of its own.
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    register()


def register() -> None:
    """Make it known to a bluetoothd that has started anew."""
    manager = system_bus().get("org.bluez", "/org/bluez")["org.bluez.AgentManager1"]
    manager.RegisterAgent(_PATH, "NoInputNoOutput")
    manager.RequestDefaultAgent(_PATH)
