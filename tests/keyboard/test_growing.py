"""Entries that grow, and change, while they are typed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import HostAwayError
from device.hosts import OneHost
from device.keyboard.host import host_of
from device.keyboard.one_text import type_text
from device.keyboard.reports import CAPS_LOCK_LED
from device.keyboard.typist import Typist
from device.last import Last
from device.outbox import Entry, Outbox
from device.settings import KeyboardSettings, Settings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from device.text.body import Body, Piece

# Dead keys of a German layout, codes on Linux, another layout behind a chord: all is typed as it is.
LINUX = KeyboardSettings(
    os="linux", layout="de", other_layout="ru", layout_toggle="alt+shift", unicode=True, pace=0
)

# The US layout alone: much is typed as something else, and some not at all.
PLAIN = KeyboardSettings(pace=0)

BEFORE = "One."

PIECES = [
    *"abAB! \u00ea^@\u0436\u6f22\u2026",
    "caf\u00e9",
    "1\u2154",
    "x\u0308",
    "\U0001f44d\U0001f3fd",
    "\u2764\ufe0f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea",
    "\U0001f1eb\U0001f1f7",
]

# What is kept of the text so far, and what then follows.
REVISION = st.tuples(st.integers(0, 12), st.lists(st.sampled_from(PIECES), max_size=4).map("".join))
MOVE = st.one_of(REVISION, REVISION, st.integers(0, 60), st.sampled_from(["stop", "release"]))
MOVES = st.lists(MOVE, max_size=10)
MOVES_AND_SLEEP = st.lists(MOVE | st.tuples(st.just("sleep"), st.integers(0, 30)), max_size=10)


class Sleepy(VirtualKeyboard):
    """The host falls asleep with a report on its way, which it gets when it wakes."""

    reports_left = None
    on_its_way = None

    async def send(self, report):
        if self.reports_left == 0:
            self.reports_left, self.on_its_way = None, report
            raise HostAwayError("asleep")
        if self.reports_left is not None:
            self.reports_left -= 1
        await super().send(report)

    async def wait_until_ready(self):
        arrived, self.on_its_way = self.on_its_way, None
        if arrived is not None:
            self._host.receive(arrived)
        return arrived is not None


def revised(text, revision):
    kept, rest = revision
    return " " + text[1:kept] + rest  # the space keeps it apart from the text before it


class Desk:
    """A typist and its host, on which one dictation grows behind another one."""

    def __init__(self, keyboard_settings=LINUX, leds=0):
        self.settings = keyboard_settings
        self.host = VirtualHost.described_by(keyboard_settings)
        self.host.text, self.host.leds = BEFORE, leds
        self.leds = leds
        self.keyboard = Sleepy(self.host)
        self.reads = host_of(keyboard_settings, controls="\b")
        self.outbox = Outbox()
        self.finished = []
        self.typist = Typist(
            self.keyboard,
            OneHost(self.reads),
            self.outbox,
            report_change=lambda: None,
            finished=self.finish,
        )
        self.last = Last(self.outbox, self.typist, self.keyboard, Settings(), finished=self.finish)
        self.last.remember(Entry(1, BEFORE), Body())
        self.text = ""
        self.entry = Entry(2, "", is_open=True)
        self.last.remember(self.entry, Body())
        self.outbox.put(self.entry)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.typist.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        assert not self.host.keys_down

    def finish(self, entry):
        self.finished.append(entry)
        self.last.settled(entry)

    def amend(self, text, *, is_open=True):
        self.text = text
        self.last.amend(self.entry, Body((Piece(text, is_words=True),)), text, is_open=is_open)

    async def act(self, move):
        match move:
            case int():
                await self.moments(move)
            case "sleep", reports:
                self.keyboard.reports_left = reports
            case "stop":
                self.typist.stop()
            case "release":
                self.last.release()
            case "unplug":
                self.keyboard.unplug()
                await self.until(lambda: not self.typist.typing)  # no user presses within one report
            case "plug in":
                await self.plug_in_and_press()
            case _:
                self.amend(revised(self.text, move))

    async def moments(self, count):
        for _ in range(count):
            await asyncio.sleep(0)

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0)

    async def until_idle(self):
        """Wait until nothing more is done without the user."""
        await self.until(
            lambda: not self.typist.typing and (self.outbox.held or self.typist.host_away or self.at_rest)
        )
        await self.moments(3)

    @property
    def at_rest(self):
        return not self.outbox.pending and not self.unfinished

    @property
    def unfinished(self):
        return self.outbox.holds(self.entry) and not self.entry.rests

    async def plug_in_and_press(self):
        self.keyboard.plug_in()
        await self.until(lambda: not self.typist.host_away)
        await self.until_idle()
        self.last.release()

    async def end(self):
        """Have all typed that is to be typed, with as many presses as it takes."""
        self.keyboard.plug_in()
        presses = 0
        while True:
            presses += 1
            assert presses < 50
            await self.until_idle()
            await self.until(lambda: not self.typist.host_away)
            if self.at_rest and not self.typist.typing:
                return
            self.last.release()

    async def close_and_end(self):
        self.amend(self.text, is_open=False)
        await self.end()

    def assert_rests(self):
        assert not self.typist.typing
        assert self.outbox.pending == 0
        assert not self.host.keys_down
        assert self.host.leds == self.leds
        assert self.host.layout == self.reads.layout.name


async def typed_at_once(text, keyboard_settings):
    """Give what stands at a host after a text, and the entry that typed it."""
    host = VirtualHost.described_by(keyboard_settings)
    entry = await type_text(text, host_of(keyboard_settings), VirtualKeyboard(host), interrupted=None)
    return host.text, entry.record


@pytest.mark.parametrize("keyboard_settings", [LINUX, PLAIN], ids=["linux", "plain"])
@settings(deadline=None, max_examples=50)
@given(st.tuples(MOVES, st.just(CAPS_LOCK_LED)) | st.tuples(MOVES_AND_SLEEP, st.just(0)))
def test_whatever_it_was_meanwhile_the_last_text_stands_in_the_end(keyboard_settings, moves_and_leds):
    moves, leds = moves_and_leds  # of a host that slept, the lock keys are left alone

    async def scenario():
        async with Desk(keyboard_settings, leds) as desk:
            for move in moves:
                await desk.act(move)
            await desk.close_and_end()
            desk.assert_rests()
            text, record = await typed_at_once(desk.text, keyboard_settings)
            assert desk.host.text == BEFORE + text
            assert desk.finished == [desk.entry]
            entry = desk.entry
            assert (entry.typed, entry.dealt, entry.done) == (text, desk.text, len(desk.text))
            assert entry.record == record
            assert (entry.first_key_s is None) <= (text == "")

    asyncio.run(scenario())


@settings(deadline=None, max_examples=50)
@given(MOVES, st.lists(st.one_of(MOVE, st.sampled_from(["unplug", "plug in"])), max_size=10))
def test_what_stood_before_the_host_was_away_stays_and_the_rest_follows(moves, more):
    async def scenario():
        async with Desk() as desk:
            stood, agrees, under_way = BEFORE, True, False
            for move in [*moves, "unplug", *more, "plug in"]:
                await desk.act(move)
                if move == "unplug":
                    # What was begun is finished there, and may be of one cluster with what stays.
                    stood, under_way = BEFORE + desk.entry.typed, desk.entry.keys_done > 0
                agrees = (BEFORE + desk.text).startswith(stood)
            await desk.close_and_end()
            desk.assert_rests()
            assert desk.host.text.startswith(stood)
            assert desk.host.text == BEFORE + desk.entry.typed
            if agrees and not under_way:
                assert desk.host.text == BEFORE + desk.text
            assert desk.finished == [desk.entry]

    asyncio.run(scenario())


@settings(deadline=None, max_examples=50)
@given(MOVES, MOVES)
def test_nothing_is_taken_from_another_host(moves, more):
    async def scenario():
        # Which layout another host has active is not known to the typist.
        one_layout = KeyboardSettings(os="linux", layout="de", unicode=True, pace=0)
        async with Desk(one_layout) as desk:
            for move in moves:
                await desk.act(move)
            desk.keyboard.unplug()
            await desk.until_idle()
            first, typed = desk.host, desk.entry.typed
            theirs = "Theirs \U0001f468\u200d\U0001f469"
            other = VirtualHost.described_by(one_layout)
            other.text = theirs
            desk.host = desk.keyboard._host = other
            desk.keyboard.plug_in()
            await desk.until(lambda: not desk.typist.host_away)
            desk.amend(revised(desk.text, (3, "more")))
            await desk.moments(50)
            assert other.text == theirs, "nobody pressed the button"
            stood = first.text
            for move in more:
                await desk.act(move)
                assert other.text.startswith(theirs)
            await desk.close_and_end()
            desk.assert_rests()
            assert other.text.startswith(theirs)
            assert first.text == stood
            assert desk.entry.typed.startswith(typed)
            assert desk.finished == [desk.entry]

    asyncio.run(scenario())


@settings(deadline=None, max_examples=50)
@given(MOVES, MOVES, st.integers(0, 40), st.integers(0, 2), st.sampled_from([LINUX, PLAIN]))
def test_taken_back_at_any_moment_and_typed_again(moves, more, moments, agains, keyboard_settings):
    async def scenario():
        async with Desk(keyboard_settings) as desk:
            for move in moves:
                await desk.act(move)
            reason = desk.last.undo([])
            assert reason in {"", "there is nothing to take back"}
            assert (reason == "") or desk.entry.typed == ""
            await desk.moments(moments)
            for _ in range(agains):
                assert desk.last.again([]) == ""
                await desk.moments(moments)
                assert desk.last.undo([]) == ""
            for move in more:
                await desk.act(move)
            await desk.end()
            desk.assert_rests()
            assert desk.host.text == BEFORE
            desk.amend(" In the end.", is_open=False)
            await desk.end()
            assert desk.host.text == BEFORE
            assert desk.finished.count(desk.entry) == 1
            assert desk.last.again([]) == ""
            await desk.end()
            assert desk.host.text == BEFORE + " In the end."

    asyncio.run(scenario())


@settings(deadline=None, max_examples=50)
@given(MOVES, MOVES, st.integers(0, 40))
def test_typed_again_while_more_comes_it_grows_on(moves, more, moments):
    async def scenario():
        async with Desk() as desk:
            desk.amend(" Begun")
            for move in moves:
                await desk.act(move)
            desk.last.undo([])
            await desk.moments(moments)
            desk.last.again([])
            for move in more:
                await desk.act(move)
            await desk.close_and_end()
            await desk.until(lambda: not desk.typist.typing)
            assert desk.last.before == (desk.text[-16:] or BEFORE)
            desk.last.release()
            await desk.end()
            assert desk.host.text == BEFORE + desk.text
            assert len(desk.finished) == len(set(desk.finished))

    asyncio.run(scenario())


async def test_while_more_is_to_come_nothing_is_typing_and_nothing_overtakes():
    async with Desk(leds=CAPS_LOCK_LED) as desk:
        later = Entry(3, " Later.")
        desk.outbox.put(later)
        desk.amend(" \u0436 \u6f22")
        await desk.until(lambda: desk.host.text == "One. \u0436 \u6f22" and not desk.typist.typing)
        assert desk.entry.rests
        assert desk.outbox.pending == len(later.text)
        assert not desk.host.keys_down
        assert desk.host.leds == CAPS_LOCK_LED
        assert desk.host.layout == "de"
        reports = len(desk.host.reports)
        await desk.moments(50)
        assert len(desk.host.reports) == reports
        assert desk.finished == []
        desk.amend(" \u0436", is_open=False)
        await desk.until(lambda: desk.finished == [desk.entry, later] and not desk.typist.typing)
        assert desk.host.text == "One. \u0436 Later."
        desk.assert_rests()


async def test_what_is_complete_is_finished_when_it_is_closed_without_a_key():
    async with Desk() as desk:
        desk.amend(" Hello.")
        await desk.end()
        reports = len(desk.host.reports)
        desk.typist.stop()
        desk.amend(" Hello.", is_open=False)
        assert not desk.outbox.held
        await desk.until(lambda: desk.finished == [desk.entry] and not desk.typist.typing)
        assert len(desk.host.reports) == reports


async def test_after_a_stop_what_is_added_waits_for_the_press():
    async with Desk() as desk:
        desk.amend(" Hello")
        await desk.end()
        desk.typist.stop()
        desk.amend(" Help me.")
        await desk.moments(50)
        assert desk.host.text == "One. Hello"
        assert desk.outbox.pending == 7
        desk.last.release()
        await desk.until(lambda: desk.host.text == "One. Help me.")


async def test_what_left_no_trace_takes_no_backspace():
    async with Desk(PLAIN) as desk:
        desk.amend("\u6f22")
        await desk.end()
        assert desk.entry.record.refused == 1
        desk.amend(" Hello.", is_open=False)
        await desk.end()
        assert desk.host.text == "One. Hello."
        assert desk.entry.record.refused == 0
        assert desk.entry.record.typed == len(desk.text)


async def test_what_was_cut_is_amended_no_more():
    async with Desk() as desk:
        desk.amend(" Hello")
        await desk.until(lambda: desk.entry.done == 2)
        assert not desk.outbox.cut(desk.entry, typing=True)
        assert not desk.outbox.amend(desk.entry, " Help me.", is_open=True)
        await desk.until(lambda: desk.finished == [desk.entry])
        assert not desk.outbox.amend(desk.entry, " Help me.", is_open=True)
        await desk.end()
        assert desk.host.text == "One. He"


async def test_a_dead_key_is_not_left_at_a_host_that_comes_back():
    async with Desk() as desk:
        desk.amend(" a\u00ea")
        await desk.until(lambda: desk.entry.done == 2 and desk.entry.keys_done == 1)
        desk.keyboard.unplug()
        await desk.until(lambda: not desk.typist.typing)
        assert desk.entry.keys_done == 1
        desk.amend(" a")
        await desk.plug_in_and_press()
        await desk.until(lambda: desk.entry.rests and not desk.typist.typing)
        desk.host.receive(bytes((0, 0, 0x08, 0, 0, 0, 0, 0)))  # the user's own "e"
        assert desk.host.text == "One. ae"
        desk.host.release_all()


@pytest.mark.parametrize("reports", range(9))
async def test_what_arrives_where_the_user_then_leaves_is_not_taken_back_elsewhere(reports):
    async with Desk() as desk:
        desk.keyboard.reports_left = reports
        desk.amend(" Hell", is_open=False)
        await desk.until(lambda: desk.typist.host_away)
        desk.keyboard._absences += 1
        await desk.until(lambda: not desk.typist.host_away)
        left = desk.host.text
        await desk.end()
        assert desk.host.text == "One. Hell"
        desk.last.undo([])
        await desk.end()
        assert desk.host.text == left


async def test_a_mark_on_the_text_before_it_stays_when_it_is_revised():
    async with Desk() as desk:
        desk.amend("\u0308x")
        await desk.end()
        assert desk.host.text == "One.\u0308x"
        desk.amend("abc", is_open=False)
        await desk.end()
        assert desk.host.text.startswith("One.\u0308")
        desk.last.undo([])
        await desk.end()
        assert desk.host.text == "One.\u0308"


async def test_what_grows_is_not_typed_again_before_all_of_it_is_there():
    async with Desk() as desk:
        desk.amend(" Hello")
        assert "recognised" in desk.last.again([])
        desk.amend(" Hello.", is_open=False)
        assert desk.last.again([]) == ""
        await desk.end()
        await desk.until(lambda: len(desk.finished) == 2)
        assert desk.host.text == "One. Hello. Hello."


async def test_the_next_text_is_joined_to_what_stands_before_it():
    async with Desk() as desk:
        for text, is_open in ((" Hello", True), ("", True), (" Help", True), ("", False)):
            assert desk.last.before == BEFORE
            desk.amend(text, is_open=is_open)
        assert desk.last.before == BEFORE
        await desk.end()
        assert desk.host.text == BEFORE
        assert desk.finished == [desk.entry]


async def test_a_revision_behind_what_is_out_of_reach_goes_on_where_that_ends():
    async with Desk() as desk:
        desk.amend(" I scream")
        await desk.end()
        desk.keyboard.unplug()
        desk.amend(" Ice cream is")
        await desk.plug_in_and_press()
        await desk.end()
        assert desk.host.text == "One. I scream is"
        desk.amend(" Ice cream was good", is_open=False)
        await desk.end()
        assert desk.host.text == "One. I scream was good"
        assert desk.entry.record.asked == desk.entry.record.typed == len(" I scream was good")
