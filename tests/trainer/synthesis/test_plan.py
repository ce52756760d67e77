"""Who says what."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.errors import DataError
from trainer.synthesis.plan import PITCH_SEMITONES, SPEED, Reading, plan
from trainer.synthesis.voices import Voice
from trainer.words import Word

VOICES = [
    Voice("piper", "joe.onnx"),
    *(Voice("espeak-ng", name) for name in ("en-us", "en-gb", "en-us+f3")),
    *(Voice("flite", name) for name in ("slt", "rms")),
]
WORDS = [Word("Kovalchuk"), Word("kubectl", "cube control"), Word("Aoife Byrne", "ee fa burn")]


def lines(takes):
    return [line for take in takes for line in take.lines]


@given(per_word=st.integers(1, 60), seed=st.integers(0, 99), count=st.integers(1, len(VOICES)))
@settings(max_examples=25)
def test_every_word_is_said_as_often_as_asked(per_word, seed, count):
    takes = plan(WORDS, [], VOICES[:count], per_word, seed)

    for word in WORDS:
        own = [line for line in lines(takes) if word.text.casefold() in line.text.casefold()]
        assert len(own) == per_word
        assert sum(line.split == "validation" for line in own) == round(per_word / 10)
        by_program = Counter(take.voice.program for take in takes for line in take.lines if line in own)
        assert max(by_program.values()) - min(by_program.values()) <= 1
        assert len(by_program) == min(per_word, len({voice.program for voice in VOICES[:count]}))
    assert len({line.text for line in lines(takes)}) == len(lines(takes))
    assert {line.split for line in lines(takes)} <= {"train", "validation"}


def test_the_seed_decides_all():
    first = plan(WORDS, ["Hello there."], VOICES, 20, 1)

    assert plan(WORDS, ["Hello there."], VOICES, 20, 1) == first
    assert plan(WORDS, ["Hello there."], VOICES, 20, 2) != first


def test_voices_take_turns_and_vary():
    takes = plan(WORDS, [], VOICES, 50, 1)

    for program, among in (("espeak-ng", 3), ("flite", 2)):
        turns = Counter(take.voice.name for take in takes if take.voice.program == program)
        assert len(turns) == among
        assert max(turns.values()) - min(turns.values()) <= 1
    assert len({take.voice.speed for take in takes}) > len(takes) / 2
    assert len({take.voice.pitch_semitones for take in takes}) > len(takes) / 2
    assert all(SPEED[0] <= take.voice.speed <= SPEED[1] for take in takes)
    assert all(PITCH_SEMITONES[0] <= take.voice.pitch_semitones <= PITCH_SEMITONES[1] for take in takes)
    assert max(len(take.lines) for take in takes if take.voice.program == "piper") > 5


def test_the_text_stays_as_it_is_written_and_the_voice_reads_the_sound():
    for line in lines(plan(WORDS, ["Use kubectl."], VOICES, 20, 1)):
        assert line.read == line.text or "cube control" in line.read or "ee fa burn" in line.read
        assert "kubectl" not in line.read.casefold()
        assert "cube" not in line.text


def test_a_sentence_is_said_once_whoever_gives_it():
    takes = plan([], ["One.", "Two.", "One."], VOICES, 20, 1)

    assert sorted(line.text for line in lines(takes)) == ["One.", "Two."]


@pytest.mark.parametrize("text", ["Søren", "Łódź", "Æthelred", "groß", "Zoë №2"])
def test_letters_that_are_like_english_ones_are_read(text):
    assert plan([Word(text)], [], VOICES, 1, 1)


def test_letters_that_no_voice_can_read_are_named_and_how_they_sound_helps():
    with pytest.raises(DataError, match=r"no English voice can read '[пП]'; write how its word sounds"):
        plan([Word("привет")], [], VOICES, 1, 1)
    with pytest.raises(DataError, match="no English voice can read '世'"):
        plan([], ["Hello 世界."], VOICES, 1, 1)
    assert plan([Word("привет", "pree vyet")], [], VOICES, 1, 1)


def test_a_word_with_too_few_sentences_is_named():
    with pytest.raises(DataError, match="Kovalchuk"):
        plan(WORDS, [], VOICES, 100_000, 1)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Use kubectl now.", "Use cube control now."),
        ("Kubectl is new.", "cube control is new."),
        ("My kubectls and mykubectl.", "My kubectls and mykubectl."),
        ("kubectl-like, KUBECTL", "cube control-like, KUBECTL"),
        ("Tell us about the US.", "Tell us about the you ess."),
        ("C++ and C++.", "see plus plus and see plus plus."),
        ("Queen Anne and Anne", "the queen and ann"),
        ("Plain stays.", "Plain stays."),
    ],
)
def test_words_are_read_as_they_sound(text, read):
    reading = Reading(
        [
            Word("kubectl", "cube control"),
            Word("US", "you ess"),
            Word("C++", "see plus plus"),
            Word("Anne", "ann"),
            Word("Queen Anne", "the queen"),
            Word("Plain"),
        ]
    )

    assert reading(text) == read
