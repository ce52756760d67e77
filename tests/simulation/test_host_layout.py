import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SettingsError
from device.keyboard import layout as tables
from device.keyboard.layout import layout_named, layouts
from device.keyboard.reports import LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, RIGHT_ALT, Keystroke
from device.settings import KeyboardSettings
from device.simulation.host_layout import host_layout
from device.simulation.virtual_host import CAPS_LOCK_LED, VirtualHost

CAPS_LOCK, BACKSPACE, SPACE, ENTER = 0x39, 0x2A, 0x2C, 0x28
DIAERESIS, A, E, Q = 0x2E, 0x04, 0x08, 0x14
RIGHT_SHIFT, LEFT_GUI = 0x20, 0x08

ALL = [(system, name) for system in ("linux", "windows", "macos") for name in layouts(system)]

MINI = """
title = "Mini"
languages = ["de"]
origin = "made up"
[keys]
" " = "2c"
"@" = "altgr+14"
"A" = "shift+04"
"E" = "shift+08"
"a" = "04"
"e" = "08"
"q" = "14"
"¨" = "2e 2c"
"Ë" = "2e shift+08"
"ë" = "2e 08"
"ǘ" = "2e 2f 18"
"ß" = "2d"
"?" = "shift+2d"
[caps]
"A" = "04"
"E" = "08"
"a" = "shift+04"
"e" = "shift+08"
"Ë" = "2e 08"
"ë" = "2e shift+08"
"ß" = ""
"ẞ" = "2d"
"q" = ""
"""


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """Have a layout "mini" on every system, with a bit of everything."""
    for system in ("linux", "windows", "macos"):
        (tmp_path / system).mkdir()
        (tmp_path / system / "mini.toml").write_text(MINI, encoding="utf-8")
    monkeypatch.setattr(tables, "TABLES", tmp_path)
    host_layout.cache_clear()
    yield "mini"
    host_layout.cache_clear()


def tap(host, *keystrokes):
    """Press and release keys, each a usage or a usage with modifiers."""
    for each in keystrokes:
        usage, modifiers = each if isinstance(each, tuple) else (each, 0)
        host.receive(bytes((modifiers, 0, usage, 0, 0, 0, 0, 0)))
        host.receive(bytes(8))


def type_characters(host, characters, table, *, caps=False):
    for character in characters:
        tap(host, *((key.usage, key.modifiers) for key in table.keystrokes(character, caps=caps)))


@pytest.mark.parametrize(("system", "name"), ALL)
@pytest.mark.parametrize("caps", [False, True])
def test_what_a_table_says_is_what_arrives(system, name, caps):
    table = layout_named(system, name)
    characters = [
        each for each in {**table.keys, **table.with_caps} if table.keystrokes(each, caps=caps) is not None
    ]
    host = VirtualHost(system, name)
    host.leds = CAPS_LOCK_LED * caps
    type_characters(host, characters, table, caps=caps)
    assert host.text == "".join(characters)


@given(st.data(), st.sampled_from(["us", "us-intl", "de", "fr", "es", "ru"]), st.booleans())
def test_any_sentence_arrives_in_rolled_keys(data, name, caps):
    table = layout_named("linux", name)
    known = sorted(each for each in table.keys if table.keystrokes(each, caps=caps))
    text = data.draw(st.text(st.sampled_from(known)))
    host = VirtualHost("linux", name)
    host.leds = CAPS_LOCK_LED * caps
    keys = [key for each in text for key in table.keystrokes(each, caps=caps)]
    for before, key in itertools.pairwise([Keystroke(0), *keys]):
        if before.usage == key.usage:
            host.receive(bytes(8))
        host.receive(bytes((key.modifiers, 0, key.usage, 0, 0, 0, 0, 0)))
    assert host.text == text


def test_altgr_is_the_right_alt_only(mini):
    host = VirtualHost("linux", mini)
    tap(host, (Q, RIGHT_ALT), (Q, LEFT_ALT), (Q, LEFT_GUI), (Q, LEFT_CTRL | RIGHT_ALT), (A, RIGHT_ALT))
    assert host.text == "@"


@pytest.mark.parametrize("option", [LEFT_ALT, RIGHT_ALT])
def test_a_mac_takes_both_options_alike(mini, option):
    host = VirtualHost("ios", mini)
    tap(host, (Q, option))
    assert host.text == "@"


def test_a_dead_key_waits_for_its_letter(mini):
    host = VirtualHost("linux", mini)
    tap(host, DIAERESIS)
    assert host.text == ""
    tap(host, E, DIAERESIS, (E, RIGHT_SHIFT), DIAERESIS, SPACE, DIAERESIS, 0x2F, 0x18)
    assert host.text == "ëË¨ǘ"


@pytest.mark.parametrize(
    ("then", "text"),
    [(A, "¨a"), (ENTER, "¨\n"), ((Q, RIGHT_ALT), "¨@"), (0x4F, "¨"), ((A, LEFT_CTRL), ""), (CAPS_LOCK, "")],
)
def test_accent_and_letter_that_do_not_join_come_apart(mini, then, text):
    host = VirtualHost("linux", mini)
    tap(host, DIAERESIS, then)
    assert host.text == text


