from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.flashing.patience import Patience


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def pause(self, seconds: float) -> None:
        self.seconds += seconds


@given(st.floats(0, 100), st.floats(0, 100))
def test_it_finds_what_comes_in_time_and_gives_up_soon_after(timeout_s, comes_after_s):
    time = Time()
    patience = Patience(timeout_s, lambda: time.seconds, time.pause)
    found = patience.until(lambda: "it" if time.seconds >= comes_after_s else None)
    assert found == ("it" if comes_after_s <= time.seconds else None)
    assert (found is not None) or time.seconds >= timeout_s
    assert time.seconds <= min(comes_after_s, timeout_s) + 0.5


@pytest.mark.parametrize("timeout_s", [0, -1])
def test_without_time_it_looks_once(timeout_s):
    assert Patience(timeout_s).until(lambda: "it") == "it"
    assert Patience(timeout_s).until(lambda: None) is None
