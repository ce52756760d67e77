"""Saykey and hosts whose Bluetooth is not BlueZ's: who is paired gets keys, all of them, and nobody else any.

Saykey's side is guest/bt_device.py with the kernel and bluetoothd of Debian; the hosts are bumble's, which
share no line of code with them. Sections are of the Bluetooth Core Specification 5.4.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bumble import att
from bumble.core import UUID, ProtocolError

from device.hardware.gatt import REPORT_MAP
from tests.vm.air import Air
from tests.vm.bumble_host import BumbleHost
from tests.vm.guests import Guest
from tests.vm.rooms import Rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

_SCRIPT = Path(__file__).parent / "guest/bt_device.py"
_LIMIT_S = 2400
_TYPED_IN_S = 300
_LOOK_EVERY_S = 0.2

_SAYKEY = "00:1A:7D:00:00:01"

# What Apple's hosts give to keyboards (Accessory Design Guidelines, Bluetooth).
_INTERVAL_S = 0.015

# Assigned numbers, 3.5, 3.7 and 3.8.1.
_SERVICE, _CHARACTERISTIC = UUID.from_16_bits(0x2800), UUID.from_16_bits(0x2803)
_SUBSCRIPTION, _REPORT_REFERENCE = UUID.from_16_bits(0x2902), UUID.from_16_bits(0x2908)
_HID_INFORMATION, _MAP, _PROTOCOL_MODE, _REPORT = "2A4A", "2A4B", "2A4E", "2A4D"
_CONTROL_POINT, _BOOT_INPUT, _BOOT_OUTPUT = "2A4C", "2A22", "2A32"
_HID_HANDLES = range(0x0100, 0x0140)

# What may be said of a protected attribute on a link without encryption (3.F.3.4.1.1): it takes a key first,
# or what is asked for is not possible at all, which is the same for everybody.
_WITHOUT_KEY = {att.ErrorCode.INSUFFICIENT_AUTHENTICATION, att.ErrorCode.INSUFFICIENT_ENCRYPTION}
_NEVER = {att.ErrorCode.READ_NOT_PERMITTED, att.ErrorCode.WRITE_NOT_PERMITTED}

_ATT_S = 20.0  # well below the 30 after which an answer is not waited for any more (3.F.3.3.3)
_STRANGER_S = 9.0  # 10 by the guest's clock


class Room:
    """Saykey and the hosts around it. What a test brings in is gone when the test ends."""

    def __init__(self, air: Air, saykey: Guest, pool: ThreadPoolExecutor) -> None:
        self.air, self.saykey, self.do = air, saykey, air.do
        self._pool = pool
        self._hosts: list[BumbleHost] = []
        self._count = 0

    def host(self, **how: bool) -> BumbleHost:
        """Bring in a host that knows nothing of Saykey."""
        self._count += 1
        address = f"F0:F1:F2:F3:F4:{self._count:02X}"
        radio = self.air.radio(address, f"00:1A:7D:00:01:{self._count:02X}")
        host = BumbleHost(radio, address, **how)
        self.do(host.start())
        self._hosts.append(host)
        return host

    def ask_to_pair(self, host: BumbleHost) -> Future[bool]:
        """Let a host that is connected ask to pair."""
        return self._pool.submit(self.do, host.pair())

    def open_window(self) -> None:
        """Let hosts pair; return when the radio lets them."""
        self.saykey.ask("open_window")
        until(lambda: self.saykey.ask("adapter")["Pairable"])

    def pair(self, host: BumbleHost) -> bool:
        """Pair with a press of the button, as the user does; say whether it was by Secure Connections."""
        self.open_window()
        self.do(host.find(_SAYKEY))
        self.do(host.connect(_SAYKEY))
        pairing = self.ask_to_pair(host)
        self.saykey.ask("wait_for_request")
        until(lambda: self.saykey.ask("confirm"))  # not before the user can have read who asks
        return pairing.result()

    def paired(self) -> BumbleHost:
        """Bring in a host that is paired and subscribed."""
        host = self.host()
        assert self.pair(host)
        self.subscribe(host)
        self.saykey.ask("close_window")
        return host

    def subscribe(self, host: BumbleHost) -> None:
        """Let a host find all there is and subscribe to the reports."""
        self.do(host.discover())
        self.do(host.subscribe())

    def use(self, host: BumbleHost) -> None:
        """Type into this host from now on."""
        self.saykey.ask("use", address=host.address)

    def type(self, length: int) -> str:
        """Begin to type a text."""
        text: str = self.saykey.ask("type", layout="us", length=length)
        return text

    def typed(self, text: str) -> None:
        """Return when all is typed."""
        until(lambda: self.saykey.ask("typed")["is_done"], _TYPED_IN_S)
        assert not self.saykey.ask("typed")["refused"], text

    def typed_with_presses(self, text: str, returns: BumbleHost | None = None) -> int:
        """Return when all is typed, with the user pressing wherever it waits; say how often that was.

        Args:
            text: What is typed.
            returns: This host comes back as often as its connection ends.
        """

        def is_done() -> bool:
            if returns is not None and returns.has_ended:
                self.do(returns.reconnect(subscribes=False))
            typed = self.saykey.ask("typed")
            if typed["waits"]:
                self.saykey.ask("release")
            return bool(typed["is_done"])

        until(is_done, _TYPED_IN_S)
        self.typed(text)
        away: int = self.saykey.ask("typed")["away"]
        return away

    def bonded(self) -> set[str]:
        """Give the addresses of the hosts that are paired."""
        return {each["address"] for each in self.saykey.ask("hosts")}

    def clear(self) -> None:
        """Send all hosts away, for good."""
        self.air.set_interval(0)
        self.saykey.ask("close_window")
        self.saykey.ask("use", address=None)
        for host in self._hosts:
            self.do(host.leave())
        self._hosts.clear()
        self.saykey.ask("wait_for_connected", count=0)
        for address in self.bonded():
            self.saykey.ask("forget", name=address)
        until(lambda: not self.bonded())


def until(holds: Callable[[], Any], limit_s: float = 60.0) -> None:
    """Return when this holds."""
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come to that"
        time.sleep(_LOOK_EVERY_S)


@contextmanager
def _room(folders: pytest.TempPathFactory) -> Iterator[Room]:
    """Have Saykey, and nobody around it."""
    with Air() as air, ThreadPoolExecutor() as pool:
        share, radio = folders.mktemp("saykey"), air.socket("saykey", _SAYKEY)
        with Guest(_SCRIPT, share, limit_s=_LIMIT_S, radio=radio) as saykey:
            assert saykey.ask("open"), "it sees receipts"
            yield Room(air, saykey, pool)


@pytest.fixture(scope="module")
def rooms(machine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms[Room]]:
    with Rooms(lambda: _room(tmp_path_factory)) as rooms:
        yield rooms


@pytest.fixture
def room(rooms: Rooms[Room], request: pytest.FixtureRequest) -> Iterator[Room]:
    yield from rooms.during(request, Room.clear)


# The US layout by the usages' own names (HID Usage Tables 1.5, page 0x07): without and with Shift.
_PLAIN = {
    **{0x04 + at: letter for at, letter in enumerate("abcdefghijklmnopqrstuvwxyz1234567890")},
    **{0x2C + at: sign for at, sign in enumerate(" -=[]\\")},
    **{0x33 + at: sign for at, sign in enumerate(";'`,./")},
}
_SHIFTED = {
    **{0x04 + at: letter for at, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()")},
    **{0x2C + at: sign for at, sign in enumerate(" _+{}|")},
    **{0x33 + at: sign for at, sign in enumerate(':"~<>?')},
}
_SHIFTS = 0x22
"""Either Shift key, as modifier bits (HID 1.11, 8.3)."""


class Screen:
    """What a host with the US layout shows for the reports that it got."""

    def __init__(self, host: BumbleHost) -> None:
        self._host = host

    @property
    def text(self) -> str:
        """The text."""
        text, before = "", bytes(8)
        for each in self._host.arrived:
            modifiers, reserved, *keys = each.report
            assert not reserved
            assert not modifiers & ~_SHIFTS, "no key of a US text takes anything but Shift"
            table = _SHIFTED if modifiers else _PLAIN
            text += "".join(table[key] for key in keys if key and key not in before[2:])
            before = each.report
        return text

    @property
    def is_up(self) -> bool:
        """Whether no key is down."""
        return not self._host.arrived or self._host.arrived[-1].report == bytes(8)


def test_a_host_pairs_and_finds_a_keyboard(room: Room, tell):
    host = room.host()

    began_s = time.monotonic()
    assert room.pair(host), "it was by LE Secure Connections"
    took_s = time.monotonic() - began_s
    found = room.do(host.discover())

    # HOGP 1.0, 3.1: what a keyboard has, and boot protocol besides.
    assert len(found[_REPORT]) == 2
    for each in (_HID_INFORMATION, _MAP, _PROTOCOL_MODE, _CONTROL_POINT, _BOOT_INPUT, _BOOT_OUTPUT):
        assert len(found[each]) == 1, each
    assert room.do(host.read_report_map()) == REPORT_MAP
    read = room.do(host.read_all())
    (information,), (mode,) = found[_HID_INFORMATION], found[_PROTOCOL_MODE]
    assert read[information] == bytes((0x11, 0x01, 0x00, 0x03)), "HID 1.11, no country, wakes, connectable"
    assert read[mode] == bytes((1,)), "report protocol"
    types = room.do(host.attributes())
    references = {read[handle] for handle, type_ in types.items() if type_ == _REPORT_REFERENCE}
    assert references == {bytes((1, 1)), bytes((1, 2))}, "report 1, input and output"
    assert room.bonded() == {host.address}
    tell(f"Bluetooth, bumble: found, paired by LE Secure Connections in {took_s:.1f} s, with the press.")


@pytest.mark.parametrize(("length", "interval_s"), [(5_000, 0.0), (300, _INTERVAL_S)])
def test_a_text_arrives_in_order(room: Room, length: int, interval_s: float, tell):
    host = room.paired()
    room.use(host)
    room.saykey.ask("ready")
    room.air.set_interval(interval_s)

    text = room.type(length)
    room.typed(text)

    assert Screen(host).text == text
    assert Screen(host).is_up
    took_s = host.arrived[-1].at_s - host.arrived[0].at_s
    tell(
        f"Bluetooth, bumble, an event every {interval_s * 1000:.0f} ms: {length:,} characters exact, "
        f"{length / took_s:.0f} a second."
    )


def test_a_host_that_leaves_a_question_open_when_it_pairs_comes_again(room: Room, tell):
    host = room.host()
    host.answer(answers=False)
    assert room.pair(host)
    room.subscribe(host)
    room.use(host)
    began_s = time.monotonic()
    room.do(host.wait_until_ended())
    took_s = time.monotonic() - began_s
    assert took_s < _ATT_S, "bluetoothd would have waited"

    host.answer(answers=True)
    text = room.type(200)
    room.typed_with_presses(text, host)
    assert Screen(host).text == text
    assert room.bonded() == {host.address}
    tell(f"Bluetooth, a host that answers nothing: sent to come again {took_s:.0f} s after it paired.")


def test_only_the_host_in_use_receives(room: Room, tell):
    one, other = room.paired(), room.paired()
    room.use(one)
    room.saykey.ask("ready")
    text = room.type(200)
    room.typed(text)

    assert Screen(one).text == text
    assert not other.arrived, "not even an empty report"

    so_far = len(one.arrived)
    room.use(other)
    room.saykey.ask("ready")
    next_text = room.type(200)
    room.typed(next_text)

    assert Screen(other).text == next_text
    assert len(one.arrived) == so_far
    assert Screen(one).is_up
    assert Screen(other).is_up
    tell("Bluetooth, two bumble hosts: 200 characters to each, none to the other.")


def test_a_switch_within_a_text_leaves_the_rest_to_the_press(room: Room, tell):
    one, other = room.paired(), room.paired()
    room.use(one)
    room.saykey.ask("ready")
    text = room.type(300)
    until(lambda: len(one.arrived) > 100)

    room.use(other)
    until(lambda: room.saykey.ask("typed")["waits"])

    begun = Screen(one).text
    assert 0 < len(begun) < len(text)
    assert Screen(one).is_up
    assert not Screen(other).text, "it waits for the press"
    room.saykey.ask("release")
    room.typed(text)
    assert Screen(one).text == begun
    assert begun + Screen(other).text == text
    assert Screen(one).is_up
    assert Screen(other).is_up
    tell(f"Bluetooth, switched within a text: {len(begun)} characters there, {len(text) - len(begun)} here.")


def test_a_stranger_learns_nothing_and_is_sent_away(room: Room, tell):
    host = room.paired()
    room.use(host)
    room.saykey.ask("ready")
    stranger = room.host()
    room.do(stranger.connect(_SAYKEY))
    began_s = time.monotonic()

    types = room.do(stranger.attributes())
    protected = {
        handle: type_
        for handle, type_ in types.items()
        # Declarations are everybody's to read (3.G.3.1 and 3.G.3.3.1).
        if handle in _HID_HANDLES and type_ not in (_SERVICE, _CHARACTERISTIC)
    }
    answers = {
        (handle, str(type_), request.name): room.do(stranger.ask(request))
        for handle, type_ in protected.items()
        for request in _attempts(handle, type_)
    }
    stranger.note_all(protected)
    for handle, type_ in protected.items():
        if type_ == _SUBSCRIPTION:
            room.do(stranger.tell(att.ATT_Write_Command(attribute_handle=handle, attribute_value=b"\1\0")))
    read = room.do(stranger.read_all())
    subscribed = {read[handle] for handle, type_ in protected.items() if type_ == _SUBSCRIPTION}
    text = room.type(50)
    room.typed(text)

    assert len(protected) >= 12
    assert sum(type_ == _SUBSCRIPTION for type_ in protected.values()) == 2
    assert not [(key, str(answer)) for key, answer in answers.items() if not _refuses(answer)]
    assert subscribed == {b"\0\0"}, "who may read that it has not subscribed has not (3.G.3.3.3.3)"
    assert Screen(host).text == text
    assert not stranger.arrived
    room.do(stranger.wait_until_ended())
    stayed_s = time.monotonic() - began_s
    assert stayed_s >= _STRANGER_S
    assert room.saykey.ask("connected") == [host.address]
    tell(
        f"Bluetooth, a stranger: {len(answers)} ways to read, write, subscribe {len(protected)} attributes "
        f"refused; sent away after {stayed_s:.0f} s."
    )


def _attempts(handle: int, type_: UUID) -> list[att.ATT_PDU]:
    """Give every request that reads or writes an attribute, where it is not everybody's to do so."""
    value = b"\1\0" if type_ == _SUBSCRIPTION else b"\1"
    reads = [
        att.ATT_Read_Request(attribute_handle=handle),
        att.ATT_Read_Blob_Request(attribute_handle=handle, value_offset=0),
        att.ATT_Read_Multiple_Request(set_of_handles=[handle, handle]),
        att.ATT_Read_By_Type_Request(starting_handle=handle, ending_handle=handle, attribute_type=type_),
    ]
    writes = [
        att.ATT_Write_Request(attribute_handle=handle, attribute_value=value),
        att.ATT_Prepare_Write_Request(attribute_handle=handle, value_offset=0, part_attribute_value=value),
    ]
    return writes if type_ == _SUBSCRIPTION else reads + writes


