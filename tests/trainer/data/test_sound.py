from __future__ import annotations

import os
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from device.audio.files import read
from device.demo import RECORDING
from device.errors import SoundError
from trainer.data.sound import frame_powers, measure, pcm16, sha256, silent_ends_s, snr_db


def test_a_file_is_measured(tmp_path, speechlike):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([speechlike(2.0, rate_hz=48_000)] * 2, axis=1), 48_000, subtype="FLOAT")
    facts = measure(path)
    assert (facts.rate_hz, facts.channels, facts.subtype) == (48_000, 2, "FLOAT")
    assert facts.duration_s == pytest.approx(2.0, abs=0.001)
    assert facts.clipped == 0


@pytest.mark.parametrize("peak_db", [-40.0, -6.0, -0.1])
def test_peak(tmp_path, peak_db):
    path = tmp_path / "a.wav"
    soundfile.write(path, 10 ** (peak_db / 20) * np.sin(np.arange(16_000) * np.pi / 8), 16_000)
    assert measure(path).peak_db == pytest.approx(peak_db, abs=0.05)


def test_clipped_samples_are_counted_in_any_channel(tmp_path):
    wave = np.sin(2 * np.pi * 100 * np.arange(16_000) / 16_000)
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([wave, np.clip(2 * wave, -1, 1)], axis=1), 16_000)
    # 2 sin x is cut off from 30 to 150 degrees and from 210 to 330: two thirds of the time.
    assert measure(path).clipped == pytest.approx(16_000 * 2 / 3, rel=0.03)


def test_a_loud_wave_is_not_clipped(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.sin(2 * np.pi * 100 * np.arange(16_000) / 16_000), 16_000)
    assert measure(path).clipped == 0


@pytest.mark.parametrize("ratio_db", [5, 10, 20])
def test_snr_of_noise_that_was_added(ratio_db):
    sound = read(RECORDING)
    powers = frame_powers(sound)
    speech = powers[powers > np.percentile(powers, 95) / 1000].mean()
    noise = np.random.default_rng(0).standard_normal(len(sound)) * np.sqrt(speech / 10 ** (ratio_db / 10))
    assert snr_db(frame_powers((sound + noise).astype(np.float32))) == pytest.approx(ratio_db, abs=2.5)


def test_no_snr_without_sound():
    assert snr_db(np.zeros(100)) is None
    assert snr_db(np.empty(0)) is None


def test_silence_at_the_ends(speechlike):
    sound = np.concatenate([np.zeros(16_000), np.full(8_000, 0.5), np.zeros(24_000)]).astype(np.float32)
    assert silent_ends_s(frame_powers(sound)) == pytest.approx((1.0, 1.5))
    assert silent_ends_s(np.zeros(10)) == silent_ends_s(np.empty(0)) == (0, 0)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
def test_16_bits_come_through_as_they_are(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "values.wav"
    samples = np.array(values, np.int16)
    soundfile.write(path, samples, 16_000, subtype="PCM_16")
    assert (pcm16(read(path)) == samples).all()


def test_the_hash_is_of_the_sound_and_not_of_its_file(tmp_path, speechlike):
    sound = pcm16(speechlike(1.0))
    for name in ("a.wav", "a.flac"):
        soundfile.write(tmp_path / name, sound, 16_000, subtype="PCM_16")
    assert measure(tmp_path / "a.wav").sha256 == measure(tmp_path / "a.flac").sha256 == sha256(sound)


def test_hours_are_not_decoded(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(3_600 * 2_000, np.int16), 2_000, subtype="PCM_U8")
    facts = measure(path)
    assert (facts.duration_s, facts.sha256) == (3_600, "")


@pytest.mark.parametrize("name", ["a.raw", os.fsdecode(b"caf\xe9.wav")])
def test_a_file_may_be_called_as_it_likes(tmp_path, speechlike, name):
    soundfile.write(tmp_path / "a.wav", speechlike(1.5), 16_000)
    if sys.platform != "linux" and not name.isprintable():
        pytest.skip("only Linux has names that are no text")
    (tmp_path / "a.wav").replace(tmp_path / name)
    assert measure(tmp_path / name).duration_s == 1.5


def test_no_name_makes_a_sound_of_what_is_none(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(64_000))
    with pytest.raises(SoundError, match="is no sound that can be read"):
        measure(tmp_path / "a.raw")


COMPRESSED = [("a.mp3", "MPEG_LAYER_III"), ("a.ogg", "VORBIS"), ("a.ogg", "OPUS")]


@pytest.mark.parametrize(("name", "subtype"), COMPRESSED)
@pytest.mark.parametrize("share", [0.95, 0.5])
def test_a_compressed_sound_that_is_cut_short_is_refused_and_a_whole_one_is_not(
    tmp_path, speechlike, name, subtype, share
):
    path = tmp_path / name
    soundfile.write(path, speechlike(6.0), 16_000, subtype=subtype)
    assert measure(path).duration_s == pytest.approx(6.0, abs=0.1)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SoundError, match=r"is cut short after \d\.\d+ s; copy it again"):
        measure(path)


def test_an_mp3_with_a_tag_before_its_sound_is_seen_to_be_cut_short(tmp_path, speechlike):
    path = tmp_path / "a.mp3"
    soundfile.write(path, speechlike(3.0), 16_000)
    tagged = b"ID3\4\0\0\0\0\2\1" + bytes(2 * 128 + 1) + path.read_bytes()
    path.write_bytes(tagged)
    assert measure(path).duration_s == pytest.approx(3.0, abs=0.1)
    path.write_bytes(tagged[: len(tagged) // 2])
    with pytest.raises(SoundError, match="is cut short"):
        measure(path)


def test_an_mp3_whose_length_is_guessed_is_not_called_cut_short(tmp_path, speechlike):
    path = tmp_path / "a.mp3"
    soundfile.write(path, np.concatenate([np.zeros(4_000), speechlike(3.0)]), 16_000)
    content = path.read_bytes()
    path.write_bytes(content[content.index(content[:2], 4) :])  # without the frame that has the count
    assert soundfile.info(path).duration > 6  # by the frames of silence at its beginning
    assert measure(path).duration_s == pytest.approx(3.25, abs=0.2)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"fLaC" + bytes(50)])
def test_what_is_no_sound(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(SoundError):
        measure(tmp_path / "a.wav")


@given(
    start=st.sampled_from([b"", b"RIFF\x24\x08\x00\x00WAVE", b"fLaC", b"OggS", b"ID3"]),
    rest=st.binary(max_size=200),
)
def test_random_bytes_are_measured_or_explained(tmp_path_factory, start, rest):
    path = tmp_path_factory.getbasetemp() / "random.wav"
    path.write_bytes(start + rest)
    try:
        facts = measure(path)
    except SoundError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017  # it may also be a sound
    else:
        assert facts.duration_s > 0
