from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.audio.endpointing import Passage
from device.audio.recording import Recording
from device.audio.sound import SAMPLE_RATE_HZ, samples_in
from device.speech.features import MAX_SAMPLES
from device.speech.pieces import HANGOVER_MS, LONGEST, PARAGRAPH_MS, Piece, cut, halves

NOISE = (0.1 * np.random.default_rng(1).standard_normal(200 * SAMPLE_RATE_HZ)).astype(np.float32)

HOLE_MS = 40


def passage(start, end, speech_probability=0.9):
    return Passage(start, end, end, speech_probability, spoken=end - start, speech_start=start)


def recording(*lengths_and_pauses, samples=NOISE):
    """Make a recording of passages of so many seconds, with so many seconds of pause after each."""
    passages, at = [], 0
    for length, pause in lengths_and_pauses:
        passages.append(passage(at, at + samples_in(1000 * length)))
        at = passages[-1].end + samples_in(1000 * pause)
    return Recording(samples[: max(at, 1)], tuple(passages))


def whole(passages):
    """Join passages that touch, so that cut ones are whole again."""
    edges = [edge for passage in passages for edge in (passage.start, passage.end)]
    touching = {before for before, after in pairwise(edges) if before == after}
    return [edge for edge in edges if edge not in touching]


recordings = st.lists(
    st.tuples(st.floats(0.1, 12) | st.floats(25, 70), st.floats(0.05, 4)), max_size=12
).filter(lambda parts: sum(map(sum, parts)) < 195)


@settings(max_examples=60, deadline=None)
@given(recordings)
def test_nothing_is_lost_doubled_or_moved(parts):
    made = recording(*parts)
    pieces = cut(made)
    assert whole([each for piece in pieces for each in piece.passages]) == whole(made.passages)
    assert sum(piece.spoken for piece in pieces) == sum(each.spoken for each in made.passages)


@settings(max_examples=60, deadline=None)
@given(recordings)
def test_every_piece_fits_the_window(parts):
    made = recording(*parts)
    for piece in cut(made):
        assert 0 < piece.length <= LONGEST
        assert len(piece.sound(made.samples)) <= MAX_SAMPLES


@settings(max_examples=60, deadline=None)
@given(recordings)
def test_what_fits_the_window_is_cut_at_pauses_only(parts):
    made = recording(*parts)
    after_the_cuts = {piece.passages[0].start for piece in cut(made)}
    for each in made.passages:
        inner = {start for start in after_the_cuts if each.start < start < each.end}
        assert not inner or each.end - each.start > LONGEST


@settings(max_examples=60, deadline=None)
@given(recordings)
def test_no_piece_reaches_over_a_long_pause(parts):
    for piece in cut(recording(*parts)):
        for before, after in pairwise(piece.passages):
            assert after.start - before.end < samples_in(PARAGRAPH_MS)


@given(st.lists(st.tuples(st.floats(0.1, 4), st.floats(0.05, 1.9)), min_size=1, max_size=7))
def test_what_fits_the_window_without_a_long_pause_is_one_piece(parts):
    made = recording(*parts)
    (piece,) = cut(made)
    assert piece.passages == made.passages


@settings(max_examples=60, deadline=None)
@given(st.floats(30, 120))
def test_a_forced_cut_leaves_no_splinter(length):
    for piece in cut(recording((length, 0))):
        assert piece.length > 4 * SAMPLE_RATE_HZ


def test_the_longest_pause_is_cut_first():
    made = recording((12, 0.5), (12, 1.0), (5, 0.4), (6, 0))
    assert [len(piece.passages) for piece in cut(made)] == [2, 2]


def test_of_equal_pauses_the_middle_one_is_cut():
    assert [len(piece.passages) for piece in cut(recording(*[(10, 1)] * 4))] == [2, 2]


@settings(max_examples=30, deadline=None)
@given(st.floats(20.5, 28.5), st.floats(36, 55))
def test_without_a_pause_the_cut_is_in_the_quietest_place(hole_s, length_s):
    samples = NOISE.copy()
    hole = samples_in(1000 * hole_s)
    samples[hole : hole + samples_in(HOLE_MS)] *= 0.2
    first = cut(recording((length_s, 0), samples=samples))[0].passages[-1]
    assert hole <= first.end <= hole + samples_in(HOLE_MS)


def test_a_recording_without_speech_has_no_piece():
    assert cut(Recording(NOISE[:16_000], ())) == []