def _refuses(answer: Any) -> bool:
    is_error = answer.op_code == att.Opcode.ATT_ERROR_RESPONSE
    return is_error and answer.error_code in _WITHOUT_KEY | _NEVER


def test_nobody_pairs_outside_the_window(room: Room, tell):
    room.paired()  # without one nobody could connect
    before = room.bonded()

    refused = []
    for bonds, secure in ((True, True), (False, True), (True, False), (False, False)):
        host = room.host(bonds=bonds, secure=secure)
        room.do(host.connect(_SAYKEY))
        refused.append(_refusal(room.ask_to_pair(host)))
        assert not room.saykey.ask("window")["asking"]
        room.do(host.leave())

    assert room.bonded() == before
    tell(f"Bluetooth, pairing outside the window: {', '.join(refused)}.")


def test_nobody_pairs_without_the_press(room: Room, tell):
    patient, late = room.host(), room.host()
    room.open_window()
    room.do(patient.connect(_SAYKEY))
    began_s = time.monotonic()
    pairing = room.ask_to_pair(patient)
    room.saykey.ask("wait_for_request")
    refusal = _refusal(pairing)
    waited_s = time.monotonic() - began_s

    assert "Nobody pressed" in room.saykey.ask("window")["refused"]
    room.do(late.connect(_SAYKEY))
    pairing = room.ask_to_pair(late)
    room.saykey.ask("wait_for_request")
    room.saykey.ask("close_window")
    assert _refusal(pairing)
    assert not room.bonded()
    tell(f"Bluetooth, pairing without the press: {refusal} after {waited_s:.0f} s, or with the window.")


