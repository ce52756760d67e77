"""The lab's radio: what is sent arrives when the air says so, and a broken link is noticed by both ends."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bumble.core import UUID
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, Service
from bumble.hci import Address
from bumble.host import Host

from tests.vm.air import Air
from tests.vm.bumble_host import BumbleHost
from tests.vm.guests import Guest
from tests.vm.radio import Radio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bumble import ll

_SMOKE = Path(__file__).parent / "guest/bt_smoke.py"
_LIMIT_S = 300

_DEVICE, _HOST, _OTHER = "00:1A:7D:00:00:01", "00:1A:7D:00:00:02", "00:1A:7D:00:00:03"
_RANDOM = "F0:F1:F2:F3:F4:F5"
_UUID = UUID("12345678-0000-4000-8000-000000000001")
_TIMEOUT = 0x08  # Connection Timeout (Bluetooth Core 5.4, 1.F.2.8)
_NOT_ESTABLISHED = 0x3E  # Connection Failed to be Established (1.F.2.57)

_LONG_S = 3.0
"""A supervision timeout that is not over before a host is back, though this machine has much to do."""


@pytest.fixture
def air() -> Iterator[Air]:
    with Air() as each:
        yield each


class Counter:
    """A peripheral of bumble's that has one value, and notifies of it."""

    def __init__(self, radio: Radio) -> None:
        self.value = Characteristic(
            _UUID,
            Characteristic.Properties.READ | Characteristic.Properties.NOTIFY,
            Characteristic.READABLE,
            b"7",
        )
        self.device = Device("counter", Address("F0:00:00:00:00:01"), host=Host(radio, radio))
        self.device.add_service(Service(_UUID, [self.value]))
        self.lost: asyncio.Queue[int] = asyncio.Queue()
        self.connected = 0

    async def start(self) -> str:
        await self.device.power_on()
        await self.device.start_advertising(
            auto_restart=True, advertising_interval_min=20, advertising_interval_max=20
        )
        self.device.on("connection", self._connected)
        return str(self.device.random_address)

    def _connected(self, connection) -> None:
        self.connected += 1
        connection.on("disconnection", self.lost.put_nowait)


async def _counter(air_device: Radio) -> Counter:
    counter = Counter(air_device)
    await counter.start()
    return counter


async def _lost(connection) -> int:
    """Give the reason for which a connection ended, when it has."""
    reasons: asyncio.Queue[int] = asyncio.Queue()
    connection.on("disconnection", reasons.put_nowait)
    return await reasons.get()


async def _link(air_device: Radio, air_host: Radio):
    counter = Counter(air_device)
    address = await counter.start()
    host = Device("host", Address(_RANDOM), host=Host(air_host, air_host))
    await host.power_on()
    connection = await host.connect(address)
    peer = Peer(connection)
    await peer.discover_all()
    (value,) = peer.get_characteristics_by_uuid(_UUID)
    return counter, connection, value


def test_what_is_sent_arrives_in_order(air: Air):
    device, host = air.radio("device", _DEVICE), air.radio("host", _HOST)

    async def talk() -> list[bytes]:
        counter, _, value = await _link(device, host)
        came: asyncio.Queue[bytes] = asyncio.Queue()
        await value.subscribe(came.put_nowait)
        for number in range(100):
            await counter.device.notify_subscribers(counter.value, bytes([number]))
        return [await came.get() for _ in range(100)]

    assert air.do(talk()) == [bytes([number]) for number in range(100)]


def test_packets_wait_for_the_connection_event(air: Air):
    device, host = air.radio("device", _DEVICE), air.radio("host", _HOST)

    async def connect():
        return await _link(device, host)

    async def talk(value) -> float:
        began_s = time.monotonic()
        for _ in range(10):
            assert await value.read_value() == b"7"
        return time.monotonic() - began_s

    _, _, value = air.do(connect())
    air.set_interval(0.02)

    assert air.do(talk(value)) >= 10 * 0.02, "each question and its answer take an event each"


