from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from device import hosts as hosts_module
from device import kept_host
from device.app import targets_of
from device.errors import HostAwayError, HostError
from device.hosts import OneHost
from device.kept_host import KeptHost, state_folder
from device.keyboard import typist as typist_module
from device.keyboard.host import host_of
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox
from device.pairing import BondedHost
from device.settings import KeyboardSettings, Settings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from device.keyboard.reports import Report

TABLET, PHONE = "5C:F3:70:8B:12:34", "A0:00:00:00:00:01"

# Three computers that read the same keys differently, and each of them whatever the text may hold.
DESCRIBED = {
    "usb": KeyboardSettings(os="linux", layout="de", other_layout="ru", layout_toggle="alt+shift", pace=0),
    "Tablet": KeyboardSettings(os="linux", layout="fr", pace=0),
    "Phone": KeyboardSettings(
        os="linux", layout="us", other_layout="ru", layout_toggle="super+space", pace="fast"
    ),
}

TEXT = st.text("abAB!l \u00ea^@\u0436\u6f22", min_size=1, max_size=12)
REPORTS = st.integers(0, 60)


class Radio:
    """Bluetooth, as far as it is asked about."""

    def __init__(self, **names: str) -> None:
        self.problem = ""
        self.bonded = dict(names)
        self.opened = 0
        self.asks = False

    def hosts(self) -> list[BondedHost]:
        return [BondedHost(name, address, is_connected=True) for name, address in self.bonded.items()]

    def open(self) -> None:
        self.opened += 1

    def confirm(self) -> bool:
        return self.asks


class PairedKeyboard:
    """A keyboard with a link to each of several hosts, which serves one of them."""

    def __init__(self, **links: VirtualKeyboard) -> None:
        self.links = links
        self.address: str | None = None
        self.closed = False
        self._changes = 0
        self._gone = 0

    def use(self, address: str | None) -> None:
        if address != self.address:
            self._gone += self._link.absences() if self._link else 0
            self.address = address
            self._changes += 1
            self._gone -= self._link.absences() if self._link else 0

    async def send(self, report: Report) -> None:
        if self._link is None:
            raise HostAwayError("none is chosen")
        await self._link.send(report)

    async def wait_until_ready(self) -> bool:
        while self._link is None or not self._link._plugged.is_set():  # noqa: ASYNC110  nobody tells it
            await asyncio.sleep(0)
        return False

    def absences(self) -> int:
        return self._changes + self._gone + (self._link.absences() if self._link else 0)

    def leds(self) -> int:
        return self._link.leds() if self._link else 0

    def close(self) -> None:
        self.closed = True

    @property
    def _link(self) -> VirtualKeyboard | None:
        return self.links.get(self.address or "")


class ActingKeyboard(VirtualKeyboard):
    """Says when its host has got a report, before the typist knows."""

    got: Callable[[], None] = staticmethod(lambda: None)

    async def send(self, report: Report) -> None:
        await super().send(report)
        self.got()


class Sleepy(VirtualKeyboard):
    """A host that falls asleep with a report on its way, which it fetches when it wakes."""

    reports_left: int | None = None
    on_its_way: Report | None = None

    def __init__(self, host: VirtualHost) -> None:
        super().__init__(host)
        self.awake = asyncio.Event()
        self.awake.set()
        self.is_asked = False

    async def send(self, report: Report) -> None:
        assert not self.is_asked
        if self.reports_left == 0:
            self.reports_left, self.on_its_way = None, report
            self.awake.clear()
        if not self.awake.is_set():
            raise HostAwayError("asleep")
        if self.reports_left is not None:
            self.reports_left -= 1
        await super().send(report)

    async def wait_until_ready(self) -> bool:
        assert not self.is_asked
        self.is_asked = True
        try:
            await self.awake.wait()
        finally:
            self.is_asked = False
        arrived, self.on_its_way = self.on_its_way, None
        if arrived is not None:
            self._host.receive(arrived)
        self._host.receive(ALL_UP)
        return arrived is not None