@pytest.mark.parametrize("bonds", [True, False])
def test_pairing_without_secure_connections_is_refused(room: Room, tell, *, bonds: bool):
    host = room.host(bonds=bonds, secure=False)
    room.open_window()
    room.do(host.connect(_SAYKEY))

    refusal = _refusal(room.ask_to_pair(host))

    window = room.saykey.ask("window")
    assert "without LE Secure Connections" in window["refused"]
    assert window["is_open"]
    assert not room.bonded()
    tell(f"Bluetooth, legacy pairing in the window: {refusal}.")


def _refusal(pairing: Future[bool]) -> str:
    """Give how a pairing was refused."""
    error = pairing.exception()
    assert isinstance(error, (ProtocolError, ConnectionAbortedError))
    return error.error_name if isinstance(error, ProtocolError) else "disconnected"


def test_a_host_that_forgot_pairs_again_in_the_window_alone(room: Room, tell):
    host = room.paired()
    room.use(host)
    room.saykey.ask("ready")
    room.do(host.disconnect())
    room.saykey.ask("wait_for_connected", count=0)
    host.forget()
    host.arrived.clear()

    room.do(host.connect(_SAYKEY))
    refusal = _refusal(room.ask_to_pair(host))
    assert room.bonded() == {host.address}, "whoever takes a host's address cannot take its bond away"
    room.do(host.leave())
    assert room.pair(host)
    room.subscribe(host)
    room.saykey.ask("ready")
    text = room.type(100)
    room.typed(text)

    assert Screen(host).text == text
    tell(f"Bluetooth, a host that forgot: {refusal} outside the window, in it 100 characters exact.")


