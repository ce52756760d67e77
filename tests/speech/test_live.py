from __future__ import annotations

import gc
import time
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.audio.recording import Recorder, Recording
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW, WINDOW_MS
from device.errors import ModelError
from device.settings import RecognitionSettings, SpeechSettings
from device.speech.detector import SileroDetector
from device.speech.live import Agreement, LiveRecogniser, is_due
from device.speech.pieces import HANGOVER_MS
from device.speech.recogniser import PieceRecogniser
from device.speech.transcript import Segment
from tests.parts import SignDetector

HANGOVER = round(HANGOVER_MS / WINDOW_MS)
"""Windows of silence after which what was said before is settled."""

SPEECH = SpeechSettings()

LOUDNESS = np.random.default_rng(1).uniform(0.01, 1, 20_000 * WINDOW).astype(np.float32)


NOTHING = Recording(LOUDNESS[:0], ())


class SoundRecogniser:
    """Recognises pieces, each as a text that depends on its sound alone.

    Attributes:
        language: Of the settings.
        hears: The language that it hears in a piece that begins at a sample, where it is to hear it.
        asked: How many pieces it was given.
        error: Raised instead of an answer.
    """

    def __init__(self):
        self.language = "en"
        self.hears = lambda _: "en"
        self.asked = 0
        self.error = None

    def segments(self, piece, samples, watch, spoken):
        self.asked += 1
        language = spoken.language
        if language == "auto":
            is_short = piece.spoken < SAMPLE_RATE_HZ
            language = (is_short and spoken.before) or self.hears(piece.start)
        if self.error:
            raise self.error
        sound = piece.sound(samples)
        with watch.time("decode"):
            text = f"{language} {len(sound)} {sound.sum()}"
        times = piece.start / SAMPLE_RATE_HZ, piece.end / SAMPLE_RATE_HZ
        return [Segment(*times, text, -0.1, 0.01, language)]


def grown(runs, speech=SPEECH):
    """Give the recording as it is after each window of runs of speech and of silence by turns."""
    recorder = Recorder(SignDetector(), speech, 4000)
    at = 0
    for number, windows in enumerate(runs):
        for _ in range(windows):
            sound = LOUDNESS[at : at + WINDOW]
            recorder.hear(-sound if number % 2 else sound)
            at += WINDOW
            yield recorder.so_far()


def live():
    recogniser = SoundRecogniser()
    return LiveRecogniser(recogniser), recogniser


def unprepared(recording):
    """Recognise a recording of which nothing was recognised before."""
    return live()[0].recognise(recording)


any_runs = st.builds(
    lambda before, long, after: [*before, *long, *after],
    st.lists(st.integers(0, 80), min_size=1, max_size=4),
    st.lists(st.integers(900, 1500), max_size=1),
    st.lists(st.integers(0, 80), max_size=3),
)
"""Windows of speech and of silence by turns, at most one of them too long to be recognised in one go."""

any_speech = st.builds(
    SpeechSettings,
    min_speech_duration_ms=st.integers(0, 300),
    min_silence_duration_ms=st.integers(0, 1000),
    speech_pad_ms=st.integers(0, 400),
)


@settings(max_examples=40)
@given(any_runs, any_speech, st.sets(st.integers(0, 400)), st.integers(1, 60))
def test_what_was_recognised_before_does_not_change_what_is_recognised_at_the_end(
    runs, speech, moments, stride
):
    recogniser, _ = live()
    recording = NOTHING
    for number, recording in enumerate(grown(runs, speech)):
        if number in moments or number % (10 * stride) == 0:
            recogniser.anticipate(recording)
    final = recogniser.recognise(recording)
    expected = unprepared(recording)
    assert final.segments == expected.segments
    assert final.text == expected.text
    assert final.duration_s == expected.duration_s


short_runs = st.lists(st.integers(1, 120), min_size=1, max_size=8)


