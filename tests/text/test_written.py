"""The whole way of a text, by its settings: fillers, commands, forms, style."""

from __future__ import annotations

import pytest

from device.settings import Settings, StyleSettings, TextSettings
from tests.text.spoken_tables import typed

ASCII = Settings()
TYPOGRAPHIC = Settings(
    text=TextSettings(typography="keep", fillers="drop"),
    style=StyleSettings(dash="em", quotes="curly", oxford_comma="always", percent="spaced"),
)


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("en", "um | twenty five dollars", "$25"),
        ("en", "Um. | Well, um, forty two people came.", "Well 42 people came."),
        ("en", "um", ""),
        (
            "en",
            "It's - well - ten per cent of apples, pears and plums.",
            "It\u2019s—well—10 % of apples, pears, and plums.",
        ),
        ("en", 'He said "three thirty p.m."', "He said “3:30 p.m.”"),
        ("de", "Ähm, am dritten März um fünfzehn Uhr dreißig.", "Am 3. März um 15:30 Uhr."),
        ("pl", "um, er", "Um, er"),
    ],
)
def test_all_that_the_user_wants_is_done(language, said, written):
    assert typed(said, language, TYPOGRAPHIC) == written


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("en", "Um, twenty five dollars -- so “cheap”.", 'Um, $25 -- so "cheap".'),
        ("fr", "dix mille trois cents personnes", "10 300 personnes"),
        ("es", "El primero de mayo, un 5 %.", "El 1 de mayo, un 5 %."),
    ],
)
def test_by_default_only_the_forms_change_in_plain_characters(language, said, written):
    assert typed(said, language, ASCII) == written


def test_a_style_that_is_asked_for_is_typed_whatever_the_typography():
    settings = Settings(style=StyleSettings(quotes="german", dash="en"))
    assert typed('Das ist "so" - ja.', "de", settings) == "Das ist „so“ \u2013 ja."