class Desk:
    """Three computers, each with a keyboard, and a typist that types into the chosen one."""

    def __init__(self, folder: Path, text: str = "", *, usb: type[VirtualKeyboard] = ActingKeyboard) -> None:
        self.hosts = {name: VirtualHost.described_by(described) for name, described in DESCRIBED.items()}
        self.usb = usb(self.hosts["usb"])
        self.links = {
            "Tablet": ActingKeyboard(self.hosts["Tablet"]),
            "Phone": ActingKeyboard(self.hosts["Phone"]),
        }
        self.cables = {"usb": self.usb, **self.links}
        self.paired = PairedKeyboard(**{TABLET: self.links["Tablet"], PHONE: self.links["Phone"]})
        self.radio = Radio(Tablet=TABLET, Phone=PHONE)
        self.targets = targets_of(Settings(hosts=DESCRIBED), self.usb, self.paired, self.radio, folder=folder)
        self.outbox = Outbox()
        self.entry = Entry(1, text)
        if text:
            self.outbox.put(self.entry)
        self.done: list[Entry] = []
        self._changed = asyncio.Event()
        self.typist = Typist(
            self.targets,
            self.targets,
            self.outbox,
            report_change=self._changed.set,
            finished=self.done.append,
        )
        self.task = asyncio.create_task(self.typist.run())
        self.task.add_done_callback(lambda _: self._changed.set())

    def say(self, text: str) -> None:
        self.entry = Entry(self.entry.dictation + 1, text)
        self.outbox.put(self.entry)

    def after(self, reports: int, act: Callable[[], None]) -> None:
        """Do something just when so many more reports have arrived, anywhere."""
        left = [reports]

        def got() -> None:
            left[0] -= 1
            if left[0] == 0:
                act()

        for cable in self.cables.values():
            cable.got = got

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                if self.task.done():
                    self.task.result()
                self._changed.clear()
                await self._changed.wait()

    async def until_paused(self) -> None:
        await self.until(
            lambda: not (self.typist.typing or self.typist.host_away) and (self.outbox.held or self.is_done)
        )

    async def until_done(self) -> None:
        await self.until(lambda: self.is_done and not self.typist.typing)

    @property
    def is_done(self) -> bool:
        return self.entry in self.done

    def texts(self) -> dict[str, str]:
        return {name: host.text for name, host in self.hosts.items()}

    def assert_at_rest(self) -> None:
        """No key is down anywhere: time passes and nothing more appears."""
        before = self.texts()
        for host in self.hosts.values():
            assert not host.keys_down
            host.tick(10)
        assert self.texts() == before

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.targets.close()
        self.assert_at_rest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For tests that make many desks: each begins with the choice that the one before left."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "_LOOK_EVERY_S", 0)
    monkeypatch.setattr(typist_module, "RETRY_S", 0)


# Text goes to one host at a time.


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


# Which hosts there are, and which is chosen.


@pytest.fixture
def desk_of(tmp_path: Path):
    """Make targets without a typist."""
    made = []

    def make(*, usb: bool = True, radio: Radio | None = None, late_usb=lambda: None):
        radio = radio or Radio(Tablet=TABLET, phone=PHONE)
        cable = VirtualKeyboard(VirtualHost.described_by(DESCRIBED["usb"])) if usb else None
        settings = Settings(hosts={"tablet": DESCRIBED["Tablet"], PHONE.lower(): DESCRIBED["Phone"]})
        folder = tmp_path / "a" / "b"
        made.append(targets_of(settings, cable, PairedKeyboard(), radio, folder=folder, late_usb=late_usb))
        return made[-1]

    yield make
    for targets in made:
        targets.close()


async def test_next_goes_round_by_name_with_usb_first(desk_of):
    targets = desk_of()
    assert targets.names() == ["usb", "phone", "Tablet"]
    seen = []
    for _ in range(4):
        seen.append(targets.name)
        targets.next()
    assert seen == ["usb", "phone", "Tablet", "usb"]


