from __future__ import annotations

import numpy as np
import pytest
import soundfile

from device.app import load_detector
from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import RECORDING, SENTENCE
from device.settings import Settings
from device.speech.pieces import cut
from tests.parts import SignDetector
from tests.trainer.training.made import sound
from trainer.dataset import Utterance
from trainer.errors import DataError
from trainer.training.examples import gather, heard

SPEECH = Settings().speech


def silent(_what, _done):
    """Show nothing."""


@pytest.fixture
def utterance(tmp_path):
    def write(name, text="something", samples=None):
        path = tmp_path / f"{name}.flac"
        samples = sound(16_000) if samples is None else samples
        soundfile.write(path, samples, SAMPLE_RATE_HZ, subtype="PCM_16")
        return Utterance(name, path, text, "me", "me", "train")

    return write


def test_the_speech_is_what_the_device_hands_to_its_recogniser():
    recording = record(read(RECORDING), load_detector(), SPEECH)
    (piece,) = cut(recording)

    assert np.array_equal(heard(RECORDING, load_detector(), SPEECH), piece.sound(recording.samples))


def test_speech_and_text_of_each_are_kept(utterance, tokens):
    said = [(utterance("a", " Grüße "), "personal"), (utterance("b", "two", sound(9_999, 1)), "general")]
    told = []
    found = gather(said, tokens, SignDetector(), SPEECH, lambda what, done: told.append((what, done)))

    assert [(each.id, each.source) for each in found.examples] == [("a", "personal"), ("b", "general")]
    assert [each.text for each in found.examples] == [
        tuple(tokens.encode(" Grüße")),
        tuple(tokens.encode(" two")),
    ]
    for example, (each, _) in zip(found.examples, said, strict=True):
        assert np.array_equal(found.sound(example), heard(each.path, SignDetector(), SPEECH))
    assert told == [("Reading recordings", 0.5), ("Reading recordings", 1.0)]
    assert found.left_out == ()


def test_what_cannot_be_learned_from_is_left_out_with_the_reason(utterance, tokens):
    said = [
        utterance("quiet", samples=np.zeros(16_000, np.int16)),
        utterance("long", samples=np.tile(sound(16_000), 31)),
        utterance("wordy", "x" * 300),
        utterance("mute", "  "),
        utterance("good"),
    ]
    found = gather([(each, "personal") for each in said], tokens, SignDetector(), SPEECH, silent)

    assert [each.id for each in found.examples] == ["good"]
    reasons = dict(found.left_out)
    assert reasons["quiet"] == "no speech is heard in it"
    assert reasons["long"] == "its speech lasts 31 s, and Whisper hears 30"
    assert "301 tokens" in reasons["wordy"]
    assert reasons["mute"] == "it has no text"


def test_nothing_to_learn_from_is_an_error_that_says_why(utterance, tokens):
    with pytest.raises(DataError, match=r"nothing to learn from .quiet: no speech is heard in it"):
        gather(
            [(utterance("quiet", samples=np.zeros(16_000, np.int16)), "personal")],
            tokens, SignDetector(), SPEECH, silent,
        )  # fmt: skip


@pytest.mark.model
def test_a_text_without_words_has_no_tokens(real_model, utterance):
    from device.speech.tokens import Tokens

    tokens = Tokens(real_model / "tokenizer.json")
    said = [(utterance("mute", ""), "personal"), (utterance("said", SENTENCE), "personal")]
    found = gather(said, tokens, SignDetector(), SPEECH, silent)

    assert found.left_out == (("mute", "it has no text"),)
    assert tokens.decode(found.examples[0].text) == SENTENCE
