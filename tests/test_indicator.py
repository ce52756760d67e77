"""What a LED shows, on a clock that jumps from one event to the next."""

from __future__ import annotations

import asyncio
import itertools
import selectors
import threading
from pathlib import Path

import pytest

from device.errors import PinError
from device.indicator import (
    BLUE,
    CYAN,
    DARK,
    GREEN,
    LONG_S,
    MAGENTA,
    RED,
    SHORT_S,
    WHITE,
    YELLOW,
    Colour,
    Indicators,
    LampIndicator,
    pattern,
)
from device.ports import State
from device.simulation.silent_indicator import SilentIndicator


class JumpingSelector(selectors.DefaultSelector):
    """Lets time pass without waiting."""

    now_s = 0.0

    def select(self, timeout=None):
        self.now_s += timeout or 0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now_s


class RecordingLamp:
    """Remembers when it changed."""

    def __init__(self):
        self.shown = []
        self.broken = False
        self.closed = 0

    def set(self, red, green, blue):
        if self.broken:
            raise PinError("GPIO17 cannot be used: No such device; see gpiochip0")
        try:
            now_s = asyncio.get_running_loop().time()
        except RuntimeError:
            now_s = 0.0
        self.shown.append((now_s, Colour(red, green, blue)))

    def close(self):
        self.closed += 1


def run(story):
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(story)


async def played(state, for_s):
    lamp = RecordingLamp()
    LampIndicator(lamp).show(state)
    await asyncio.sleep(for_s)
    return lamp.shown


def shape(state):
    """What an eye without colours can tell: long or short, lit or dark, wherever it begins to look."""
    rhythm = ["short" if step_s <= SHORT_S else "long" for step_s in pattern(state).rhythm]
    flashes = list(zip(rhythm[::2], rhythm[1::2], strict=True))
    return min((flashes[turn:] + flashes[:turn] for turn in range(len(flashes))), default=[])


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(State, 2)))
def test_states_are_told_apart_by_their_rhythm_alone(one, other):
    assert shape(one) != shape(other)


@pytest.mark.parametrize("state", State)
def test_no_step_could_be_taken_for_a_shorter_or_longer_one(state):
    rhythm = pattern(state).rhythm
    assert len(rhythm) % 2 == 0
    assert all(0 < step_s <= SHORT_S or step_s >= LONG_S for step_s in rhythm)


@pytest.mark.parametrize("state", State)
def test_nothing_flashes_more_than_three_times_a_second(state):
    shown = run(played(state, 30))
    flashes = [at_s for at_s, colour in shown if colour != DARK]
    assert all(later - first > 1.0 - 0.02 for first, later in zip(flashes, flashes[3:], strict=False))


@pytest.mark.parametrize("state", State)
def test_a_state_is_seen_at_once_and_its_rhythm_goes_round(state):
    shown = run(played(state, 30))
    assert shown[0] == (0.0, pattern(state).colour)
    changes = itertools.accumulate(itertools.cycle(pattern(state).rhythm or [1e9]), initial=0.0)
    for (at_s, colour), due_s, lit in zip(shown, changes, itertools.cycle([True, False]), strict=False):
        assert at_s == pytest.approx(due_s)
        assert colour == (pattern(state).colour if lit else DARK)


def test_a_notice_is_over_only_after_its_whole_rhythm():
    assert sum(pattern(State.NOTHING_HEARD).rhythm) == pytest.approx(1.5)


async def two_states():
    lamp = RecordingLamp()
    indicator = LampIndicator(lamp)
    indicator.show(State.RECOGNISING)
    await asyncio.sleep(0.1)
    indicator.show(State.LISTENING)
    await asyncio.sleep(10)
    return lamp.shown


def test_the_next_state_ends_the_one_before():
    assert run(two_states()) == [
        (0.0, pattern(State.RECOGNISING).colour),
        (0.1, pattern(State.LISTENING).colour),
    ]


async def told_again():
    lamp = RecordingLamp()
    indicator = LampIndicator(lamp)
    for percent in range(100):
        indicator.show(State.INSTALLING, f"{percent} %")
        await asyncio.sleep(0.3)
    return lamp.shown


