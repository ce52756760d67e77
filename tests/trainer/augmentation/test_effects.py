"""What is done to speech, against closed forms and other ways of computing the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.augmentation import effects


def tone(hz: float, seconds: float = 1.0, peak: float = 0.5):
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (peak * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def white(length: int, seed: int = 0, level: float = 0.1):
    return (level * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def loudest_hz(samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * SAMPLE_RATE_HZ / len(samples))


@pytest.mark.parametrize("semitones", [-1.0, 0.0, 0.5, 1.0])
def test_pitch_is_shifted_and_the_tempo_kept(semitones):
    shifted = effects.shift_pitch(tone(440, 2), semitones)

    assert len(shifted) == 2 * SAMPLE_RATE_HZ
    assert loudest_hz(shifted) == pytest.approx(440 * 2 ** (semitones / 12), abs=3)


@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1])
def test_speed_shortens_and_raises(speed):
    changed = effects.change_speed(tone(440, 2), speed)

    assert len(changed) == pytest.approx(2 * SAMPLE_RATE_HZ / speed, abs=1)
    assert loudest_hz(changed) == pytest.approx(440 * speed, abs=3)


@given(snr_db=st.floats(-10, 40), level=st.floats(0.001, 0.3), seed=st.integers(0, 99))
def test_noise_has_the_ratio_that_was_asked_for(snr_db, level, seed):
    speech, noise = tone(300, 0.5), white(SAMPLE_RATE_HZ // 2, seed, level)

    mixed = effects.add_noise(speech, noise, snr_db).astype(np.float64)

    added = mixed - speech
    got_db = 10 * np.log10(np.sum(speech.astype(np.float64) ** 2) / np.sum(added**2))
    assert got_db == pytest.approx(snr_db, abs=0.5)


def test_noise_that_cannot_be_heard_is_not_made_loud():
    speech = tone(300)

    assert effects.add_noise(speech, np.zeros_like(speech), 10) is speech
    assert effects.add_noise(speech, white(len(speech), level=1e-6), 10) is speech


def test_silence_stays_silent_under_noise():
    silence = np.zeros(8000, np.float32)

    assert not effects.add_noise(silence, white(8000), 10).any()


def test_a_room_without_walls_changes_nothing():
    speech = white(5000)

    np.testing.assert_allclose(effects.reverberate(speech, np.ones(1, np.float32)), speech, atol=1e-6)


def test_a_room_delays_no_word():
    speech, late = white(5000), np.zeros(800, np.float32)
    late[700] = 0.3

    np.testing.assert_allclose(effects.reverberate(speech, late), speech, atol=1e-6)


def test_a_room_is_a_convolution_of_the_same_loudness_and_length():
    speech, room = white(5000), white(1000, seed=1)
    room[0] = 1

    wet = effects.reverberate(speech, room)

    expected = np.convolve(speech.astype(np.float64), room)[:5000]
    expected *= np.sqrt(np.mean(speech.astype(np.float64) ** 2) / np.mean(expected**2))
    np.testing.assert_allclose(wet, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("hz", "db"), [(200, -3.01), (50, -24.1), (1000, 0.0), (4000, -3.01), (2000, 6.0), (250, -1.49)]
)
def test_a_microphone_cuts_the_bass_and_the_treble(hz, db):
    gains_db = (0, 0, 0, 0, 6, 0, 0) if db > 0 else (0,) * 7

    heard = effects.filter_response(tone(hz), 200, 4000, gains_db)

    middle = slice(4000, -4000)  # away from where the tone begins and ends
    assert 20 * np.log10(effects.rms(heard[middle]) / effects.rms(tone(hz)[middle])) == pytest.approx(
        db, abs=0.2
    )


@given(gain=st.floats(0.01, 10), peak=st.floats(0, 1))
def test_gain_never_exceeds_full_scale_and_clips_nothing(gain, peak):
    samples = tone(500, 0.1, peak)

    louder = effects.amplify(samples, gain)

    assert np.abs(louder).max() <= 1
    expected = samples * min(gain, 1 / max(peak, 1e-9))
    np.testing.assert_allclose(louder, expected, rtol=1e-3, atol=1e-6)


@given(least=st.integers(1, 1_000_000))
def test_the_transform_is_long_enough_and_not_much_longer(least):
    length = effects._fast_length(least)

    assert least <= length <= max(least + 1, 1.34 * least)
    while length % 2 == 0:
        length //= 2
    assert length in {1, 3, 5}
