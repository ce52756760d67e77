from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import HostAwayError
from device.keyboard.reports import ALL_UP
from device.progress import Progress, WatchedKeyboard
from device.simulation.virtual_host import VirtualHost
from tests.parts import BrakedKeyboard


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(clock):
    return Progress(clock)


def test_a_stage_is_late_only_after_its_time(progress, clock):
    progress.expect("microphone", 5)
    clock.now_s += 5
    assert progress.stalled() == []
    clock.now_s += 0.01
    assert progress.stalled() == ["microphone"]
    progress.expect("microphone", 5)
    assert progress.stalled() == []


def test_a_stage_that_rests_is_never_late(progress, clock):
    progress.expect("microphone", 5)
    progress.rest("microphone")
    progress.rest("recogniser")
    clock.now_s += 1000
    assert progress.stalled() == []


def test_a_block_is_at_work_until_it_ends_or_fails(progress, clock):
    with progress.during("recogniser", 3):
        clock.now_s += 4
        assert progress.stalled() == ["recogniser"]
    assert progress.stalled() == []
    with suppress(ValueError), progress.during("recogniser", 3):
        clock.now_s += 4
        raise ValueError
    assert progress.stalled() == []


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10)), st.integers(0, 12))
def test_the_late_ones_are_named_in_order(stages, passed_s):
    clock = Clock()
    progress = Progress(clock)
    for stage, within_s in stages.items():
        progress.expect(stage, within_s)
    clock.now_s += passed_s
    assert progress.stalled() == sorted(stage for stage, within_s in stages.items() if within_s < passed_s)


async def test_a_keyboard_is_late_only_with_a_report(progress, clock):
    host = VirtualHost()
    inner = BrakedKeyboard(host)
    keyboard = WatchedKeyboard(inner, progress)
    await keyboard.send(ALL_UP)
    clock.now_s += 1000
    assert progress.stalled() == []
    inner.brake_after(0)
    braked = asyncio.Event()
    inner.tell = braked.set
    sending = asyncio.create_task(keyboard.send(ALL_UP))
    await braked.wait()
    clock.now_s += 1000
    assert progress.stalled() == ["keyboard"]
    inner.go_on()
    await sending
    assert progress.stalled() == []
    assert host.reports == [ALL_UP, ALL_UP]


async def test_a_host_that_is_away_is_not_late(progress, clock):
    inner = BrakedKeyboard(VirtualHost())
    keyboard = WatchedKeyboard(inner, progress)
    inner.unplug()
    with pytest.raises(HostAwayError):
        await keyboard.send(ALL_UP)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await asyncio.sleep(0)
    clock.now_s += 1000
    assert progress.stalled() == []
    assert not waiting.done()
    inner.plug_in()
    await waiting


async def test_a_watched_keyboard_is_the_keyboard(progress):
    host = VirtualHost()
    inner = BrakedKeyboard(host)
    keyboard = WatchedKeyboard(inner, progress)
    host.leds = 2
    assert keyboard.leds() == 2
    keyboard.close()
    assert inner.closed