def test_a_lost_link_is_noticed_by_both_ends_and_another_one_works(air: Air):
    device, host = air.radio("device", _DEVICE), air.radio("host", _HOST)

    async def connect():
        return await _link(device, host)

    async def lose(counter: Counter, connection) -> list[int]:
        reasons: asyncio.Queue[int] = asyncio.Queue()
        connection.on("disconnection", reasons.put_nowait)
        device.link.forsake(device)
        seen = [await counter.lost.get(), await reasons.get()]
        again = await connection.device.connect(counter.device.random_address)
        assert await Peer(again).discover_services()
        return seen

    counter, connection, _ = air.do(connect())

    assert air.do(lose(counter, connection)) == [_TIMEOUT, _TIMEOUT]


def test_who_connects_to_somebody_who_has_just_ceased_to_advertise_learns_so(air: Air):
    device, host = air.radio("device", _DEVICE), air.radio("host", _HOST)
    counter = air.do(_counter(device))

    def miss(packet: ll.ConnectInd) -> None:
        device.le_legacy_advertiser.stop()
        Radio.on_le_connect_ind(device, packet)

    async def connect() -> tuple[int, int]:
        central = Device("host", Address(_RANDOM), host=Host(host, host))
        await central.power_on()
        device.on_le_connect_ind = miss
        connection = await central.connect(counter.device.random_address)
        lost = await _lost(connection)
        device.on_le_connect_ind = partial(Radio.on_le_connect_ind, device)
        device.le_legacy_advertiser.start()
        again = await central.connect(counter.device.random_address)
        assert await Peer(again).discover_services()
        return lost, counter.connected

    assert air.do(connect()) == (_NOT_ESTABLISHED, 1)


def test_a_new_link_has_to_wait_until_both_ends_have_given_the_old_one_up(air: Air):
    device, host = air.radio("device", _DEVICE), air.radio("host", _HOST)

    async def connect():
        return await _link(device, host)

    async def come_back(counter: Counter, connection) -> list[int]:
        central = connection.device
        device.link.supervision_timeout_s = _LONG_S
        device.link.forsake(device)
        await connection.disconnect()
        device.le_legacy_advertiser.start()
        early = await central.connect(counter.device.random_address)
        seen = [await _lost(early), await counter.lost.get()]
        again = await central.connect(counter.device.random_address)
        assert await Peer(again).discover_services()
        return [*seen, counter.connected]

    counter, connection, _ = air.do(connect())

    assert air.do(come_back(counter, connection)) == [_TIMEOUT, _TIMEOUT, 2]


@pytest.mark.usefixtures("machine")
def test_two_kernels_see_each_other_and_a_third_stack(air: Air, tmp_path: Path):
    shares = tmp_path / "device", tmp_path / "host"
    for share in shares:
        share.mkdir()
    device_radio, host_radio = air.socket("device", _DEVICE), air.socket("host", _HOST)
    with (
        Guest(_SMOKE, shares[0], limit_s=_LIMIT_S, radio=device_radio) as device,
        Guest(_SMOKE, shares[1], limit_s=_LIMIT_S, radio=host_radio) as host,
    ):
        assert device.ask("adapter")["Address"] == _DEVICE
        assert host.ask("adapter")["Powered"]
        device.ask("advertise", name="Lab device")
        assert host.ask("find", address=_DEVICE) == "Lab device"

        host.ask("connect", address=_DEVICE)
        assert device.ask("wait_for_connected", count=1) == [_HOST]

        air.lose_links("device")
        assert device.ask("wait_for_connected", count=0) == []
        assert host.ask("wait_for_connected", count=0) == []

        third = BumbleHost(air.radio("third", _OTHER), _RANDOM)
        air.do(third.start())
        assert air.do(third.find(_DEVICE)) == "Lab device"
        air.do(third.connect(_DEVICE))
        assert air.do(third.discover())
        assert device.ask("wait_for_connected", count=1) == [_RANDOM]

        host.ask("kill")
        assert device.ask("adapter")["Powered"], "each guest has a bluetoothd of its own"
