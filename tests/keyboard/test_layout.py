import unicodedata

import pytest

from device.errors import SettingsError
from device.keyboard.host import host_of
from device.keyboard.layout import SYSTEMS, TABLES, keystroke, layout_named, layouts
from device.keyboard.pace import pace_of
from device.keyboard.reports import Keystroke
from device.settings import KeyboardSettings

ALL = [(system, name) for system in SYSTEMS for name in layouts(system)]


@pytest.mark.parametrize(("system", "name"), ALL)
def test_every_table_can_be_read(system, name):
    layout = layout_named(system, name)
    assert layout.title
    assert layout.origin
    assert layout.languages
    assert layout.keystrokes(" ") == (Keystroke(0x2C),)
    for keys in (layout.keys, layout.with_caps):
        for character, strokes in keys.items():
            assert len(character) == 1
            assert not unicodedata.category(character).startswith("Cc")
            assert all(4 <= stroke.usage <= 0x89 for stroke in strokes)


def test_every_file_is_of_a_system_that_is_known():
    assert {path.parent.name for path in TABLES.glob("*/*.toml")} == set(SYSTEMS)


@pytest.mark.parametrize(("system", "same"), [("ios", "macos"), ("android", "linux"), ("other", "linux")])
def test_systems_without_tables_read_by_those_of_another(system, same):
    assert layouts(system) == layouts(same)
    assert layout_named(system, "us") == layout_named(same, "us")


def test_an_unknown_layout_is_answered_with_those_there_are():
    with pytest.raises(SettingsError, match=r"'klingon' for linux: choose one of .*us"):
        layout_named("linux", "klingon")


@pytest.mark.parametrize("name", ["../linux/us", "US", "", "us.toml"])
def test_a_layout_is_a_name_and_no_path(name):
    with pytest.raises(SettingsError):
        layout_named("linux", name)


def test_caps_lock_changes_what_the_table_says_and_nothing_else():
    us = layout_named("linux", "us")
    assert us.keystrokes("a", caps=True) == us.keystrokes("A")
    assert us.keystrokes("1", caps=True) == us.keystrokes("1")
    assert us.keystrokes("\u20ac", caps=True) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("04", Keystroke(0x04)),
        ("shift+altgr+1f", Keystroke(0x1F, 0x42)),
        ("alt+shift", Keystroke(0, 0x06)),
        ("super+2c", Keystroke(0x2C, 0x08)),
    ],
)
def test_keystrokes_are_read_as_they_are_written(written, read):
    assert keystroke(written) == read


@pytest.mark.parametrize("written", ["", "shift+", "hyper+04", "banana", "04+05"])
def test_what_is_no_keystroke_is_refused(written):
    with pytest.raises(ValueError):  # noqa: PT011  whichever word is wrong
        keystroke(written)


# The host.


def test_a_second_layout_and_its_chord_belong_together():
    host = host_of(KeyboardSettings(layout="us", other_layout="us", layout_toggle="super+space"))
    assert host.toggle == Keystroke(0x2C, 0x08)
    for half in ({"other_layout": "us"}, {"layout_toggle": "alt+shift"}):
        with pytest.raises(SettingsError, match="belong together"):
            host_of(KeyboardSettings(**half))


@pytest.mark.parametrize("chord", ["hyper+space", "alt+banana", "alt+", "+", "space+alt"])
def test_a_chord_that_is_none_is_named(chord):
    with pytest.raises(SettingsError, match=r"keyboard\.layout_toggle is .* no chord"):
        host_of(KeyboardSettings(other_layout="us", layout_toggle=chord))


def test_only_asked_for_controls_are_typed():
    assert host_of(KeyboardSettings(), controls="\n").controls == {"\n": Keystroke(0x28)}
    assert not host_of(KeyboardSettings()).controls


def test_a_number_is_a_pace_of_so_many_milliseconds():
    assert pace_of(7).interval_ms == 7
    assert pace_of("remote").modifiers_apart
