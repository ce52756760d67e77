"""The display through luma.oled, down to the bytes on the bus, of which a fake controller makes pixels."""

from __future__ import annotations

import errno
import sys
import threading
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

pytest.importorskip("luma.oled", reason="saykey[display] is not installed")

from device.errors import DisplayError
from device.hardware import oled as oled_module
from device.hardware import oled_panel
from device.hardware.oled import Oled
from device.hardware.oled_panel import Panel, bus_of, picture, readable
from device.ports import About, State
from device.screen import View
from device.settings import DisplaySettings
from tests.hardware.fake_oled import FakeBus, FakeOled

# luma reads its pictures by a function that Pillow will drop in 2027.
pytestmark = pytest.mark.filterwarnings("ignore:.*getdata.*:DeprecationWarning")

SSD1306 = DisplaySettings(kind="ssd1306")
READY = View(State.IDLE, "", About("usb", "us"))


@pytest.fixture
def bus(monkeypatch):
    bus = FakeBus(FakeOled())
    monkeypatch.setitem(sys.modules, "smbus2", bus.module)
    return bus


@pytest.fixture(params=["Debian's font", "Pillow's own"])
def font(request, monkeypatch, tmp_path):
    if request.param == "Pillow's own":
        monkeypatch.setattr(oled_panel, "FONT", tmp_path / "none")
    elif not oled_panel.FONT.exists():
        pytest.skip(f"{oled_panel.FONT} is missing: apt install fonts-dejavu-core")
    oled_panel._font.cache_clear()
    yield request.param
    oled_panel._font.cache_clear()


def rows_lit(image) -> list[bool]:
    """Whether anything stands in each row of text."""
    return [
        image.crop((0, top, image.width, top + oled_panel.ROW_PX)).getbbox() is not None
        for top in range(0, image.height, oled_panel.ROW_PX)
    ]


def pixels(view: View, height: int = 64) -> bytes:
    return bytes(picture(view, height).convert("L").point(bool).tobytes())


# What is drawn.


@pytest.mark.parametrize("height", [32, 64])
def test_the_rows_with_words_are_drawn_and_the_others_empty(font, height):
    image = picture(READY, height)
    assert image.size == (128, height)
    lit = rows_lit(image)
    assert (lit[0], lit[-1], sum(lit)) == (True, True, 2)


def test_a_text_that_is_too_long_touches_neither_edge_nor_the_next_row(font):
    for text in ("W" * 300, "jgy ÅÄ " * 60, "word " * 100):
        view = View(State.TYPING, "", About("usb", "us", text))
        image = picture(view, 64)
        assert rows_lit(image) == [True] * 4
        above = picture(View(State.TYPING, "", About("", "", text)), 64)
        assert image.crop((0, 0, 128, 16)).tobytes() == above.crop((0, 0, 128, 16)).tobytes()


def test_different_views_are_different_pictures(font):
    views = [
        READY,
        View(State.ERROR, "there is no microphone; plug one in"),
        View(State.MUTED),
        View(State.DRIVE),
    ]
    assert len({pixels(view) for view in views}) == len(views)


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        ("größe", "grosse"),
        ("Anna\u2019s \u201ctea\u201d \u2026", 'Anna\'s "tea" ...'),
        ("привет 1", "?????? 1"),
        ("½", "1/2"),
    ],
)
def test_letters_that_the_font_lacks_are_written_otherwise(text, ascii):  # noqa: A002
    assert readable(text) == ascii


# What arrives at the display.


@pytest.mark.parametrize(
    ("settings", "first_column"),
    [
        (SSD1306, 0),
        (DisplaySettings(kind="ssd1306", height=32), 0),
        (DisplaySettings(kind="ssd1306", address="0x3D"), 0),
        (DisplaySettings(kind="sh1106"), 2),
    ],
    ids=["ssd1306", "32 high", "0x3D", "sh1106"],
)
def test_what_is_drawn_is_what_is_seen(bus, settings, first_column):
    bus.oled = FakeOled(settings.height, int(settings.address, 16), first_column)
    bus.oled.has_pump = (
        settings.kind == "sh1106"
    )  # luma's command for it is the SSD1306's, and harmless there
    panel = Panel(settings)
    assert not any(bus.oled.pixels)
    panel.draw(READY)
    assert bus.oled.pixels == pixels(READY, settings.height)
    panel.darken()
    assert not any(bus.oled.pixels)
    panel.leave()
    assert bus.is_opened == 0


def test_upside_down_is_turned_by_half(bus):
    panel = Panel(DisplaySettings(kind="ssd1306", upside_down=True))
    panel.draw(READY)
    assert bus.oled.pixels == pixels(READY)[::-1]
    panel.leave()


# What is wrong.


