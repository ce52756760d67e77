from __future__ import annotations

import heapq
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import HostError
from device.hardware.bluetooth import STRANGER_S, Bluetooth
from device.hardware.bonds import LONGEST_NAME, bonds, find, new_name
from device.hardware.pairing_window import ANSWER_S, CONFIRM_S, SETTLE_S
from device.hardware.radio import PairingRequest, Peer, Radio
from device.pairing import GLANCE_S, Window

WINDOW_S = 60


def peer(number: int, name: str = "", *, connected: bool = True, bonded: bool = False) -> Peer:
    address = f"5C:F3:70:00:00:{number:02X}"
    return Peer(f"/dev_{number}", address, name or address.replace(":", "-"), connected, bonded)


LAPTOP = peer(1, "Laptop")
TABLET = peer(2, "Tablet")
STRANGER = peer(3)


def bonded(one: Peer) -> Peer:
    return replace(one, is_bonded=True)


class Timer:
    def __init__(self, call):
        self.call = call

    def cancel(self):
        self.call = None


class Clock:
    """The part of an event loop that keeps time; it passes only when the test says so."""

    def __init__(self):
        self.now_s = 1000.0
        self._timers = []
        self._order = itertools.count()

    def time(self):
        return self.now_s

    def call_later(self, delay_s, callback, *arguments):
        timer = Timer(lambda: callback(*arguments))
        heapq.heappush(self._timers, (self.now_s + delay_s, next(self._order), timer))
        return timer

    def advance(self, duration_s):
        end_s = self.now_s + duration_s
        while self._timers and self._timers[0][0] <= end_s:
            self.now_s, _, timer = heapq.heappop(self._timers)
            if timer.call:
                timer.call()
        self.now_s = end_s

    @property
    def pending(self):
        return sum(timer.call is not None for *_, timer in self._timers)


class FakeBluez:
    """Does what it is told to the radio, and tells of it at once."""

    def __init__(self):
        self.radio = Radio(address="AA:BB:CC:DD:EE:FF", name="Saykey")
        self.listener = None
        self.is_window_open = self.is_advertised = False
        self.disconnected = []
        self.obeys = True
        self.is_stopped = False

    def start(self, listener, _loop):
        self.listener = listener

    def stop(self):
        self.is_stopped = True

    def open_window(self):
        self.is_window_open = True

    def close_window(self):
        self.is_window_open = False

    def advertise(self, on):
        self.is_advertised = on

    def disconnect(self, path):
        self.disconnected.append(path)
        if self.obeys:
            self.change(path, is_connected=False)

    def forget(self, path):
        self.tell(*(each for each in self.radio.peers if each.path != path))

    def rename(self, path, name):
        self.change(path, name=name)

    def change(self, path, **values):
        self.tell(*(replace(each, **values) if each.path == path else each for each in self.radio.peers))

    def tell(self, *peers, **values):
        self.radio = replace(self.radio, peers=peers, **values)
        self.listener.changed(self.radio)


class FakeKeyboard:
    def __init__(self):
        self.told = []
        self.address = LAPTOP.address

    def changed(self, radio):
        self.told.append(radio)

    def subscribed(self, *what):
        self.told.append(what)

    def written(self, *what):
        self.told.append(what)


class FakeMonitor:
    secure_connections: bool | None = None
    unanswered: frozenset[tuple[int, int, int]] = frozenset()
    is_open = False

    def start(self, _loop):
        self.is_open = True

    def close(self):
        self.is_open = False


class Desk:
    """A `Bluetooth` on fakes, and what it told."""

    def __init__(self, *, one_at_a_time=False):
        self.clock, self.bluez, self.keyboard, self.monitor = (
            Clock(),
            FakeBluez(),
            FakeKeyboard(),
            FakeMonitor(),
        )
        self.bluetooth = Bluetooth(
            self.bluez, self.keyboard, self.monitor, window_s=WINDOW_S, one_at_a_time=one_at_a_time
        )
        self.told: list[Window] = []
        self.answers: list[tuple[str, bool]] = []
        self._watching = self.bluetooth.watching(self.told.append)
        self._watching.__enter__()
        self.bluetooth.start(self.clock)

    def ask(self, one: Peer) -> None:
        """Have a peer ask to pair."""
        request = PairingRequest(one, lambda accepts: self.answers.append((one.path, accepts)))
        self.bluetooth.asked_to_pair(request)

    def press(self) -> bool:
        """Press the button when the question can have been seen."""
        self.clock.advance(GLANCE_S)
        return self.bluetooth.confirm()


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.bluez.tell()
    return made


