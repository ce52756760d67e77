from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.recording.alignment import agree, align

VOCABULARY = [
    "apple", "bridge", "candle", "doctor", "engine", "forest", "garden", "hammer", "island", "jacket",
    "kitchen", "lantern", "mountain", "needle", "orange", "pencil", "quarter", "river", "sugar", "table",
    "umbrella", "village", "window", "yellow", "zebra",
]  # fmt: skip

readings = st.lists(
    st.lists(st.sampled_from(VOCABULARY), min_size=3, max_size=8).map(tuple), min_size=1, max_size=8
)
"""What is said in each passage."""


@st.composite
def different_words(draw):
    """Readings in which no word comes twice.

    Where one does, beside a passage that was not said or not written, it may be taken for the other one.
    """
    lengths = draw(st.lists(st.integers(3, 8), min_size=1, max_size=8).filter(fits_the_vocabulary))
    words = iter(draw(st.permutations(VOCABULARY)))
    return [tuple(islice(words, length)) for length in lengths]


def fits_the_vocabulary(lengths):
    return sum(lengths) <= len(VOCABULARY)


@given(readings)
def test_what_is_read_as_it_is_written_is_cut_at_every_pause(passages):
    spoken = [" ".join(words) for words in passages]
    stretches = align(" ".join(spoken), spoken)
    assert [(each.first, each.last, each.text) for each in stretches] == [
        (number, number, text) for number, text in enumerate(spoken)
    ]
    assert all(each.agrees for each in stretches)


@given(
    different_words(),
    st.lists(st.sampled_from(["ok", "misheard", "unsaid", "additional"]), min_size=8, max_size=8),
)
def test_a_stretch_that_agrees_has_the_very_words_of_its_passages(passages, fates):
    written, heard = [], []
    for words, fate in zip(passages, fates, strict=False):
        written.append("" if fate == "additional" else " ".join(words))
        said = [words[0], f"{words[1]}ed", *words[2:]] if fate == "misheard" else words
        heard.append("" if fate == "unsaid" else " ".join(said))
    stretches = align(" ".join(written), heard)
    for each in stretches:
        of_it = range(each.first, each.last + 1)
        if each.agrees and all(fates[number] in {"ok", "misheard"} for number in of_it):
            assert each.text == " ".join(written[number] for number in of_it)
    assert " ".join(each.text for each in stretches).split() == (
        " ".join(written).split() if stretches else []
    )
    covered = [number for each in stretches for number in range(each.first, each.last + 1)]
    assert covered == sorted(set(covered))
    assert {number for number, words in enumerate(heard) if words} <= set(covered) or not any(written)


def test_the_text_keeps_its_case_its_punctuation_and_its_dashes():
    text = "\u201cNo,\u201d said Dr. Smith \u2014 twice.\n\n  Then (as ever) he left at 5:30 p.m.!"
    heard = ["no said doctor Smith twice", "Then as ever, he left at 5:30 PM"]
    assert [each.text for each in align(text, heard)] == [
        "\u201cNo,\u201d said Dr. Smith \u2014 twice.",
        "Then (as ever) he left at 5:30 p.m.!",
    ]


def test_a_name_that_is_misheard_stays_in_its_place():
    stretches = align(
        "I deployed it on Kubernetes. Nguyen wrote the tests for it yesterday.",
        ["I deployed it on Cubanetis.", "Win wrote the tests for it yesterday."],
    )
    assert [each.text for each in stretches] == [
        "I deployed it on Kubernetes.",
        "Nguyen wrote the tests for it yesterday.",
    ]
    assert all(each.agrees for each in stretches)


def test_where_it_is_not_sure_on_which_side_of_a_pause_a_word_is_it_is_not_cut():
    (stretch,) = align("the cat sat on the mat today", ["the cat", "on the mat today"])
    assert (stretch.first, stretch.last, stretch.text) == (0, 1, "the cat sat on the mat today")


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("one two three. He never came back. four five six.", ["one two three", "four five six"]),
        ("one two three. four five six.", ["one two three", "He never came back", "four five six"]),
        (
            "one two three. The cat was asleep. four five six.",
            ["one two three", "He never came back", "four five six"],
        ),
    ],
    ids=["not said", "not written", "something else"],
)
def test_what_contradicts_the_text_does_not_agree(written, heard):
    for each in align(written, heard):
        if each.agrees:
            assert each.text in {"one two three.", "four five six."}
    assert not all(each.agrees for each in align(written, heard))


@pytest.mark.parametrize(("text", "heard"), [("", ["a"]), ("a", []), ("a", ["", ""]), ("-- \u2026", ["a"])])
def test_where_nothing_is_said_or_written_there_is_nothing(text, heard):
    assert align(text, heard) == []


@pytest.mark.parametrize(
    ("given", "heard", "expected"),
    [
        ("Mr. Smith paid twenty dollars", "Mister Smith paid $20.", True),
        ("It was fourteen sixty-two (or so they say).", "It was 1462 or so they say", True),
        ("We asked Przybylski about it.", "We asked Shibilsky about it.", True),
        ("The cat was asleep.", "He never came back.", False),
        ("He went home early in the evening.", "He went home.", False),
        ("After you saw rock.", "After you saw me on the rock.", False),
        ("He went home again.", "Well he went home again.", True),
        ("He went home.", "", False),
        ("...", "He went home.", False),
    ],
)
def test_what_may_be_a_mishearing_agrees(given, heard, expected):
    assert agree(given, heard) is expected
