"""Saykey as a Bluetooth keyboard of a host with BlueZ: what it types arrives, whatever becomes of the link.

Device and host are guests with kernels and bluetoothds of their own; the air between them is emulated.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.vm.air import Air
from tests.vm.comparison import Found, assert_caps_compensated, assert_exact, assert_none_lost
from tests.vm.guests import Guest, GuestError
from tests.vm.rooms import Rooms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SCRIPTS = Path(__file__).parent / "guest"
_LIMIT_S = 2400
_STANDS_S = 90.0
"""For so long nothing comes only where nothing will."""

_DEVICE, _HOST = "00:1A:7D:00:00:01", "00:1A:7D:00:00:02"
_NAME = "Saykey"

_CAPS_LOCK = 2
"""Its bit among a keyboard's LEDs (HID 1.11, B.1)."""

_INTERVALS_MS = (0, 7.5, 15, 30, 50)


@dataclass
class Room:
    """Both computers, and the air between them."""

    air: Air
    device: Guest
    host: Guest

    def pair(self) -> str:
        """Pair from the host, confirming on the device; give what the host says of itself there."""
        with ThreadPoolExecutor(1) as hands:
            pairing = hands.submit(self.host.ask, "pair", address=_DEVICE)
            asking: str = self.device.ask("wait_for_request")
            assert not pairing.done(), "it waits for the button"
            assert self.device.ask("confirm")
            pairing.result()
        return asking

    def meet(self) -> None:
        """Pair them in the window, and connect."""
        self.device.ask("open_window")
        assert self.host.ask("find", address=_DEVICE) == _NAME
        assert self.pair() == _HOST
        (host,) = self.device.ask("wait_for_host")
        assert host["address"] == _HOST
        self.settle()
        self.connect()

    def settle(self) -> None:
        """Return when nothing of the pairing is open any more.

        A host with BlueZ may leave a question open, and is sent to come again then (PairingWindow).
        """
        _until(lambda: not self.device.ask("window")["is_open"])
        self.device.ask("wait_until_answered")

    def connect(self) -> None:
        """Return when the host, connecting by itself, has the keyboard."""
        self.device.ask("use", address=_HOST)
        self.device.ask("ready")

    def type(self, layout: str, length: int, *faults: Callable[[], object]) -> Found:
        """Let Saykey type while these happen, one after another; after each the user presses.

        A fault that is no reason to wait for the user's press gives True.
        """
        self.host.ask("record", name=_NAME)
        self.host.ask("wait_until_here")
        self.device.ask("ready")
        sent = self.device.ask("type", layout=layout, length=length)
        part = length // (len(faults) + 1)
        for number, strike in enumerate(faults, 1):
            _until(lambda wanted=number * part: self.host.ask("presses") >= wanted)
            if not strike():
                _until(lambda: self.device.ask("typed")["waits"])
                self.host.ask("wait_until_here")
                self.device.ask("release")
        self._wait_until_typed()
        return {"sent": sent, **self.device.ask("typed"), **self.host.ask("received", layout=layout)}

    def _wait_until_typed(self) -> None:
        """Return when all is typed; what keeps it from that is an error, told as both sides see it."""
        presses, since_s = -1, 0.0
        while not (typed := self.device.ask("typed"))["is_done"]:
            came = self.host.ask("presses")
            if came != presses:
                presses, since_s = came, time.monotonic()
            if typed["waits"] or time.monotonic() - since_s > _STANDS_S:
                told = [
                    self.device.ask("problem"),
                    self.device.ask("hosts"),
                    self.host.ask("peer", address=_DEVICE),
                ]
                pytest.fail(
                    f"{typed}, {presses} presses, {told}\n{self.device.printed()}\n{self.host.printed()}"
                )
            time.sleep(0.5)


@contextmanager
def _room(folders: pytest.TempPathFactory) -> Iterator[Room]:
    """Have a device and a host that are paired."""
    with Air() as air:
        radios = air.socket("device", _DEVICE), air.socket("host", _HOST)
        shares = folders.mktemp("device"), folders.mktemp("host")
        with (
            Guest(_SCRIPTS / "bt_device.py", shares[0], limit_s=_LIMIT_S, radio=radios[0]) as device,
            Guest(_SCRIPTS / "bt_host.py", shares[1], limit_s=_LIMIT_S, radio=radios[1]) as host,
        ):
            assert device.ask("open"), "it sees receipts"
            assert host.ask("adapter")["Powered"]
            room = Room(air, device, host)
            room.meet()
            yield room


@pytest.fixture(scope="module")
def rooms(machine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms[Room]]:
    """Where the tests are."""
    with Rooms(lambda: _room(tmp_path_factory)) as rooms:
        yield rooms


@pytest.fixture
def paired(rooms: Rooms[Room], request: pytest.FixtureRequest) -> Iterator[Room]:
    """A device and a host that are paired."""
    yield from rooms.during(request)


@pytest.mark.parametrize("layout", ["us", "de"])
def test_every_character_arrives_once(paired: Room, layout: str, tell):
    typed = paired.type(layout, 5_000)

    assert_exact(typed)
    assert not typed["away"]
    assert len(typed["sent"]) == 5_000
    rate = 5_000 / (typed["last_s"] - typed["first_s"])
    tell(f"Bluetooth, {layout}: 5,000 characters, {len(set(typed['sent']))} different, {rate:.0f} a second.")


