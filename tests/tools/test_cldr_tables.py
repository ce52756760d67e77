"""Windows' and macOS's tables, held against what is published of the layouts elsewhere, and against CLDR."""

# ruff: noqa: RUF001  characters of every language stand here

from __future__ import annotations

import string
from importlib import import_module

import pytest

from device.errors import SaykeyError
from device.keyboard.layout import TABLES, keystroke, layout_named, layouts
from device.keyboard.reports import LEFT_SHIFT, RIGHT_ALT, Keystroke
from tools.layouts.cldr import KEYBOARDS, USAGES, Source, table_of
from tools.layouts.cldr_keyboard import read_keyboard
from tools.layouts.table import written
from tools.layouts.windows import LEVELS

SYSTEMS = ("windows", "macos")
ALL = [(system, name) for system in SYSTEMS for name in layouts(system)]
LATIN = [
    each for each in ALL if layout_named(*each).keystrokes("a") in ((Keystroke(0x04),), (Keystroke(0x14),))
]

# What a keyboard's owner reads on its keys, and in Wikipedia's articles on the layouts. An empty text: that
# layout cannot type it.
KNOWN = {
    ("windows", "be"): {"@": "altgr+1f", "é": "1f", "}": "altgr+27", "ê": "2f 08"},
    ("windows", "br"): {"/": "altgr+14", "°": "altgr+08", "ç": "33", "ã": "34 04", "\\": "64"},
    ("windows", "ch-de"): {"@": "altgr+1f", "ö": "33", "é": "shift+33", "{": "altgr+34", "ß": ""},
    ("windows", "ch-fr"): {"é": "33", "ö": "shift+33", "ç": "shift+21", "@": "altgr+1f"},
    ("windows", "cz"): {"ě": "1f", "2": "shift+1f", "ů": "33", "€": "altgr+08"},
    ("windows", "de"): {
        "@": "altgr+14",
        "€": "altgr+08",
        "\\": "altgr+2d",
        "ß": "2d",
        "z": "1c",
        "<": "64",
        "|": "altgr+64",
        "#": "31",
        "~": "altgr+30",
        "^": "35 2c",
        "é": "2e 08",
        "`": "shift+2e 2c",
        "{": "altgr+24",
        "µ": "altgr+10",
    },
    ("windows", "dk"): {"æ": "33", "ø": "34", "å": "2f", "@": "altgr+1f"},
    ("windows", "es"): {
        "@": "altgr+1f",
        "ñ": "33",
        "á": "34 04",
        "ç": "31",
        "¿": "shift+2e",
        "¡": "2e",
        "€": "altgr+22",
        "\\": "altgr+35",
        "<": "64",
    },
    ("windows", "fr"): {
        "@": "altgr+27",
        "é": "1f",
        "ê": "2f 08",
        "ë": "shift+2f 08",
        "ù": "34",
        "a": "14",
        "1": "shift+1e",
        "#": "altgr+20",
        "€": "altgr+08",
        "É": "",
        "Ç": "",
        "œ": "",
    },
    ("windows", "gb"): {
        "£": "shift+20",
        "€": "altgr+21",
        "#": "31",
        "~": "shift+31",
        "¬": "shift+35",
        "\\": "altgr+31",
        "é": "altgr+08",
        "@": "shift+34",
    },
    ("windows", "hr"): {"š": "2f", "ž": "31", "đ": "30", "@": "altgr+19"},
    ("windows", "hu"): {"ő": "2f", "ű": "31", "í": "altgr+0d", "0": "35"},
    ("windows", "it"): {"@": "altgr+33", "#": "altgr+34", "{": "shift+altgr+2f", "è": "2f", "~": "", "`": ""},
    ("windows", "latam"): {"ñ": "33", "@": "altgr+14", "á": "2f 04"},
    ("windows", "no"): {"ø": "33", "æ": "34", "å": "2f"},
    ("windows", "pl"): {
        "ą": "altgr+04",
        "ż": "altgr+1d",
        "ź": "altgr+1b",
        "ł": "altgr+0f",
        "~": "shift+35 2c",
    },
    ("windows", "pt"): {"ç": "33", "º": "34", "á": "30 04", "«": "2e"},
    ("windows", "ru"): {"й": "14", "ё": "35", "a": ""},
    ("windows", "se"): {"å": "2f", "@": "altgr+1f", "|": "altgr+64"},
    ("windows", "tr"): {"ı": "0c", "İ": "shift+34", "@": "altgr+14"},
    ("windows", "us"): {"@": "shift+1f", "é": "", "€": ""},
    ("windows", "us-dvorak"): {"o": "16", "e": "07", "s": "33"},
    ("windows", "us-intl"): {
        "'": "34 2c",
        '"': "shift+34 2c",
        "~": "shift+35 2c",
        "^": "shift+23 2c",
        "`": "35 2c",
        "Ç": "shift+altgr+36",
        "é": "altgr+08",
        "ê": "shift+23 08",
        "ã": "shift+35 04",
        "€": "altgr+22",
    },
    ("macos", "ch-de"): {"@": "altgr+0a", "#": "altgr+20", "ö": "33", "é": "shift+33"},
    ("macos", "de"): {
        "@": "altgr+0f",
        "[": "altgr+22",
        "]": "altgr+23",
        "|": "altgr+24",
        "{": "altgr+25",
        "}": "altgr+26",
        "\\": "shift+altgr+24",
        "~": "altgr+11 2c",
        "€": "altgr+08",
        "ß": "2d",
        "z": "1c",
        "<": "64",
        "^": "35 2c",
        "é": "2e 08",
        "…": "altgr+37",
    },
    ("macos", "dk"): {"@": "altgr+31", "æ": "33", "ø": "34", "å": "2f"},
    ("macos", "es"): {"@": "altgr+1f", "ñ": "33", "¿": "shift+2e", "€": "altgr+08", "#": "altgr+20"},
    ("macos", "fr"): {
        "@": "35",
        "#": "shift+35",
        "é": "1f",
        "|": "shift+altgr+0f",
        "{": "altgr+22",
        "[": "shift+altgr+22",
        "€": "altgr+30",
        "~": "altgr+11 2c",
        "\\": "shift+altgr+37",
        "œ": "altgr+12",
        "<": "64",
    },
    ("macos", "gb"): {
        "#": "altgr+20",
        "£": "shift+20",
        "€": "altgr+1f",
        "`": "64",
        "§": "35",
        '"': "shift+34",
    },
    ("macos", "it"): {"@": "altgr+33", "#": "altgr+34", "è": "2f", "é": "shift+2f"},
    ("macos", "no"): {"ø": "33", "æ": "34", "@": "31"},
    ("macos", "pl"): {"ą": "altgr+04", "ż": "altgr+1d", "ź": "altgr+1b", "Ł": "shift+altgr+0f"},
    ("macos", "pt"): {"ç": "33", "@": "altgr+1f"},
    ("macos", "se"): {"å": "2f", "@": "altgr+1f", "|": "altgr+24"},
    ("macos", "us"): {
        "é": "altgr+08 08",
        "ñ": "altgr+11 11",
        "ü": "altgr+18 18",
        "ç": "altgr+06",
        "ß": "altgr+16",
        "€": "shift+altgr+1f",
        "–": "altgr+2d",
        "—": "shift+altgr+2d",
        "“": "altgr+2f",
        "’": "shift+altgr+30",
        "`": "35",
    },
    ("macos", "us-colemak"): {"e": "0e", "t": "09", "o": "33"},
    ("macos", "us-intl"): {"'": "34 2c", "é": "34 08", "ã": "shift+35 04"},
}

