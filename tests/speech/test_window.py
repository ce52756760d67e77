from __future__ import annotations

import io

import ctranslate2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.audio.sound import samples_in, seconds
from device.errors import ModelError
from device.models.manifest import SILENCE
from device.settings import RecognitionSettings
from device.speech import features
from device.speech.engine import Engine
from device.speech.window import MARGIN, SHORT_MARGIN, Window, load_model, silence_states
from tests.tiny_model import MELS, WIDTH

STATES = 1500

NOISE = (0.1 * np.random.default_rng(1).standard_normal(samples_in(40_000))).astype(np.float32)

lengths = st.integers(0, len(NOISE))


@pytest.fixture(scope="module")
def model(pristine):
    return load_model(pristine, threads=1)


@pytest.fixture(scope="module")
def silence(model):
    """What the model makes of nothing, asked in the plainest way."""
    states = silence_states(model)
    states.flags.writeable = False
    return states


@pytest.fixture(scope="module")
def window(model):
    return Window(model)


@pytest.fixture(scope="module")
def short_window(model):
    return Window(model, short=True)


def states_for(length, margin):
    """Give how many states there are for speech: one for two frames of 10 ms, silence behind it."""
    return min(STATES, (length // features.HOP + margin + 1) // 2)


def encoded(model, samples, states):
    """Encode sound with zeros behind it; a reference that knows nothing of floors."""
    sound = np.zeros(2 * states * features.HOP, np.float32)
    sound[: min(len(samples), len(sound))] = samples[: len(sound)]
    mel = features.log_mel(sound, MELS)[np.newaxis]
    return np.asarray(model.encode(ctranslate2.StorageView.from_array(mel)))


def assert_same(states, expected):
    np.testing.assert_allclose(states, expected, atol=0.02)


@settings(max_examples=20)
@given(lengths)
@example(0)
@example(1)
@example(samples_in(29_900))
@example(samples_in(40_000))
def test_the_states_are_those_of_the_speech_and_then_those_of_silence(model, window, silence, length):
    states = np.asarray(window.encode(NOISE[:length]))
    spoken = states_for(length, MARGIN)
    assert states.shape == (1, STATES, WIDTH)
    assert_same(states[:, :spoken], encoded(model, NOISE[:length], spoken))
    np.testing.assert_array_equal(states[:, spoken:], silence[:, spoken:])


@settings(max_examples=20)
@given(lengths)
@example(0)
@example(1)
@example(samples_in(29_900))
@example(samples_in(40_000))
def test_a_model_for_short_windows_gets_the_speech_alone(model, short_window, length):
    states = np.asarray(short_window.encode(NOISE[:length]))
    assert states.shape[1] == states_for(length, SHORT_MARGIN)
    assert_same(states, encoded(model, NOISE[:length], states.shape[1]))


@pytest.mark.parametrize("length_ms", [0, 1000, 29_900, 30_000, 40_000])
def test_the_whole_window_is_30_s_of_sound_for_every_model(model, window, short_window, length_ms):
    sound = NOISE[: samples_in(length_ms)]
    states = np.asarray(window.encode_whole(sound))
    assert_same(states, encoded(model, sound, STATES))
    np.testing.assert_array_equal(np.asarray(short_window.encode_whole(sound)), states)


def test_speech_that_fills_the_window_has_no_silence_behind_it(window):
    sound = NOISE[: samples_in(29_000)]
    np.testing.assert_array_equal(np.asarray(window.encode(sound)), np.asarray(window.encode_whole(sound)))


def test_silence_that_is_kept_is_not_made_anew(model, tmp_path):
    kept = np.full((1, STATES, WIDTH), 3, np.float32)
    np.save(tmp_path / "kept.npy", kept)
    states = np.asarray(Window(model, silence=tmp_path / "kept.npy").encode(NOISE[:1600]))
    spoken = states_for(1600, MARGIN)
    assert (states[:, spoken:] == 3).all()
    assert not (states[:, :spoken] == 3).any()


def as_file(states):
    content = io.BytesIO()
    np.save(content, states)
    return content.getvalue()


WHOLE_FILE = as_file(np.full((1, STATES, WIDTH), 3, np.float32))


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        WHOLE_FILE[:5],
        WHOLE_FILE[:100],
        WHOLE_FILE[: len(WHOLE_FILE) // 2],
        WHOLE_FILE[:-1],
        b"states" + WHOLE_FILE,
        as_file(np.full((1, STATES - 1, WIDTH), 3, np.float32)),
        as_file(np.full((STATES, WIDTH), 3, np.float32)),
        as_file(np.full((), 3, np.float32)),
    ],
    ids=["missing", "empty", "magic", "header", "half", "a byte short", "shifted", "1499", "flat", "number"],
)
def test_silence_that_cannot_be_used_is_made_anew(model, silence, tmp_path, content):
    file = tmp_path / "kept.npy"
    if content is not None:
        file.write_bytes(content)
    states = np.asarray(Window(model, silence=file).encode(NOISE[:0]))
    spoken = states_for(0, MARGIN)
    np.testing.assert_array_equal(states[:, spoken:], silence[:, spoken:])


def test_a_folder_in_the_place_of_silence_is_passed_over(model, silence, tmp_path):
    (tmp_path / "kept.npy").mkdir()
    states = np.asarray(Window(model, silence=tmp_path / "kept.npy").encode(NOISE[:0]))
    np.testing.assert_array_equal(states[:, MARGIN:], silence[:, MARGIN:])


@pytest.fixture
def folder(pristine, tmp_path):
    """The model again, in a folder beside whose files others may lie."""
    new = tmp_path / "model"
    new.mkdir()
    for file in pristine.iterdir():
        (new / file.name).symlink_to(file)
    return new


def test_the_silence_beside_a_model_is_the_one_it_uses(folder):
    np.save(folder / SILENCE, np.full((1, STATES, WIDTH), 3, np.float32))
    engine = Engine(folder, RecognitionSettings(threads=1))
    assert (np.asarray(engine.encode(NOISE[:1600]))[:, states_for(1600, MARGIN) :] == 3).all()
    whole = np.asarray(engine.encode(NOISE[:1600], whole=True))
    assert not (whole == 3).any()


def test_a_model_for_short_windows_has_no_use_for_silence(folder):
    np.save(folder / SILENCE, np.full((1, STATES, WIDTH), 3, np.float32))
    engine = Engine(folder, RecognitionSettings(threads=1), short_window=True)
    assert np.asarray(engine.encode(NOISE[:1600])).shape[1] == states_for(1600, SHORT_MARGIN)
    engine.warm_up()


def test_the_silence_of_another_model_is_an_error_that_says_what_to_do(folder):
    np.save(folder / SILENCE, np.zeros((1, STATES, 2 * WIDTH), np.float32))
    engine = Engine(folder, RecognitionSettings(threads=1))
    with pytest.raises(ModelError, match="saykey model verify"):
        engine.warm_up()


def correlations(some, others):
    """Give how alike the states are, one by one: 1 for the same direction from the mean of all."""
    some, others = (states - states.mean(axis=0) for states in (some, others))
    return (some * others).sum(axis=1) / np.linalg.norm(some, axis=1) / np.linalg.norm(others, axis=1)


@pytest.mark.model
def test_the_states_of_the_demo_are_close_to_those_in_the_whole_window(real_model, demo):
    window = Window(load_model(real_model, threads=1), silence=real_model / SILENCE)
    spliced, whole = (np.asarray(states)[0] for states in (window.encode(demo), window.encode_whole(demo)))
    speech = slice(0, len(demo) // features.HOP // 2)
    alike = correlations(spliced[speech], whole[speech])
    # Measured: 0.982 and 0.993.
    assert np.mean(alike) > 0.97
    assert np.median(alike) > 0.985
    silence = silence_states(load_model(real_model, threads=1))[0]
    assert np.mean(correlations(silence[speech], whole[speech])) < 0.5


@pytest.mark.model
@pytest.mark.parametrize("beam_size", [1, 5])
def test_the_demo_says_the_same_both_ways(real_engine, demo, beam_size):
    spliced, whole = (
        real_engine.decode(real_engine.encode(demo, whole=whole), seconds(len(demo)), beam_size=beam_size)
        for whole in (False, True)
    )
    assert spliced.text == whole.text
    assert spliced.avg_logprob == pytest.approx(whole.avg_logprob, abs=0.1)
