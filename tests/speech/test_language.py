from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.settings import AUTO
from device.speech.language import ENOUGH_S, SURE, heard_in, set_language

CODES = st.sampled_from(["en", "de", "fr", "es"])
PROBABILITIES = st.dictionaries(CODES, st.floats(0, 1), min_size=1)


@given(PROBABILITIES, st.floats(0, 30), st.just("") | CODES)
def test_it_is_one_of_those_that_may_be_spoken(probabilities, spoken_s, before):
    assert heard_in(probabilities, spoken_s, before) in probabilities


@given(PROBABILITIES, st.floats(ENOUGH_S, 30), st.just("") | CODES)
def test_of_enough_speech_the_likeliest_is_taken_whatever_was_spoken_before(probabilities, spoken_s, before):
    assert probabilities[heard_in(probabilities, spoken_s, before)] == max(probabilities.values())


@pytest.mark.parametrize(
    ("probability", "before", "taken"),
    [
        (SURE - 0.01, "en", "en"),
        (SURE, "en", "de"),
        (SURE - 0.01, "", "de"),  # nothing was said yet
        (SURE - 0.01, "fr", "de"),  # which is not spoken any more
    ],
)
def test_of_less_it_takes_more_to_be_another_one_than_before(probability, before, taken):
    probabilities = {"de": probability, "en": 1 - probability}
    assert heard_in(probabilities, ENOUGH_S - 0.01, before) == taken


def test_of_one_language_nothing_is_to_be_heard_in():
    assert set_language(AUTO, ["de"]) == "de"
    assert set_language(AUTO, ["de", "en"]) == set_language(AUTO, []) == AUTO
    assert set_language("fr", ["de"]) == "fr"
