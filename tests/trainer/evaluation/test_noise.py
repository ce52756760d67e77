from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import DataError
from trainer.evaluation.noise import Noises, mix, pink

RATE_HZ = 16_000


def rms(samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=float))))


def speech(length: int = RATE_HZ) -> np.ndarray:
    """A tone in the middle of silence, and where it is."""
    sound = np.zeros(length, dtype=np.float32)
    middle = slice(length // 4, length // 2)
    sound[middle] = 0.1 * np.sin(2 * np.pi * 300 * np.arange(length)[middle] / RATE_HZ)
    return sound


@given(snr_db=st.sampled_from([0, 5, 10, 20, 30]), seed=st.integers(0, 99))
def test_the_ratio_is_that_of_the_speech_where_it_is_to_the_noise(snr_db, seed):
    sound = speech()
    noise = pink(len(sound), np.random.default_rng(seed))
    added = mix(sound, noise, sound != 0, snr_db) - sound
    measured = 20 * np.log10(rms(sound[sound != 0]) / rms(added))
    assert measured == pytest.approx(snr_db, abs=0.05)


def test_where_no_speech_is_heard_all_of_it_counts():
    sound, noise = speech(), pink(RATE_HZ, np.random.default_rng(0))
    added = mix(sound, noise, np.zeros(len(sound), dtype=bool), 10) - sound
    assert 20 * np.log10(rms(sound) / rms(added)) == pytest.approx(10, abs=0.05)


def test_a_loud_mixture_is_scaled_into_full_scale():
    sound = np.sign(speech()).astype(np.float32)
    mixture = mix(sound, pink(len(sound), np.random.default_rng(0)), sound != 0, 5)
    assert np.abs(mixture).max() == 1


@pytest.mark.parametrize("which", ["speech", "noise"])
def test_silence_stays_finite(which):
    silence, sound = np.zeros(RATE_HZ, dtype=np.float32), speech()
    pair = (silence, sound) if which == "speech" else (sound, silence)
    assert np.array_equal(mix(*pair, np.zeros(RATE_HZ, dtype=bool), 10), pair[0])


def test_pink_noise_falls_by_ten_decibels_a_decade():
    power = np.abs(np.fft.rfft(pink(2**18, np.random.default_rng(3)))) ** 2
    low, high = power[100:200].mean(), power[1000:2000].mean()
    assert 10 * np.log10(low / high) == pytest.approx(10, abs=1)


@pytest.mark.parametrize("length", [1, 2, 3, 511])
def test_pink_noise_may_be_short(length):
    noise = pink(length, np.random.default_rng(0))
    assert noise.shape == (length,)
    assert np.isfinite(noise).all()


def test_a_name_has_always_the_same_noise_and_another_name_another(tmp_path):
    for name in "abc":
        level = 0.05 * np.random.default_rng(ord(name)).standard_normal(3 * RATE_HZ)
        soundfile.write(tmp_path / f"{name}.wav", level, RATE_HZ)
    for noises in (Noises(), Noises(tuple(sorted(tmp_path.iterdir())))):
        one, again, other = (noises.under(name, 1000) for name in ("one", "one", "other"))
        assert np.array_equal(one, again)
        assert not np.array_equal(one, other)


def test_noise_that_is_too_short_goes_round(tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.05 * np.random.default_rng(1).standard_normal(100), RATE_HZ)
    noise = Noises((tmp_path / "a.wav",)).under("x", 250)
    assert noise.shape == (250,)
    assert np.array_equal(noise[:100], noise[100:200])


def test_silence_is_passed_over_and_only_silence_is_explained(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE_HZ), RATE_HZ)
    soundfile.write(tmp_path / "fan.wav", 0.05 * np.random.default_rng(1).standard_normal(RATE_HZ), RATE_HZ)
    both = Noises((tmp_path / "silence.wav", tmp_path / "fan.wav"))
    assert all(both.under(str(number), 500).any() for number in range(8))
    with pytest.raises(DataError, match="holds no noise"):
        Noises((tmp_path / "silence.wav",)).under("x", 500)