def test_who_takes_the_address_of_a_host_receives_nothing(room: Room, tell):
    host = room.paired()
    room.use(host)
    room.saykey.ask("ready")
    room.do(host.disconnect())
    room.saykey.ask("wait_for_connected", count=0)
    host.forget()
    host.arrived.clear()

    room.do(host.connect(_SAYKEY))
    text = room.type(50)
    types = room.do(host.attributes())
    host.note_all(_HID_HANDLES)
    subscriptions = [
        handle for handle, type_ in types.items() if handle in _HID_HANDLES and type_ == _SUBSCRIPTION
    ]
    for _ in range(2):  # before and after the services are registered again
        for handle in subscriptions:
            request = att.ATT_Write_Request(attribute_handle=handle, attribute_value=b"\1\0")
            assert _refuses(room.do(host.ask(request)))
        time.sleep(4)

    assert not room.saykey.ask("typed")["is_done"]
    assert not host.arrived
    room.do(host.leave())
    assert room.pair(host)
    room.subscribe(host)
    room.typed_with_presses(text)
    assert Screen(host).text == text
    tell("Bluetooth, who has a host's address and not its key: receives nothing.")


def test_a_host_that_is_forgotten_is_a_stranger(room: Room, tell):
    host, other = room.paired(), room.paired()
    room.use(host)
    room.saykey.ask("ready")
    text = room.type(1_500)  # bluetoothd takes two seconds to disconnect
    until(lambda: len(host.arrived) > 100)
    room.saykey.ask("forget", name=host.address)
    room.do(host.wait_until_ended())
    until(lambda: room.bonded() == {other.address})
    begun = Screen(host).text

    host.arrived.clear()
    room.do(host.connect(_SAYKEY))
    host.note_all(_HID_HANDLES)
    types = room.do(host.attributes())
    for handle, type_ in types.items():
        if handle in _HID_HANDLES and type_ == _SUBSCRIPTION:
            request = att.ATT_Write_Request(attribute_handle=handle, attribute_value=b"\1\0")
            assert _refuses(room.do(host.ask(request)))
    room.do(host.wait_until_ended())
    assert not host.arrived
    room.use(other)
    room.typed_with_presses(text)

    assert not host.arrived
    assert 0 < len(begun) < len(text)
    assert begun + Screen(other).text == text
    tell(f"Bluetooth, forgotten within a text after {len(begun)} characters: the rest went to another host.")


