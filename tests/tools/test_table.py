from __future__ import annotations

import tomllib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.keyboard.layout import MODIFIERS, keystroke
from device.keyboard.reports import LEFT_SHIFT, RIGHT_ALT, Keystroke
from tools.layouts.table import Table, cost, differing, write, written

CHARACTERS = st.characters(exclude_categories=["Cc", "Cs", "Cn"], max_codepoint=0x2FFFF)
STROKES = st.builds(
    Keystroke, st.integers(0x04, 0xFF), st.sets(st.sampled_from(sorted(MODIFIERS.values()))).map(sum)
)
KEYS = st.dictionaries(CHARACTERS, st.lists(STROKES, min_size=1, max_size=3).map(tuple))


@given(st.text(CHARACTERS), KEYS, KEYS)
def test_what_is_written_is_read_back(title, keys, caps):
    table = Table(title, ("de", "en"), title[::-1], keys, {**caps, "x": ()})
    read = tomllib.loads(written(table, "linux"))
    assert (read["title"], read["languages"], read["origin"]) == (title, ["de", "en"], title[::-1])
    for section, expected in (("keys", keys), ("caps", table.caps)):
        assert list(read[section]) == sorted(expected)
        assert {
            each: tuple(map(keystroke, value.split())) for each, value in read[section].items()
        } == expected


def test_a_table_is_written_as_people_would():
    keys = {
        "â": (Keystroke(0x2F), Keystroke(0x04)),
        '"': (Keystroke(0x34, LEFT_SHIFT),),
        "\\": (Keystroke(0x2D, RIGHT_ALT | LEFT_SHIFT),),
        "\u00a0": (Keystroke(0x2C, RIGHT_ALT),),
    }
    assert written(Table("German", ("de", "nds"), "xkb-data", keys, {"â": ()}), "linux") == (
        "# Made by `python -m tools.layouts linux`. Do not edit.\n"
        'title = "German"\n'
        'languages = ["de", "nds"]\n'
        'origin = "xkb-data"\n'
        "\n"
        "[keys]\n"
        '"\\"" = "shift+34"\n'
        '"\\\\" = "shift+altgr+2d"\n'
        '"\\u00A0" = "altgr+2c"\n'
        '"â" = "2f 04"\n'
        "\n"
        "[caps]\n"
        '"â" = ""\n'
    )


def test_the_simplest_way_is_the_best():
    ways = [
        (Keystroke(0x1E),),
        (Keystroke(0x04),),
        (Keystroke(0x1E, LEFT_SHIFT),),
        (Keystroke(0x1E, RIGHT_ALT),),
        (Keystroke(0x04, RIGHT_ALT),),
        (Keystroke(0x1E, LEFT_SHIFT | RIGHT_ALT),),
        (Keystroke(0x64),),
        (Keystroke(0x2E), Keystroke(0x2C)),
        (Keystroke(0x2E), Keystroke(0x2E)),
    ]
    assert all(cost(better) < cost(worse) for better, worse in pairwise(ways))


def test_only_what_caps_lock_changes_is_kept():
    a, shift_a, one = (Keystroke(0x04),), (Keystroke(0x04, LEFT_SHIFT),), (Keystroke(0x1E),)
    off = {"a": a, "A": shift_a, "1": one, "ß": (Keystroke(0x2D),)}
    on = {"a": shift_a, "A": a, "1": one, "ẞ": (Keystroke(0x2D),)}
    assert differing(off, on) == {"a": shift_a, "A": a, "ß": ()}


def test_what_cannot_be_written_leaves_the_table_that_was_there(tmp_path):
    path = tmp_path / "linux" / "de.toml"
    table = Table("German", ("de",), "nowhere", {"a": (Keystroke(4),)}, {})
    write(path, table)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not one character"):
        write(path, replace(table, keys={"\n": (Keystroke(0x28),)}))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
