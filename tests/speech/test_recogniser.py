from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.endpointing import Passage
from device.audio.recording import Recording
from device.audio.sound import SAMPLE_RATE_HZ, samples_in
from device.errors import ModelError
from device.settings import RecognitionSettings
from device.speech import guards
from device.speech.engine import Decoded
from device.speech.live import LiveRecogniser
from device.speech.recogniser import BEAM_SIZE, NO_REPEAT, PieceRecogniser

SETTINGS = RecognitionSettings(beam_size=1)

DOUBTFUL = (guards.SECOND_OPINION_LOGPROB + guards.WHOLE_WINDOW_LOGPROB) / 2
"""Worth a beam, but not the whole window."""

POOR = guards.WHOLE_WINDOW_LOGPROB - 0.1

GREEDY, BEAM, NO_LOOP = (1, 0), (BEAM_SIZE, 0), (BEAM_SIZE, NO_REPEAT)


class ScriptedEngine:
    """An engine that gives what it is told to, and notes what it was asked."""

    def __init__(self, *script):
        self._script = list(script)
        self.encoded = []
        self.whole = []
        self.searches = []

    def encode(self, samples, *, whole=False):
        (self.whole if whole else self.encoded).append(len(samples))
        return samples

    def decode(self, memory, duration_s, *, beam_size, no_repeat=0):
        assert duration_s == len(memory) / SAMPLE_RATE_HZ
        self.searches.append((beam_size, no_repeat))
        result = self._script.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def text(self, tokens):
        return " ".join(map(str, tokens))


def recording(*passages, length_s=10.0, speech_probability=1.0, spoken_s=1.0):
    return Recording(
        np.zeros(samples_in(1000 * length_s), np.float32),
        tuple(
            Passage(
                samples_in(1000 * start),
                samples_in(1000 * end),
                samples_in(1000 * end),
                speech_probability,
                spoken=samples_in(1000 * spoken_s),
            )
            for start, end in passages
        ),
    )


def recognise(engine, made=None, settings=SETTINGS):
    return LiveRecogniser(PieceRecogniser(engine, settings)).recognise(made or recording((1, 2)))


def test_a_sure_result_is_taken_at_once(decoded):
    engine = ScriptedEngine(decoded(text="Yes."))
    assert recognise(engine).text == "Yes."
    assert engine.searches == [GREEDY]


def test_the_first_search_is_as_wide_as_the_settings_say(decoded):
    engine = ScriptedEngine(decoded())
    recognise(engine, settings=RecognitionSettings(beam_size=3))
    assert engine.searches == [(3, 0)]


@pytest.mark.parametrize(("second", "taken"), [(0.02, "second"), (-0.02, "first")])
def test_in_doubt_the_likelier_of_two_opinions_is_taken(decoded, second, taken):
    engine = ScriptedEngine(
        decoded(text="first", avg_logprob=DOUBTFUL),
        decoded(text="second", avg_logprob=DOUBTFUL + second),
    )
    assert recognise(engine).text == taken
    assert engine.searches == [GREEDY, BEAM]
    assert len(engine.encoded) == 1
    assert not engine.whole


@pytest.mark.parametrize(("third", "taken"), [(0.02, "third"), (-0.02, "first")])
def test_what_stays_doubtful_is_searched_in_the_whole_window(decoded, third, taken):
    engine = ScriptedEngine(
        decoded(text="first", avg_logprob=POOR),
        decoded(text="second", avg_logprob=POOR - 0.1),
        decoded(text="third", avg_logprob=POOR + third),
    )
    assert recognise(engine).text == taken
    assert engine.searches == [GREEDY, BEAM, BEAM]
    assert engine.whole == engine.encoded
    assert len(engine.whole) == 1


def test_a_loop_is_never_preferred(decoded):
    engine = ScriptedEngine(
        decoded(text="loop", tokens=(7,) * 20, capped=True, avg_logprob=-0.01),
        decoded(text="words", avg_logprob=DOUBTFUL),
    )
    assert recognise(engine).text == "words"
    assert engine.searches == [GREEDY, BEAM]
    assert not engine.whole


def test_the_whole_window_ends_a_loop(decoded):
    loop = decoded(text="loop", tokens=(7,) * 20, capped=True, avg_logprob=-0.01)
    engine = ScriptedEngine(loop, loop, decoded(text="words", avg_logprob=POOR))
    assert recognise(engine).text == "words"
    assert engine.searches == [GREEDY, BEAM, BEAM]
    assert len(engine.whole) == 1


def test_where_none_finds_an_end_repetition_is_forbidden(decoded):
    engine = ScriptedEngine(
        *[decoded(text="loop", tokens=(7,) * 20, capped=True, avg_logprob=-0.01)] * 3,
        decoded(text="words", avg_logprob=DOUBTFUL),
    )
    assert recognise(engine).text == "words"
    assert engine.searches == [GREEDY, BEAM, BEAM, NO_LOOP]
    assert (len(engine.encoded), len(engine.whole)) == (1, 1)


def test_a_loop_without_end_is_cut_to_its_first_turn(decoded):
    loop = decoded(text="loop", tokens=(1, 2, *(7, 8) * 10), capped=True)
    engine = ScriptedEngine(loop, loop, loop, loop)
    assert recognise(engine).text == "1 2 7 8"


def test_repetition_that_the_model_ended_is_left_as_it_was_said(decoded):
    said = decoded(text="no no no no no no no no no no no no", tokens=(7,) * 12)
    engine = ScriptedEngine(said, said, said)
    assert recognise(engine).text == said.text
    assert engine.searches == [GREEDY, BEAM, BEAM]


