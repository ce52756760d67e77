from __future__ import annotations

from dataclasses import replace

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
        self.languages_asked = []
        self.spoken_in = []
        self.probabilities = {"en": 1.0}

    def languages(self, memory, length):
        assert length == len(memory)
        self.languages_asked.append(length)
        return self.probabilities

    def encode(self, samples, *, whole=False):
        (self.whole if whole else self.encoded).append(len(samples))
        return samples

    def decode(self, memory, duration_s, *, beam_size, no_repeat=0, language=""):
        assert duration_s == len(memory) / SAMPLE_RATE_HZ
        self.searches.append((beam_size, no_repeat))
        self.spoken_in.append(language)
        result = self._script.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def text(self, tokens):
        return " ".join(map(str, tokens))


class SpeakingEngine(ScriptedEngine):
    """A scripted engine whose tokens are the words of its text; it tells when each was said, if it knows."""

    def __init__(self, *script, said_s=None):
        super().__init__(*script)
        self._said_s = said_s

    def align(self, memory, duration_s, tokens, *, language=""):
        assert duration_s == len(memory) / SAMPLE_RATE_HZ
        if self._said_s is None:
            raise ModelError("no heads")
        return list(enumerate(self._said_s[: len(tokens)]))

    def texts(self, tokens):
        return [f" {self._vocabulary[token]}" for token in tokens]

    def text(self, tokens):
        return "".join(self.texts(tokens)).strip()

    def decode(self, memory, duration_s, **search):
        decoded = super().decode(memory, duration_s, **search)
        self._vocabulary = decoded.text.split()
        return replace(decoded, tokens=tuple(range(len(self._vocabulary))))


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
                speech_start=samples_in(1000 * start),
            )
            for start, end in passages
        ),
    )


def recognise(engine, made=None, settings=SETTINGS, may_stand_alone=None):
    recogniser = PieceRecogniser(engine, settings, may_stand_alone)
    return LiveRecogniser(recogniser).recognise(made or recording((1, 2)))


def has_command(text, _language):
    return "new line" in text.lower()


def places(transcript):
    return [(segment.text, segment.start_s, segment.end_s) for segment in transcript.segments]


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


# The language.

AUTO = RecognitionSettings(beam_size=1, language="auto", languages=["en", "de", "fr"])


def test_a_language_that_is_known_is_not_asked_for(decoded):
    engine = ScriptedEngine(decoded())
    (segment,) = recognise(engine, settings=RecognitionSettings(beam_size=1, language="de")).segments
    assert (segment.language, engine.spoken_in, engine.languages_asked) == ("de", ["de"], [])


def test_one_language_among_which_to_hear_is_known(decoded):
    engine = ScriptedEngine(decoded())
    settings = RecognitionSettings(beam_size=1, language="auto", languages=["de"])
    assert recognise(engine, settings=settings).language == "de"
    assert not engine.languages_asked


def test_the_language_is_heard_in_what_was_encoded_anyway(decoded):
    engine = ScriptedEngine(*[decoded(avg_logprob=POOR)] * 3)
    engine.probabilities = {"en": 0.3, "de": 0.7}
    transcript = recognise(engine, recording((1, 3), spoken_s=2), AUTO)
    assert transcript.language == "de"
    assert engine.languages_asked == engine.encoded  # once, and of the whole window never
    assert len(engine.whole) == 1
    assert engine.spoken_in == ["de"] * 3
    assert transcript.times_ms.keys() == {"encode", "language", "decode"}


def test_the_halves_of_a_piece_are_in_its_language(decoded):
    engine = ScriptedEngine(
        *[decoded(text="Only the beginning.")] * 2,
        decoded(text="The first half of all that was really said."),
        decoded(text="The second half of all that was really said."),
    )
    engine.probabilities = {"en": 0.3, "de": 0.7}
    recognise(engine, recording((1, 9), spoken_s=6), AUTO)
    assert engine.spoken_in == ["de"] * 4
    assert len(engine.languages_asked) == 1


def test_an_error_of_the_model_is_passed_on():
    with pytest.raises(ModelError, match="broken"):
        recognise(ScriptedEngine(ModelError("broken")))