@pytest.mark.parametrize("name", ["Tablet", "tABLET", TABLET, TABLET.lower()])
async def test_a_host_is_found_by_name_or_address(desk_of, name: str):
    targets = desk_of()
    targets.use(name)
    assert targets.name == "Tablet"


async def test_a_name_that_no_host_has_is_refused_with_those_that_there_are(desk_of):
    targets = desk_of()
    with pytest.raises(HostError, match=r"^There is no host 'tab': choose one of usb, phone, Tablet\.$"):
        targets.use("tab")
    assert targets.name == "usb"
    with pytest.raises(HostError, match="no computer is paired"):
        desk_of(usb=False, radio=Radio()).use("Tablet")


async def test_each_host_is_described_by_its_name_or_address_or_as_all_others_are(desk_of):
    targets = desk_of()
    layouts = {}
    for name in targets.names():
        targets.use(name)
        layouts[name] = targets.host().layout.name
    assert layouts == {"usb": "us", "phone": "us", "Tablet": "fr"}
    targets.use("phone")
    assert targets.host().pace == host_of(DESCRIBED["Phone"]).pace


async def test_every_change_counts_as_an_absence_and_nothing_else_does(desk_of):
    targets = desk_of()
    assert targets.absences() == targets.absences()
    before = targets.absences()
    targets.use("usb")
    assert targets.absences() == before
    targets.use("Tablet")
    targets.use("usb")
    assert targets.absences() > before, "there and back is a change"
    for change in (targets.next, targets.host, targets.next, targets.next, targets.host):
        before = targets.absences()
        change()
        assert (targets.absences() > before) == (change == targets.next)


async def test_only_the_current_host_can_be_away(tmp_path: Path):
    desk = Desk(tmp_path)
    before = desk.targets.absences()
    desk.links["Tablet"].unplug()
    assert desk.targets.absences() == before
    desk.usb.unplug()
    assert desk.targets.absences() == before + 1
    desk.targets.use("Tablet")
    desk.usb.plug_in()
    desk.usb.unplug()
    before = desk.targets.absences()
    desk.targets.host()
    assert desk.targets.absences() == before
    desk.usb.plug_in()
    desk.usb.unplug()
    assert desk.targets.absences() == before
    desk.links["Tablet"].plug_in()
    desk.links["Tablet"].unplug()
    assert desk.targets.absences() == before + 1
    await desk.close()


async def test_the_choice_survives_a_restart_even_of_a_radio_that_is_not_there_yet(desk_of):
    targets = desk_of()
    targets.use("Tablet")
    targets.close()
    radio = Radio()
    radio.problem = "not ready yet"
    again = desk_of(radio=radio)
    assert again.name == "Tablet"
    before = again.absences()
    radio.bonded, radio.problem = {"Anna's tablet": TABLET, "Tablet": PHONE}, ""
    assert again.name == "Anna's tablet"
    assert again.absences() == before, "it is only called otherwise"
    again.next()
    assert again.name == "Tablet"


async def test_a_host_that_is_forgotten_leaves_the_choice_to_usb_or_the_first(desk_of):
    for usb, left in ((True, "usb"), (False, "phone")):
        radio = Radio(Tablet=TABLET, phone=PHONE)
        targets = desk_of(usb=usb, radio=radio)
        targets.use("Tablet")
        before = targets.absences()
        radio.problem, bonded, radio.bonded = "bluetoothd is down", radio.bonded, {}
        assert targets.name == "Tablet", "nobody knows"
        assert targets.absences() == before
        radio.problem, radio.bonded = "", bonded
        del radio.bonded["Tablet"]
        assert targets.absences() == before + 1
        assert targets.name == left


async def test_a_choice_without_bluetooth_is_usb(tmp_path: Path):
    kept = KeptHost(tmp_path / "host.json")
    kept.keep(TABLET, "Tablet")
    kept.close()
    cable = VirtualKeyboard(VirtualHost.described_by(DESCRIBED["usb"]))
    targets = targets_of(Settings(), cable, folder=tmp_path)
    assert targets.name == "usb"
    with pytest.raises(HostError, match="Bluetooth is off"):
        targets.pair()
    assert not targets.confirm()
    targets.close()


