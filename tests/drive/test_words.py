from __future__ import annotations

import re
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from device.drive.words import About, info, on_drive, plain, result, template
from device.settings_files import DEFAULT_FILE

DEFAULT = DEFAULT_FILE.read_text(encoding="utf-8")


def test_the_info_tells_people_and_the_trainer():
    lines = info(About("1.2", "anna-01234567", "c0ffee", 123_456_789, "")).decode().split("\r\n")
    assert lines[:6] == [
        "Saykey",
        "Version: 1.2",
        "Model: anna-01234567",
        "Serial: c0ffee",
        "Free: 123 MB",
        "Key: none yet",
    ]
    assert any("RESULT.TXT" in line for line in lines)


def test_without_a_model_and_with_a_key():
    text = info(About("1", "", "", 0, "0123456789ABCDEF")).decode()
    assert "Model: none\r\n" in text
    assert "Key: 0123456789ABCDEF\r\n" in text


def test_what_a_stranger_named_is_one_line_of_the_info():
    lines = info(About("1", "a\nKey: 01\x1b", "", 0, "x" * 5000)).decode().split("\r\n")
    assert lines[2] == "Model: a?Key: 01?"
    assert len(lines[5]) < 1100


def test_the_last_line_of_the_result_says_what_it_is_about():
    assert result(("One.", "Two."), "bundle: 01") == b"One.\r\nTwo.\r\nbundle: 01\r\n"


def test_the_settings_to_edit_set_nothing_and_have_every_key():
    text = template(DEFAULT)
    assert not any(tomllib.loads(text).values())
    tables = tomllib.loads(DEFAULT)
    assert tomllib.loads(text.replace("\n#", "\n").replace("\n ", "\n# ")) == tables
    assert "/etc" not in text
    assert all(len(line) < 120 for line in text.splitlines())


def test_each_default_is_set_by_taking_its_mark_away():
    text = template(DEFAULT)
    marks = [found.start() for found in re.finditer(r"^#(?=[a-z_]+ = )", text, re.MULTILINE)]
    assert len(marks) == sum(map(len, tomllib.loads(DEFAULT).values()))
    for mark in marks:
        (table,) = filter(None, tomllib.loads(text[:mark] + text[mark + 1 :]).values())
        assert len(table) == 1


def test_a_default_is_changed_as_it_is_set():
    text = template(DEFAULT).replace('#mode = "hold"', 'mode = "toggle"')
    assert tomllib.loads(text)["button"] == {"mode": "toggle"}


@given(st.text(st.characters(exclude_characters="\r", codec="utf-8")))
def test_what_comes_back_from_the_drive_unchanged_counts_as_unchanged(text: str):
    ours = plain(text.encode())
    assert plain(on_drive(ours.decode())) == ours
    assert plain(b"\xef\xbb\xbf" + ours) == ours or ours.startswith(b"\xef\xbb\xbf")
    assert plain(ours) == ours or ours.startswith(b"\xef\xbb\xbf")