def test_a_bus_that_is_not_there_is_told_with_those_that_are(bus):
    with pytest.raises(DisplayError, match=r"/dev/i2c-7 is not there; "):
        bus_of(DisplaySettings(kind="ssd1306", bus=7))


def test_a_bus_that_is_not_ours_is_told(bus):
    bus.refuses = errno.EACCES
    with pytest.raises(DisplayError, match=r"may not use /dev/i2c-1; run: sudo usermod -aG i2c"):
        bus_of(SSD1306)


def test_an_address_at_which_nothing_answers_is_told(bus):
    with pytest.raises(
        DisplayError, match=r"no display answers at 0x3D of /dev/i2c-1 \(.*\); look at its four"
    ):
        bus_of(DisplaySettings(kind="ssd1306", address="0x3D"))
    assert bus.is_opened == 0


def test_a_library_that_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "luma.core", None)
    with pytest.raises(DisplayError, match=r"luma.core is missing; install saykey\[display\]"):
        bus_of(SSD1306)


# The thread.


@pytest.fixture
def display(bus, monkeypatch):
    monkeypatch.setattr(oled_module, "_LOOK_EVERY_S", 0.001)
    display = Oled(SSD1306)
    yield display
    display.close()
    assert not display._thread.is_alive()
    assert bus.is_opened == 0


def test_the_newest_state_is_shown_and_at_the_end_nothing(bus, display):
    for state in State:
        display.show(state)
    display.show(State.IDLE)
    display.tell(About("usb", "us"))
    bus.until(lambda: bus.oled.pixels == pixels(READY))
    display.close()
    assert not any(bus.oled.pixels)


def test_a_display_that_is_pulled_off_is_told_of_once_and_comes_back(bus, display, caplog):
    caplog.set_level("INFO")
    display.show(State.IDLE)
    bus.until(lambda: bus.oled.pixels == pixels(View(State.IDLE)))
    for _ in range(2):
        bus.oled.is_there = False
        bus.until(lambda: bus.is_opened == 0)
        display.show(State.MUTED)
        display.show(State.IDLE)
        set_ups = bus.oled.set_ups
        bus.oled.plug_in()
        bus.until(lambda: bus.oled.pixels == pixels(View(State.IDLE)))
        assert bus.oled.set_ups > set_ups
    said = [record.message for record in caplog.records]
    assert said[0].startswith("the display shows nothing: ")
    assert sum(message.startswith("the display shows nothing") for message in said) == 2


def test_a_display_that_is_absent_at_first_is_shown_when_it_comes(bus, display, caplog):
    bus.oled.is_there = False
    display.show(State.IDLE)
    with bus.changed:
        for _ in range(3):
            assert bus.changed.wait(60)
    assert len(caplog.records) == 1
    bus.oled.plug_in()
    bus.until(lambda: bus.oled.pixels == pixels(View(State.IDLE)))


def test_it_is_dark_after_a_while_and_lit_by_the_next_change(bus, display, monkeypatch):
    monkeypatch.setattr(oled_module, "_DARK_AFTER_S", 0.0)
    display.show(State.IDLE)
    bus.until(lambda: bus.oled.set_ups and not bus.oled.is_on and not any(map(any, bus.oled._memory)))
    monkeypatch.setattr(oled_module, "_DARK_AFTER_S", 1000.0)
    display.show(State.MUTED)
    bus.until(lambda: bus.oled.pixels == pixels(View(State.MUTED)))


def test_a_bus_that_cannot_be_given_back_does_not_end_the_display(monkeypatch):
    monkeypatch.setattr(oled_module, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(oled_module, "_DARK_AFTER_S", 0.0)
    drawn, left = SimpleQueue(), SimpleQueue()

    def refuse():
        left.put(None)
        raise OSError(errno.EIO, "Input/output error")

    panel = SimpleNamespace(draw=drawn.put, light=lambda: None, darken=lambda: None, leave=refuse)
    display = Oled(SSD1306, lambda _settings: panel)
    for state in (State.IDLE, State.MUTED):
        display.show(state)
        assert drawn.get(timeout=60).state is state
        left.get(timeout=60)
    display.close()
    assert not display._thread.is_alive()


def test_a_bus_that_hangs_stops_nobody(monkeypatch):
    monkeypatch.setattr(oled_module, "_STOP_S", 0.0)
    go = threading.Event()

    def hang(_settings):
        assert go.wait(60)
        raise DisplayError("no display answers; look at its wires")

    display = Oled(SSD1306, hang)
    for state in State:
        display.show(state)
    display.close()
    go.set()
    display._thread.join(60)
    assert not display._thread.is_alive()


def test_no_text_is_in_what_it_logs(bus, display, caplog):
    bus.oled.is_there = False
    display.tell(About("usb", "us", "private words"))
    with bus.changed:
        assert bus.changed.wait(60)
    assert "private" not in caplog.text