def test_caps_lock_is_compensated(paired: Room, tell):
    switched = 0

    def switch() -> bool:
        nonlocal switched
        switched += 1
        paired.host.ask("switch_caps")
        _until(lambda: bool(paired.device.ask("leds") & _CAPS_LOCK) == bool(switched % 2))
        return True

    typed = paired.type("de", 600, switch, switch, switch)

    wrong = assert_caps_compensated(typed)
    tell(f"Bluetooth, Caps Lock switched three times: {wrong} characters on their way in the other case.")


def test_nothing_is_lost_or_doubled_when_the_link_breaks(paired: Room, tell):
    def strike() -> None:
        paired.air.lose_links("device")

    typed = paired.type("us", 400, strike, strike, strike)

    assert_exact(typed)
    assert typed["away"] == 3
    tell("Bluetooth, link broken three times: 400 characters exact.")


def test_nothing_is_lost_or_doubled_when_bluetoothd_is_killed(paired: Room, tell):
    typed = paired.type("us", 200, lambda: _restart(paired.device))

    assert_exact(typed)
    assert typed["away"] == 1
    tell("Bluetooth, bluetoothd killed: 200 characters exact, the host came back by itself.")


def test_nothing_is_lost_when_the_adapter_is_pulled_out(paired: Room, tell):
    def strike() -> None:
        paired.device.ask("detach")
        _until(lambda: paired.device.ask("problem"))
        paired.device.ask("attach")

    typed = paired.type("us", 400, strike, strike, strike)

    # What the adapter has sent, and could not say any more, is sent again: it is taken for lost.
    doubled = assert_none_lost(typed)
    assert doubled <= typed["away"] == 3
    tell(f"Bluetooth, adapter pulled out three times: 400 characters, none lost, {doubled} doubled.")


def test_a_daemon_that_starts_anew_finds_its_host(paired: Room, tell):
    device, host = paired.device, paired.host
    host.ask("record", name=_NAME)
    device.ask("ready")
    first = device.ask("type", layout="us", length=300)
    _until(lambda: host.ask("presses") > 100)
    device.ask("shut")
    assert device.ask("open")
    paired.connect()
    host.ask("wait_until_here")
    second = device.ask("type", layout="us", length=200)
    _until(lambda: device.ask("typed")["is_done"])
    got = host.ask("received", layout="us")

    before = got["text"].removesuffix(second)
    assert first.startswith(before)
    assert_exact({"sent": before + second, **got})
    tell(
        f"Bluetooth, daemon started anew after {len(before)} of 300 characters: 200 more exact, no key down."
    )


def test_a_host_that_forgot_the_device_pairs_again_in_the_window_only(paired: Room, tell):
    device, host = paired.device, paired.host
    host.ask("forget", address=_DEVICE)
    device.ask("wait_for_connected", count=0)
    host.ask("find", address=_DEVICE)
    with pytest.raises(GuestError, match="Authentication"):
        host.ask("pair", address=_DEVICE)
    assert not host.ask("peer", address=_DEVICE).get("Bonded")

    device.ask("open_window")
    host.ask("find", address=_DEVICE)
    paired.pair()
    paired.settle()

    typed = paired.type("us", 200)
    assert_exact(typed)
    tell("Bluetooth, forgotten by the host: refused, then paired again in the window; 200 characters exact.")


def test_pace_and_latency_are_measured(paired: Room, tell):
    tell("interval, ms  characters/s  latency, ms: median   p95")
    for interval_ms in _INTERVALS_MS:
        paired.air.set_interval(interval_ms / 1000)
        typed = paired.type("us", 120)
        assert_exact(typed)
        rate = 120 / (typed["last_s"] - typed["first_s"])
        latencies_ms = sorted(1000 * each for each in _latencies_s(paired, 50))
        p95_ms = latencies_ms[round(0.95 * (len(latencies_ms) - 1))]
        tell(f"{interval_ms:12} {rate:13.0f} {statistics.median(latencies_ms):20.0f} {p95_ms:5.0f}")
    paired.air.set_interval(0)


def _latencies_s(room: Room, count: int) -> list[float]:
    """Give the time from each press that is sent to its event at the host."""
    room.host.ask("record", name=_NAME)
    room.host.ask("wait_until_here")
    room.device.ask("ready")
    sent = room.device.ask("press", count=count, gap_s=0.05)
    _until(lambda: room.host.ask("presses") == count)
    came = room.host.ask("pressed_at")
    room.host.ask("received", layout="us")
    ahead_s = _ahead_s(room.host) - _ahead_s(room.device)
    return [to - since - ahead_s for since, to in zip(sent, came, strict=True)]


def _ahead_s(guest: Guest) -> float:
    """Say how far a guest's clock is ahead, by the quickest of several answers."""
    asked: list[tuple[float, float]] = []
    for _ in range(20):
        began_s = time.time()
        clock_s = guest.ask("clock")
        ended_s = time.time()
        asked.append((ended_s - began_s, clock_s - (began_s + ended_s) / 2))
    return min(asked)[1]


def _restart(guest: Guest) -> None:
    guest.ask("kill")
    guest.ask("start")


def _until(condition: Callable[[], object], limit_s: float = 60.0) -> None:
    give_up_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > give_up_s:
            raise TimeoutError
        time.sleep(0.1)