def test_a_computer_pairs_in_the_window_by_a_press_of_the_button(desk: Desk):
    desk.bluetooth.open()
    assert desk.bluez.is_window_open
    assert desk.told[-1] == Window(is_open=True, left_s=WINDOW_S)
    desk.bluez.tell(LAPTOP)
    desk.ask(LAPTOP)
    assert desk.told[-1].asking == "Laptop"
    assert not desk.answers, "nobody is let in without the button"
    assert desk.press()
    assert desk.answers == [(LAPTOP.path, True)]
    assert desk.told[-1].asking == ""
    desk.bluez.tell(bonded(LAPTOP))
    assert desk.told[-1] == Window(paired="Laptop")
    assert not desk.bluez.is_window_open
    assert desk.bluez.is_advertised
    desk.clock.advance(WINDOW_S)
    assert desk.told[-1] == Window(paired="Laptop"), "a window that is closed tells nothing more"


def test_outside_the_window_every_request_is_refused(desk: Desk):
    desk.ask(LAPTOP)
    desk.bluetooth.open()
    desk.bluetooth.close()
    desk.ask(LAPTOP)
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S)
    desk.ask(LAPTOP)
    assert desk.answers == [(LAPTOP.path, False)] * 3
    assert not desk.press()


def test_the_window_counts_down_and_closes(desk: Desk):
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S)
    assert [window.left_s for window in desk.told] == [*range(WINDOW_S, 0, -1), 0]
    assert [window.is_open for window in desk.told] == [True] * WINDOW_S + [False]
    assert not desk.bluez.is_window_open
    assert not desk.clock.pending


def test_to_open_an_open_window_begins_its_time_anew(desk: Desk):
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S - 1)
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S - 1)
    assert desk.bluetooth.window == Window(is_open=True, left_s=1)


def test_without_a_press_a_request_is_refused_and_the_window_goes_on(desk: Desk):
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    desk.clock.advance(CONFIRM_S)
    assert desk.answers == [(LAPTOP.path, False)]
    assert "Laptop" in desk.told[-1].refused
    assert desk.told[-1].is_open
    assert not desk.press(), "the press came too late"
    desk.ask(TABLET)
    assert desk.told[-1] == Window(is_open=True, left_s=WINDOW_S - CONFIRM_S, asking="Tablet")


@pytest.mark.parametrize("by_time", [False, True])
def test_who_waits_when_the_window_closes_is_refused(desk: Desk, by_time):
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S - 1)
    desk.ask(LAPTOP)
    if by_time:
        desk.clock.advance(1)
    else:
        desk.bluetooth.close()
    assert desk.answers == [(LAPTOP.path, False)]
    assert not desk.told[-1].is_open
    assert not desk.press()


def test_a_second_request_is_refused_while_one_waits_or_is_settled(desk: Desk):
    desk.bluetooth.open()
    desk.bluez.tell(LAPTOP, STRANGER)
    desk.ask(LAPTOP)
    desk.ask(STRANGER)
    assert desk.told[-1].asking == "Laptop"
    desk.press()
    desk.ask(STRANGER)
    assert desk.answers == [(STRANGER.path, False), (LAPTOP.path, True), (STRANGER.path, False)]
    desk.bluez.tell(bonded(LAPTOP), STRANGER)
    assert desk.told[-1].paired == "Laptop"


def test_a_second_press_does_not_disturb_a_pairing(desk: Desk):
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    assert desk.press()
    assert not desk.press()
    desk.bluez.tell(bonded(LAPTOP))
    assert desk.told[-1].paired == "Laptop"


def test_a_computer_that_gives_up_makes_room(desk: Desk):
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    desk.bluetooth.pairing_cancelled()
    assert desk.told[-1].refused == "Laptop gave up."
    assert not desk.press()
    desk.ask(TABLET)
    assert desk.press()


@pytest.mark.parametrize(("secure", "waits"), [(False, False), (True, True), (None, True)])
def test_legacy_pairing_is_refused_with_the_reason(desk: Desk, secure, waits):
    desk.monitor.secure_connections = secure
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    assert bool(desk.told[-1].asking) is waits
    assert ("Secure Connections" in desk.told[-1].refused) is not waits
    assert bool(desk.answers) is not waits
    assert desk.told[-1].is_open


