from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.audio.endpointing import Passage
from device.audio.loudness import HIGH_DBFS, LOW_DBFS, Loudness
from device.audio.recording import Recording
from device.audio.sound import samples_in


def amplitude(dbfs):
    return 10 ** (dbfs / 20)


def said(dbfs, duration_ms=700, *, spoken_ms=None):
    """A recording with half a second of silence on both sides of a voice whose peaks are so loud."""
    length, silence = samples_in(duration_ms), samples_in(500)
    voice = amplitude(dbfs) * np.sin(2 * np.pi * 200 * np.arange(length) / 16_000)
    samples = np.concatenate([np.zeros(silence), np.clip(voice, -1, 1), np.zeros(silence)]).astype(np.float32)
    spoken = samples_in(duration_ms if spoken_ms is None else spoken_ms)
    return Recording(samples, (Passage(silence, silence + length, silence + length, 0.9, spoken, silence),))


def changes(loudness, *dbfs):
    return [loudness.change_db(said(each)) for each in dbfs]


@given(voice_dbfs=st.floats(-55, 20), low_db=st.floats(-40, 0), span_db=st.floats(0, 50))
def test_every_voice_comes_to_be_as_loud_as_it_should_if_the_microphone_can(voice_dbfs, low_db, span_db):
    high_db = low_db + span_db
    loudness, gain_db = Loudness(), low_db + span_db / 2
    for _ in range(24):
        change_db = loudness.change_db(said(voice_dbfs + gain_db))
        gain_db = min(max(gain_db + change_db, low_db), high_db)
    heard_dbfs = voice_dbfs + gain_db
    assert (
        LOW_DBFS - 0.1 <= heard_dbfs <= HIGH_DBFS + 0.1
        or (heard_dbfs < LOW_DBFS and gain_db == high_db)
        or (heard_dbfs > HIGH_DBFS and gain_db == low_db)
    )


@given(st.lists(st.floats(LOW_DBFS + 0.1, HIGH_DBFS - 0.1), max_size=9))
def test_a_voice_that_is_as_loud_as_it_should_be_changes_nothing(levels):
    assert not any(changes(Loudness(), *levels))


def test_three_dictations_are_judged_together_so_that_an_unusual_one_does_not_count():
    changed = changes(Loudness(), -29, -60, -29, -29, -29)
    assert changed[:2] + changed[3:] == [0, 0, 0, 0]
    assert 19 < changed[2] < 21


def test_what_clips_is_turned_down_at_once_and_what_came_before_forgotten():
    changed = changes(Loudness(), -40, -40, 3, -9, -9, -9)
    assert changed == [0, 0, -6, 0, 0, 0]


def test_too_little_speech_says_nothing():
    loudness = Loudness()
    empty = Recording(np.zeros(16_000, np.float32), ())
    assert [loudness.change_db(each) for each in [empty] * 4] == [0] * 4
    assert [loudness.change_db(said(-50, spoken_ms=400)) for _ in range(4)] == [0] * 4


def test_neither_a_click_nor_what_is_no_speech_counts():
    loudness = Loudness()
    for _ in range(3):
        recording = said(-9)
        recording.samples[: samples_in(400)] = 1  # before anybody spoke
        recording.samples[samples_in(600) : samples_in(600) + 2] = 0.98
        assert loudness.change_db(recording) == 0