BETWEEN = recording((1, 4), (5, 6), (7, 10), length_s=12, spoken_s=1.6)


def with_short(made, *numbers):
    """Make passages short enough to be a command."""
    passages = [
        replace(passage, spoken=samples_in(600)) if number in numbers else passage
        for number, passage in enumerate(made.passages)
    ]
    return replace(made, passages=tuple(passages))


def test_a_lone_command_is_a_segment_of_its_own(decoded):
    engine = ScriptedEngine(
        decoded(text="New line."), decoded(text="Wait here for me."), decoded(text="Then go on.")
    )
    transcript = recognise(engine, with_short(BETWEEN, 1), may_stand_alone=has_command)
    assert places(transcript) == [("Wait here for me.", 1, 4), ("New line.", 5, 6), ("Then go on.", 7, 10)]
    assert engine.encoded == [samples_in(1000), samples_in(3000), samples_in(3000)]


def test_a_lone_command_is_in_the_language_of_all_that_stands_around_it(decoded):
    engine = ScriptedEngine(decoded(text="new line"), decoded(text="Warte."), decoded(text="Los."))
    engine.probabilities = {"en": 0.3, "de": 0.7}
    transcript = recognise(engine, with_short(BETWEEN, 1), AUTO, may_stand_alone=has_command)
    assert [segment.language for segment in transcript.segments] == ["de"] * 3
    assert engine.spoken_in == ["de"] * 3
    assert len(engine.languages_asked) == 1


def test_without_a_lone_command_what_was_encoded_for_its_language_is_decoded(decoded):
    engine = ScriptedEngine(decoded(text="Kurz."), decoded(text="Warte. Kurz. Los."))
    recognise(engine, with_short(BETWEEN, 1), AUTO, may_stand_alone=has_command)
    assert engine.encoded == [*engine.languages_asked, samples_in(1000)]


def test_what_is_short_and_no_command_is_heard_among_its_neighbours(decoded):
    engine = ScriptedEngine(decoded(text="Nude lion."), decoded(text="Wait here for me. Now. Then go on."))
    transcript = recognise(engine, with_short(BETWEEN, 1), may_stand_alone=has_command)
    assert places(transcript) == [("Wait here for me. Now. Then go on.", 1, 10)]


@pytest.mark.parametrize("numbers", [(0,), (0, 1), (2,), (0, 1, 2)])
def test_commands_may_stand_anywhere(decoded, numbers):
    long = [number for number in range(3) if number not in numbers]
    script = ["New line."] * len(numbers) + ["Something else that is long."] * (len(long) > 0)
    engine = ScriptedEngine(*[decoded(text=text) for text in script])
    transcript = recognise(engine, with_short(BETWEEN, *numbers), may_stand_alone=has_command)
    commands = [segment.start_s for segment in transcript.segments if segment.text == "New line."]
    assert commands == [(1, 5, 7)[number] for number in numbers]
    assert len(transcript.segments) == len(numbers) + (len(long) > 0)


@pytest.mark.parametrize(
    "doubt", [{"tokens": (7,) * 12}, {"no_speech_prob": 0.9, "avg_logprob": -0.9}, {"capped": True}]
)
def test_a_command_that_is_not_believed_is_none(decoded, doubt):
    doubtful = decoded(text="New line.", **doubt)
    engine = ScriptedEngine(doubtful, doubtful, decoded(text="Wait here for me. Then go on."))
    transcript = recognise(engine, with_short(BETWEEN, 1), may_stand_alone=has_command)
    assert transcript.text == "Wait here for me. Then go on."


def test_a_lone_command_in_doubt_is_searched_again_but_never_in_the_whole_window(decoded):
    engine = ScriptedEngine(
        decoded(text="Nude lion.", avg_logprob=POOR),
        decoded(text="New line.", avg_logprob=POOR + 0.05),
        decoded(text="Wait here for me."),
        decoded(text="Then go on."),
    )
    transcript = recognise(engine, with_short(BETWEEN, 1), may_stand_alone=has_command)
    assert transcript.segments[1].text == "New line."
    assert engine.searches == [GREEDY, BEAM, GREEDY, GREEDY]
    assert not engine.whole


