from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.speech.features import HOP, MAX_FRAMES, MAX_SAMPLES, log_mel, mel_filters, window

random = np.random.default_rng(1)


def noise(length):
    return (0.1 * random.standard_normal(length)).astype(np.float32)


def tone(length):
    return np.sin(2 * np.pi * 440 / 16_000 * np.arange(length)).astype(np.float32)


@pytest.fixture(scope="module", params=[80, 128])
def reference(request):
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor(feature_size=request.param)


def bands(reference):
    return len(reference.mel_filters)


def close(ours, theirs):
    return ours.shape == theirs.shape and np.allclose(ours, theirs, atol=2e-4)


def test_the_filters_are_those_of_faster_whisper(reference):
    np.testing.assert_allclose(mel_filters(bands(reference)), reference.mel_filters, atol=1e-7)


@pytest.mark.parametrize("length", [201, 400, 1600, 16_000, 16_001, 48_159])
@pytest.mark.parametrize("sound", [noise, tone, lambda length: np.zeros(length, np.float32)])
def test_the_features_are_those_of_faster_whisper(reference, sound, length):
    samples = sound(length)
    assert close(log_mel(samples, bands(reference)), reference(samples, padding=0))


def test_the_features_of_speech_are_those_of_faster_whisper(reference, demo):
    assert close(log_mel(demo, bands(reference)), reference(demo, padding=0))


@pytest.mark.parametrize(
    "length",
    [0, 1, 159, 160, 161, 200, 399, 400, 8000, 50_001]
    + [MAX_SAMPLES - short for short in (401, 400, 399, 200, 160, 1, 0)],
)
def test_the_full_window_is_the_sound_and_digital_silence(length):
    samples = noise(length)
    silence = np.zeros(MAX_SAMPLES - length, np.float32)
    assert close(window(samples, 80), log_mel(np.concatenate((samples, silence)), 80))


def test_the_full_window_of_speech_is_what_faster_whisper_computes(reference, demo):
    # A sound that breaks off, as a recording does when the button comes up.
    broken_off = demo[: len(demo) // 2]
    whole = np.concatenate((broken_off, np.zeros(MAX_SAMPLES - len(broken_off), np.float32)))
    assert close(window(broken_off, bands(reference)), reference(whole, padding=0))


def test_a_faint_sound_has_its_floor_at_the_least_power():
    samples = 1e-5 * noise(16_000)
    silence = np.zeros(MAX_SAMPLES - 16_000, np.float32)
    assert close(window(samples, 80), log_mel(np.concatenate((samples, silence)), 80))


def test_what_is_longer_than_the_window_is_cut():
    samples = noise(MAX_SAMPLES + 12_345)
    np.testing.assert_array_equal(window(samples, 80), window(samples[:MAX_SAMPLES], 80))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5000), st.sampled_from([80, 128]))
def test_every_length_of_sound_has_features(length, n_mels):
    samples = noise(length)
    assert log_mel(samples, n_mels).shape == (n_mels, length // HOP)
    full = window(samples, n_mels)
    assert full.shape == (n_mels, MAX_FRAMES)
    assert full.dtype == np.float32
    assert np.isfinite(full).all()
    assert full.flags.c_contiguous


def test_the_sound_is_not_changed():
    samples = noise(1000)
    before = samples.copy()
    window(samples, 80)
    np.testing.assert_array_equal(samples, before)