@settings(max_examples=60)
@given(short_runs, any_speech, st.integers(0, 100))
def test_after_a_short_silence_nothing_is_left_to_recognise(runs, speech, more):
    runs = runs if len(runs) % 2 else runs[:-1]  # it ends in speech
    *_, silent = grown([*runs, HANGOVER], speech)
    *_, final = grown([*runs, HANGOVER + more], speech)
    recogniser, pieces = live()
    recogniser.anticipate(silent)
    asked = pieces.asked
    assert recogniser.recognise(final).segments == unprepared(final).segments
    assert pieces.asked == asked


def test_only_what_is_new_is_recognised():
    recogniser, pieces = live()
    asked = []
    for recording in (list(grown(runs))[-1] for runs in ([30, 100], [30, 100, 30, 100], [30, 100, 30, 120])):
        recogniser.anticipate(recording)
        asked.append(pieces.asked)
    assert asked == [1, 2, 2]


def test_who_says_the_same_twice_has_said_it_in_two_places():
    recorder = Recorder(SignDetector(), SPEECH, 4000)
    silence = np.full(WINDOW, -1, np.float32)
    recogniser, _ = live()
    for _ in range(2):
        # The silence before it is part of what is recognised.
        for sound in [*[silence] * 100, *LOUDNESS[: 30 * WINDOW].reshape(-1, WINDOW), *[silence] * 10]:
            recorder.hear(sound)
            recogniser.anticipate(recorder.so_far())
    final = recorder.so_far()
    first, second = recogniser.recognise(final).segments
    assert (first, second) == unprepared(final).segments
    assert first.text == second.text
    assert first.end_s < second.start_s


def test_what_does_not_belong_to_the_recording_any_more_is_forgotten():
    *_, first = grown([30, 100])
    *_, other = grown([0, 7, 30, 100])
    recogniser, pieces = live()
    for recording in (first, other, first):
        recogniser.anticipate(recording)
    assert pieces.asked == 3


def texts():
    return [each.text for each in gc.get_objects() if type(each) is Segment]


def test_what_was_said_is_not_kept():
    *_, recording = grown([30, 100, 30, 100])
    recogniser, pieces = live()
    recogniser.anticipate(recording)
    text = recogniser.recognise(recording).text
    assert text
    assert not recogniser._known
    assert not [kept for kept in texts() if kept in text]
    recogniser.recognise(recording)
    assert pieces.asked == 4


def test_an_error_ahead_of_time_leaves_recognition_as_it_was():
    *_, first = grown([30, 100])
    *_, final = grown([30, 100, 30, 100])
    recogniser, pieces = live()
    recogniser.anticipate(first)
    pieces.error = ModelError("no memory")
    with pytest.raises(ModelError, match="no memory"):
        recogniser.anticipate(final)
    pieces.error = None
    assert recogniser.recognise(final).segments == unprepared(final).segments
    assert pieces.asked == 3  # the first piece was still known


def test_a_recognition_that_failed_can_be_tried_again():
    *_, recording = grown([30, 100])
    recogniser, pieces = live()
    pieces.error = ModelError("no memory")
    with pytest.raises(ModelError, match="no memory"):
        recogniser.recognise(recording)
    pieces.error = None
    assert recogniser.recognise(recording).segments == unprepared(recording).segments


@settings(max_examples=40)
@given(any_runs, st.booleans())
def test_what_is_reported_are_ever_longer_beginnings_of_the_transcript(runs, prepared):
    *_, recording = NOTHING, *grown(runs)
    recogniser, _ = live()
    if prepared:
        recogniser.anticipate(recording)
    reports = []
    transcript = recogniser.recognise(recording, reports.append)
    for before, after in pairwise([*reports, transcript]):
        assert len(before.segments) < len(after.segments)
        assert after.segments[: len(before.segments)] == before.segments
    assert len(reports) == max(0, len(transcript.segments) - 1)
    assert all(report.duration_s == transcript.duration_s for report in reports)


def test_the_first_piece_is_reported_before_the_second_is_begun():
    *_, recording = grown([30, 100, 30])
    recogniser, pieces = live()
    asked = []
    recogniser.recognise(recording, lambda _: asked.append(pieces.asked))
    assert asked == [1]


