"""The cores that recognise, on boards made of files."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cores import fast_cores, on_fast_cores

LITTLE, BIG = 398, 1024


@contextmanager
def board(*contents, allowed=None):
    """Make a board with what each core's `cpu_capacity` holds, or None for a core that has no such file."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for core, content in enumerate(contents):
            cpu = Path(folder) / f"cpu{core}"
            cpu.mkdir()
            if content is not None:
                (cpu / "cpu_capacity").write_text(f"{content}\n")
        may = set(range(len(contents))) if allowed is None else set(allowed)
        patch.setattr(os, "sched_getaffinity", lambda _process: may, raising=False)
        yield Path(folder)


@pytest.mark.parametrize(
    ("contents", "fast"),
    [
        pytest.param([BIG] * 4, {0, 1, 2, 3}, id="Raspberry Pi: equal cores"),
        pytest.param([LITTLE] * 4 + [BIG, BIG, 1003, 1003], {4, 5, 6, 7}, id="RK3588: four of each kind"),
        pytest.param([LITTLE] * 4 + [BIG] * 2, {4, 5}, id="RK3399: two big ones"),
        pytest.param([LITTLE] * 4 + [900] * 3 + [BIG], {4, 5, 6, 7}, id="three kinds"),
        pytest.param([None] * 2, {0, 1}, id="x86: not rated"),
        pytest.param([LITTLE, BIG, None], {0, 1, 2}, id="one not rated"),
        pytest.param([LITTLE, "much"], {0, 1}, id="no number"),
        pytest.param([0, 0], {0, 1}, id="rated at nothing"),
    ],
)
def test_the_fast_cores_of_a_board(contents, fast):
    with board(*contents) as root:
        assert fast_cores(root) == fast


def test_a_process_kept_to_the_little_cores_has_those():
    with board(*[LITTLE] * 4, *[BIG] * 4, allowed={1, 2}) as root:
        assert fast_cores(root) == {1, 2}


ratings = st.none() | st.integers(-1, 4096) | st.text("0123456789abc -", max_size=4)


@given(st.data())
def test_they_are_some_of_those_that_the_process_may_use(data):
    contents = data.draw(st.lists(ratings, min_size=1, max_size=8))
    allowed = data.draw(st.sets(st.integers(0, len(contents) - 1), min_size=1))
    with board(*contents, allowed=allowed) as root:
        fast = fast_cores(root)
    assert fast
    assert fast <= allowed


@given(st.lists(st.integers(1, 4096), min_size=1, max_size=8))
def test_no_slower_core_is_preferred_to_a_faster_one(capacities):
    with board(*capacities) as root:
        fast = fast_cores(root)
    slow = set(range(len(capacities))) - fast
    assert max(capacities) in {capacities[core] for core in fast}
    assert all(capacities[one] < capacities[other] for one in slow for other in fast)


def test_threads_that_begin_in_the_block_stay_on_the_fast_cores():
    mine = os.sched_getaffinity(0)
    if len(mine) < 2:
        pytest.skip("this machine has one core")
    fast = max(mine)
    go, seen = threading.Event(), []

    def work():
        go.wait()
        seen.append(os.sched_getaffinity(0))

    with tempfile.TemporaryDirectory() as folder:
        for core in mine:
            rating = Path(folder) / f"cpu{core}"
            rating.mkdir()
            (rating / "cpu_capacity").write_text(f"{BIG if core == fast else LITTLE}\n")
        with on_fast_cores(Path(folder)):
            thread = threading.Thread(target=work)
            thread.start()
    go.set()
    thread.join()
    assert seen == [{fast}]
    assert os.sched_getaffinity(0) == mine


def test_this_machine_has_some():
    assert fast_cores()
