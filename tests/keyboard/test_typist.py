import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import HostAwayError, KeyboardError
from device.hosts import OneHost
from device.keyboard import typist as typist_module
from device.keyboard.host import host_of
from device.keyboard.reports import ALL_UP
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard

# Dead keys of a German layout, codes on Linux, another layout behind a chord.
SETTINGS = KeyboardSettings(
    os="linux", layout="de", other_layout="ru", layout_toggle="alt+shift", unicode=True, pace=0
)
HOST = host_of(SETTINGS)

# Shift or none, doubles, dead keys, AltGr, the other layout, codes, a fraction that looks back.
TEXT = st.text("abAB!l \u00ea^@\u0436\u6f22\u2154", min_size=1, max_size=12)
REPORTS = st.integers(0, 60)


PLAIN = KeyboardSettings()
"""A host of which only the US layout is known."""


class Desk:
    """A typist, its host, and what it reported."""

    def __init__(self, *texts, keyboard=None, settings=SETTINGS):
        self.host = VirtualHost.described_by(settings)
        self.keyboard = (keyboard or VirtualKeyboard)(self.host)
        self.reads = host_of(settings)
        self.outbox = Outbox()
        self.entries = [Entry(number, text) for number, text in enumerate(texts, 1)]
        for entry in self.entries:
            self.outbox.put(entry)
        self.done = []
        self.leds = self.host.leds
        self._changed = asyncio.Event()
        self.typist = Typist(
            self.keyboard,
            OneHost(self.reads),
            self.outbox,
            report_change=self._changed.set,
            finished=self.done.append,
        )
        self.start()

    def start(self):
        self.task = asyncio.create_task(self.typist.run())
        self.task.add_done_callback(lambda _: self._changed.set())

    def put(self, text):
        self.entries.append(Entry(len(self.entries) + 1, text))
        self.outbox.put(self.entries[-1])

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                if self.task.done():
                    self.task.result()
                self._changed.clear()
                await self._changed.wait()

    async def until_done(self):
        await self.until(lambda: self.done == self.entries and not self.typist.typing)

    async def until_paused(self):
        """Wait for the end of the text, of the typing, or of the host."""
        await self.until(
            lambda: self.typist.host_away or (not self.typist.typing and (self.outbox.held or self.all_done))
        )

    @property
    def all_done(self):
        return self.done == self.entries

    async def close(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def assert_at_rest(self):
        """No key is down: time passes and nothing more appears."""
        text = self.host.text
        assert not self.host.keys_down
        self.host.tick(10)
        assert self.host.text == text
        # A code is shown while it is entered: what is whole is as it was asked for.
        if self.outbox.pending == 0:
            assert text == "".join(entry.text for entry in self.entries)

    def assert_complete(self):
        assert self.host.text == "".join(entry.text for entry in self.entries)
        assert self.outbox.pending == 0
        self.assert_at_rest()
        assert self.host.leds == self.leds
        assert self.host.layout == self.reads.layout.name
        for entry in self.entries:
            record = entry.record
            assert record.typed == len(entry.text)
            assert entry.typed == entry.text


class ActingKeyboard(VirtualKeyboard):
    """Does something just when the host has got its n-th report, before the typist knows."""

    at = None
    act = None

    async def send(self, report):
        await super().send(report)
        if len(self._host.reports) == self.at:
            self.act()


def test_entries_are_typed_in_order_with_their_records():
    async def scenario():
        desk = Desk("Hi ", "caf\u00e9 \u6f22\u6f22\u00e9", settings=PLAIN)
        await desk.until_done()
        await desk.close()
        assert not desk.host.keys_down
        assert desk.host.text == "Hi cafe e"
        record = desk.entries[1].record
        assert (record.asked, record.typed, record.substituted, record.refused) == (8, 4, 2, 2)
        assert record.substitutions == (("\u00e9", "e"),)
        assert record.refusals == ("\u6f22",)
        assert desk.entries[1].typed == "cafe e"
        first, second = desk.entries
        assert first.first_key_s <= first.last_key_s <= second.first_key_s <= second.last_key_s

    asyncio.run(scenario())


def test_text_of_which_nothing_can_be_typed_is_done_with_no_times():
    async def scenario():
        desk = Desk("\u6f22", "", settings=PLAIN)
        await desk.until_done()
        await desk.close()
        assert desk.host.text == ""
        assert desk.entries[0].first_key_s is None
        assert desk.entries[0].record.refused == 1

    asyncio.run(scenario())


@settings(deadline=None)
@given(TEXT, TEXT, st.lists(REPORTS, min_size=1, max_size=3))
def test_unplugged_after_any_report_text_arrives_once(first, second, unplugs):
    async def scenario():
        desk = Desk(first, second)
        for reports in unplugs:
            desk.keyboard.unplug_after(reports)
            await desk.until_paused()
            desk.assert_at_rest()
            if desk.all_done:
                break
            received = len(desk.host.reports)
            desk.keyboard.plug_in()
            await desk.until(lambda: not desk.typist.host_away)
            assert desk.host.reports[received:] == [ALL_UP]
            assert desk.outbox.held == (not desk.all_done)
            desk.typist.release()
        desk.keyboard.unplug_after(10_000)
        await desk.until_done()
        await desk.close()
        desk.assert_complete()

    asyncio.run(scenario())


@settings(deadline=None)
@given(TEXT, TEXT, st.integers(1, 60))
def test_stopped_at_any_report_the_rest_follows_at_the_release(first, second, at):
    async def scenario():
        desk = Desk(first, second, keyboard=ActingKeyboard)
        desk.keyboard.at = at
        desk.keyboard.act = desk.typist.stop
        await desk.until_paused()
        desk.assert_at_rest()
        stopped = desk.entries[0 if desk.entries[0] not in desk.done else 1]
        assert stopped.keys_done == 0 or desk.all_done
        desk.typist.release()
        await desk.until_done()
        await desk.close()
        desk.assert_complete()

    asyncio.run(scenario())


@settings(deadline=None)
@given(TEXT, TEXT, st.integers(0, 200))
def test_cancelled_at_any_moment_nothing_is_lost_or_doubled(first, second, moments):
    async def scenario():
        desk = Desk(first, second)
        for _ in range(moments):
            await asyncio.sleep(0)
        await desk.close()
        desk.assert_at_rest()
        desk.start()
        desk.typist.release()
        await desk.until_done()
        await desk.close()
        desk.assert_complete()

    asyncio.run(scenario())


@settings(deadline=None)
@given(TEXT, REPORTS, st.integers(0, 200))
def test_cancelled_around_the_loss_of_the_host(text, reports, moments):
    async def scenario():
        desk = Desk(text)
        desk.keyboard.unplug_after(reports)
        for _ in range(moments):
            await asyncio.sleep(0)
        await desk.close()
        desk.assert_at_rest()
        desk.keyboard.unplug_after(10_000)
        desk.keyboard.plug_in()
        desk.start()
        await desk.until(lambda: not desk.typist.host_away)
        desk.typist.release()
        await desk.until_done()
        await desk.close()
        desk.assert_complete()

    asyncio.run(scenario())


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


@settings(deadline=None)
@given(TEXT, REPORTS)
def test_a_report_that_arrives_when_the_host_wakes_is_not_sent_again(text, reports):
    async def scenario():
        desk = Desk(text, keyboard=Sleepy)
        desk.keyboard.reports_left = reports
        await desk.until(lambda: desk.outbox.held or desk.all_done)
        await desk.until(lambda: not desk.typist.host_away and not desk.typist.typing)
        desk.keyboard.reports_left = None
        desk.typist.release()
        await desk.until_done()
        await desk.close()
        desk.assert_complete()

    asyncio.run(scenario())


async def test_a_host_that_is_away_from_the_start_gets_the_text_at_the_press_after_it_came():
    desk = Desk("hello")
    desk.keyboard.unplug()
    await desk.until(lambda: desk.typist.host_away)
    desk.typist.release()
    desk.keyboard.plug_in()
    await desk.until(lambda: not desk.typist.host_away)
    assert desk.outbox.held, "a press while the host was away does not count"
    assert desk.host.text == ""
    desk.typist.release()
    await desk.until_done()
    await desk.close()
    desk.assert_complete()


async def test_a_new_dictation_is_typed_at_once_after_a_host_that_left_with_nothing_to_type():
    desk = Desk("a")
    desk.keyboard.unplug_after(1)
    await desk.until(lambda: desk.typist.host_away)
    desk.keyboard.plug_in()
    await desk.until(lambda: not desk.typist.host_away)
    desk.typist.release()
    await desk.until_done()
    desk.keyboard.unplug()
    desk.keyboard.plug_in()
    desk.typist.release()
    desk.put("b")
    await desk.until_done()
    await desk.close()
    desk.assert_complete()


async def test_what_was_said_before_the_host_was_changed_waits_for_a_press():
    desk = Desk("a")
    await desk.until_done()
    desk.keyboard.unplug()
    desk.keyboard.plug_in()
    desk.put("b")
    await desk.until(lambda: desk.outbox.held and not desk.typist.host_away)
    assert desk.host.text == "a"
    desk.typist.release()
    await desk.until_done()
    await desk.close()
    desk.assert_complete()


async def test_a_host_that_refuses_although_it_seemed_ready_is_asked_again(monkeypatch):
    class Hesitant(VirtualKeyboard):
        refusals = 2

        async def send(self, report):
            if self.refusals:
                self.refusals -= 1
                raise HostAwayError("not yet")
            await super().send(report)

    monkeypatch.setattr(typist_module, "RETRY_S", 0)
    desk = Desk("hello", keyboard=Hesitant)
    await desk.until(lambda: desk.typist.host_away)
    await desk.until(lambda: not desk.typist.host_away)
    desk.typist.release()
    await desk.until_done()
    await desk.close()
    desk.assert_complete()


async def test_text_cut_off_while_it_is_typed_ends_behind_the_character_under_way():
    desk = Desk("hello", keyboard=ActingKeyboard)
    desk.keyboard.at = 4
    desk.keyboard.act = lambda: desk.outbox.cut(desk.entries[0], typing=True)
    await desk.until_done()
    await desk.close()
    desk.assert_complete()
    assert desk.host.text == desk.entries[0].text == "he"


async def test_a_broken_keyboard_ends_the_typist_and_keeps_the_text():
    class Broken(VirtualKeyboard):
        async def send(self, report):
            raise KeyboardError("broken")

    desk = Desk("hello", keyboard=Broken)
    with pytest.raises(KeyboardError, match="broken"):
        await desk.task
    assert desk.outbox.pending == 5
    assert not desk.typist.typing


async def test_cancelling_does_not_wait_for_a_link_that_hangs(monkeypatch):
    class Hanging(VirtualKeyboard):
        hanging = asyncio.Event()

        async def send(self, report):
            self.hanging.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(typist_module, "GRACE_S", 0.01)
    desk = Desk("hello", keyboard=Hanging)
    await Hanging.hanging.wait()
    await desk.close()
    assert desk.task.cancelled()
    assert desk.outbox.pending == 5


async def test_a_last_all_zero_report_is_sent_by_a_typist_that_never_typed():
    desk = Desk()
    await asyncio.sleep(0)
    await desk.close()
    assert desk.host.reports == [ALL_UP]


async def test_a_key_that_was_down_before_the_typist_began_goes_up_first():
    desk = Desk("ab")
    desk.host.receive(bytes((0x02, 0, 0x04, 0, 0, 0, 0, 0)))
    desk.host.text = ""
    await desk.until_done()
    await desk.close()
    desk.assert_complete()
    assert desk.host.reports[1] == ALL_UP


async def test_what_was_down_before_the_host_left_is_not_sent_to_the_host_that_comes():
    desk = Desk("AB")
    desk.keyboard.unplug_after(3)
    await desk.until(lambda: desk.typist.host_away)
    received = len(desk.host.reports)
    desk.keyboard.plug_in()
    await desk.close()
    assert desk.host.reports[received:] == [ALL_UP]


# Languages.

FRENCH = KeyboardSettings(os="linux", layout="fr", unicode=True, pace=0)
SPEAKING = replace(HOST, languages={"fr": host_of(FRENCH)})


class SwitchedHost(VirtualKeyboard):
    """A computer whose user switches the layout with the language of what is typed next.

    The two layouts are two hosts here, whose texts are parts of the same.
    """

    def __init__(self, languages):
        self.hosts = {
            "": VirtualHost.described_by(SETTINGS),
            "fr": VirtualHost.described_by(FRENCH),
        }
        self.languages = languages
        super().__init__(self.hosts[""])

    async def send(self, report):
        self._host = self.hosts["fr" if self.languages() == "fr" else ""]
        await super().send(report)


@given(st.lists(st.tuples(st.sampled_from(["", "en", "fr"]), TEXT), min_size=1, max_size=5))
@settings(max_examples=60)
def test_each_entry_is_typed_through_the_layout_of_its_language(said):
    async def scenario():
        entries = [Entry(number, text, language=code) for number, (code, text) in enumerate(said, 1)]
        outbox, done, changed = Outbox(), [], asyncio.Event()
        keyboard = SwitchedHost(lambda: said[min(len(done), len(said) - 1)][0])
        typist = Typist(keyboard, OneHost(SPEAKING), outbox, report_change=changed.set, finished=done.append)
        for entry in entries:
            outbox.put(entry)
        task = asyncio.create_task(typist.run())
        async with asyncio.timeout(30):
            while done != entries:
                changed.clear()
                await changed.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for code, host in keyboard.hosts.items():
            in_it = [text for language, text in said if (language == "fr") == (code == "fr")]
            assert host.text == "".join(in_it)
            assert not host.keys_down
            assert host.layout == ("fr" if code else "de")

    asyncio.run(scenario())


def test_an_entry_that_was_begun_stays_with_its_layout():
    entry = Entry(1, "ab", language="fr")
    entry.speak("de")
    assert entry.language == "de"
    entry.press(1.0)
    entry.speak("fr")
    assert entry.language == "de"
    entry.settle("a", "a")
    entry.speak("fr")
    assert entry.language == "de"