KNOWN_WITH_CAPS = {
    ("windows", "ch-de"): {"Ä": "34", "À": "shift+34"},
    ("windows", "de"): {"a": "shift+04", "A": "04", "!": "1e", "1": "shift+1e", "@": "altgr+14"},
    ("windows", "fr"): {"1": "1e", "&": "shift+1e"},
    ("windows", "us"): {"a": "shift+04", "A": "04", "!": "shift+1e", "1": "1e"},
    ("macos", "de"): {"a": "", "A": "04", "1": "1e", "!": "shift+1e", "@": "altgr+0f", "É": "2e 08", "é": ""},
    ("macos", "us"): {"a": "", "A": "04", "2": "1f", "@": "shift+1f"},
}

# Layouts whose keys give not all of ASCII.
MISSING = {("windows", "it"): "`~"}


def cases(known):
    return [(*layout, *pair) for layout, pairs in known.items() for pair in pairs.items()]


def strokes(text):
    return tuple(map(keystroke, text.split())) or None


@pytest.mark.parametrize(("system", "name", "character", "expected"), cases(KNOWN))
def test_a_character_is_where_the_keyboard_shows_it(system, name, character, expected):
    assert layout_named(system, name).keystrokes(character) == strokes(expected)


@pytest.mark.parametrize(("system", "name", "character", "expected"), cases(KNOWN_WITH_CAPS))
def test_caps_lock_does_what_the_system_does(system, name, character, expected):
    assert layout_named(system, name).keystrokes(character, caps=True) == strokes(expected)


@pytest.mark.parametrize(("system", "name"), LATIN)
def test_latin_layouts_type_all_of_ascii(system, name):
    keys = layout_named(system, name).keys

    assert {chr(code) for code in range(0x20, 0x7F)} - keys.keys() == set(MISSING.get((system, name), ""))


