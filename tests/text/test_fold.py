import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.text.fold import fold, substitute


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("I\u2019m \u201cfine\u201d", 'I\'m "fine"'),
        ("\u201eja\u201c \u00aboui\u00bb \u2039si\u203a", '"ja" "oui" \'si\''),
        ("10\u201320, \u22125, non\u2011stop", "10-20, -5, non-stop"),
        ("well\u2014no", "well--no"),
        ("wait\u2026", "wait..."),
        ("10\u00a0000\u202fkm\u2009!", "10 000 km !"),
        ("co\u00adop\u200berate\ufeff", "cooperate"),
        ("\ufb01ne \ufb02at e\ufb03cient", "fine flat efficient"),
        ("\u00bd cup, 1\u00bd cups", "1/2 cup, 1 1/2 cups"),
        ("3 \u00d7 4 \u2022 5", "3 x 4 * 5"),
        ("A\u2122 B\u00ae \u00a9 C", "A(TM) B(R) (C) C"),
    ],
)
def test_typography_becomes_ascii(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["na\u00efve \u00e9t\u00e9", "\u20ac5 \u00b0", "\u0416 \u6f22 \U0001f600"])
def test_letters_and_signs_that_a_layout_may_have_stay(text):
    assert fold(text) == text


def test_the_joiner_that_is_spelling_stays():
    assert fold("\u0645\u06cc\u200c\u0634\u0648\u062f") == "\u0645\u06cc\u200c\u0634\u0648\u062f"


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_ascii_is_left_alone(text):
    assert fold(text) == text


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("character", "instead"),
    [
        ("\u00e9", "e"),
        ("\u00d8", "O"),
        ("\u00f8", "o"),
        ("\u01ff", "o"),
        ("\u00df", "ss"),
        ("\u00e6", "ae"),
        ("\u0142", "l"),
        ("\u1ec7", "e"),
        ("\u2019", "'"),
        ("\u2026", "..."),
        ("\uff21", "A"),
        ("\u20ac", "EUR"),
        ("\u2260", "!="),
        ("\u2116", "No"),
        ("\u2103", "degC"),
        ("\u00b2", "^2"),
        ("\u2082", "2"),
        ("\u00ba", "o"),
        ("\u0301", ""),
        ("\ufe0f", ""),
        ("\n", " "),
        ("\u2028", " "),
    ],
)
def test_what_is_typed_instead(character, instead):
    assert substitute(character) == instead


@pytest.mark.parametrize("character", ["\u6f22", "\u0416", "\u03a9", "\U0001f600", "\x00", "\x1b", "\u226e"])
def test_what_nothing_stands_for(character):
    assert substitute(character) is None


@pytest.mark.parametrize(
    ("before", "character", "instead"),
    [("1", "\u00bd", " 1/2"), ("a", "\u00bd", "1/2"), ("\u207b", "\u00b3", "3"), ("0", "\u207b", "^-")],
)
def test_numbers_keep_their_value(before, character, instead):
    assert substitute(character, before) == instead


@given(st.characters(), st.characters())
def test_a_substitute_can_be_typed_anywhere(character, before):
    instead = substitute(character, before)
    assert instead is None or (instead.isascii() and (instead == "" or instead.isprintable()))
