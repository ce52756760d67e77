"""Lock keys of the host while text is typed: virtual hosts that follow, and some that do not."""

import asyncio

import pytest

from device.keyboard import locks
from device.keyboard.host import host_of
from device.keyboard.one_text import type_text
from device.settings import KeyboardSettings
from device.simulation.virtual_host import CAPS_LOCK_LED, NUM_LOCK_LED, VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard

CAPS_LOCK, NUM_LOCK = 0x39, 0x53


class Deaf(VirtualKeyboard):
    """A keyboard that is never told of the host's LEDs."""

    def leds(self):
        return 0


class Stubborn(VirtualHost):
    """A host whose Caps Lock key does something else, such as Escape."""

    def receive(self, report):
        super().receive(report)
        if CAPS_LOCK in report[2:]:
            self.leds ^= CAPS_LOCK_LED


def type_into(text, system, layout, leds=0, *, host_class=VirtualHost):
    settings = KeyboardSettings(os=system, layout=layout, pace=0)
    host = host_class.described_by(settings)
    host.leds = leds

    async def never(_entry, _back):
        raise AssertionError

    entry = asyncio.run(type_text(text, host_of(settings), VirtualKeyboard(host), interrupted=never))
    assert not host.keys_down
    assert host.leds == leds
    return host, entry


def pressed(host, usage):
    return sum(report[2] == usage for report in host.reports)


@pytest.mark.parametrize("leds", [0, CAPS_LOCK_LED, NUM_LOCK_LED, CAPS_LOCK_LED | NUM_LOCK_LED])
@pytest.mark.parametrize(
    ("system", "layout"),
    [(system, layout) for system in ("linux", "windows", "macos") for layout in ("us", "de", "fr")],
)
def test_text_arrives_whatever_the_lock_keys_are_and_they_are_left_so(system, layout, leds):
    text = "Hello World, 123! It's \u00e9 - \u20ac."
    host, entry = type_into(text, system, layout, leds)
    assert host.text == entry.typed
    assert entry.typed == text


def test_where_shift_undoes_caps_lock_its_key_is_not_pressed():
    host, _ = type_into("Hello", "linux", "us", CAPS_LOCK_LED)
    assert pressed(host, CAPS_LOCK) == 0


def test_where_it_does_not_caps_lock_is_off_for_as_long_as_it_is_in_the_way():
    host, _ = type_into("HELLO World", "macos", "us", CAPS_LOCK_LED)
    assert host.text == "HELLO World"
    assert pressed(host, CAPS_LOCK) == 2


def test_num_lock_is_on_only_for_codes():
    host, _ = type_into("caf\u00e9 d\u00e9j\u00e0", "windows", "us")
    assert host.text == "caf\u00e9 d\u00e9j\u00e0"
    assert pressed(host, NUM_LOCK) == 2
    host, _ = type_into("cafe", "windows", "us")
    assert pressed(host, NUM_LOCK) == 0


def test_without_a_sign_of_num_lock_the_nearest_characters_are_typed(monkeypatch):
    monkeypatch.setattr(locks, "LED_WITHIN_S", 0.02)
    settings = KeyboardSettings(os="windows", pace=0)
    host = VirtualHost.described_by(settings)

    async def never(_entry, _back):
        raise AssertionError

    entry = asyncio.run(type_text("caf\u00e9", host_of(settings), Deaf(host), interrupted=never))
    assert host.text == "cafe"
    assert entry.record.substitutions == (("\u00e9", "e"),)


def test_a_caps_lock_key_that_does_something_else_is_tried_once(monkeypatch):
    monkeypatch.setattr(locks, "LED_WITHIN_S", 0.02)
    host, entry = type_into("aBc", "macos", "us", CAPS_LOCK_LED, host_class=Stubborn)
    assert host.text == "B"
    assert entry.record.refusals == ("a", "c")
    assert pressed(host, CAPS_LOCK) == 1
