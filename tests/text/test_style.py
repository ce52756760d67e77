from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.settings import StyleSettings
from device.text import style

KEEP = StyleSettings()
# Every choice of every setting, one at a time.
settings = st.sampled_from(
    [
        StyleSettings(**{name: choice})
        for name, kind in get_type_hints(StyleSettings).items()
        for choice in get_args(kind)
    ]
)


def styled(text: str, language: str = "en", **changes: str) -> str:
    return style.apply(text, language, StyleSettings(**changes))


@given(st.text(), st.sampled_from(["en", "de", "fr", "es", "pl"]))
def test_nothing_changes_that_is_not_asked_for(text, language):
    assert style.apply(text, language, KEEP) == text


@given(
    st.lists(
        st.sampled_from(
            ["so", "a", "5", "%", "km", '"', "'", ",", "and", " ", "-", "--", "—", "«", "»", "!", "\n"]
        )
    ),
    st.sampled_from(["en", "de", "fr", "es"]),
    settings,
)
def test_once_is_enough(parts, language, settings):
    once = style.apply("".join(parts), language, settings)
    assert style.apply(once, language, settings) == once


LISTS = [
    ("We bought apples, pears and plums.", "We bought apples, pears, and plums."),
    ("It was red, white, green and blue.", "It was red, white, green, and blue."),
    ("I met Tom, Dick and Harry.", "I met Tom, Dick, and Harry."),
    ("We saw the cat, the dog or the bird.", "We saw the cat, the dog, or the bird."),
    ("He likes reading, writing and singing.", "He likes reading, writing, and singing."),
    ("Take 5, 10 and 15.", "Take 5, 10, and 15."),
]


@pytest.mark.parametrize(("without", "with_comma"), LISTS)
def test_lists_have_the_last_comma_as_the_user_wants(without, with_comma):
    assert styled(without, oxford_comma="always") == styled(with_comma, oxford_comma="always") == with_comma
    assert styled(without, oxford_comma="never") == styled(with_comma, oxford_comma="never") == without
    assert styled(without, "de", oxford_comma="always") == without


@pytest.mark.parametrize(
    "text",
    [
        "However, John and Mary left.",
        "In Paris, cats and dogs are loved.",
        "She stood there, cold and hungry.",
        "She stood there, cold, and hungry.",
        "I came, I saw, and I conquered.",
        "After dinner, he left, and she cried.",
        "Yes, cats and dogs.",
        "On Monday, in Paris, John and Mary met.",
        "Well, yes, you and I.",
        "He came, and she left.",
        "Thanks, boys and girls.",
        "Today, Tom and Harry left.",
    ],
)
@pytest.mark.parametrize("comma", ["always", "never"])
def test_what_may_be_no_list_keeps_its_commas(text, comma):
    assert styled(text, oxford_comma=comma) == text


@pytest.mark.parametrize("dash", ["—", " — ", "--", " -- ", " \u2013 ", " - "])
def test_dashes(dash):
    written = f"here{dash}there"
    assert styled(written, dash="em") == "here—there"
    assert styled(written, "de", dash="em") == "here — there"
    assert styled(written, dash="en") == "here \u2013 there"
    assert styled(written, dash="hyphen") == "here - there"


@pytest.mark.parametrize(
    "text", ["git --help", "5 - 3", "a well-known man", "1\u20132", "- an item\n- another", "x-y", "--"]
)
@pytest.mark.parametrize("dash", ["em", "en", "hyphen"])
def test_what_is_no_dash_stays(text, dash):
    assert styled(text, dash=dash) == text


@pytest.mark.parametrize(
    ("quotes", "language", "written"),
    [
        ("straight", "en", '"So," she said, "don\'t \'go\' now."'),
        ("curly", "en", "“So,” she said, “don\u2019t \u2018go\u2019 now.”"),
        ("german", "de", "„So,“ she said, „don\u2019t \u201ago\u2018 now.“"),
        ("guillemets", "es", "«So,» she said, «don't 'go' now.»"),
        ("guillemets", "de", "»So,« she said, »don't 'go' now.«"),
        ("guillemets", "fr", "« So, » she said, « don't 'go' now. »"),
    ],
)
def test_quotation_marks(quotes, language, written):
    straight = '"So," she said, "don\'t \'go\' now."'
    assert styled(straight, language, quotes=quotes) == written
    assert styled(written, language, quotes=quotes) == written
    assert styled(written, language, quotes="straight") == straight


@pytest.mark.parametrize("text", ["5' 10\" tall", 'a "', "6'"])
@pytest.mark.parametrize("quotes", ["curly", "german", "guillemets"])
def test_feet_and_inches_are_no_quotation_marks(text, quotes):
    assert styled(text, quotes=quotes) == text


def test_apostrophes_of_plurals_and_years():
    assert styled("the dogs' home in the '90s", quotes="curly") == "the dogs\u2019 home in the \u201990s"


@pytest.mark.parametrize("written", ["10% of 5 km/h, 3 kg", "10 % of 5km/h, 3kg"])
def test_spaces_of_per_cent_and_units(written):
    assert styled(written, percent="spaced", units="spaced") == "10 % of 5 km/h, 3 kg"
    assert styled(written, percent="close", units="close") == "10% of 5km/h, 3kg"
    assert styled("the 5kings", units="spaced") == "the 5kings"


@pytest.mark.parametrize(
    "written",
    ["Quoi ? « Oui » ; non !", "Quoi? «Oui»; non!", "Quoi\u202f? «\u202fOui\u202f»\u202f; non\u202f!"],
)
def test_french_spaces(written):
    narrow = "Quoi\u202f? «\u202fOui\u202f»\u202f; non\u202f!"
    assert styled(written, "fr", french_spaces="narrow") == narrow
    assert styled(written, "fr", french_spaces="none") == "Quoi? «Oui»; non!"
    assert styled(written, "en", french_spaces="narrow") == written
    assert styled("à 3:30, http://x.fr", "fr", french_spaces="narrow") == "à 3:30, http://x.fr"


def test_a_long_list_without_an_end_takes_no_time():
    said = ", ".join(["the cat", "the dog"] * 200)
    assert styled(said, oxford_comma="always") == said
    assert styled(f"We saw {said} and the bird.", oxford_comma="always") == f"We saw {said}, and the bird."