def test_a_state_with_another_detail_goes_on_in_its_rhythm():
    told, once = run(told_again()), run(played(State.INSTALLING, 30))
    assert [at_s for at_s, _ in told] == pytest.approx([at_s for at_s, _ in once][: len(told)])
    assert len(told) > 50


class HandTimers:
    """Timers of another thread that the test lets go off, too late ones as well."""

    def __init__(self):
        self.set = []

    def __call__(self, after_s, call):
        self.set.append((after_s, call))
        return self

    def cancel(self):
        pass


def test_without_a_loop_another_thread_plays_it_and_the_next_loop_goes_on():
    lamp, timers = RecordingLamp(), HandTimers()
    indicator = LampIndicator(lamp, timers)
    indicator.show(State.STARTING)
    for step in range(12):
        _, go_off = timers.set[step]
        go_off()
    lit = [colour != DARK for _, colour in lamp.shown]
    assert lit == [True, False] * 6 + [True]
    assert [after_s for after_s, _ in timers.set] == [*pattern(State.STARTING).rhythm] * 3 + [0.12]

    async def later():
        indicator.show(State.STARTING)
        await asyncio.sleep(1)

    for _ in range(2):
        lamp.shown.clear()
        run(later())
        assert len(lamp.shown) == 4
    lamp.shown.clear()
    for _, go_off in timers.set:  # whose states are over
        go_off()
    assert lamp.shown == []


def test_a_lamp_that_is_closed_is_dark_for_good():
    lamp, timers = RecordingLamp(), HandTimers()
    indicator = LampIndicator(lamp, timers)
    indicator.show(State.STARTING)
    indicator.close()
    before = list(lamp.shown)
    timers.set[0][1]()
    indicator.show(State.ERROR)
    indicator.close()
    assert lamp.shown == before
    assert lamp.closed == 1


def test_real_timers_play_it_beside_a_program_without_a_loop():
    lamp = RecordingLamp()
    changed = threading.Condition()
    show = lamp.set

    def telling(*colour):
        with changed:
            show(*colour)
            changed.notify()

    lamp.set = telling
    indicator = LampIndicator(lamp)
    with changed:
        indicator.show(State.STARTING)
        assert changed.wait_for(lambda: len(lamp.shown) == 3, 60)
    indicator.close()


def test_a_lamp_that_breaks_is_told_of_once_and_stops_nothing(caplog):
    async def story():
        lamp, other = RecordingLamp(), SilentIndicator()
        indicator = Indicators(LampIndicator(lamp), other)
        indicator.show(State.RECOGNISING)
        await asyncio.sleep(0.1)
        lamp.broken = True
        await asyncio.sleep(1)
        indicator.show(State.IDLE, "types into usb")
        indicator.show(State.ERROR)
        assert lamp.closed == 1, "its pins and the kernel's trigger are given back"
        return other.shown

    assert run(story()) == [(State.RECOGNISING, ""), (State.IDLE, "types into usb"), (State.ERROR, "")]
    assert [record.message for record in caplog.records] == [
        "the LED shows nothing any more: GPIO17 cannot be used: No such device; see gpiochip0"
    ]


def drawn(state):
    """A tenth of a second for each sign, at least one for each step."""
    lit_and_dark = itertools.cycle("█·")
    steps = pattern(state).rhythm or [1.0]
    return "".join(
        sign * max(1, round(step_s / 0.1)) for step_s, sign in zip(steps, lit_and_dark, strict=False)
    )


COLOURS = {
    RED: "red",
    GREEN: "green",
    BLUE: "blue",
    YELLOW: "yellow",
    MAGENTA: "magenta",
    CYAN: "cyan",
    WHITE: "white",
}


@pytest.mark.parametrize("state", State)
def test_the_manual_shows_each_rhythm_and_its_colour(state):
    manual = (Path(__file__).parents[1] / "docs/hardware.md").read_text(encoding="utf-8")
    row = f"| `{drawn(state)}` | {COLOURS[pattern(state).colour]} |"
    assert manual.count(row) == 1, f"docs/hardware.md lacks: {row}"
