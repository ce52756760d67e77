"""What a display is told: who receives the text, and the text only where the user wants to see it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from msgspec.structs import replace as changed

from device import preview as preview_module
from device.ports import About
from device.settings import DisplaySettings
from tests.parts import SETTINGS, Desk
from tests.switchboard import HostsDesk

SHOWN = changed(SETTINGS, display=DisplaySettings(preview=True))


class FakeDisplay:
    """Remembers what it was told."""

    def __init__(self):
        self.told = []

    def tell(self, about):
        self.told.append(about)

    @property
    def texts(self):
        return [about.text for about in self.told]


class WithDisplay:
    def __init__(self, *script, **others):
        self.display = FakeDisplay()
        super().__init__(*script, **others)

    @property
    def parts(self):
        return replace(super().parts, display=self.display)


class DisplayDesk(WithDisplay, Desk):
    pass


class DisplayHostsDesk(WithDisplay, HostsDesk):
    pass


async def test_it_is_told_who_receives_the_text_and_each_change_once():
    async with DisplayHostsDesk() as desk:
        await desk.acted()
        assert desk.display.told == [About("usb", "us")]
        desk.hosts.use("tablet")
        await desk.acted()
        assert desk.display.told == [About("usb", "us"), About("tablet", "de")]


async def test_a_text_is_not_shown_unless_it_is_wanted():
    async with DisplayDesk("Private words.") as desk:
        await desk.dictate()
    assert desk.display.texts == [""]


async def test_a_text_is_shown_while_it_is_typed_and_a_little_longer(monkeypatch):
    monkeypatch.setattr(preview_module, "KEPT_S", 0.01)
    async with DisplayDesk("Hello, world.", settings=SHOWN) as desk:
        desk.keyboard.brake_after(3)
        desk.say()
        await desk.until_braked()
        assert desk.display.texts == ["", "Hello, world."]
        desk.keyboard.go_on()
        await desk.until_finished(1)
        await _until(lambda: desk.display.texts[-1] == "")
    assert desk.display.texts == ["", "Hello, world.", ""]


async def test_the_next_text_is_shown_for_its_own_time(monkeypatch):
    monkeypatch.setattr(preview_module, "KEPT_S", 10_000.0)
    async with DisplayDesk("One.", "Two.", settings=SHOWN) as desk:
        await desk.dictate()
        await desk.dictate()
        assert desk.display.texts == ["", "One.", " Two."]


async def test_at_the_end_the_text_is_taken_away(monkeypatch):
    monkeypatch.setattr(preview_module, "KEPT_S", 10_000.0)
    async with DisplayDesk("Private words.", settings=SHOWN) as desk:
        await desk.dictate()
        assert desk.display.texts[-1] == "Private words."
    assert desk.display.texts[-1] == ""


async def test_what_is_taken_back_shows_nothing():
    async with DisplayDesk("One.", settings=SHOWN) as desk:
        await desk.dictate()
        desk.dictation._last.undo([])
        await desk.until_typed("")
    assert desk.display.texts[:2] == ["", "One."]
    assert not any("\b" in text for text in desk.display.texts)


def test_what_is_shown_is_in_no_traceback():
    assert "private" not in repr(About("usb", "us", "private words"))


async def _until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  a timer tells nobody
            await asyncio.sleep(0)
