"""Programs that speak: told how, waited for, and believed only when there is sound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.errors import MissingError
from trainer.synthesis import programs as speaking
from trainer.synthesis.programs import ProgramError, speak, spoken
from trainer.synthesis.voices import Voice, available, has_program

PROGRAMS = ("piper", "espeak-ng", "flite")


def voice_of(program, programs, **manner):
    return Voice(program, str(programs.voice) if program == "piper" else "slt", **manner)


def loudest_hz(samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * SAMPLE_RATE_HZ / len(samples))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("speed", "semitones"), [(1, 0), (1.25, 0), (1, 2), (0.8, -2)])
def test_speed_and_pitch_do_not_disturb_each_other(programs, program, speed, semitones):
    [samples] = spoken(voice_of(program, programs, speed=speed, pitch_semitones=semitones), ["Hello."])

    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(1 / speed, rel=0.01)
    assert loudest_hz(samples) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)
    assert np.abs(samples).max() == pytest.approx(10 ** (-3 / 20), rel=1e-3)


@pytest.mark.parametrize("program", PROGRAMS)
def test_texts_come_back_in_order_and_in_one_line_each(programs, program):
    texts = [f"Text  {number}\nand more." for number in range(3)]

    assert len(spoken(voice_of(program, programs), texts)) == 3

    assert [said[2] for said in programs.said()] == [f"Text {number} and more." for number in range(3)]


def test_the_chance_in_piper_has_a_seed_of_its_texts(programs):
    voice = voice_of("piper", programs)
    for text in ("one", "one", "two"):
        spoken(voice, [text])

    first, again, other = [said[3] for said in programs.said()]
    assert first == again != other


def test_piper_is_told_the_speaker(programs):
    spoken(voice_of("piper", programs, speaker=4), ["one"])

    assert programs.said()[0][4] == "4"


def test_flite_gets_plain_letters(programs):
    spoken(voice_of("flite", programs), ["Zo\u00eb\u2019s caf\u00e9 \u2013 yes"])

    assert programs.said()[0][2] == "Zoe's cafe - yes"


def test_a_file_is_written_as_the_model_hears(programs, tmp_path):
    speak(voice_of("flite", programs), "Hello.", tmp_path / "hello.wav")

    info = soundfile.info(tmp_path / "hello.wav")
    assert (info.samplerate, info.channels, info.subtype) == (SAMPLE_RATE_HZ, 1, "PCM_16")


@pytest.mark.parametrize(
    ("text", "said"), [("TROUBLE", "on fire"), ("NOTHING", "sound|spoke 0 of 1"), ("HUSH", "said nothing")]
)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_fails_is_named_with_its_text(programs, program, text, said):
    with pytest.raises(ProgramError, match=said) as raised:
        spoken(voice_of(program, programs), [text])
    assert text in str(raised.value)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_hangs_is_ended(programs, program, monkeypatch):
    monkeypatch.setattr(speaking, "_START_TIMEOUT_S", 0.05)
    monkeypatch.setattr(speaking, "_TEXT_TIMEOUT_S", 0.05)

    with pytest.raises(ProgramError, match="took more than"):
        spoken(voice_of(program, programs), ["FOREVER"])


def test_a_missing_program_names_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingError, match="apt install espeak-ng"):
        spoken(Voice("espeak-ng", "en-us"), ["Hello."])


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_real_program_speaks_the_same_twice_and_slower_when_told(program):
    voice = next((voice for voice in available() if voice.program == program), None)
    if voice is None:
        pytest.skip(f"{program} or a voice for it is not installed")
    slow = Voice(program, voice.name, voice.speaker, speed=0.7)
    texts = ["Hello.", "This is a longer sentence."]

    first, again = spoken(voice, texts), spoken(voice, texts)

    assert all(itertools.starmap(np.array_equal, zip(first, again, strict=True)))
    assert len(first[1]) > 1.5 * len(first[0])
    assert len(spoken(slow, texts[1:])[0]) > 1.15 * len(first[1])
    assert has_program(program)