def test_a_computer_that_had_forgotten_the_device_pairs_again(desk: Desk):
    """Its old bond is still there, so that nothing tells of the new one but that it stays."""
    desk.bluez.tell(bonded(LAPTOP))
    desk.bluetooth.open()
    desk.ask(bonded(LAPTOP))
    desk.press()
    desk.bluez.tell(bonded(LAPTOP))
    assert desk.told[-1].is_open
    desk.clock.advance(SETTLE_S)
    assert desk.told[-1] == Window(paired="Laptop")


@pytest.mark.parametrize("after", [STRANGER, bonded(replace(STRANGER, is_connected=False)), None])
def test_a_pairing_that_fails_after_the_press_is_told(desk: Desk, after: Peer | None):
    desk.bluez.tell(STRANGER)
    desk.bluetooth.open()
    desk.ask(STRANGER)
    desk.press()
    desk.bluez.tell(*filter(None, [after]))
    desk.clock.advance(SETTLE_S)
    assert "did not finish" in desk.told[-1].refused
    assert desk.told[-1].is_open
    desk.ask(STRANGER)
    assert desk.told[-1].asking == STRANGER.address


def test_the_same_computer_may_ask_again_at_once(desk: Desk):
    desk.bluetooth.open()
    desk.bluez.tell(LAPTOP)
    desk.ask(LAPTOP)
    desk.press()
    desk.ask(LAPTOP)
    desk.clock.advance(SETTLE_S)
    assert desk.told[-1].asking == "Laptop"
    assert desk.answers == [(LAPTOP.path, True)], "the first press was for the first request only"


def test_a_name_that_comes_after_the_bond_is_waited_for(desk: Desk):
    desk.bluetooth.open()
    desk.ask(STRANGER)
    assert desk.told[-1].asking == STRANGER.address
    desk.press()
    desk.bluez.tell(bonded(STRANGER))
    assert desk.told[-1].is_open
    desk.bluez.change(STRANGER.path, name="Laptop")
    assert desk.told[-1] == Window(paired="Laptop")


def test_a_bond_without_a_name_is_told_by_its_address(desk: Desk):
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S - 1)
    desk.ask(STRANGER)
    desk.press()
    desk.bluez.tell(bonded(STRANGER))
    desk.clock.advance(SETTLE_S - 1)
    assert desk.told[-1].is_open, "what was accepted in time comes to its end"
    desk.clock.advance(1)
    assert desk.told[-1] == Window(paired=STRANGER.address)


QUESTION, ANOTHER = (0, 64, 7), (0, 64, 8)


@pytest.mark.parametrize(
    ("then", "comes_again"),
    [([QUESTION], True), ([QUESTION, ANOTHER], True), ([], False), ([ANOTHER], False)],
)
@pytest.mark.parametrize("has_name", [True, False])
def test_a_computer_that_leaves_a_question_of_the_pairing_open_is_to_come_again(
    desk: Desk, then, comes_again, has_name
):
    computer = LAPTOP if has_name else STRANGER
    desk.bluetooth.open()
    desk.bluez.tell(computer)
    desk.ask(computer)
    desk.press()
    desk.monitor.unanswered = frozenset([QUESTION])
    desk.bluez.tell(bonded(computer))
    if not has_name:
        desk.clock.advance(SETTLE_S)
    assert not desk.bluetooth.window.is_open
    desk.clock.advance(ANSWER_S / 2)
    desk.monitor.unanswered = frozenset(then)
    desk.clock.advance(ANSWER_S / 2)
    assert desk.bluez.disconnected == [computer.path] * comes_again
    desk.clock.advance(10 * ANSWER_S)
    assert desk.bluez.disconnected == [computer.path] * comes_again, "once"


def test_without_bluetooth_the_window_stays_closed_and_says_why(desk: Desk):
    unready = Desk()
    with pytest.raises(HostError, match="not ready"):
        unready.bluetooth.open()
    desk.bluez.tell(problem="Bluetooth is blocked; run: rfkill unblock bluetooth")
    with pytest.raises(HostError, match="rfkill"):
        desk.bluetooth.open()
    assert "rfkill" in desk.bluetooth.problem
    assert not desk.bluetooth.window.is_open
    assert not desk.bluez.is_window_open
    desk.bluez.tell(problem="")
    desk.bluetooth.open()
    assert desk.told == [Window(is_open=True, left_s=WINDOW_S)]


def test_a_radio_that_goes_closes_the_window(desk: Desk):
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    desk.bluez.tell(problem="bluetoothd does not run")
    assert desk.answers == [(LAPTOP.path, False)]
    assert desk.told[-1] == Window(refused="bluetoothd does not run")