@pytest.mark.parametrize(("system", "name"), ALL)
@pytest.mark.parametrize("caps", [False, True])
def test_no_dead_key_takes_another_character_away(system, name, caps):
    layout = layout_named(system, name)
    characters = sorted(layout.keys.keys() | layout.with_caps.keys())
    taken = {each: character for character in characters if (each := layout.keystrokes(character, caps=caps))}

    assert len(taken) == sum(layout.keystrokes(each, caps=caps) is not None for each in characters)
    assert not [each for each in taken for end in range(1, len(each)) if each[:end] in taken]


@pytest.mark.parametrize(("system", "name"), [each for each in LATIN if each[1] in layouts("linux")])
def test_letters_are_on_the_same_keys_as_on_linux(system, name):
    here, linux = layout_named(system, name), layout_named("linux", name)

    assert {each: here.keys[each] for each in string.ascii_letters} == {
        each: linux.keys[each] for each in string.ascii_letters
    }


@pytest.mark.parametrize("name", layouts("macos"))
def test_shift_does_not_undo_caps_lock_on_a_mac(name):
    layout = layout_named("macos", name)
    # Canadian - CSA has an "x" on Option.
    typed = [layout.keystrokes(each, caps=True) or () for each in string.ascii_lowercase]

    assert all(each.modifiers & RIGHT_ALT for every in typed for each in every)


def test_unicode_hex_input_needs_option_for_itself():
    table, us = layout_named("macos", "unicode-hex"), layout_named("macos", "us")
    typed = [*table.keys.values(), *filter(None, table.with_caps.values())]

    assert {each.modifiers for every in typed for each in every} == {0, LEFT_SHIFT}
    assert all(table.keys[each] == us.keys[each] for each in string.printable if each.isprintable())


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_tables_are_what_cldr_gives(system):
    if not KEYBOARDS.is_dir():
        pytest.skip(f"{KEYBOARDS} is missing: put the folder `keyboards` of Unicode CLDR 43 there")
    made = {
        name: written(table, system)
        for name, table in import_module(f"tools.layouts.{system}").tables(KEYBOARDS).items()
    }

    assert made == {path.stem: path.read_text(encoding="utf-8") for path in (TABLES / system).glob("*.toml")}


KEYBOARD = r"""<?xml version="1.0" encoding="UTF-8" ?>
<keyboard locale="xx-t-k0-windows">
  <keyMap>
    <map iso="C01" to="a"/> <map iso="D11" to="^"/> <map iso="E00" to="`" transform="no"/>
    <map iso="E01" to="\u{22}"/> <map iso="E02" to="\"/> <map iso="E03" to="ij"/> <map iso="E04" to="\u{3}"/>
    <map iso="A03" to=" "/> <map iso="Z99" to="z"/>
  </keyMap>
  <keyMap modifiers="shift+caps? altL"> <map iso="C01" to="A"/> <map iso="D11" to="`"/> </keyMap>
  <keyMap modifiers="caps"> <map iso="C01" to="A"/> </keyMap>
  <keyMap modifiers="altR+shiftR? ctrl+alt"> <map iso="C01" to="æ"/> </keyMap>
  <transforms type="simple">
    <transform from="^ " to="^"/> <transform from="^a" to="â"/> <transform from="^^a" to="ấ"/>
    <transform from="`a" to="à"/> <transform from="^e" to="ê"/>
  </transforms>
</keyboard>
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "windows").mkdir()
    (tmp_path / "windows" / "xx-t-k0-windows-var.xml").write_text(KEYBOARD, encoding="utf-8")
    return table_of(Source("xx", "Test", "xx yy", "xx/var"), tmp_path / "windows", "Test 1", LEVELS, USAGES)


def test_a_keyboard_of_cldr_becomes_a_table(table):
    expected = {
        "a": "04",
        "A": "shift+04",
        "æ": "altgr+04",
        "^": "2f 2c",
        "â": "2f 04",
        "ấ": "2f 2f 04",
        "`": "35",
        "à": "shift+2f 04",
        '"': "1e",
        "\\": "1f",
        " ": "2c",
    }

    assert dict(table.keys) == {each: strokes(keys) for each, keys in expected.items()}
    assert (table.title, table.languages) == ("Test", ("xx", "yy"))
    assert "xx-t-k0-windows-var.xml" in table.origin
    assert "Test 1" in table.origin


def test_what_cldr_does_not_say_of_caps_lock_is_not_typed(table):
    assert table.caps == {"A": strokes("04"), **dict.fromkeys('aæ^âấ`à"\\ ', ())}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_missing_keyboard_is_named(tmp_path, system):
    with pytest.raises(SaykeyError, match=r"-t-k0-\w+\.xml cannot be read"):
        import_module(f"tools.layouts.{system}").tables(tmp_path)


def test_a_damaged_keyboard_is_named(tmp_path):
    path = tmp_path / "xx-t-k0-windows.xml"
    path.write_text(KEYBOARD[:200], encoding="utf-8")

    with pytest.raises(SaykeyError, match=r"xx-t-k0-windows\.xml cannot be read"):
        read_keyboard(path)
