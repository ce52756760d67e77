from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.convert import Converter
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000)


def tone(frequency_hz, rate_hz, duration_s, channels=1):
    time_s = np.arange(round(rate_hz * duration_s)) / rate_hz
    wave = (0.5 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def noise(frames, channels, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (frames, channels)).astype(np.float32)


def converted(frames, rate_hz, cuts=()):
    converter = Converter(rate_hz)
    windows = [window for block in np.split(frames, cuts) for window in converter.push(block)]
    return windows + converter.flush()


@given(
    rate_hz=st.sampled_from(RATES_HZ),
    channels=st.integers(1, 3),
    frames=st.integers(0, 6_000),
    data=st.data(),
)
def test_the_windows_do_not_depend_on_how_the_sound_arrives(rate_hz, channels, frames, data):
    sound = noise(frames, channels)
    cuts = sorted(data.draw(st.lists(st.integers(0, frames), max_size=20)))
    whole = converted(sound, rate_hz)
    in_blocks = converted(sound, rate_hz, cuts)
    assert len(in_blocks) == len(whole)
    for one, other in zip(in_blocks, whole, strict=True):
        np.testing.assert_array_equal(one, other)


@given(rate_hz=st.sampled_from(RATES_HZ), channels=st.integers(1, 3), frames=st.integers(0, 6_000))
def test_every_window_is_whole_and_none_is_missing_or_too_many(rate_hz, channels, frames):
    windows = converted(noise(frames, channels), rate_hz)
    assert all(window.shape == (WINDOW,) and window.dtype == np.float32 for window in windows)
    assert all(np.abs(window).max() <= 1 for window in windows)
    samples = (2 * frames * SAMPLE_RATE_HZ + rate_hz) // (2 * rate_hz)  # rounded, halves up
    assert len(windows) == -(-samples // WINDOW)


@given(frames=st.integers(0, 5_000), block=st.integers(1, 1_000))
def test_mono_16_khz_passes_unchanged(frames, block):
    sound = noise(frames, 1)
    windows = converted(sound, SAMPLE_RATE_HZ, range(block, frames, block))
    passed = np.concatenate([np.empty(0, np.float32), *windows])
    np.testing.assert_array_equal(passed[:frames], sound[:, 0])
    assert not passed[frames:].any()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frequency_hz", [110, 440, 3_000])
def test_a_tone_stays_that_tone_at_its_time_and_loudness(rate_hz, channels, frequency_hz):
    windows = converted(tone(frequency_hz, rate_hz, 1, channels), rate_hz)
    heard = np.concatenate(windows)[:SAMPLE_RATE_HZ]
    expected = tone(frequency_hz, SAMPLE_RATE_HZ, 1)[:, 0]
    # Its first and last 20 ms begin and end abruptly, and ring.
    np.testing.assert_allclose(heard[320:-320], expected[320:-320], atol=2e-3)


@pytest.mark.parametrize("dead", [0, 1])
def test_a_dead_channel_leaves_the_other_at_half_its_loudness(dead):
    sound = tone(440, SAMPLE_RATE_HZ, 0.5, channels=2)
    alive = sound[:, 1 - dead].copy()
    sound[:, dead] = 0
    heard = np.concatenate(converted(sound, SAMPLE_RATE_HZ))
    np.testing.assert_allclose(heard[: alive.size], alive / 2, atol=1e-6)


def test_what_would_alias_into_speech_is_removed():
    heard = np.concatenate(converted(tone(15_000, 48_000, 1), 48_000))
    assert np.abs(heard[320 : SAMPLE_RATE_HZ - 320]).max() < 1e-3


def test_windows_come_while_the_sound_goes_on():
    converter = Converter(48_000)
    second = tone(440, 48_000, 1)
    at_once = [window for block in np.split(second, 100) for window in converter.push(block)]
    assert len(at_once) >= 28  # of 31: what is missing is the delay of a filter that looks ahead
