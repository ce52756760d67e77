"""Which hosts there are, and which is chosen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from device import hosts as hosts_module
from device.app import targets_of
from device.errors import HostAwayError, HostError
from device.hosts import OneHost
from device.kept_host import KeptHost
from device.keyboard import typist as typist_module
from device.keyboard.host import host_of
from device.keyboard.reports import ALL_UP
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox
from device.settings import KeyboardSettings, Settings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from tests.paired_desk import DESCRIBED, PHONE, TABLET, ActingKeyboard, Desk, PairedKeyboard, Radio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "_LOOK_EVERY_S", 0)
    monkeypatch.setattr(typist_module, "RETRY_S", 0)


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
