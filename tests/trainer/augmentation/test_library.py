"""Noises and rooms, read and made."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import SoundError
from trainer.augmentation import library
from trainer.augmentation.settings import AugmentSettings
from trainer.errors import DataError, RecipeError


def octave_db(samples, low_hz: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    return 10 * np.log10(power[(hz >= low_hz) & (hz < 2 * low_hz)].sum())


@pytest.fixture(scope="module")
def made():
    return {noise.name: noise.samples for noise in library.made_noises(np.random.default_rng(1))}


@pytest.mark.parametrize(
    ("name", "step_db"), [("white noise", 3.01), ("pink noise", 0.0), ("brown noise", -3.01)]
)
def test_made_noise_has_its_colour(made, name, step_db):
    steps = [octave_db(made[name], 2 * hz) - octave_db(made[name], hz) for hz in (100, 400, 1600)]

    assert steps == pytest.approx([step_db] * 3, abs=0.3)


def test_hum_is_that_of_the_mains(made):
    for mains_hz in (50, 60):
        spectrum = np.abs(np.fft.rfft(made[f"{mains_hz} Hz hum"]))
        hz = np.fft.rfftfreq(len(made["white noise"]), 1 / SAMPLE_RATE_HZ)
        assert hz[spectrum > spectrum.max() / 20] == pytest.approx(mains_hz * np.arange(1, 11))


def test_made_rooms_die_away_and_begin_with_the_direct_sound():
    rooms = library.made_rooms(np.random.default_rng(1))

    assert len({room.name for room in rooms}) > 20
    for room in rooms:
        assert np.abs(room.samples).argmax() == 0
        quarter = len(room.samples) // 4
        early, late = room.samples[1:quarter], room.samples[-quarter:]
        # Three quarters of the way to -60 dB.
        assert 10 * np.log10(np.mean(early**2) / np.mean(late**2)) == pytest.approx(45, abs=3)


def test_noise_has_no_offset_and_silence_is_left_out(tmp_path):
    hiss = 0.2 + np.random.default_rng(0).uniform(-0.1, 0.1, 3000)
    for name, samples in (("hiss", hiss), ("silent", np.zeros(3000)), ("offset", np.full(3000, 0.3))):
        soundfile.write(tmp_path / f"{name}.wav", samples, SAMPLE_RATE_HZ)

    [noise] = library.read_noises(library.sound_files(tmp_path))

    assert noise.name == "hiss.wav"
    assert noise.samples.mean() == pytest.approx(0, abs=1e-6)


def test_a_room_begins_at_its_peak_and_ends_within_a_second(tmp_path):
    room = np.zeros(3 * SAMPLE_RATE_HZ)
    room[500], room[600] = 0.8, -0.4
    soundfile.write(tmp_path / "hall.flac", room, SAMPLE_RATE_HZ)

    [read] = library.read_rooms([tmp_path / "hall.flac"])

    assert len(read.samples) == SAMPLE_RATE_HZ
    assert read.samples[[0, 100]] == pytest.approx([0.8, -0.4], abs=1e-3)


def test_many_noises_share_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "_KEPT_S", 1)
    for name in "abcd":
        soundfile.write(
            tmp_path / f"{name}.wav", np.random.default_rng(0).uniform(-1, 1, 16000), SAMPLE_RATE_HZ
        )

    assert [len(noise.samples) for noise in library.read_noises(sorted(tmp_path.iterdir()))] == [4000] * 4


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(DataError, match="has no sound files"):
        library.sound_files(tmp_path)
    silent, broken = tmp_path / "silent.wav", tmp_path / "broken.wav"
    soundfile.write(silent, np.zeros(3000), SAMPLE_RATE_HZ)
    broken.write_bytes(b"no sound")
    with pytest.raises(DataError, match=r"silent\.wav .*silent"):
        library.read_noises([silent])
    with pytest.raises(DataError, match=r"silent\.wav is silent"):
        library.read_rooms([silent])
    with pytest.raises(SoundError, match=r"broken\.wav"):
        library.read_noises([broken])


def test_sounds_that_training_would_never_take_are_refused(tmp_path):
    soundfile.write(tmp_path / "fan.wav", np.full(100, 0.1), SAMPLE_RATE_HZ)
    for settings in (None, AugmentSettings(noise_share=0)):
        with pytest.raises(RecipeError, match=r"take nothing from .*: set the recipe's augment\.noise_share"):
            library.asked_for(tmp_path, settings, "noise_share")
    with pytest.raises(RecipeError, match=r"augment\.room_share"):
        library.asked_for(tmp_path, AugmentSettings(room_share=0), "room_share")

    assert library.asked_for(tmp_path, AugmentSettings(), "noise_share") == (tmp_path / "fan.wav",)
    assert library.asked_for(None, None, "noise_share") == ()