def test_hours_without_a_pause_are_cut_too():
    # As many samples as five hours have, but in no more memory than one has.
    samples = np.lib.stride_tricks.as_strided(NOISE, (5 * 3600 * SAMPLE_RATE_HZ,), (0,))
    pieces = cut(Recording(samples, (passage(0, len(samples)),)))
    assert sum(piece.length for piece in pieces) == len(samples)


@pytest.mark.parametrize("pause", [0.3, 1.9])
def test_pauses_are_left_out_of_the_sound(pause):
    samples = np.arange(6 * SAMPLE_RATE_HZ, dtype=np.float32)
    inside = tuple(passage(start, start + 16_000) for start in (8000, 24_000 + samples_in(1000 * pause)))
    (piece,) = cut(Recording(samples, inside))
    spoken = np.concatenate([samples[each.start : each.end] for each in inside])
    np.testing.assert_array_equal(piece.sound(samples), spoken)


def test_a_voice_at_the_beginning_of_the_recording_gets_room():
    samples = NOISE[:32_000]
    (piece,) = cut(Recording(samples, (passage(0, len(samples)),)))
    sound = piece.sound(samples)
    quiet = len(sound) - len(samples)
    assert quiet > 0
    np.testing.assert_array_equal(sound[quiet:], samples)
    assert not sound[:quiet].any()


@given(st.integers(HANGOVER_MS, 5_000))
def test_what_was_recognised_when_a_silence_began_holds_when_it_lasts(silence_ms):
    speech_end = 40_000
    sounds = []
    for length in (speech_end + samples_in(HANGOVER_MS), speech_end + samples_in(silence_ms)):
        padded = min(length, speech_end + samples_in(200))
        (piece,) = cut(Recording(NOISE[:length], (Passage(8_000, padded, speech_end, 0.9, 30_000, 8_000),)))
        sounds.append(piece.sound(NOISE[:length]))
    np.testing.assert_array_equal(*sounds)


def test_a_piece_is_as_sure_as_its_surest_passage():
    passages = (passage(0, 16_000, 0.6), passage(20_000, 36_000, 0.8))
    (piece,) = cut(Recording(NOISE[:40_000], passages))
    assert piece.speech_probability == 0.8


@given(st.lists(st.tuples(st.floats(5, 12), st.floats(0.05, 4)), min_size=1, max_size=8))
def test_halves_are_the_whole_in_two(parts):
    made = recording(*parts)
    whole_piece = Piece(made.passages)
    pieces = halves(whole_piece, made.samples)
    assert len(pieces) == 2
    assert whole([each for piece in pieces for each in piece.passages]) == whole(made.passages)
    assert sum(piece.spoken for piece in pieces) == whole_piece.spoken
    assert all(0 < piece.spoken < whole_piece.spoken for piece in pieces)


def test_halves_are_cut_at_the_longest_pause():
    made = recording((3, 0.5), (3, 1.0), (3, 0.4), (3, 0))
    assert [len(piece.passages) for piece in halves(Piece(made.passages), made.samples)] == [2, 2]


def test_halves_without_a_pause_are_cut_in_the_quietest_place_of_the_middle():
    samples = NOISE[: 9 * SAMPLE_RATE_HZ].copy()
    for second in (1, 5, 8):
        samples[second * SAMPLE_RATE_HZ :][: samples_in(HOLE_MS)] *= 0.2
    before, after = halves(Piece((passage(0, len(samples)),)), samples)
    assert before.passages[0].end == after.passages[0].start
    assert 5 * SAMPLE_RATE_HZ <= after.passages[0].start <= 5 * SAMPLE_RATE_HZ + samples_in(HOLE_MS)


@settings(max_examples=60, deadline=None)
@given(recordings)
def test_the_joints_are_where_one_passage_ends_and_the_next_begins(parts):
    made = recording(*parts)
    for piece in cut(made):
        sound = piece.sound(made.samples)
        for joint_s, after in zip(piece.joints_s(), piece.passages[1:], strict=True):
            at = samples_in(1000 * joint_s)
            length = min(100, len(sound) - at)
            assert np.array_equal(sound[at : at + length], made.samples[after.start :][:length])


@settings(max_examples=60, deadline=None)
@given(recordings, st.data())
def test_a_piece_is_cut_between_any_of_its_passages(parts, data):
    for piece in cut(recording(*parts)):
        inner = data.draw(st.sets(st.integers(1, len(piece.passages) - 1))) if len(piece.passages) > 1 else ()
        cuts = [0, *sorted(inner)]
        made = piece.parts(cuts)
        assert tuple(each for part in made for each in part.passages) == piece.passages
        assert [part.passages[0] for part in made] == [piece.passages[cut] for cut in cuts]
