"""What bluetoothd has to be given, step by step, so that the adapter is a keyboard."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from device.errors import KeyboardError
from device.hardware.bluez_agent import AGENT
from device.hardware.bluez_objects import ADAPTER, ADVERTISING_MANAGER, DEVICE, GATT_MANAGER
from device.hardware.gatt_objects import ADVERTISEMENT, APPLICATION
from device.hardware.glib_thread import BusError

if TYPE_CHECKING:
    from device.hardware.bluetoothd import Bluetoothd

_log = logging.getLogger(__name__)

NO_BLUETOOTHD = "BlueZ does not run; run: apt install bluez && systemctl enable --now bluetooth"

_MANAGER, _AGENT_MANAGER = "/org/bluez", "org.bluez.AgentManager1"

NO_ADAPTER = (
    "There is no Bluetooth adapter: plug one in, or see why the board's is not found; "
    "run: dmesg | grep -i bluetooth"
)
_UNFIT = (
    "The Bluetooth adapter cannot be a keyboard: that takes one with Low Energy (Bluetooth 4.0 or newer) "
    "that can advertise, and BlueZ 5.62 or newer; see: bluetoothctl --version; btmgmt info"
)
_BLOCKED = "The Bluetooth adapter is switched off by rfkill; run: rfkill unblock bluetooth"
_NO_POWER = "The Bluetooth adapter does not switch on ({}); unplug it, or restart the device"
_TOO_OLD = (
    "BlueZ refuses the keyboard's service ({}): it has to be 5.62 or newer; see: bluetoothctl --version"
)
_SILENT = "The Bluetooth adapter does not advertise ({}); run: systemctl restart bluetooth"


class RadioError(KeyboardError):
    """Something keeps the adapter from being a keyboard."""


@dataclass(slots=True)
class _Given:
    """What a bluetoothd was given, which ends with it.

    Attributes:
        agent: Whether it has the agent.
        adapter: The adapter that is the keyboard.
        application: Whether the adapter has the services.
        present: The hosts that may see the services go and come again: none, where all may.
        advertised: What it was told to advertise: for everybody or not, and beside which links.
        trusted: The computers that were made trusted.
    """

    agent: bool = False
    adapter: str = ""
    application: bool = False
    present: frozenset[str] | None = None
    advertised: tuple[bool, frozenset[str]] | None = None
    trusted: set[str] = field(default_factory=set)


class BluezSetup:
    """Remembers what was given, and gives what is missing."""

    def __init__(self, name: str) -> None:
        """Begin with a bluetoothd that was given nothing.

        Args:
            name: What hosts call the keyboard.
        """
        self._name = name
        self._given = _Given()

    def forget_all(self) -> None:
        """Begin anew: this bluetoothd is another one."""
        self._given = _Given()

    def forget_adapter(self) -> None:
        """Give the adapter all again: it was away, or switched off."""
        self._given.application, self._given.advertised = False, None

    def forget_services(self, present: frozenset[str]) -> None:
        """Give the services again; these hosts are there, and are told to look again."""
        self._given.application, self._given.present = False, present

    def forget_advertisement(self) -> None:
        """Advertise again."""
        self._given.advertised = None

    async def give(self, bluetoothd: Bluetoothd, *, is_discoverable: bool, is_connectable: bool) -> None:
        """Give what is missing.

        Args:
            bluetoothd: To whom.
            is_discoverable: Whether any computer may find the keyboard and pair.
            is_connectable: Whether bonded hosts may connect. They may in any case if all may.

        Raises:
            RadioError: It does not work, for a reason that the user can do something about.
            BusError: It does not work.
        """
        if not bluetoothd.is_running:
            raise RadioError(NO_BLUETOOTHD)
        await bluetoothd.learn()
        await self._give_agent(bluetoothd)
        adapter = bluetoothd.objects.adapter()
        if adapter is None:
            raise RadioError(NO_ADAPTER)
        if not {GATT_MANAGER, ADVERTISING_MANAGER} <= bluetoothd.objects.interfaces(adapter).keys():
            raise RadioError(_UNFIT)
        if adapter != self._given.adapter:
            self._given.adapter = adapter
            self.forget_adapter()
        await _switch_on(bluetoothd, adapter)
        for name, kind, value in (
            ("Alias", "s", self._name),
            ("PairableTimeout", "u", 0),
            ("Pairable", "b", is_discoverable),
        ):
            if bluetoothd.objects.interfaces(adapter).get(ADAPTER, {}).get(name) != value:
                await bluetoothd.set(adapter, ADAPTER, name, kind, value)
        await self._give_services(bluetoothd, adapter)
        await self._give_advertisement(
            bluetoothd, adapter, is_discoverable=is_discoverable, is_connectable=is_connectable
        )
        self._trust(bluetoothd, adapter)

    async def _give_agent(self, bluetoothd: Bluetoothd) -> None:
        given = self._given
        if not given.agent:
            arguments = (AGENT, "NoInputNoOutput")
            await bluetoothd.call(_MANAGER, f"{_AGENT_MANAGER}.RegisterAgent", "(os)", arguments)
            await bluetoothd.call(_MANAGER, f"{_AGENT_MANAGER}.RequestDefaultAgent", "(o)", (AGENT,))
            given.agent = True

    async def _give_services(self, bluetoothd: Bluetoothd, adapter: str) -> None:
        given = self._given
        if given.application:
            return
        present = given.present
        if present is not None:
            # A host that comes meanwhile would find no keyboard, and may have none from then on: one with
            # BlueZ 5.82 drops the reports to which it subscribes all the same (profiles/input/hog-lib.c).
            await self._give_advertisement(bluetoothd, adapter, is_discoverable=False, is_connectable=False)
            await _send_away(bluetoothd, adapter, present)
        with suppress(BusError):  # it has none yet
            await bluetoothd.call(adapter, f"{GATT_MANAGER}.UnregisterApplication", "(o)", (APPLICATION,))
        # Unless it is wanted again from now on: what was wanted because of those who were sent away is done.
        given.application, given.present = True, None
        try:
            arguments: tuple[Any, ...] = (APPLICATION, {})
            await bluetoothd.call(adapter, f"{GATT_MANAGER}.RegisterApplication", "(oa{sv})", arguments)
        except BusError as error:
            given.application = False
            if error.name != "org.bluez.Error.Failed":
                raise
            raise RadioError(_TOO_OLD.format(error)) from error
        if present is not None:
            await _send_away(bluetoothd, adapter, present)  # who had come before that was known

    async def _give_advertisement(
        self, bluetoothd: Bluetoothd, adapter: str, *, is_discoverable: bool, is_connectable: bool
    ) -> None:
        given = self._given
        # A controller ceases to advertise when a host connects: it has to be told again.
        connected = frozenset(peer.path for peer in bluetoothd.objects.peers(adapter) if peer.is_connected)
        wanted = (is_discoverable, connected) if is_discoverable or is_connectable else None
        if wanted == given.advertised:
            return
        if given.advertised is not None:
            with suppress(BusError):  # it was released
                method = f"{ADVERTISING_MANAGER}.UnregisterAdvertisement"
                await bluetoothd.call(adapter, method, "(o)", (ADVERTISEMENT,))
        given.advertised = wanted
        if wanted is None:
            return
        bluetoothd.set_discoverable(on=is_discoverable)
        try:
            arguments: tuple[Any, ...] = (ADVERTISEMENT, {})
            method = f"{ADVERTISING_MANAGER}.RegisterAdvertisement"
            await bluetoothd.call(adapter, method, "(oa{sv})", arguments)
        except BusError as error:
            if connected:  # not every controller advertises beside a link
                _log.info("the adapter does not advertise while a host is connected: %s", error)
                return
            given.advertised = None
            raise RadioError(_SILENT.format(error)) from error

    def _trust(self, bluetoothd: Bluetoothd, adapter: str) -> None:
        """Have bluetoothd ask nobody about who is bonded."""
        for peer in bluetoothd.objects.peers(adapter):
            properties = bluetoothd.objects.interfaces(peer.path).get(DEVICE, {})
            if peer.is_bonded and not properties.get("Trusted") and peer.path not in self._given.trusted:
                self._given.trusted.add(peer.path)
                bluetoothd.set_soon(peer.path, DEVICE, "Trusted", "b", value=True)


async def _send_away(bluetoothd: Bluetoothd, adapter: str, present: frozenset[str]) -> None:
    """Disconnect the bonded hosts that have come since, so that they come again and look anew."""
    for peer in bluetoothd.objects.peers(adapter):
        if peer.is_connected and peer.is_bonded and peer.path not in present:
            with suppress(BusError):  # it has gone
                await bluetoothd.call(peer.path, f"{DEVICE}.Disconnect")


async def _switch_on(bluetoothd: Bluetoothd, adapter: str) -> None:
    if bluetoothd.objects.interfaces(adapter).get(ADAPTER, {}).get("Powered"):
        return
    try:
        await bluetoothd.set(adapter, ADAPTER, "Powered", "b", value=True)
    except BusError as error:
        is_blocked = error.name == "org.bluez.Error.Blocked"
        raise RadioError(_BLOCKED if is_blocked else _NO_POWER.format(error)) from error