async def test_what_was_chosen_comes_back_after_a_run_that_had_no_way_to_it(desk_of):
    at_first = desk_of()
    at_first.use("usb")
    at_first.close()
    without = desk_of(usb=False)
    assert without.name == "phone"
    without.close()
    assert desk_of().name == "usb"
    without = desk_of(usb=False)
    assert without.name == "phone"
    without.use("phone")
    without.close()
    assert desk_of().name == "phone", "then it was chosen"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  nobody tells it
            await asyncio.sleep(0.001)


class Late:
    """A cable that can be used only later."""

    def __init__(self, usb: VirtualKeyboard) -> None:
        self.usb, self.is_there, self.looks = usb, False, 0

    def __call__(self) -> VirtualKeyboard | None:
        self.looks += 1
        return self.usb if self.is_there else None


async def test_a_cable_that_can_be_used_later_is_one_more_to_choose(desk_of, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hosts_module, "_LOOK_FOR_USB_EVERY_S", 0)
    cable = Late(VirtualKeyboard(VirtualHost.described_by(DESCRIBED["usb"])))
    targets = desk_of(usb=False, late_usb=cable)
    targets.use("Tablet")
    with pytest.raises(HostError, match="There is no host 'usb'"):
        targets.use("usb")
    cable.is_there, before = True, targets.absences()
    assert (targets.names(), targets.name) == (["usb", "phone", "Tablet"], "Tablet")
    assert targets.absences() == before
    targets.use("usb")
    await targets.wait_until_ready()
    await targets.send(ALL_UP)


async def test_who_chose_the_cable_has_it_again_once_it_can_be_used(
    desk_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hosts_module, "_LOOK_FOR_USB_EVERY_S", 0)
    at_first = desk_of()
    at_first.use("usb")
    at_first.close()
    cable = Late(VirtualKeyboard(VirtualHost.described_by(DESCRIBED["usb"])))
    targets = desk_of(usb=False, late_usb=cable)
    assert targets.name == "phone"
    cable.is_there, before = True, targets.absences()
    assert targets.name == "usb"
    assert targets.absences() == before + 1, "what was not typed yet waits for the press"
    targets.use("Tablet")
    assert targets.name == "Tablet", "then that is chosen"


async def test_a_cable_is_looked_for_now_and_then_and_not_after_the_end(desk_of):
    cable = Late(VirtualKeyboard(VirtualHost.described_by(DESCRIBED["usb"])))
    targets = desk_of(usb=False, late_usb=cable)
    for _ in range(100):
        targets.names()
    assert cable.looks == 1
    targets.close()
    cable.is_there = True
    assert "usb" not in targets.names()


async def test_text_that_has_nowhere_to_go_waits_for_a_cable_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hosts_module, "_LOOK_FOR_USB_EVERY_S", 0)
    host = VirtualHost.described_by(DESCRIBED["usb"])
    cable = Late(VirtualKeyboard(host))
    targets = targets_of(
        Settings(hosts=DESCRIBED), None, PairedKeyboard(), Radio(), folder=tmp_path, late_usb=cable
    )
    outbox, entry = Outbox(), Entry(1, "ab")
    outbox.put(entry)
    done: list[Entry] = []
    typist = Typist(targets, targets, outbox, report_change=lambda: None, finished=done.append)
    task = asyncio.create_task(typist.run())
    await until(lambda: typist.host_away)
    cable.is_there = True
    await until(lambda: not typist.host_away)
    assert (outbox.held, host.text) == (True, "")
    typist.release()
    await until(lambda: done)
    assert host.text == "ab"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    targets.close()