def test_of_two_accents_without_a_bare_form_none_is_left(mini):
    host = VirtualHost("linux", mini)
    tap(host, DIAERESIS, 0x2F, A)
    assert host.text == "a"


def test_backspace_takes_an_accent_back_that_waits(mini):
    host = VirtualHost("linux", mini)
    tap(host, A, DIAERESIS, BACKSPACE, E)
    assert host.text == "ae"


def test_an_accent_waits_while_the_cable_is_out(mini):
    host = VirtualHost("linux", mini)
    tap(host, DIAERESIS)
    host.release_all()
    tap(host, E)
    assert host.text == "ë"


def test_caps_lock_as_the_table_says(mini):
    host = VirtualHost("linux", mini)
    tap(
        host,
        CAPS_LOCK,
        A,
        (A, LEFT_SHIFT),
        DIAERESIS,
        E,
        DIAERESIS,
        (E, LEFT_SHIFT),
        0x2D,
        (0x2D, LEFT_SHIFT),
        Q,
    )
    assert host.text == "AaËëẞ?"


def test_space_with_shift_is_a_space(mini):
    host = VirtualHost("linux", mini)
    tap(host, (SPACE, LEFT_SHIFT))
    assert host.text == " "


ALT_SHIFT = Keystroke(0, LEFT_ALT | LEFT_SHIFT)
SUPER_SPACE = Keystroke(SPACE, LEFT_GUI)
CTRL_SHIFT = Keystroke(0, LEFT_CTRL | LEFT_SHIFT)
SHIFT_CAPS = Keystroke(CAPS_LOCK, LEFT_SHIFT)


def down(host, *usages, modifiers=0):
    host.receive(bytes((modifiers, 0, *usages, *bytes(6 - len(usages)))))


@pytest.mark.parametrize("toggle", [ALT_SHIFT, SUPER_SPACE, SHIFT_CAPS])
def test_the_chord_switches_layouts_and_back_when_it_comes_up(toggle):
    host = VirtualHost("linux", "us", "de", toggle)
    for layout, other in (("us", "de"), ("de", "us")):
        assert host.layout == layout
        down(host, *([toggle.usage] if toggle.usage else []), modifiers=toggle.modifiers)
        assert host.layout == layout
        down(host)
        assert host.layout == other
        tap(host, 0x1C)
    assert host.text == "zy"
    assert host.leds == 0


def test_a_chord_that_comes_up_as_the_next_key_goes_down():
    host = VirtualHost("linux", "us", "de", SUPER_SPACE)
    down(host, SPACE, modifiers=LEFT_GUI)
    down(host, 0x1C)
    assert host.text == "z"


def test_keys_of_the_chord_one_after_another():
    host = VirtualHost("linux", "us", "de", ALT_SHIFT)
    down(host, modifiers=RIGHT_SHIFT)
    down(host, modifiers=RIGHT_SHIFT | LEFT_ALT)
    down(host, modifiers=LEFT_ALT)
    assert host.layout == "de"
    down(host)
    assert host.layout == "de"


@pytest.mark.parametrize(
    "other_chord",
    [
        [(0x17, LEFT_CTRL | LEFT_SHIFT), (0, LEFT_CTRL | LEFT_SHIFT), (0, LEFT_CTRL | LEFT_SHIFT)],
        [(0, LEFT_CTRL | LEFT_SHIFT), (0x17, LEFT_CTRL | LEFT_SHIFT), (0, LEFT_CTRL | LEFT_SHIFT)],
        [(0, LEFT_CTRL | LEFT_SHIFT | LEFT_ALT), (0, LEFT_CTRL | LEFT_SHIFT)],
        [(0x17, LEFT_SHIFT), (0, LEFT_CTRL)],
        [(0, LEFT_SHIFT), (0, LEFT_CTRL)],
    ],
)
def test_other_chords_do_not_switch(other_chord):
    host = VirtualHost("linux", "us", "de", CTRL_SHIFT)
    for usage, modifiers in other_chord:
        down(host, usage, modifiers=modifiers)
    down(host)
    assert host.layout == "us"


def test_a_key_that_is_still_down_spoils_the_chord():
    host = VirtualHost("linux", "us", "de", SUPER_SPACE)
    down(host, A)
    down(host, A, SPACE, modifiers=LEFT_GUI)
    down(host)
    assert host.layout == "us"


def test_a_host_as_the_settings_describe_it():
    settings = KeyboardSettings(os="linux", layout="ru", other_layout="us", layout_toggle="super+space")
    host = VirtualHost.described_by(settings)
    tap(host, 0x09, (SPACE, LEFT_GUI), 0x09)
    assert host.text == "аf"  # noqa: RUF001  Cyrillic


def test_a_layout_that_there_is_not():
    with pytest.raises(SettingsError, match="nowhere"):
        VirtualHost("linux", "nowhere")