def test_repetition_that_the_model_ended_is_preferred_to_one_without_end(decoded):
    ended = decoded(text="no " * 12, tokens=(7,) * 12, avg_logprob=-0.3)
    endless = decoded(text="no " * 40, tokens=(7,) * 40, avg_logprob=-0.01, capped=True)
    assert recognise(ScriptedEngine(endless, ended, endless)).text == ended.text


qualities = st.tuples(st.sampled_from(["words", "loop", "endless"]), st.floats(-1, -0.01))


@given(st.lists(qualities, min_size=4, max_size=4))
def test_no_opinion_that_was_asked_for_is_better_than_the_one_that_is_taken(qualities):
    kinds = {
        "words": {"tokens": (1, 2, 3), "capped": False},
        "loop": {"tokens": (7,) * 12, "capped": False},
        "endless": {"tokens": tuple(range(16)), "capped": True},
    }
    worth = {"words": 2, "loop": 1, "endless": 0}
    script = [
        Decoded(text=str(number), avg_logprob=logprob, no_speech_prob=0.01, **kinds[kind])
        for number, (kind, logprob) in enumerate(qualities)
    ]
    engine = ScriptedEngine(*script)
    taken = int(recognise(engine).text)
    asked = qualities[: len(engine.searches)]
    assert engine.searches == [GREEDY, BEAM, BEAM, NO_LOOP][: len(asked)]
    best = max(asked, key=lambda quality: (worth[quality[0]], quality[1]))
    assert qualities[taken] == best


def test_what_is_not_believed_is_left_out(decoded):
    made = recording((0.5, 1), (4, 5), (8, 9))
    engine = ScriptedEngine(decoded(text="One."), decoded(text="..."), decoded(text="Three."))
    transcript = recognise(engine, made)
    assert [segment.text for segment in transcript.segments] == ["One.", "Three."]
    assert transcript.text == "One. Three."


def test_faint_speech_needs_a_sure_result(decoded):
    made = recording((1, 2), speech_probability=guards.FAINT_SPEECH - 0.01)
    poor = decoded(avg_logprob=guards.FAINT_SPEECH_LOGPROB - 0.01)
    assert not recognise(ScriptedEngine(*[poor] * 3), made).segments
    assert recognise(ScriptedEngine(decoded(avg_logprob=-0.01)), made).segments


def test_a_segment_tells_where_it_is_and_how_sure(decoded):
    made = recording((0.5, 1.25), (1.5, 2.0625), (7, 8))
    engine = ScriptedEngine(decoded(avg_logprob=-0.123456, no_speech_prob=0.0123456), decoded())
    transcript = recognise(engine, made)
    first, second = transcript.segments
    assert (first.start_s, first.end_s) == (0.5, 2.062)
    assert (first.avg_logprob, first.no_speech_prob) == (-0.1235, 0.0123)
    assert (second.start_s, second.end_s) == (7, 8)
    assert transcript.duration_s == 10
    assert engine.encoded == [samples_in(750 + 562.5), samples_in(1000)]


def test_a_long_recording_is_recognised_in_pieces(decoded):
    made = recording((1, 25), (25.5, 49), (49.5, 70), length_s=75)
    engine = ScriptedEngine(decoded(text="One."), decoded(text="Two."), decoded(text="Three."))
    transcript = recognise(engine, made)
    assert transcript.text == "One. Two. Three."
    assert [segment.start_s for segment in transcript.segments] == [1, 25.5, 49.5]
    assert transcript.times_ms.keys() == {"encode", "decode"}


def test_a_text_that_falls_short_is_searched_in_the_whole_window(decoded):
    made = recording((1, 9), spoken_s=6)
    everything = "All that was really said in these six seconds, from its beginning to the very end of it."
    engine = ScriptedEngine(decoded(text="Only this."), decoded(text=everything, avg_logprob=DOUBTFUL))
    (segment,) = recognise(engine, made).segments
    assert segment.text == everything
    assert engine.searches == [GREEDY, BEAM]
    assert engine.whole == engine.encoded


def test_a_text_that_still_falls_short_is_tried_in_halves(decoded):
    made = recording((1, 9), spoken_s=6)
    engine = ScriptedEngine(
        *[decoded(text="Only the beginning.")] * 2,
        decoded(text="The first half of all that was really said."),
        decoded(text="The second half of all that was really said."),
    )
    transcript = recognise(engine, made)
    first, second = transcript.segments
    assert transcript.text == f"{first.text} {second.text}"
    assert first.text.startswith("The first half")
    assert (first.start_s, second.end_s) == (1, 9)
    assert first.end_s == second.start_s
    assert (len(engine.encoded), len(engine.whole)) == (3, 1)


def test_halves_that_say_no_more_are_not_preferred(decoded):
    made = recording((1, 9), spoken_s=6)
    engine = ScriptedEngine(
        *[decoded(text="Very slow speech.")] * 2, decoded(text="Very slow"), decoded(text="speeches.")
    )
    (segment,) = recognise(engine, made).segments
    assert (segment.text, segment.start_s, segment.end_s) == ("Very slow speech.", 1, 9)


def test_of_speech_that_says_nothing_nothing_is_left(decoded):
    made = recording((0, 29), length_s=30, spoken_s=29)
    engine = ScriptedEngine(*[decoded(text="...")] * 40)
    assert not recognise(engine, made).segments
    assert len(engine.whole) <= len(engine.encoded) < 20


@pytest.mark.parametrize("length_s", [0, 5])
def test_without_speech_the_model_is_not_asked(length_s):
    engine = ScriptedEngine()
    transcript = recognise(engine, recording(length_s=length_s))
    assert (transcript.segments, transcript.text, transcript.duration_s) == ((), "", length_s)
    assert not engine.encoded


def test_an_error_of_the_model_is_passed_on():
    with pytest.raises(ModelError, match="broken"):
        recognise(ScriptedEngine(ModelError("broken")))
