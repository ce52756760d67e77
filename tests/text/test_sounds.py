from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.text.sounds import distance, sound

SOUNDS = st.text("aeiouptkbdgfvszSCjmnrlwhY", max_size=12)


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "Philip", "Fillip"),
        ("en", "knight", "nite"),
        ("en", "whitefish", "White Fish"),
        ("en", "Jackson", "Jaxon"),
        ("de", "Maier", "Maier"),
        ("de", "Schmidt", "Schmitt"),
        ("de", "Vogel", "Fogel"),
        ("fr", "Rousseau", "Rousso"),
        ("fr", "Philippe", "Filippe"),
        ("es", "Jiménez", "Giménez"),
        ("es", "Valle", "Balle"),
        ("xx", "Philip", "Fillip"),
    ],
)
def test_what_is_said_alike_sounds_the_same(language, first, second):
    assert sound(first, language) == sound(second, language)


def test_punctuation_case_and_accents_have_no_sound():
    assert sound("Zoë-Ann's!", "en") == sound("zoeanns", "en")


@given(st.text(), st.sampled_from(["en", "de", "fr", "es"]))
def test_every_text_has_a_sound_in_which_none_is_doubled(text, language):
    assert all(one != other for one, other in pairwise(sound(text, language)))


@given(SOUNDS, SOUNDS)
def test_the_distance_is_that_of_the_same_sounds_either_way(first, second):
    assert distance(first, first) == 0
    assert distance(first, second) == pytest.approx(distance(second, first))
    assert 0 <= distance(first, second) <= 1


@given(SOUNDS, SOUNDS, st.floats(0, 1))
def test_what_is_within_a_limit_is_the_same_with_it(first, second, most):
    whole = distance(first, second)
    limited = distance(first, second, most)
    assert limited == whole if whole <= most else limited > most or most == 1


def test_a_vowel_for_another_is_nearer_than_a_strange_consonant():
    assert 0 < distance("tap", "tip") < distance("tap", "dap") < distance("tap", "map")
