"""Every character of every Linux table, typed by the device and read by libxkbcommon."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SaykeyError
from device.keyboard.dry_run import dry_run
from device.keyboard.host import Host
from device.keyboard.layout import layout_named
from device.keyboard.pace import PACES
from device.keyboard.reports import LEFT_ALT, LEFT_SHIFT, Keystroke
from tests.keyboard.xkb_host import XkbHost
from tools.layouts.linux import COMPOSE, SOURCES, keymap_of, origin
from tools.layouts.xkb import Keymap

NUM_LOCK, CAPS_LOCK = 1, 2
BY_NAME = {source.name: source for source in SOURCES}
LEDS = (0, NUM_LOCK, CAPS_LOCK, NUM_LOCK | CAPS_LOCK)


@cache
def keymap(name: str) -> Keymap:
    return keymap_of(BY_NAME[name])


@cache
def host(name: str, pace: str) -> Host:
    return Host(system="linux", layout=layout_named("linux", name), pace=PACES[pace])


def assert_arrives(text: str, name: str, pace: str, leds: int, locale: str = COMPOSE) -> None:
    reports, record = dry_run(text, host(name, pace), leds=leds)
    reader = XkbHost(keymap(name), locale=locale, caps=bool(leds & CAPS_LOCK), num=bool(leds & NUM_LOCK))
    assert reader.type(reports) == text
    assert reader.is_at_rest
    assert reader.leds == leds
    assert (record.asked, record.typed) == (len(text), len(text))


@pytest.fixture(scope="module", autouse=True)
def _there() -> None:
    """Whatever versions are here: the tables were made to hold in Debian 12 and 13."""
    try:
        origin(BY_NAME["us"])
    except SaykeyError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", BY_NAME)
def test_every_character_of_a_table_arrives_whatever_is_locked(name, count_pairs):
    layout = host(name, "fast").layout
    # For these Caps Lock is switched off, and stays off for what comes after them in a text.
    without_caps = "".join(each for each in layout.keys if layout.keystrokes(each, caps=True) is None)
    others = "".join(each for each in layout.keys if each not in without_caps)
    for locale, pace, leds in product((COMPOSE, *BY_NAME[name].locales), PACES, LEDS):
        assert_arrives(others, name, pace, leds, locale)
        if layout.caps_lock_key or not leds & CAPS_LOCK:
            assert_arrives(without_caps, name, pace, leds, locale)
    count_pairs(name, len(without_caps + others))


@given(st.data(), st.sampled_from(sorted(BY_NAME)), st.sampled_from(sorted(PACES)), st.sampled_from(LEDS))
def test_any_text_of_a_table_arrives_whatever_is_locked(data, name, pace, leds):
    layout = host(name, pace).layout
    always = layout.caps_lock_key or not leds & CAPS_LOCK
    characters = sorted(each for each in layout.keys if always or layout.keystrokes(each, caps=True))
    often = st.sampled_from([each for each in characters if each.isalpha()][:60] + [" "] * 10)
    text = data.draw(st.text(often | st.sampled_from(characters), max_size=80))
    assert_arrives(text, name, pace, leds)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=10), st.sampled_from(LEDS))
@pytest.mark.parametrize("name", ["us", "de", "fr", "cz", "us-dvorak"])
def test_what_a_latin_layout_lacks_arrives_by_its_code(name, text, leds):
    by_code = replace(host(name, "fast"), by_code=True)
    reports, record = dry_run(text, by_code, leds=leds)
    reader = XkbHost(keymap(name), caps=bool(leds & CAPS_LOCK), num=bool(leds & NUM_LOCK))
    assert reader.type(reports) == text
    assert record.typed == len(text)


@given(st.text(st.sampled_from("Привет, мир! Hello, [world]? Ёж №5 ~{}"), max_size=30), st.sampled_from(LEDS))
def test_a_text_of_two_layouts_arrives_by_the_toggle(text, leds):
    toggle = Keystroke(0, LEFT_ALT | LEFT_SHIFT)
    both = replace(host("ru", "fast"), other=host("us", "fast").layout, toggle=toggle)
    reader = XkbHost(
        Keymap("ru,us", ",", "grp:alt_shift_toggle"), caps=bool(leds & CAPS_LOCK), num=bool(leds & NUM_LOCK)
    )
    reports, _ = dry_run(text, both, leds=leds)
    assert reader.type(reports) == text
    reader.text = ""
    assert reader.type(dry_run("Ёж", both, leds=leds)[0]) == "Ёж", "the first layout is active again"