def test_the_times_are_those_of_what_was_left_to_do():
    *_, recording = grown([30, 100])
    recogniser, _ = live()
    assert recogniser.anticipate(recording).times_ms
    assert not recogniser.recognise(recording).times_ms


class Clockwork:
    """A recogniser that takes so many seconds for each second of speech, on a clock of its own."""

    language = "en"

    def __init__(self, monkeypatch):
        self.cost = 0.0
        self._now_s = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self._now_s)

    def segments(self, piece, _samples, watch, _spoken):
        for stage in ("encode", "decode"):
            with watch.time(stage):
                self._now_s += self.cost * piece.length / SAMPLE_RATE_HZ / 2
        return []


def test_the_cost_that_is_expected_follows_the_one_that_was_measured(monkeypatch):
    pieces = Clockwork(monkeypatch)
    recogniser = LiveRecogniser(pieces)
    *_, recording = grown([30, 100])
    assert recogniser.cost_ms(10) == 0
    guesses = []
    for pieces.cost in [0.5] * 20 + [0.1] * 20:
        recogniser.recognise(recording)
        guesses.append(recogniser.cost_ms(10))
    rising, falling = guesses[:20], guesses[20:]
    assert sorted(rising) == rising
    assert sorted(falling, reverse=True) == falling
    assert rising[-1] == pytest.approx(5000, rel=0.01)
    assert falling[-1] == pytest.approx(1000, rel=0.01)
    assert recogniser.cost_ms(20) == 2 * recogniser.cost_ms(10)


def test_what_was_known_already_says_nothing_about_the_cost(monkeypatch):
    pieces = Clockwork(monkeypatch)
    pieces.cost = 0.5
    recogniser = LiveRecogniser(pieces)
    *_, recording = grown([30, 100])
    recogniser.anticipate(recording)
    guess = recogniser.cost_ms(10)
    for _ in range(10):
        recogniser.anticipate(recording)
    assert recogniser.cost_ms(10) == guess > 0


# The language.

LONG, SHORT, PAUSE = 40, 20, 100
"""Windows: 1.28 s of speech, 0.64 s of it, and a pause between two pieces."""


def spoken(*runs, language=""):
    """Give the recording of runs of speech and of silence by turns."""
    *_, recording = grown(runs)
    return replace(recording, language=language)


def multilingual(hears):
    recogniser, pieces = live()
    pieces.language, pieces.hears = "auto", hears
    return recogniser, pieces


def languages(transcript):
    return [segment.language for segment in transcript.segments]


