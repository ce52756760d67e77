from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from device.hardware import bluez as module
from device.hardware.bluez import Bluez
from device.hardware.gatt import INPUT, OUTPUT, PROTOCOL_MODE, REPORT_MAP, services
from device.hardware.glib_thread import BusError, GlibThread
from tests.hardware.bluez_bus import ADAPTER, MOCK, FakeBluetoothd, Heard, Stir, dbusmock, private_bus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEVICE = "org.bluez.Device1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
AGENT = "/saykey/agent"
YES, NO = ON, OFF = True, False


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    with private_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture(autouse=True)
def _haste(monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", 0.02)
    monkeypatch.setattr(module, "PAUSE_S", 0.0)


@pytest.fixture
def stir():
    return Stir()


@pytest.fixture
async def heard(stir):
    heard = Heard(stir)
    yield heard
    heard.close()


@pytest.fixture
async def bluetoothd(bus: str, stir: Stir):
    fake = FakeBluetoothd(bus, stir)
    await fake.start()
    yield fake
    fake.close()


@asynccontextmanager
async def running(bus: str, heard: Heard, battery: int | None = 50) -> AsyncIterator[Bluez]:
    bluez = Bluez("Saykey", services(battery), address=bus)
    bluez.start(heard, asyncio.get_running_loop())
    try:
        yield bluez
    finally:
        bluez.stop()


@pytest.fixture
async def bluez(bus: str, bluetoothd: FakeBluetoothd, heard: Heard, stir: Stir):
    async with running(bus, heard) as bluez:
        await stir.until(lambda: heard.problem == "")
        yield bluez


def options(host: str = "", **more: tuple[str, object]) -> tuple[str, tuple[dict[str, Any]]]:
    from gi.repository import GLib

    told = {"device": ("o", host or f"{ADAPTER}/dev_1"), **more}
    return "(a{sv})", ({name: GLib.Variant(kind, value) for name, (kind, value) in told.items()},)


async def read(fake: FakeBluetoothd, path: str, offset: int = 0, interface: str = CHARACTERISTIC) -> bytes:
    (value,) = await fake.ask(path, f"{interface}.ReadValue", *options(offset=("q", offset)))
    return bytes(value)


async def write(fake: FakeBluetoothd, path: str, value: bytes, host: str = "") -> None:
    kind, (told,) = options(host)
    await fake.ask(path, f"{CHARACTERISTIC}.WriteValue", f"(ay{kind[1:]}", (value, told))


# What hosts find.


async def test_the_services_are_registered_in_order_at_fixed_handles(bluez, bluetoothd):
    first = dict(bluetoothd.application)
    assert [has for has in first if has.count("/") == 3] == ["/saykey/gatt/service0", "/saykey/gatt/service1"]
    uuids = " ".join(next(iter(first[each].values()))["UUID"][4:8] for each in first)
    assert uuids == "1812 2a4e 2a4a 2a4b 2a4c 2a4d 2908 2a4d 2908 2a22 2a32 180f 2a19"
    handles = [
        has["org.bluez.GattService1"]["Handle"] for has in first.values() if "org.bluez.GattService1" in has
    ]
    assert handles == [0x100, 0x140]


async def test_hosts_are_told_to_look_again_and_find_the_same(bluez, bluetoothd, stir):
    before = list(bluetoothd.application.items())
    count = bluetoothd.calls.count("RegisterApplication")
    bluez.register_again()
    await stir.until(lambda: bluetoothd.calls.count("RegisterApplication") > count and bluetoothd.application)
    assert bluetoothd.calls[-2:] == ["UnregisterApplication", "RegisterApplication"]
    assert list(bluetoothd.application.items()) == before


async def test_no_host_sees_the_keyboard_gone_but_who_is_told_to_look_again(bluez, bluetoothd, heard, stir):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    there = await bluetoothd.add_host(1, Bonded=True)
    back = await bluetoothd.add_host(2, Bonded=True, Connected=False)
    stranger = await bluetoothd.add_host(3, Bonded=False, Connected=False)
    await stir.until(lambda: len(heard.radios[-1].peers) == 2)
    # Beside a link, it advertises anew.
    await stir.until(lambda: bluetoothd.calls.count("RegisterAdvertisement") == 2 and bluetoothd.advertised)
    await bluetoothd.bring_late(back, stranger)
    bluetoothd.calls.clear()
    bluez.register_again()
    await stir.until(lambda: "RegisterAdvertisement" in bluetoothd.calls and bluetoothd.advertised)
    assert bluetoothd.calls[:4] == [
        "UnregisterAdvertisement",
        "Disconnect",
        "UnregisterApplication",
        "RegisterApplication",
    ]
    connected = [host for host in (there, back, stranger) if bluetoothd.objects[host][DEVICE]["Connected"]]
    assert connected == [there, stranger], "it pairs, and reads after that"


async def test_a_battery_that_is_not_there_moves_nothing(bus, bluetoothd, heard, stir):
    async with running(bus, heard, battery=None):
        await stir.until(lambda: heard.problem == "")
        assert len(bluetoothd.application) == 11
        service = bluetoothd.application["/saykey/gatt/service0"]["org.bluez.GattService1"]
        assert service["Handle"] == 0x100


async def test_hosts_read_the_report_map_in_pieces(bluez, bluetoothd):
    (path,) = bluetoothd.find("2a4b")
    assert await read(bluetoothd, path) == REPORT_MAP
    assert await read(bluetoothd, path, 22) == REPORT_MAP[22:]
    assert await read(bluetoothd, path, len(REPORT_MAP)) == b""
    with pytest.raises(BusError) as error:
        await read(bluetoothd, path, len(REPORT_MAP) + 1)
    assert error.value.name == "org.bluez.Error.InvalidOffset"


async def test_hosts_read_which_report_is_which(bluez, bluetoothd):
    references = [
        await read(bluetoothd, path, interface="org.bluez.GattDescriptor1")
        for path in bluetoothd.find("2908")
    ]
    assert references == [b"\x01\x01", b"\x01\x02"]


async def test_hosts_read_what_was_set(bluez, bluetoothd):
    (path,) = bluetoothd.find("2a4e")
    assert await read(bluetoothd, path) == b"\x01"
    bluez.set_value(PROTOCOL_MODE, b"\x00")
    assert await read(bluetoothd, path) == b"\x00"


async def test_what_was_set_before_there_was_a_bus_is_read_too(bus, bluetoothd, heard, stir):
    bluez = Bluez("Saykey", services(None), address=bus)
    bluez.set_value(PROTOCOL_MODE, b"\x00")
    bluez.start(heard, asyncio.get_running_loop())
    await stir.until(lambda: heard.problem == "")
    assert await read(bluetoothd, bluetoothd.find("2a4e")[0]) == b"\x00"
    bluez.stop()


async def test_lights_come_from_the_host_that_wrote_them(bluez, bluetoothd, heard, stir):
    await write(bluetoothd, bluetoothd.find("2a4d")[1], b"\x02", f"{ADAPTER}/dev_7")
    await stir.until(lambda: heard.writes)
    assert heard.writes == [(f"{ADAPTER}/dev_7", OUTPUT, b"\x02")]


@pytest.mark.parametrize("value", [b"", b"\x02\x02"])
async def test_an_output_report_of_another_length_is_refused(bluez, bluetoothd, heard, value: bytes):
    with pytest.raises(BusError) as error:
        await write(bluetoothd, bluetoothd.find("2a4d")[1], value)
    assert error.value.name == "org.bluez.Error.InvalidValueLength"
    assert not heard.writes


# Reports.


async def test_each_host_has_a_link_of_its_own(bluez, bluetoothd, heard, stir):
    path = bluetoothd.find("2a4d")[0]
    one = await bluetoothd.subscribe(path, f"{ADAPTER}/dev_1")
    other = await bluetoothd.subscribe(path, f"{ADAPTER}/dev_2")
    with one, other:
        await stir.until(lambda: len(heard.links) == 2)
        (host, key, link), (second, _, _) = heard.links
        assert (host, key, second) == (f"{ADAPTER}/dev_1", INPUT, f"{ADAPTER}/dev_2")
        link.send(b"12345678")
        link.send(b"abcdefgh")
        assert [one.recv(100), one.recv(100)] == [b"12345678", b"abcdefgh"]
        with pytest.raises(BlockingIOError):
            other.recv(100)
    assert link.recv(100) == b""


async def test_only_keys_can_be_subscribed_to(bluez, bluetoothd, heard):
    told = {
        path: has[CHARACTERISTIC].get("NotifyAcquired")
        for path, has in bluetoothd.application.items()
        if CHARACTERISTIC in has
    }
    assert [path for path, is_acquired in told.items() if is_acquired is not None] == [
        bluetoothd.find("2a4d")[0],
        bluetoothd.find("2a22")[0],
    ]
    with pytest.raises(BusError):
        await bluetoothd.subscribe(bluetoothd.find("2a4b")[0], f"{ADAPTER}/dev_1")
    assert not heard.links


# Pairing.


async def test_nobody_pairs_outside_the_window(bluez, bluetoothd, heard):
    for method, kind, more in (("RequestAuthorization", "(o)", ()), ("RequestConfirmation", "(ou)", (0,))):
        with pytest.raises(BusError) as error:
            await bluetoothd.ask(AGENT, f"org.bluez.Agent1.{method}", kind, (f"{ADAPTER}/dev_1", *more))
        assert error.value.name == "org.bluez.Error.Rejected"
    assert not heard.requests
    assert bluetoothd.adapter["Pairable"] is False


async def ask_to_pair(bluez, bluetoothd, heard, stir, method="RequestAuthorization") -> asyncio.Task[object]:
    bluez.open_window()
    await stir.until(lambda: bluetoothd.adapter["Pairable"])
    host = await bluetoothd.add_host(1)
    kind, more = ("(ou)", (0,)) if method == "RequestConfirmation" else ("(o)", ())
    asking = asyncio.create_task(bluetoothd.ask(AGENT, f"org.bluez.Agent1.{method}", kind, (host, *more)))
    await stir.until(lambda: heard.requests)
    return asking


@pytest.mark.parametrize("method", ["RequestAuthorization", "RequestConfirmation"])
async def test_in_the_window_the_user_decides(bluez, bluetoothd, heard, stir, method: str):
    asking = await ask_to_pair(bluez, bluetoothd, heard, stir, method)
    (request,) = heard.requests
    assert (request.peer.name, request.peer.is_bonded, asking.done()) == ("host 1", False, False)
    request.answer(YES)
    request.answer(NO)
    await asking
    assert heard.cancelled == 0


async def test_the_user_may_refuse(bluez, bluetoothd, heard, stir):
    asking = await ask_to_pair(bluez, bluetoothd, heard, stir)
    heard.requests[0].answer(NO)
    with pytest.raises(BusError) as error:
        await asking
    assert error.value.name == "org.bluez.Error.Rejected"


async def test_a_host_that_gives_up_is_not_answered(bluez, bluetoothd, heard, stir):
    asking = await ask_to_pair(bluez, bluetoothd, heard, stir)
    await bluetoothd.ask(AGENT, "org.bluez.Agent1.Cancel")
    await stir.until(lambda: heard.cancelled)
    heard.requests[0].answer(YES)
    await bluetoothd.ask(AGENT, "org.bluez.Agent1.Cancel")
    assert not asking.done()
    asking.cancel()
    assert heard.cancelled == 1


async def test_when_bluetoothd_ends_the_request_does_too(bluez, bluetoothd, heard, stir):
    asking = await ask_to_pair(bluez, bluetoothd, heard, stir)
    bluetoothd.close()
    await stir.until(lambda: heard.cancelled)
    asking.cancel()


@pytest.mark.parametrize("is_bonded", [True, False])
async def test_only_bonded_hosts_use_services(bluez, bluetoothd, heard, stir, is_bonded: bool):  # noqa: FBT001
    host = await bluetoothd.add_host(1, Bonded=is_bonded)
    await stir.until(lambda: heard.radios[-1].peers)
    arguments = ("org.bluez.Agent1.AuthorizeService", "(os)", (host, "1812"))
    if is_bonded:
        await bluetoothd.ask(AGENT, *arguments)
    else:
        with pytest.raises(BusError):
            await bluetoothd.ask(AGENT, *arguments)


@pytest.mark.parametrize(
    ("method", "kind", "more"),
    [("RequestPinCode", "(o)", ()), ("RequestPasskey", "(o)", ()), ("DisplayPasskey", "(ouq)", (0, 0)),
     ("DisplayPinCode", "(os)", ("0",))],
)  # fmt: skip
async def test_digits_are_never_asked_for(bluez, bluetoothd, method: str, kind: str, more: tuple[object]):
    bluez.open_window()
    with pytest.raises(BusError):
        await bluetoothd.ask(AGENT, f"org.bluez.Agent1.{method}", kind, (f"{ADAPTER}/dev_1", *more))


# Being found.


async def test_the_window_opens_and_closes(bluez, bluetoothd, stir):
    assert bluetoothd.advertised is None
    bluez.open_window()
    await stir.until(lambda: bluetoothd.advertised)
    told = bluetoothd.advertised
    assert (told["Type"], told["Discoverable"], told["LocalName"]) == ("peripheral", True, "Saykey")
    assert (told["ServiceUUIDs"][0][4:8], told["Appearance"]) == ("1812", 0x03C1)
    assert bluetoothd.adapter["Pairable"] is True
    bluez.close_window()
    await stir.until(lambda: bluetoothd.advertised is None and not bluetoothd.adapter["Pairable"])


async def test_bonded_hosts_come_back_without_a_window(bluez, bluetoothd, stir):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    assert bluetoothd.advertised["Discoverable"] is False
    bluez.open_window()
    await stir.until(lambda: bluetoothd.advertised and bluetoothd.advertised["Discoverable"])
    bluez.close_window()
    await stir.until(lambda: bluetoothd.advertised and not bluetoothd.advertised["Discoverable"])
    assert bluetoothd.adapter["Pairable"] is False
    bluez.advertise(OFF)
    await stir.until(lambda: bluetoothd.advertised is None)


async def test_while_one_host_is_connected_others_can_come(bluez, bluetoothd, stir):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    bluetoothd.calls.clear()
    await bluetoothd.add_host(1, Bonded=True)
    await stir.until(lambda: "RegisterAdvertisement" in bluetoothd.calls and bluetoothd.advertised)


async def test_an_adapter_that_cannot_advertise_beside_a_link_does_so_after_it(
    bluez, bluetoothd, heard, stir
):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    bluetoothd.fail["RegisterAdvertisement"] = "org.bluez.Error.Failed"
    host = await bluetoothd.add_host(1, Bonded=True)
    await stir.until(
        lambda: bluetoothd.calls[-1] == "RegisterAdvertisement" and bluetoothd.advertised is None
    )
    bluetoothd.fail.clear()
    await bluetoothd.change(host, DEVICE, Connected=False)
    await stir.until(lambda: bluetoothd.advertised)
    assert {radio.problem for radio in heard.radios} == {""}


async def test_an_advertisement_that_was_released_is_made_again(bluez, bluetoothd, stir):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    bluetoothd.calls.clear()
    await bluetoothd.ask("/saykey/advertisement", "org.bluez.LEAdvertisement1.Release")
    await stir.until(lambda: "RegisterAdvertisement" in bluetoothd.calls)


async def test_a_long_name_is_cut_between_letters(bus, bluetoothd, heard, stir):
    bluez = Bluez("ä" * 15 + "b", services(None), address=bus)
    bluez.start(heard, asyncio.get_running_loop())
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    assert bluetoothd.advertised["LocalName"] == "ä" * 14
    assert bluetoothd.adapter["Alias"] == "ä" * 15 + "b"
    bluez.stop()


# The adapter and bluetoothd.


async def test_the_adapter_is_prepared(bus, bluetoothd, heard, stir):
    bluetoothd.adapter["Powered"] = False
    async with running(bus, heard):
        await stir.until(lambda: heard.problem == "")
    assert bluetoothd.adapter["Powered"] is True
    assert bluetoothd.adapter["Alias"] == "Saykey"
    assert bluetoothd.adapter["PairableTimeout"] == 0
    assert (heard.radios[-1].address, heard.radios[-1].name) == ("00:00:00:00:00:01", "Saykey")
    assert {"RegisterAgent", "RequestDefaultAgent"} <= set(bluetoothd.calls)


@pytest.mark.parametrize(
    "failure",
    [
        ("Powered", "org.bluez.Error.Blocked", "rfkill unblock bluetooth"),
        ("Powered", "org.bluez.Error.Failed", "restart the device"),
        ("RegisterApplication", "org.bluez.Error.Failed", "5.62 or newer"),
        ("RegisterAdvertisement", "org.bluez.Error.NotPermitted", "systemctl restart bluetooth"),
        ("RegisterAgent", "org.freedesktop.DBus.Error.AccessDenied", "usermod -aG bluetooth"),
        ("Alias", "org.bluez.Error.Failed", "systemctl restart bluetooth"),
    ],
)
async def test_what_fails_is_told_and_tried_again(bus, bluetoothd, heard, stir, failure):
    what, error, advice = failure
    bluetoothd.adapter["Powered"] = False
    bluetoothd.fail[what] = error
    async with running(bus, heard) as bluez:
        bluez.advertise(ON)
        await stir.until(lambda: heard.problem and advice in heard.problem)
        bluetoothd.fail.clear()
        await stir.until(lambda: heard.problem == "" and bluetoothd.advertised)


async def test_what_changes_while_bluetoothd_is_asked_is_not_missed(bus, bluetoothd, heard, stir):
    host = await bluetoothd.add_host(1, Connected=False)
    bluetoothd.meanwhile = [(host, DEVICE, {"Connected": True})]
    async with running(bus, heard):
        await stir.until(lambda: heard.radios and heard.radios[-1].peers)
    assert heard.radios[-1].peers[0].is_connected


async def test_an_adapter_that_is_switched_off_is_switched_on_again(bluez, bluetoothd, stir):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    bluetoothd.calls.clear()
    await bluetoothd.change(ADAPTER, "org.bluez.Adapter1", Powered=False)
    await stir.until(
        lambda: {"Powered", "RegisterApplication", "RegisterAdvertisement"} <= set(bluetoothd.calls)
    )
    assert bluetoothd.adapter["Powered"] is True


async def test_an_adapter_that_was_away_is_given_everything_again(bluez, bluetoothd, heard, stir):
    bluez.advertise(ON)
    await stir.until(lambda: bluetoothd.advertised)
    interfaces = bluetoothd.objects[ADAPTER]
    await bluetoothd.remove(ADAPTER)
    await stir.until(lambda: heard.problem and "plug one in" in heard.problem)
    bluetoothd.calls.clear()
    await bluetoothd.add(ADAPTER, interfaces)
    await stir.until(lambda: heard.problem == "")
    assert {"RegisterApplication", "RegisterAdvertisement"} <= set(bluetoothd.calls)
    assert "RegisterAgent" not in bluetoothd.calls


async def test_an_old_bluez_is_named(bus, bluetoothd, heard, stir):
    del bluetoothd.objects[ADAPTER]["org.bluez.LEAdvertisingManager1"]
    async with running(bus, heard):
        await stir.until(lambda: heard.problem and "5.62 or newer" in heard.problem)


async def test_another_bluetoothd_is_given_everything_again(bus, bluez, bluetoothd, heard, stir):
    bluez.advertise(ON)
    await bluetoothd.add_host(1, Bonded=True)
    await stir.until(lambda: heard.radios[-1].peers and bluetoothd.advertised)
    bluetoothd.close()
    await stir.until(lambda: heard.problem and "systemctl enable --now bluetooth" in heard.problem)
    assert heard.radios[-1].peers == ()
    another = FakeBluetoothd(bus, stir)
    await another.start()
    await stir.until(lambda: heard.problem == "" and another.advertised and another.application)
    assert another.application == bluetoothd.application
    assert "RegisterAgent" in another.calls
    another.close()


async def test_bonded_hosts_are_trusted_and_strangers_are_not(bluez, bluetoothd, heard, stir):
    asked: list[tuple[str, object]] = []

    class _Device:
        dbus = f"""<node><interface name="{DEVICE}">
            <property name="Trusted" type="b" access="readwrite"/></interface></node>"""

        def __init__(self, path: str) -> None:
            object.__setattr__(self, "path", path)

        Trusted = False

        def __setattr__(self, name: str, value: object) -> None:
            asked.append((self.path, value))
            stirred.call_soon_threadsafe(stir)

    stirred = asyncio.get_running_loop()
    for number in (1, 2):
        path = f"{ADAPTER}/dev_{number}"
        await bluetoothd._glib.run(lambda bus, path=path: bus.register_object(path, _Device(path), None))
    await bluetoothd.add_host(1, Bonded=False)
    await bluetoothd.add_host(2, Bonded=True)
    await stir.until(lambda: asked)
    assert asked == [(f"{ADAPTER}/dev_2", True)]


async def test_nobody_is_told_anything_after_stop(bus, bluetoothd, heard, stir):
    async with running(bus, heard) as bluez:
        bluez.open_window()
        await stir.until(lambda: bluetoothd.adapter["Pairable"] and bluetoothd.advertised)
        path = bluetoothd.find("2a4d")[0]
        subscribing = asyncio.create_task(bluetoothd.subscribe(path, f"{ADAPTER}/dev_1"))
        await asyncio.sleep(0)  # it begins
    told = len(heard.radios), len(heard.links)
    await stir.until(lambda: not bluetoothd.adapter["Pairable"])
    with suppress(BusError):  # where it came too late
        (await subscribing).close()
    assert (len(heard.radios), len(heard.links)) == told
    gc.collect()  # a link that was left open would warn


async def test_without_a_bus_the_user_is_told(tmp_path, heard, stir):
    async with running(f"unix:path={tmp_path}/none", heard):
        await stir.until(lambda: heard.problem and "systemctl start dbus" in heard.problem)


async def test_without_pygobject_the_user_is_told(bus, heard, stir, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pydbus", None)
        async with running(bus, heard):
            await stir.until(lambda: heard.problem and "apt install python3-gi" in heard.problem)


# dbusmock's own picture of bluetoothd.


@pytest.fixture
async def mock(bus: str):
    """Call a method of the mock, or of what it mocks."""
    with dbusmock(bus):
        connection = GlibThread(bus, asyncio.get_running_loop())
        await connection.open()
        yield connection
        connection.close()


async def mocked(mock: GlibThread) -> str:
    """Have the mock show an adapter that has all it takes; give its path."""
    from gi.repository import GLib

    while True:
        try:
            (path,) = await mock.call("/", "org.bluez.Mock.AddAdapter", "(ss)", ("hci0", "raspberrypi"))
            break
        except BusError:  # it has not started yet
            await asyncio.sleep(0.02)
    # The mock tells of an interface only if it has properties.
    told = {"Mocked": GLib.Variant("b", YES)}
    for interface, thing in (("GattManager1", "Application"), ("LEAdvertisingManager1", "Advertisement")):
        methods = [(f"Register{thing}", "oa{sv}", "", ""), (f"Unregister{thing}", "o", "", "")]
        await mock.call(path, f"{MOCK}.AddProperties", "(sa{sv})", (f"org.bluez.{interface}", told))
        await mock.call(path, f"{MOCK}.AddMethods", "(sa(ssss))", (f"org.bluez.{interface}", methods))
    return path


async def get(mock: GlibThread, path: str, interface: str, name: str) -> object:
    return (await mock.call(path, "org.freedesktop.DBus.Properties.Get", "(ss)", (interface, name)))[0]


async def test_hosts_of_the_mock_are_told_and_treated(bus, mock, heard, stir):
    from gi.repository import GLib

    adapter = await mocked(mock)
    async with running(bus, heard) as bluez:
        await stir.until(lambda: heard.problem == "")
        assert (await get(mock, adapter, "org.bluez.Adapter1", "Alias"), heard.radios[-1].peers) == (
            "Saykey",
            (),
        )
        (host,) = await mock.call(
            "/", "org.bluez.Mock.AddDevice", "(sss)", ("hci0", "AA:BB:CC:DD:EE:FF", "laptop")
        )
        state = {"Paired": GLib.Variant("b", YES), "Connected": GLib.Variant("b", YES)}
        await mock.call(host, f"{MOCK}.UpdateProperties", "(sa{sv})", (DEVICE, state))
        await stir.until(lambda: heard.radios[-1].peers)
        (peer,) = heard.radios[-1].peers
        assert (peer.path, peer.address, peer.name) == (host, "AA:BB:CC:DD:EE:FF", "laptop")
        assert (peer.is_connected, peer.is_bonded) == (True, True)
        while not await get(mock, host, DEVICE, "Trusted"):
            pass
        bluez.rename(host, "my laptop")
        await stir.until(lambda: heard.radios[-1].peers[0].name == "my laptop")
        await mock.call(host, f"{DEVICE}.Connect")
        bluez.forget(host)
        await stir.until(lambda: heard.radios[-1].peers == ())
        assert [peer.is_connected for peer in heard.radios[-2].peers] == [False], "it was disconnected first"


async def test_an_adapter_of_the_mock_comes_and_goes(bus, mock, heard, stir):
    async with running(bus, heard):
        await stir.until(lambda: heard.problem and "plug one in" in heard.problem)
        await mocked(mock)  # without a word about the other interfaces
        await stir.until(lambda: heard.problem and "5.62 or newer" in heard.problem)
        await mock.call("/", "org.bluez.Mock.RemoveAdapter", "(s)", ("hci0",))
        await stir.until(lambda: heard.problem and "plug one in" in heard.problem)


async def test_commands_that_fail_harm_nothing(bus, mock, heard, stir, *, caplog, monkeypatch):
    lines: list[object] = []
    await mocked(mock)
    async with running(bus, heard) as bluez:
        await stir.until(lambda: heard.problem == "")
        monkeypatch.setattr(caplog.handler, "emit", lambda record: (lines.append(record), stir()))
        bluez.disconnect(f"{ADAPTER}/dev_9")
        bluez.forget(f"{ADAPTER}/dev_9")
        bluez.rename(f"{ADAPTER}/dev_9", "nobody")
        await stir.until(lambda: len(lines) == 2)
        assert heard.problem == ""


# Odd behaviour.


async def test_a_bluetoothd_that_ends_has_forgotten_nobody(bluez, bluetoothd, heard, stir):
    host = await bluetoothd.add_host(1, Bonded=True)
    await stir.until(lambda: heard.radios[-1].peers)
    del heard.radios[:-1]
    await bluetoothd.end(host)  # as BlueZ's adapter_cleanup
    await stir.until(lambda: heard.problem)
    assert all(radio.peers or radio.problem for radio in heard.radios)


async def test_an_adapter_that_goes_has_forgotten_nobody(bluez, bluetoothd, heard, stir):
    host = await bluetoothd.add_host(1, Bonded=True)
    await stir.until(lambda: heard.radios[-1].peers)
    del heard.radios[:-1]
    await bluetoothd.remove_all(host, ADAPTER)
    await stir.until(lambda: heard.problem)
    assert all(radio.peers or radio.problem for radio in heard.radios)


async def test_a_host_that_was_forgotten_is_told(bluez, bluetoothd, heard, stir):
    host = await bluetoothd.add_host(1, Bonded=True)
    await stir.until(lambda: heard.radios[-1].peers)
    await bluetoothd.remove(host)
    await stir.until(lambda: not heard.radios[-1].peers)
    assert heard.problem == ""


async def test_what_nobody_thought_of_ends_nothing(bus, bluetoothd, heard, stir, monkeypatch):
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as at_first:
        at_first.setattr(module.BluezSetup, "give", fail)
        bluez = Bluez("Saykey", services(None), address=bus)
        bluez.start(heard, asyncio.get_running_loop())
        await stir.until(lambda: heard.problem and "restart bluetooth" in heard.problem)
    await stir.until(lambda: heard.problem == "")
    bluez.stop()


async def test_a_failure_that_bluetoothd_tells_of_is_no_reason_to_try_at_once(
    bus, bluetoothd, heard, stir, monkeypatch
):
    monkeypatch.setattr(module, "PAUSE_S", 3600.0)
    bluetoothd.adapter["Powered"] = False
    bluetoothd.fail["Powered"] = "org.bluez.Error.Failed"
    async with running(bus, heard):
        await stir.until(lambda: heard.problem)
        for _ in range(20):
            # As BlueZ's adapter_set_power_state does for each try that fails.
            await bluetoothd.change(ADAPTER, "org.bluez.Adapter1", PowerState="off")
    assert bluetoothd.calls.count("Powered") == 1
