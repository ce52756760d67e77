from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.endpointing import Endpoint, Passage, close, endpoint, pad, step
from device.audio.sound import WINDOW, WINDOW_MS, samples_in
from device.settings import SpeechSettings

SPEECH, FADING, QUIET = 0.9, 0.4, 0.1
SETTINGS = SpeechSettings(
    threshold=0.5,
    neg_threshold=0.35,
    min_speech_duration_ms=96,
    min_silence_duration_ms=320,
    speech_pad_ms=64,
)

runs = st.lists(st.tuples(st.sampled_from([SPEECH, FADING, QUIET]), st.integers(1, 15)), max_size=20)
stretches = runs.map(lambda runs: [level for level, count in runs for _ in range(count)])
probabilities = stretches | st.lists(st.floats(0, 1), max_size=80)
settings = st.builds(
    SpeechSettings,
    threshold=st.floats(0.4, 1),
    neg_threshold=st.floats(0, 0.4),
    min_speech_duration_ms=st.integers(0, 400),
    min_silence_duration_ms=st.integers(0, 400),
)


def windows(seconds):
    return round(1000 * seconds / WINDOW_MS)


def expected(probabilities, settings):
    """Give the passages by a regular expression over one letter a window."""
    letters = "".join(
        "s" if each >= settings.threshold else "q" if each < settings.neg_threshold else "f"
        for each in probabilities
    )
    short = max(1, math.ceil(settings.min_silence_duration_ms / WINDOW_MS)) - 1
    pause = f"|q[qf]{{0,{short - 1}}}(?=s)" if short else ""
    for match in re.finditer(f"s(?:[sf]{pause})*", letters):
        spoken = match[0].count("s")
        if spoken * WINDOW_MS >= settings.min_speech_duration_ms:
            peak = max(probabilities[match.start() : match.end()])
            end = match.end() * WINDOW
            yield Passage(match.start() * WINDOW, end, end, peak, spoken * WINDOW, match.start() * WINDOW)


@given(probabilities, settings)
def test_passages_are_what_the_rules_say(probabilities, settings):
    assert endpoint(probabilities, settings) == list(expected(probabilities, settings))


@given(probabilities, settings)
def test_one_window_at_a_time_gives_the_same(probabilities, settings):
    state, passages = Endpoint(), []
    for probability in probabilities:
        state, passage = step(state, probability, settings)
        passages.append(passage)
    passages.append(close(state, settings))
    assert [passage for passage in passages if passage] == endpoint(probabilities, settings)


@given(probabilities, settings)
def test_passages_are_in_order_apart_and_inside(probabilities, settings):
    passages = endpoint(probabilities, settings)
    edges = [edge for passage in passages for edge in (passage.start, passage.end)]
    assert edges == sorted(set(edges))
    assert all(0 <= edge <= len(probabilities) * WINDOW for edge in edges)


@given(stretches)
def test_every_long_run_of_speech_is_in_a_passage(probabilities):
    inside = {
        window
        for passage in endpoint(probabilities, SETTINGS)
        for window in range(passage.start // WINDOW, passage.end // WINDOW)
    }
    letters = "".join("s" if each == SPEECH else "-" for each in probabilities)
    for run in re.finditer("s{3,}", letters):
        assert inside.issuperset(range(*run.span()))


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        ([], []),
        ([(QUIET, 1)], []),
        ([(SPEECH, 0.06)], []),
        ([(QUIET, 0.5), (SPEECH, 0.06), (QUIET, 1)], []),
        ([(SPEECH, 0.5), (QUIET, 0.3), (SPEECH, 0.5)], [(0, 1.3)]),
        ([(SPEECH, 0.5), (QUIET, 0.33), (SPEECH, 0.5)], [(0, 0.5), (0.83, 1.33)]),
        ([(SPEECH, 0.5), (FADING, 5), (SPEECH, 0.5)], [(0, 6)]),
        ([(FADING, 5)], []),
        ([(QUIET, 1), (SPEECH, 1), (QUIET, 0.2)], [(1, 2)]),
        ([(QUIET, 1), (SPEECH, 1), (FADING, 0.2)], [(1, 2.2)]),
    ],
    ids=[
        "no sound",
        "silence",
        "shorter than the shortest speech at the end",
        "shorter than the shortest speech",
        "a short pause does not split",
        "a pause splits",
        "a fading voice goes on",
        "a fading voice does not begin",
        "the end is open in a pause",
        "the end is open while a voice fades",
    ],
)
def test_examples(heard, found):
    probabilities = [level for level, seconds in heard for _ in range(windows(seconds))]
    passages = endpoint(probabilities, SETTINGS)
    assert [(passage.start / WINDOW, passage.end / WINDOW) for passage in passages] == [
        (pytest.approx(windows(start), abs=1), pytest.approx(windows(end), abs=1)) for start, end in found
    ]


def test_a_pause_counts_from_its_first_to_its_last_window():
    exact = windows(SETTINGS.min_silence_duration_ms / 1000)
    for quiet, count in ((exact - 1, 1), (exact, 2)):
        heard = [*[SPEECH] * 10, *[QUIET] * quiet, *[SPEECH] * 10]
        assert len(endpoint(heard, SETTINGS)) == count


def test_without_a_least_silence_every_quiet_window_ends_a_passage():
    keen = SpeechSettings(min_speech_duration_ms=0, min_silence_duration_ms=0)
    assert [(each.start, each.end) for each in endpoint([SPEECH, QUIET, SPEECH], keen)] == [
        (0, WINDOW),
        (2 * WINDOW, 3 * WINDOW),
    ]


def test_a_passage_knows_the_surest_window_of_it():
    assert endpoint([0.1, 0.6, 0.8, 0.7, 0.1], SETTINGS)[0].speech_probability == 0.8


def test_a_pause_is_still_speaking_until_it_is_long_enough():
    state, spoken = Endpoint(), []
    for probability in [QUIET, *[SPEECH] * 5, *[QUIET] * 11]:
        state, _passage = step(state, probability, SETTINGS)
        spoken.append(state.speaking)
    assert spoken == [False, *[True] * 5, *[True] * 9, False, False]


@given(probabilities, settings, st.integers(0, 2000))
def test_padding_widens_inside_the_recording_and_never_overlaps(probabilities, settings, pad_ms):
    length = len(probabilities) * WINDOW
    passages = endpoint(probabilities, settings)
    padded = pad(passages, length, pad_ms)
    assert len(padded) == len(passages)
    for before, after in zip(passages, padded, strict=True):
        assert max(0, before.start - samples_in(pad_ms)) <= after.start <= before.start
        assert before.end <= after.end <= min(length, before.end + samples_in(pad_ms))
        assert (after.speech_probability, after.spoken) == (before.speech_probability, before.spoken)
    for (first, second), (before, after) in zip(pairwise(passages), pairwise(padded), strict=True):
        assert before.end <= after.start
        if second.start - first.end > 2 * samples_in(pad_ms):
            assert (before.end, after.start) == (
                first.end + samples_in(pad_ms),
                second.start - samples_in(pad_ms),
            )


@given(stretches, st.integers(0, 600), st.integers(0, 600))
def test_padding_twice_is_padding_by_the_sum(probabilities, first_ms, second_ms):
    length = len(probabilities) * WINDOW
    passages = endpoint(probabilities, SETTINGS)
    assert pad(pad(passages, length, first_ms), length, second_ms) == pad(
        passages, length, first_ms + second_ms
    )
    assert pad(passages, length, 0) == tuple(passages)