def test_a_stranger_is_disconnected_after_a_while(desk: Desk):
    desk.bluez.tell(STRANGER, bonded(LAPTOP))
    desk.clock.advance(STRANGER_S - 1)
    assert not desk.bluez.disconnected
    desk.bluez.tell(STRANGER, bonded(LAPTOP))
    desk.clock.advance(1)
    assert desk.bluez.disconnected == [STRANGER.path]
    desk.clock.advance(10 * STRANGER_S)
    assert desk.bluez.disconnected == [STRANGER.path]


def test_a_stranger_that_stays_is_disconnected_again(desk: Desk):
    desk.bluez.obeys = False
    desk.bluez.tell(STRANGER)
    desk.clock.advance(2 * STRANGER_S)
    assert desk.bluez.disconnected == [STRANGER.path] * 2


def test_a_stranger_that_left_has_its_time_anew_when_it_comes_back(desk: Desk):
    desk.bluez.tell(STRANGER)
    desk.clock.advance(STRANGER_S - 1)
    desk.bluez.tell()
    desk.bluez.tell(STRANGER)
    desk.clock.advance(STRANGER_S - 1)
    assert not desk.bluez.disconnected


def test_in_the_window_a_stranger_may_stay_but_not_behind_it(desk: Desk):
    desk.bluez.tell(STRANGER)
    desk.bluetooth.open()
    desk.clock.advance(WINDOW_S + STRANGER_S - 1)
    assert not desk.bluez.disconnected
    desk.clock.advance(1)
    assert desk.bluez.disconnected == [STRANGER.path]


def test_it_is_advertised_while_anybody_is_bonded(desk: Desk):
    assert not desk.bluez.is_advertised
    desk.bluez.tell(bonded(LAPTOP))
    assert desk.bluez.is_advertised
    desk.bluetooth.forget("laptop")
    assert not desk.bluez.is_advertised


def test_what_concerns_keys_goes_to_the_keyboard(desk: Desk):
    desk.bluetooth.subscribed("/dev_1", "input", "link")
    desk.bluetooth.written("/dev_1", "output", b"\x02")
    assert desk.keyboard.told == [
        desk.bluez.radio,
        ("/dev_1", "input", "link"),
        ("/dev_1", "output", b"\x02"),
    ]


def test_who_watches_no_more_is_told_nothing(desk: Desk):
    told = []
    with desk.bluetooth.watching(told.append):
        desk.bluetooth.open()
    desk.bluetooth.close()
    assert [window.is_open for window in told] == [True]


def test_a_stop_leaves_nothing_behind(desk: Desk):
    desk.bluez.tell(STRANGER)
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    desk.bluetooth.stop()
    assert desk.answers == [(LAPTOP.path, False)]
    assert desk.bluez.is_stopped
    assert not desk.clock.pending


def test_a_stop_after_a_pairing_leaves_nothing_behind(desk: Desk):
    desk.bluetooth.open()
    desk.bluez.tell(LAPTOP)
    desk.ask(LAPTOP)
    desk.press()
    desk.bluez.tell(bonded(LAPTOP))
    desk.bluetooth.stop()
    assert not desk.clock.pending


# What the computers are called.


def test_the_paired_computers_are_listed_and_renamed(desk: Desk):
    desk.bluez.tell(bonded(TABLET), bonded(replace(LAPTOP, is_connected=False)), STRANGER)
    assert [(host.name, host.address, host.is_connected) for host in desk.bluetooth.hosts()] == [
        ("Laptop", LAPTOP.address, False),
        ("Tablet", TABLET.address, True),
    ]
    desk.bluetooth.rename("laptop", " Work ")
    desk.bluetooth.rename(TABLET.address, "TABLET")
    assert [host.name for host in desk.bluetooth.hosts()] == ["TABLET", "Work"]


@pytest.mark.parametrize(
    "new", ["tablet", "USB", "", "  ", "a\nb", "\x1b[2J", "x" * (LONGEST_NAME + 1), "\ud800"]
)
def test_a_name_that_cannot_be_one_is_refused(desk: Desk, new: str):
    desk.bluez.tell(bonded(TABLET), bonded(LAPTOP))
    with pytest.raises(HostError):
        desk.bluetooth.rename("Laptop", new)


def test_an_unknown_name_is_explained(desk: Desk):
    with pytest.raises(HostError, match="run: saykey pair"):
        desk.bluetooth.forget("Laptop")
    desk.bluez.tell(bonded(TABLET), LAPTOP)
    with pytest.raises(HostError, match="there are: 'Tablet'"):
        desk.bluetooth.forget("Laptop")


