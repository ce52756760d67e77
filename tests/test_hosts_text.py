"""Text goes to one host at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from device import hosts as hosts_module
from device.app import targets_of
from device.errors import HostAwayError
from device.keyboard import typist as typist_module
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED
from device.outbox import Entry
from device.settings import Settings
from tests.paired_desk import DESCRIBED, TABLET, ActingKeyboard, Desk, PairedKeyboard, Radio, Sleepy

if TYPE_CHECKING:
    from pathlib import Path


TEXT = st.text("abAB!l \u00ea^@\u0436\u6f22", min_size=1, max_size=12)
REPORTS = st.integers(0, 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For tests that make many desks: each begins with the choice that the one before left."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "_LOOK_EVERY_S", 0)
    monkeypatch.setattr(typist_module, "RETRY_S", 0)


@hypothesis_settings(deadline=None)
@given(TEXT, st.lists(REPORTS, min_size=1, max_size=4), st.sampled_from([0, CAPS_LOCK_LED]))
def test_changed_at_any_report_each_character_is_typed_once_and_as_its_host_reads_it(
    folder: Path, text: str, changes: list[int], leds: int
):
    async def scenario() -> None:
        desk = Desk(folder)
        for host in desk.hosts.values():
            host.leds = leds
        desk.say(text)
        typed = ""
        for reports in changes:
            desk.typist.release()
            into, before = desk.targets.name, desk.texts()
            desk.after(reports, desk.targets.next)
            await desk.until_paused()
            desk.assert_at_rest()
            after = desk.texts()
            assert {name for name in after if after[name] != before[name]} <= {into}
            typed += after[into][len(before[into]) :]
            if desk.is_done:
                break
            assert desk.targets.name != into
            assert text.startswith(typed), "no character is cut in two"
        desk.after(-1, desk.targets.next)
        desk.typist.release()
        into, before = desk.targets.name, desk.texts()
        await desk.until_done()
        await desk.close()
        assert typed + desk.hosts[into].text[len(before[into]) :] == text
        for name, host in desk.hosts.items():
            assert host.leds == leds, "lock keys are as the host's user had them"
            assert host.layout == DESCRIBED[name].layout

    asyncio.run(scenario())


@hypothesis_settings(deadline=None)
@given(TEXT, REPORTS, st.booleans())
def test_what_was_cut_in_two_where_the_host_went_away_begins_anew_at_another(
    folder: Path,
    text: str,
    reports: int,
    early: bool,  # noqa: FBT001
):
    async def scenario() -> None:
        desk = Desk(folder)
        desk.targets.use("usb")
        desk.typist.release()
        desk.usb.unplug_after(reports)
        desk.say(text)
        await desk.until(lambda: desk.is_done or desk.typist.host_away)
        await desk.until(lambda: not desk.typist.typing)
        dealt, stood = desk.entry.dealt, desk.hosts["usb"].text
        if early:
            desk.typist.release()
        desk.targets.use("Tablet")
        await desk.until(lambda: not desk.typist.host_away)
        assert desk.outbox.held == (not desk.is_done), "it waits for the user's press"
        assert desk.hosts["Tablet"].text == ""
        desk.typist.release()
        await desk.until_done()
        await desk.close()
        assert desk.hosts["usb"].text == stood
        assert desk.hosts["Tablet"].text == text[len(dealt) :]

    asyncio.run(scenario())


@hypothesis_settings(deadline=None)
@given(TEXT, REPORTS, st.booleans())
def test_what_was_cut_in_two_goes_on_at_the_same_host(
    folder: Path,
    text: str,
    reports: int,
    there_and_back: bool,  # noqa: FBT001
):
    async def scenario() -> None:
        desk = Desk(folder)
        desk.targets.use("usb")
        desk.typist.release()
        desk.usb.unplug_after(reports)
        desk.say(text)
        await desk.until(lambda: desk.is_done or desk.typist.host_away)
        if there_and_back:
            desk.targets.next()
            desk.targets.use("usb")
        desk.usb.plug_in()
        await desk.until_paused()
        desk.usb.unplug_after(10_000)
        desk.typist.release()
        await desk.until_done()
        await desk.close()
        assert desk.texts() == {"usb": text, "Tablet": "", "Phone": ""}
        assert desk.hosts["usb"].layout == "de"

    asyncio.run(scenario())


async def test_the_second_layout_of_a_host_that_went_away_is_not_that_of_another(tmp_path: Path):
    desk = Desk(tmp_path)
    text = 8 * "\u0436"
    desk.say(text)
    desk.after(8, desk.usb.unplug)
    await desk.until(lambda: desk.typist.host_away)
    assert desk.hosts["usb"].layout == "ru"
    desk.targets.use("Phone")
    await desk.until_paused()
    desk.typist.release()
    await desk.until_done()
    assert desk.hosts["Phone"].layout == "us"
    assert desk.hosts["usb"].text + desk.hosts["Phone"].text == text
    await desk.close()


async def test_lock_keys_that_were_switched_at_one_host_are_not_switched_back_at_another(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.hosts["usb"].leds = CAPS_LOCK_LED
    desk.say("\u6f22a")
    await desk.until(lambda: desk.typist.typing)
    desk.after(4, desk.usb.unplug)
    await desk.until(lambda: desk.typist.host_away)
    assert desk.hosts["usb"].leds == 0
    desk.targets.use("Tablet")
    await desk.until_paused()
    desk.typist.release()
    await desk.until_done()
    assert desk.hosts["Tablet"].leds == 0
    assert desk.hosts["Tablet"].text == "\u6f22a"
    await desk.close()


async def test_what_was_typed_at_one_host_is_not_taken_back_at_another(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.entry = Entry(1, "Hello.", is_open=True)
    desk.outbox.put(desk.entry)
    await desk.until(lambda: desk.hosts["usb"].text == "Hello." and not desk.typist.typing)
    desk.targets.use("Tablet")
    desk.typist.release()
    desk.outbox.amend(desk.entry, "Hallo, you.", is_open=False)
    await desk.until_done()
    assert desk.hosts["usb"].text == "Hello."
    assert "\b" not in desk.hosts["Tablet"].text
    assert not any(0x2A in report[2:] for report in desk.hosts["Tablet"].reports)
    await desk.close()


async def test_text_waits_for_the_press_after_another_host_was_chosen(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.say("a")
    await desk.until_done()
    desk.targets.next()
    desk.say("z")
    await desk.until_paused()
    assert desk.texts() == {"usb": "a", "Tablet": "", "Phone": ""}
    desk.typist.release()
    await desk.until_done()
    assert desk.texts() == {"usb": "a", "Tablet": "", "Phone": "z"}
    await desk.close()


async def test_a_press_after_another_host_was_chosen_has_it_typed_at_once(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.targets.use("tablet")
    desk.typist.release()
    desk.say("az")
    await desk.until_done()
    assert desk.texts() == {"usb": "", "Tablet": "az", "Phone": ""}
    await desk.close()


async def test_a_press_in_the_middle_of_the_last_character_has_the_rest_typed_at_the_other_host(
    tmp_path: Path,
):
    desk = Desk(tmp_path)
    desk.say("\u00ea\u00ea")

    def choose_and_press() -> None:
        desk.targets.use("Tablet")
        desk.typist.release()

    desk.after(2, choose_and_press)
    await desk.until_done()
    assert desk.texts() == {"usb": "\u00ea", "Tablet": "\u00ea", "Phone": ""}
    await desk.close()


async def test_the_character_that_was_finished_after_the_press_is_not_taken_back_at_the_other_host(
    tmp_path: Path,
):
    desk = Desk(tmp_path)
    desk.entry = Entry(1, "ab", is_open=True)

    def choose_and_press() -> None:
        if desk.hosts["usb"].text == "ab":
            desk.targets.use("Tablet")
            desk.typist.release()

    desk.usb.got = choose_and_press
    desk.outbox.put(desk.entry)
    await desk.until(lambda: desk.targets.name == "Tablet" and not desk.typist.typing)
    desk.outbox.amend(desk.entry, "ac, and more", is_open=False)
    await desk.until_done()
    assert desk.hosts["usb"].text == "ab"
    assert desk.hosts["Tablet"].text == ", and more"
    assert not any(0x2A in report[2:] for report in desk.hosts["Tablet"].reports)
    await desk.close()


async def test_another_host_is_turned_to_while_the_one_before_is_away(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.usb.unplug()
    desk.say("z")
    await desk.until(lambda: desk.typist.host_away)
    desk.links["Phone"].unplug()
    for name in ("Phone", "Tablet"):  # the first of them is away as well
        desk.targets.use(name)
        await asyncio.sleep(0.01)
    await desk.until_paused()
    desk.typist.release()
    await desk.until_done()
    assert desk.texts() == {"usb": "", "Tablet": "z", "Phone": ""}
    await desk.close()


@hypothesis_settings(deadline=None)
@given(TEXT, st.integers(1, 30))
def test_no_key_stays_down_at_a_sleeping_host_that_was_left(folder: Path, text: str, reports: int):
    async def scenario() -> None:
        desk = Desk(folder, usb=Sleepy)
        desk.targets.use("usb")
        desk.typist.release()
        desk.usb.reports_left = reports
        desk.say(text)
        await desk.until(lambda: desk.is_done or desk.typist.host_away)
        if desk.typist.host_away:
            desk.targets.use("Tablet")
            await desk.until_paused()
            desk.typist.release()
        await desk.until_done()
        desk.usb.awake.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not desk.hosts["usb"].keys_down
        await desk.close()

    asyncio.run(scenario())


@hypothesis_settings(deadline=None)
@given(TEXT, st.integers(1, 30), st.booleans())
def test_what_a_sleeping_host_fetches_while_another_was_chosen_for_a_moment_is_not_typed_again(
    folder: Path,
    text: str,
    reports: int,
    wakes_meanwhile: bool,  # noqa: FBT001
):
    async def scenario() -> None:
        desk = Desk(folder, usb=Sleepy)
        desk.targets.use("usb")
        desk.typist.release()
        desk.links["Tablet"].unplug()
        desk.usb.reports_left = reports
        desk.say(text)
        await desk.until(lambda: desk.is_done or desk.typist.host_away)
        if desk.typist.host_away:
            desk.targets.use("Tablet")
            await asyncio.sleep(0.002)
            if wakes_meanwhile:
                desk.usb.awake.set()
                await asyncio.sleep(0.002)
            desk.targets.use("usb")
            await asyncio.sleep(0.002)
            desk.usb.awake.set()
            await desk.until_paused()
            desk.typist.release()
        await desk.until_done()
        await desk.close()
        assert desk.hosts["usb"].text == text

    asyncio.run(scenario())


async def test_what_arrived_counts_only_from_the_keyboard_that_was_to_send_it(tmp_path: Path):
    class Late(PairedKeyboard):
        """Tells that an earlier report has arrived after all."""

        async def wait_until_ready(self) -> bool:
            return not await super().wait_until_ready()

    desk = Desk(tmp_path)
    await desk.close()
    usb, paired = ActingKeyboard(desk.hosts["usb"]), Late(**{TABLET: ActingKeyboard(desk.hosts["Tablet"])})
    usb.unplug()
    targets = targets_of(Settings(), usb, paired, Radio(Tablet=TABLET), folder=tmp_path)
    targets.use("usb")
    with pytest.raises(HostAwayError):
        await targets.send(ALL_UP)
    targets.use("Tablet")
    assert not await targets.wait_until_ready()
    paired.links[TABLET].unplug()
    with pytest.raises(HostAwayError):
        await targets.send(ALL_UP)
    paired.links[TABLET].plug_in()
    assert await targets.wait_until_ready()
    targets.close()


async def test_a_sleeping_host_that_is_returned_to_is_asked_by_one_only(tmp_path: Path):
    desk = Desk(tmp_path, usb=Sleepy)
    desk.usb.reports_left = 1
    desk.say("z")
    await desk.until(lambda: desk.typist.host_away)
    desk.targets.use("Tablet")
    await desk.until_paused()
    desk.targets.use("usb")
    desk.typist.release()
    await desk.until(lambda: desk.typist.host_away)
    desk.usb.awake.set()
    await desk.until_paused()
    desk.typist.release()
    await desk.until_done()
    assert not desk.hosts["Tablet"].text
    await desk.close()
