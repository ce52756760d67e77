from __future__ import annotations

import contextlib
import errno
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import SoundError


def tone(rate_hz, channels=1, duration_s=1.0):
    time_s = np.arange(round(rate_hz * duration_s)) / rate_hz
    wave = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


EXPECTED = tone(SAMPLE_RATE_HZ)[:, 0]


def write(path, sound, rate_hz=SAMPLE_RATE_HZ, subtype=None, **how):
    soundfile.write(path, sound, rate_hz, subtype, **how)
    return path


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_number_of_channels_is_read(tmp_path, rate_hz, channels):
    samples = read(write(tmp_path / "a.wav", tone(rate_hz, channels), rate_hz))
    assert samples.dtype == np.float32
    assert samples.shape == EXPECTED.shape
    np.testing.assert_allclose(samples[320:-320], EXPECTED[320:-320], atol=2e-3)


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_U8", 1e-2),
        ("a.wav", "PCM_16", 1e-4),
        ("a.wav", "PCM_24", 1e-6),
        ("a.wav", "PCM_32", 1e-6),
        ("a.wav", "FLOAT", 1e-6),
        ("a.wav", "DOUBLE", 1e-6),
        ("a.wav", "ULAW", 3e-2),
        ("a.wav", "ALAW", 3e-2),
        ("a.flac", "PCM_16", 1e-4),
        ("a.flac", "PCM_24", 1e-6),
        ("a.ogg", "VORBIS", 2e-2),
    ],
)
def test_any_type_of_sample_is_read(tmp_path, name, subtype, tolerance):
    samples = read(write(tmp_path / name, tone(SAMPLE_RATE_HZ), subtype=subtype))
    assert samples.shape == EXPECTED.shape
    np.testing.assert_allclose(samples[320:-320], EXPECTED[320:-320], atol=tolerance)


def test_mp3_is_read(tmp_path):
    samples = read(write(tmp_path / "a.mp3", tone(44_100, 2), 44_100))
    assert samples.size == pytest.approx(SAMPLE_RATE_HZ, rel=0.1)  # MP3 may add silence at its ends
    spectrum = np.abs(np.fft.rfft(samples[:SAMPLE_RATE_HZ]))
    assert np.argmax(spectrum) == pytest.approx(440, rel=0.01)


@given(values=st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=3_000))
def test_16_bits_at_16_khz_are_read_without_loss(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "exact.wav"
    write(path, np.array(values, np.int16))
    np.testing.assert_array_equal(read(path), np.array(values) / 32_768)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_sound_of_many_blocks_is_whole(tmp_path, rate_hz):
    duration_s = 12
    samples = read(write(tmp_path / "long.flac", tone(rate_hz, 2, duration_s), rate_hz))
    expected = tone(SAMPLE_RATE_HZ, 1, duration_s)[:, 0]
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples[320:-320], expected[320:-320], atol=2e-3)


def test_one_sample_is_a_sound(tmp_path):
    np.testing.assert_array_equal(read(write(tmp_path / "a.wav", np.array([0.5]))), [0.5])


def test_a_file_is_what_it_holds_and_not_what_it_is_called(tmp_path):
    write(tmp_path / "a.raw", tone(SAMPLE_RATE_HZ), format="FLAC")
    assert read(tmp_path / "a.raw").size == SAMPLE_RATE_HZ


def test_floats_beyond_full_scale_are_scaled_and_keep_their_shape(tmp_path):
    samples = read(write(tmp_path / "a.wav", 20_000 * tone(SAMPLE_RATE_HZ), subtype="FLOAT"))
    np.testing.assert_allclose(samples, EXPECTED / np.abs(EXPECTED).max(), atol=1e-6)


def test_a_length_that_the_writer_could_not_know_is_no_damage(tmp_path):
    path = write(tmp_path / "piped.wav", tone(SAMPLE_RATE_HZ))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"data") + 4, 0xFFFF_FFFF)
    path.write_bytes(content)
    assert read(path).size == SAMPLE_RATE_HZ


def refused(path):
    with pytest.raises(SoundError) as error:
        read(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in refused(tmp_path / "none.wav")


def test_a_folder_is_refused(tmp_path):
    assert "not a file" in refused(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert "not a file" in refused(tmp_path / "pipe.wav")


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch, fault):
    path = write(tmp_path / "a.wav", tone(SAMPLE_RATE_HZ))

    def fail(*_args, **_options):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(Path, "open", fail)
    assert os.strerror(fault) in refused(path)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    assert "is empty" in refused(tmp_path / name)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.raw", "a.txt"])
def test_what_is_no_sound_is_refused(tmp_path, name):
    (tmp_path / name).write_text("Hello, this is text.\n" * 300)
    assert "WAV, FLAC, OGG or MP3" in refused(tmp_path / name)


@pytest.mark.parametrize("rate_hz", [1, 100, 1_999])
def test_a_rate_at_which_nothing_can_be_understood_is_refused(tmp_path, rate_hz):
    assert f"has a rate of {rate_hz} Hz" in refused(write(tmp_path / "a.wav", np.ones(100_000), rate_hz))


def test_a_file_without_samples_is_refused(tmp_path):
    assert "holds no sound" in refused(write(tmp_path / "a.wav", np.empty(0)))


def test_a_wav_that_is_cut_short_is_refused(tmp_path):
    path = write(tmp_path / "a.wav", tone(SAMPLE_RATE_HZ))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "cut short after 0.50 s" in refused(path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_flac_that_is_cut_short_is_refused(tmp_path, share):
    path = write(tmp_path / "a.flac", np.random.default_rng(0).uniform(-1, 1, 50_000))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path)


def test_a_damaged_flac_is_refused(tmp_path):
    path = write(tmp_path / "a.flac", np.random.default_rng(0).uniform(-1, 1, 50_000))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    path.write_bytes(content)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, value):
    sound = tone(SAMPLE_RATE_HZ)
    sound[5_000] = value
    assert "no numbers" in refused(write(tmp_path / "a.wav", sound, subtype="FLOAT"))


@given(
    content=st.binary(max_size=400),
    header=st.sampled_from([b"RIFF\x00\x01\x00\x00WAVEfmt ", b"fLaC", b"OggS"]),
)
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, content, header):
    path = tmp_path_factory.getbasetemp() / "fuzz"
    path.write_bytes(header + content)
    with contextlib.suppress(SoundError):
        assert read(path).size