def test_a_host_that_relies_on_its_subscription_gets_keys_again(room: Room, tell):
    host = room.paired()
    room.use(host)
    room.saykey.ask("ready")
    text = room.type(300)
    until(lambda: len(host.arrived) > 100)
    room.do(host.disconnect())
    room.saykey.ask("wait_for_connected", count=0)

    room.do(host.reconnect(subscribes=False))
    began_s = time.monotonic()
    until(lambda: room.saykey.ask("typed")["waits"])
    took_s = time.monotonic() - began_s
    room.saykey.ask("release")
    room.typed(text)

    assert host.changes
    assert Screen(host).text == text
    assert Screen(host).is_up
    tell(f"Bluetooth, back without subscribing: keys {took_s:.1f} s later, 300 characters exact.")


@pytest.mark.parametrize("how", ["leaves", "is lost"])
def test_who_goes_takes_nobody_elses_keys_along(room: Room, how: str, tell):
    host, guest = room.paired(), room.host(bonds=False)
    assert room.pair(guest)
    room.subscribe(guest)
    room.use(host)
    room.saykey.ask("ready")
    text = room.type(300)
    until(lambda: len(host.arrived) > 100)

    if how == "leaves":
        room.do(guest.disconnect())
    else:
        room.air.lose_links(guest.address)
    away = room.typed_with_presses(text)

    assert Screen(host).text == text
    assert Screen(host).is_up
    assert not guest.arrived
    assert room.bonded() == {host.address}
    tell(f"Bluetooth, one without a bond {how} meanwhile: 300 characters exact, after {away} presses.")