@given(st.lists(st.text(max_size=8) | st.sampled_from(["usb", "USB", "iPad", "ipad "]), max_size=6))
def test_every_bonded_computer_has_a_name_of_its_own_that_can_be_shown(names: list[str]):
    peers = [replace(peer(number, bonded=True), name=name) for number, name in enumerate(names)]
    listed = bonds(peers)
    assert len({host.name.casefold() for host, _ in listed} - {"usb"}) == len(peers)
    for host, one in listed:
        assert host.name
        assert host.name.isprintable()
        assert find(listed, host.name) == (host, one)
        assert find(listed, host.address)[1].address == one.address


@given(st.text(max_size=300))
def test_a_name_that_is_taken_stays_as_it_is(name: str):
    try:
        chosen = new_name(name, ())
    except HostError:
        return
    listed = bonds([replace(peer(1, bonded=True), name=chosen)])
    assert listed[0][0].name == chosen


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(), ""),
        (Window(is_open=True, left_s=7), "7 s left to pair"),
        (Window(is_open=True, left_s=7, asking="Laptop"), "Laptop wants to pair: press the button"),
        (Window(is_open=True, left_s=7, refused="Laptop gave up."), "Laptop gave up. 7 s left to pair"),
        (Window(paired="Laptop"), "Laptop is paired"),
        (Window(refused="Bluetooth is blocked."), "Bluetooth is blocked."),
    ],
)
def test_the_window_in_words(window: Window, words: str):
    assert window.in_words() == words


def test_where_reports_go_to_everybody_only_the_host_in_use_may_be_connected():
    desk = Desk(one_at_a_time=True)
    desk.bluez.obeys = False
    laptop, tablet = bonded(LAPTOP), bonded(TABLET)

    desk.bluez.tell(laptop)
    assert desk.keyboard.told[-1].peers == (laptop,)
    desk.bluez.tell(laptop, tablet)
    assert not any(peer.is_connected for peer in desk.keyboard.told[-1].peers), "no key may be sent"
    assert desk.bluez.disconnected == [tablet.path]
    desk.bluez.tell(laptop, replace(tablet, is_connected=False))
    assert desk.keyboard.told[-1].peers[0].is_connected


def test_where_reports_go_to_one_host_others_may_stay(desk: Desk):
    desk.bluez.tell(bonded(LAPTOP), bonded(TABLET))
    assert all(peer.is_connected for peer in desk.keyboard.told[-1].peers)
    assert not desk.bluez.disconnected


def test_arrivals_are_watched_as_long_as_there_is_a_radio(desk: Desk):
    assert desk.monitor.is_open
    desk.bluetooth.stop()
    assert not desk.monitor.is_open


def test_a_press_that_was_on_its_way_when_the_question_came_is_no_answer(desk: Desk):
    desk.bluetooth.open()
    desk.ask(LAPTOP)
    desk.clock.advance(GLANCE_S)
    desk.bluetooth.pairing_cancelled()
    desk.ask(STRANGER)
    assert not desk.bluetooth.confirm(), "it was for the one before"
    assert desk.press()
    assert desk.answers == [(LAPTOP.path, False), (STRANGER.path, True)]


def test_nobody_can_take_the_name_by_which_another_one_is_chosen():
    one, other, third = (replace(peer(number, bonded=True), name="Laptop") for number in (1, 2, 3))
    third = replace(third, name=f"laptop {one.address[-5:]}")
    fourth = replace(peer(4, bonded=True), name=other.address.lower())
    names = [host.name for host, _ in bonds([one, other, third, fourth])]
    assert len({name.casefold() for name in names}) == len(names)
    assert {find(bonds([fourth, third, other, one]), each.address)[1] for each in (one, other)} == {
        one,
        other,
    }
    assert all(find(bonds([fourth, third, other, one]), name)[0].name == name for name in names)


def test_who_asks_by_the_name_of_a_paired_computer_is_told_from_it(desk: Desk):
    other = replace(TABLET, name="laptop")
    desk.bluez.tell(bonded(LAPTOP), other)
    desk.bluetooth.open()
    desk.ask(other)
    assert desk.told[-1].asking == "laptop 00:02"
    desk.press()
    desk.bluez.tell(bonded(LAPTOP), bonded(other))
    assert desk.told[-1].paired in {host.name for host in desk.bluetooth.hosts()}
