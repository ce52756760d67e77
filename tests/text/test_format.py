from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from device.settings import TextSettings
from device.text.format import capitalise, clean, format_text, joint

SETTINGS = TextSettings()

OPENING = "([{\u00bf\u00a1@/\\_\u201c\u201e\u2018"
"""What no space stands behind."""

# Besides any text at all, text that is made of what formatting is about.
awkward = st.text(
    st.sampled_from(
        "aéß ½1\n\r\t\x00\x0b\x1b\x85\u00a0\u00ad\u200b\u200d"
        "\u2028\u0301\u0307\u2019\u2026\u00d7\ufb01.!?\"'()—🙂"
    )
)
texts = st.text() | awkward
settings = st.builds(
    TextSettings,
    typography=st.sampled_from(["ascii", "keep"]),
    sentence_case=st.booleans(),
    join=st.sampled_from(["space", "none"]),
)


@given(texts, texts, settings)
@example("\N{MULTIPLICATION SIGN}\N{COMBINING DOT ABOVE}", "", SETTINGS)
def test_what_is_typed_is_clean(raw, before, settings):
    typed = format_text(raw, before, settings)
    assert unicodedata.is_normalized("NFC", typed)
    for character in typed:
        assert unicodedata.category(character)[0] != "C" or character in "\u200c\u200d"
    assert "  " not in typed
    assert not typed or not typed[-1].isspace()
    assert all(character == " " for character in typed if character.isspace())


@given(texts, settings)
def test_what_is_formatted_stays_as_it_is(raw, settings):
    typed = format_text(raw, "", settings)
    assert format_text(typed, "", settings) == typed
    assert clean(typed) == typed


@given(texts)
def test_a_capital_stays_a_capital(text):
    once = capitalise(text)
    assert capitalise(once) == once
    changed = [(before, after) for before, after in zip(text, once, strict=True) if before != after]
    assert len(changed) <= 1
    assert all(after == before.title() for before, after in changed)


@given(texts)
def test_words_are_never_joined_by_cleaning(text):
    # The only spaces that go are doubled ones and outer ones.
    printed = "".join(
        character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character)[0] != "C" or character in "\u200c\u200d"
    )
    assert clean(text).split() == unicodedata.normalize("NFC", printed).split()


@given(st.lists(texts, max_size=5), settings)
def test_dictations_are_kept_apart_by_one_space(raws, settings):
    typed = ""
    for raw in raws:
        added = format_text(raw, typed, settings)
        if typed and added:
            opened = typed[-1] in OPENING or re.search(r"(^|\s)[\"']$", typed)
            assert (added[0] == " ") is (settings.join == "space" and not opened)
            assert not typed[-1].isspace()
        typed += added
    assert typed == typed.strip()


@pytest.mark.parametrize(
    ("raw", "before", "typed"),
    [
        ("hello there", "", "Hello there"),
        (" hello  there\n", "", "Hello there"),
        ("", "", ""),
        ("", "Before.", ""),
        (" \n\t\x00", "Before.", ""),
        ("and so on.", "It began", " and so on."),
        ("And so on.", "It began", " And so on."),
        ("and so on.", "It began.", " And so on."),
        ("and so on.", "Did it begin?", " And so on."),
        ("and so on.", 'He said "it began."', " And so on."),
        ("and so on.", "(It began!)", " And so on."),
        ("and so on.", "It began. ", "And so on."),
        ("and so on.", "It began.\n", "And so on."),
        ("and so on.", "It began\u2026", " And so on."),
        ("and so on.", "It cost 3.5", " and so on."),
        ("and so on.", " \n", "And so on."),
        ('"quoted" words', "", '"Quoted" words'),
        ("(aside)", "", "(Aside)"),
        ("¿qué pasa?", "", "¿Qué pasa?"),
        ("3 apples", "", "3 apples"),
        ("- item", "", "- item"),
        ("éclair", "", "Éclair"),
        ("e\u0301clair", "", "Éclair"),
        ("ßpelling", "", "ßpelling"),
        ("john.smith@example.com", "", "john.smith@example.com"),
        ("www.example.com is ours.", "So.", " www.example.com is ours."),
        ("(https://example.com)", "", "(https://example.com)"),
        ("github.com/foo/bar", "", "github.com/foo/bar"),
        ("my_file", "", "my_file"),
        ("iPhone sales are up.", "", "iPhone sales are up."),
        ("eBay", "It began.", " eBay"),
        ("e.g. apples", "", "E.g. apples"),
        ("well...maybe", "", "Well...maybe"),
        ("l'Homme", "", "L'Homme"),
        ("e-Mail", "", "E-Mail"),
        ("a Roman", "", "A Roman"),
        ("ǆungla", "", "ǅungla"),
        ("გამარჯობა", "", "გამარჯობა"),
        ("don\u2019t \u201cstop\u201d \u2014 now\u2026", "", 'Don\'t "stop" -- now...'),
        ("1½ cups", "", "1 1/2 cups"),
        ("one\r\ntwo", "", "One two"),
        ("one\x0btwo\x85three\x1cfour\u2028five", "", "One two three four five"),
        ("o\x00n\x1be \x7ft\u200bw\ufeffo", "", "One two"),
        ("Enter\x1b[A\x08\x04", "", "Enter[A"),
        ("🙂 hi", "", "🙂 hi"),
        ("👩\u200d💻", "", "👩\u200d💻"),
    ],
)
def test_examples(raw, before, typed):
    assert format_text(raw, before, SETTINGS) == typed


@pytest.mark.parametrize(
    ("changes", "raw", "before", "typed"),
    [
        ({"typography": "keep"}, "don\u2019t\u2026", "", "Don\u2019t\u2026"),
        ({"typography": "keep"}, "\u2018tis \u201eso\u201c", "", "\u2018Tis \u201eso\u201c"),
        ({"typography": "keep"}, "\u201eja\u201c", "", "\u201eJa\u201c"),
        ({"typography": "keep"}, "then", "He said \u2018no.\u2019", " Then"),
        ({"sentence_case": False}, "hello", "", "hello"),
        ({"join": "none"}, "and", "Before.", "And"),
    ],
)
def test_settings(changes, raw, before, typed):
    assert format_text(raw, before, TextSettings(**changes)) == typed


def test_nothing_joins_the_first_dictation():
    assert joint("", SETTINGS) == ""
    assert joint("Before.", SETTINGS) == " "
    assert joint("Before.\n", SETTINGS) == ""
