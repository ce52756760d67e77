from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import combinations

import pytest

from device import status as status_module
from device.ports import State
from device.simulation.silent_indicator import SilentIndicator
from device.status import Facts, Status, state_of

ERROR = (State.ERROR, "no microphone")

PRIORITY = [
    (Facts(asking="Phone"), State.CONFIRM),
    (Facts(listening=True), State.LISTENING),
    (Facts(hands_free="say something"), State.OPEN),
    (Facts(typing=True), State.TYPING),
    (Facts(recognising=True), State.RECOGNISING),
    (Facts(pairing_as="Saykey"), State.PAIRING),
    (Facts(fault="no microphone"), State.ERROR),
    (Facts(starting=True), State.STARTING),
    (Facts(muted=True), State.MUTED),
    (Facts(host_away=True), State.HOST_AWAY),
    (Facts(waiting=5), State.WAITING),
]


@pytest.mark.parametrize(("facts", "state"), [*PRIORITY, (Facts(), State.IDLE)])
def test_each_fact_has_a_state(facts, state):
    assert state_of(facts, None)[0] is state


@pytest.mark.parametrize(("above", "below"), list(combinations(range(len(PRIORITY)), 2)))
def test_the_more_urgent_fact_is_shown(above, below):
    facts, state = PRIORITY[above]
    both = replace(PRIORITY[below][0], **changed(facts))
    assert state_of(both, None)[0] is state


def changed(facts):
    return {
        name: getattr(facts, name)
        for name in Facts.__slots__
        if getattr(facts, name) != getattr(Facts(), name)
    }


def test_a_notice_waits_only_for_what_the_user_or_the_typist_does_and_for_a_question():
    urgent = {State.CONFIRM, State.LISTENING, State.OPEN, State.TYPING}
    notice = (State.NOTHING_HEARD, "")
    for facts, state in PRIORITY:
        shown = state_of(facts, notice)[0]
        assert shown is (state if state in urgent else State.NOTHING_HEARD)


def test_a_muted_device_says_what_waits_as_well():
    assert state_of(Facts(muted=True, host="Laptop"), None) == (State.MUTED, "")
    assert "7 characters" in state_of(Facts(muted=True, waiting=7), None)[1]


def test_details_are_sentences_for_a_display():
    assert state_of(Facts(fault="no microphone"), None) == ERROR
    assert "7 characters" in state_of(Facts(waiting=7), None)[1]
    assert "press" in state_of(Facts(waiting=7), None)[1]
    away = state_of(Facts(waiting=7, host_away=True), None)[1]
    assert "7 characters" in away
    assert "press" not in away
    assert state_of(Facts(host_away=True), None)[1] == ""


def test_the_host_is_named_where_there_are_several():
    assert state_of(Facts(host="tablet"), None) == (State.IDLE, "types into tablet")
    assert state_of(Facts(host="tablet", host_away=True), None)[1] == "tablet is away"
    away = state_of(Facts(host="tablet", host_away=True, waiting=7), None)[1]
    assert away == "tablet is away, 7 characters wait"
    assert "into tablet" in state_of(Facts(host="tablet", waiting=7), None)[1]


def test_who_is_to_pair_is_named():
    assert "choose Saykey 2 on" in state_of(Facts(pairing_as="Saykey 2"), None)[1]
    assert state_of(Facts(asking="Phone"), None)[1] == "Phone wants to pair: press the button"


class TimedIndicator(SilentIndicator):
    def __init__(self):
        super().__init__()
        self.changed = asyncio.Event()

    def show(self, state, detail=""):
        super().show(state, detail)
        self.changed.set()


async def test_only_changes_are_shown():
    indicator = SilentIndicator()
    status = Status(indicator)
    for facts in (Facts(), Facts(), Facts(listening=True), Facts(listening=True), Facts()):
        status.update(facts)
    assert [state for state, _ in indicator.shown] == [State.IDLE, State.LISTENING, State.IDLE]


async def test_a_notice_ends_by_itself(monkeypatch):
    monkeypatch.setattr(status_module, "NOTICE_S", 0.0)
    indicator = TimedIndicator()
    status = Status(indicator)
    status.notice(*ERROR)
    status.update(Facts())
    assert indicator.shown == [ERROR]
    indicator.changed.clear()
    async with asyncio.timeout(30):
        await indicator.changed.wait()
    assert indicator.shown == [ERROR, (State.IDLE, "")]


@pytest.mark.parametrize("busy", [Facts(listening=True), Facts(typing=True)])
async def test_the_time_of_a_notice_begins_when_it_is_shown(monkeypatch, busy):
    monkeypatch.setattr(status_module, "NOTICE_S", 0.0)
    indicator = TimedIndicator()
    status = Status(indicator)
    status.update(busy)
    status.notice(*ERROR)
    status.update(busy)
    await asyncio.sleep(0.01)  # in which it would be over
    assert len(indicator.shown) == 1
    status.update(Facts())
    assert indicator.shown[-1] == ERROR
    indicator.changed.clear()
    async with asyncio.timeout(30):
        await indicator.changed.wait()
    assert indicator.shown[1:] == [ERROR, (State.IDLE, "")]


async def test_a_notice_that_was_cleared_does_not_come_back():
    indicator = SilentIndicator()
    status = Status(indicator)
    status.notice(*ERROR)
    status.update(Facts())
    status.clear_notice()
    status.update(Facts())
    status.clear_notice()
    assert indicator.shown == [ERROR, (State.IDLE, "")]


async def test_the_latest_notice_is_shown():
    indicator = SilentIndicator()
    status = Status(indicator)
    status.notice(State.NOTHING_HEARD)
    status.notice(*ERROR)
    status.update(Facts())
    assert indicator.shown == [ERROR]
    status.clear_notice()