@pytest.mark.parametrize("made", [recording((1, 2)), BETWEEN])
def test_without_commands_nothing_is_read_twice(decoded, made):
    engine = ScriptedEngine(decoded(text="New line."))
    assert len(recognise(engine, made).segments) == 1
    assert engine.searches == [GREEDY]


def test_words_that_may_be_a_command_get_a_segment_a_passage(decoded):
    engine = SpeakingEngine(
        decoded(text="Wait here. New line it is. Go on."),
        said_s=(0.5, 2, 3.2, 3.4, 3.6, 3.8, 4.5, 6),
    )
    transcript = recognise(engine, BETWEEN, may_stand_alone=has_command)
    assert places(transcript) == [("Wait here.", 1, 4), ("New line it is.", 5, 6), ("Go on.", 7, 10)]
    assert transcript.times_ms.keys() == {"encode", "decode", "align"}


@pytest.mark.parametrize(
    ("said_s", "expected"),
    [
        ((0.5, 2, 4.5), [("A new", 1, 6), ("line", 7, 10)]),
        ((3.5, 3.6, 4.5), [("A new", 1, 6), ("line", 7, 10)]),
        ((0.5, 3.2, 3.4), [("A", 1, 4), ("new line", 5, 10)]),
        ((5, 6, 6.5), [("A new line", 1, 10)]),
    ],
)
def test_a_passage_without_words_goes_with_its_neighbour(decoded, said_s, expected):
    engine = SpeakingEngine(decoded(text="A new line"), said_s=said_s)
    assert places(recognise(engine, BETWEEN, may_stand_alone=has_command)) == expected


def test_a_model_that_knows_nothing_of_time_gives_one_segment(decoded):
    engine = SpeakingEngine(decoded(text="Wait here. New line. Go on."))
    transcript = recognise(engine, BETWEEN, may_stand_alone=has_command)
    assert places(transcript) == [("Wait here. New line. Go on.", 1, 10)]


@given(
    st.lists(st.sampled_from(["new", "line", "go", "on.", "-", "..."]), min_size=1, max_size=12),
    st.lists(st.floats(0, 9), min_size=12, max_size=12),
)
def test_no_word_is_lost_doubled_or_moved(words, said_s):
    sure = Decoded(
        text=" ".join(["a", *words]), tokens=(), avg_logprob=-0.05, no_speech_prob=0.01, capped=False
    )
    engine = SpeakingEngine(sure, *[sure] * 2, said_s=(0.0, *said_s))
    transcript = recognise(engine, BETWEEN, may_stand_alone=lambda *_: True)
    assert transcript.text == sure.text
    assert all(segment.text for segment in transcript.segments)
    edges = [edge for segment in transcript.segments for edge in (segment.start_s, segment.end_s)]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (1, 10)


def test_a_command_that_is_written_twice_but_too_long_for_it_was_said_once(decoded):
    class Twice(ScriptedEngine):
        def text(self, tokens):
            assert tokens == (5, 6, 7)
            return "New line."

    twice = decoded(text="New line. New line.", tokens=(5, 6, 7) * 2)
    made = recording((1, 2), spoken_s=0.6)
    assert recognise(Twice(twice), made).text == "New line."
    engine = Twice(twice, decoded(text="Wait here for me."), decoded(text="Then go on."))
    transcript = recognise(engine, with_short(BETWEEN, 1), may_stand_alone=has_command)
    assert transcript.segments[1].text == "New line."


@pytest.mark.parametrize(("spoken_s", "tokens"), [(1.2, (5, 6, 7) * 2), (0.6, (5, 6, 7, 5, 6, 8))])
def test_what_can_have_been_said_twice_stays(decoded, spoken_s, tokens):
    made = recording((1, 2), spoken_s=spoken_s)
    said = decoded(text="New line. New line.", tokens=tokens)
    assert recognise(ScriptedEngine(said), made).text == said.text


def test_more_words_than_fit_a_short_passage_are_no_command(decoded):
    engine = ScriptedEngine(
        decoded(text="New line and quote, and quote."), decoded(text="Wait here for me. Now. Then go on.")
    )
    transcript = recognise(engine, with_short(BETWEEN, 1), may_stand_alone=has_command)
    assert len(transcript.segments) == 1