by_place = st.sampled_from([lambda start: ("en", "de", "fr")[start // WINDOW % 3], lambda _: "de"])


@settings(max_examples=60)
@given(any_runs, any_speech, st.sets(st.integers(0, 400)), by_place)
def test_a_language_that_is_heard_is_the_same_whatever_was_recognised_before(runs, speech, moments, hears):
    recogniser, _ = multilingual(hears)
    recording = NOTHING
    for number, recording in enumerate(grown(runs, speech)):
        if number in moments:
            recogniser.anticipate(recording)
    final = recogniser.recognise(recording)
    assert final.segments == multilingual(hears)[0].recognise(recording).segments
    assert len(set(languages(final))) <= 1


def test_the_first_piece_with_enough_speech_tells_the_language_of_all():
    said = spoken(SHORT, PAUSE, LONG, PAUSE, LONG)
    short, long, last = (passage.start for passage in said.passages)
    recogniser, pieces = multilingual({short: "fr", long: "de", last: "en"}.get)
    transcript = recogniser.recognise(said)
    assert languages(transcript) == ["de"] * 3
    assert transcript.language == "de"
    assert pieces.asked == 3


def test_what_is_short_is_in_the_language_of_the_last_dictation():
    recogniser, pieces = multilingual(lambda _: "fr")
    assert recogniser.recognise(spoken(SHORT)).language == "fr"
    assert recogniser.recognise(spoken(LONG, language="de")).language == "de"
    assert recogniser.recognise(spoken(SHORT)).language == "de"
    recogniser.recognise(NOTHING)
    assert recogniser.recognise(spoken(SHORT)).language == "de"
    assert pieces.asked == 4


def test_what_was_recognised_in_one_language_is_not_given_for_another():
    recogniser, pieces = live()
    for language in ("", "de", "en"):
        transcript = recogniser.anticipate(spoken(LONG, language=language))
    assert transcript.language == transcript.text[:2] == (language or "en")
    assert pieces.asked == 3
    assert recogniser.recognise(spoken(LONG, language="en")).language == "en"
    assert pieces.asked == 3


def test_the_user_may_have_the_language_heard_where_the_settings_name_one():
    recogniser, pieces = live()
    pieces.hears = lambda _: "de"
    assert recogniser.recognise(spoken(LONG, language="auto")).language == "de"
    assert recogniser.recognise(spoken(LONG)).language == "en"


def test_a_piece_in_which_nothing_was_said_tells_no_language():
    said = spoken(LONG, PAUSE, LONG)
    recogniser, pieces = multilingual(lambda start: "fr" if start == said.passages[0].start else "de")
    believed = pieces.segments

    def segments(piece, samples, watch, spoken):
        found = believed(piece, samples, watch, spoken)
        return found if piece.start else []

    pieces.segments = segments
    assert languages(recogniser.recognise(said)) == ["de"]


sayings = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@given(st.lists(sayings, min_size=1, max_size=6))
def test_what_two_agree_on_is_the_longest_common_beginning(growing):
    agreement = Agreement()
    for before, words in pairwise([[], *growing]):
        stable = agreement.take("  ".join(words)).split()
        assert stable == words[: len(stable)] == before[: len(stable)]
        follows = words[len(stable) :][:1], before[len(stable) :][:1]
        assert [] in follows or follows[0] != follows[1]


@given(st.lists(sayings, min_size=1, max_size=4))
def test_text_that_only_grows_is_stable_but_for_its_newest_part(parts):
    agreement = Agreement()
    texts = [" ".join(words) for words in accumulate(parts)]
    assert [agreement.take(text) for text in texts] == ["", *texts[:-1]]


costs = st.floats(0, 1e6)


@given(st.floats(0, HANGOVER_MS, exclude_max=True), costs)
def test_nothing_is_due_before_the_voice_has_faded(quiet_ms, cost_ms):
    assert not is_due(quiet_ms, cost_ms)


@given(costs, costs, costs, costs)
def test_what_is_due_stays_due_as_the_silence_lasts_and_the_dearer_the_later(quiet, longer, cost, less):
    if is_due(quiet, cost):
        assert is_due(quiet + longer, cost)
        assert is_due(quiet, min(cost, less))


@given(costs)
def test_everything_is_due_in_the_end(cost_ms):
    assert is_due(max(HANGOVER_MS, cost_ms), cost_ms)


def test_what_is_cheap_is_due_at_once_and_what_is_dear_is_not():
    assert is_due(HANGOVER_MS, 500)
    assert not is_due(HANGOVER_MS, 10_000)


def heard(demo, times):
    """Give the demo so many times with pauses behind it, as it is after each window."""
    windows = len(demo) // WINDOW
    pause = np.zeros((80, WINDOW), np.float32)
    sound = demo[: windows * WINDOW].reshape(-1, WINDOW)
    recorder = Recorder(SileroDetector(), SPEECH, 4000)
    for window in (*sound, *pause) * times:
        recorder.hear(window)
        yield recorder.so_far()


@pytest.mark.model
@pytest.mark.parametrize(("times", "every"), [(1, 3), (2, 20)])
def test_the_demo_says_the_same_however_often_it_was_recognised_before(real_engine, demo, times, every):
    settings = RecognitionSettings()
    recogniser = LiveRecogniser(PieceRecogniser(real_engine, settings))
    for number, final in enumerate(heard(demo, times)):
        if number % every == 0:
            recogniser.anticipate(final)
    transcript = recogniser.recognise(final)
    again = LiveRecogniser(PieceRecogniser(real_engine, settings)).recognise(final)
    assert transcript.segments == again.segments
    assert len(transcript.segments) == times
    assert not transcript.times_ms
