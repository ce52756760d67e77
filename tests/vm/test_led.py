"""The reader of LEDs, on what a busy machine sees of them. Needs no machine."""

from __future__ import annotations

from itertools import accumulate, cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.indicator import pattern
from device.ports import State
from tests.vm.led import read_light

_BLINKING = [state for state in State if pattern(state).rhythm]
_LATE_S = 0.02
_TURNS = 30


@given(
    state=st.sampled_from(_BLINKING),
    missed=st.integers(0, _TURNS - 2),
    late_s=st.lists(st.floats(0, _LATE_S), min_size=_TURNS, max_size=_TURNS),
    from_turn=st.integers(0, 5),
)
def test_a_rhythm_is_read_though_a_flash_is_missed_and_others_are_seen_late(
    state: State, missed: int, late_s: list[float], from_turn: int
):
    at_s = accumulate(islice(cycle(pattern(state).rhythm), _TURNS - 1), initial=1.0)
    seen_s = [each_s + by_s for each_s, by_s in zip(at_s, late_s, strict=True)]
    turns = [(each_s, step % 2 == 0) for step, each_s in enumerate(seen_s)]
    until_s = turns[-1][0] + 1
    since_s = turns[from_turn][0] - 1e-6
    del turns[missed : missed + 2]

    assert read_light(turns, since_s, until_s) is state


def test_a_light_that_stays_on_listens():
    assert read_light([(0.0, True)], 1.0, 10.0) is State.LISTENING


@pytest.mark.parametrize("turns", [[], [(0.0, False)], [(0.0, True), (2.0, False), (3.0, True)]])
def test_too_little_was_seen(turns: list[tuple[float, bool]]):
    assert read_light(turns, 1.0, 10.0) is None