async def test_without_any_host_text_waits_for_the_first_that_is_paired(tmp_path: Path):
    desk = Desk(tmp_path)
    await desk.close()
    radio = Radio()
    link = ActingKeyboard(desk.hosts["Tablet"])
    targets = targets_of(
        Settings(hosts=DESCRIBED), None, PairedKeyboard(**{TABLET: link}), radio, folder=tmp_path
    )
    assert (targets.name, targets.names(), targets.leds()) == ("", [], 0)
    targets.next()
    with pytest.raises(HostAwayError, match="saykey pair"):
        await targets.send(ALL_UP)
    waiting = asyncio.create_task(targets.wait_until_ready())
    await asyncio.sleep(0.001)
    assert not waiting.done()
    radio.bonded["Tablet"] = TABLET
    assert not await waiting
    assert targets.name == "Tablet"
    assert targets.host().layout.name == "fr"
    await targets.send(ALL_UP)
    targets.close()


async def test_pairing_is_bluetooths_business(desk_of):
    radio = Radio()
    targets = desk_of(radio=radio)
    targets.pair()
    assert radio.opened == 1
    assert not targets.confirm()
    radio.asks = True
    assert targets.confirm()


async def test_closing_closes_both_keyboards(tmp_path: Path):
    desk = Desk(tmp_path)
    await desk.close()
    assert desk.paired.closed
    assert not desk.usb._plugged.is_set()
    assert desk.targets.name == "usb", "who asks later is answered"
    desk.targets.use("Phone")


async def test_one_host_is_the_only_one():
    host = host_of(KeyboardSettings())
    hosts = OneHost(host)
    assert (hosts.name, hosts.names(), hosts.host()) == ("usb", ["usb"], host)
    hosts.use("USB")
    hosts.next()
    assert not hosts.confirm()
    with pytest.raises(HostError, match="There is no host 'x': choose one of usb"):
        hosts.use("x")
    with pytest.raises(HostError, match="Bluetooth is off"):
        hosts.pair()


# What is kept.


@given(st.binary(max_size=60) | st.sampled_from([b'{"address": 1, "name": "a"}', b"[]", b"3", b"[" * 5000]))
def test_a_file_that_holds_anything_else_is_as_good_as_none(folder: Path, content: bytes):
    file = folder / "anything.json"
    file.write_bytes(content)
    assert KeptHost(file).read() is None


@given(st.text(), st.text())
def test_what_is_kept_is_read_again(folder: Path, address: str, name: str):
    file = folder / "kept.json"
    kept = KeptHost(file)
    kept.keep("other", "one")
    kept.keep(address, name)
    kept.close()
    assert KeptHost(file).read() == (address, name)
    assert [each.name for each in folder.glob("kept*")] == ["kept.json"]


def test_where_nothing_can_be_kept_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "file").write_text("")
    kept = KeptHost(tmp_path / "file" / "host.json")
    kept.keep(TABLET, "Tablet")
    kept.close()
    assert "will be forgotten" in caplog.text
    assert "Tablet" not in caplog.text
    assert kept.read() is None


def test_a_write_that_was_cut_off_leaves_what_was_kept_before(tmp_path: Path):
    file = tmp_path / "host.json"
    file.write_text(json.dumps({"address": TABLET, "name": "Tablet"}))
    file.with_name(".host.json.0123abcd.new").write_text('{"addr')
    kept = KeptHost(file)
    assert kept.read() == (TABLET, "Tablet")
    kept.keep("usb", "usb")
    kept.close()
    assert kept.read() == ("usb", "usb")


def test_the_folder_is_systemds_or_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/saykey:/var/lib/other")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/somebody/state")
    assert str(state_folder()) == "/var/lib/saykey"
    monkeypatch.delenv("STATE_DIRECTORY")
    assert str(state_folder()) == "/home/somebody/state/saykey"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr(kept_host, "SERVICE_STATE", tmp_path / "none")
    assert str(state_folder()) == "/home/somebody/.local/state/saykey"
    monkeypatch.setattr(kept_host, "SERVICE_STATE", tmp_path)
    assert state_folder() == tmp_path
