"""Which voices there are."""

from __future__ import annotations

import sys

import pytest

from trainer.errors import DataError, MissingError
from trainer.synthesis import voices
from trainer.synthesis.voices import Voice, available, chosen, piper_voices


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(voices, "find_spec", lambda _name: None)


def test_all_programs_have_voices_and_no_two_are_called_alike(programs):
    found = available()

    assert {voice.program for voice in found} >= {"espeak-ng", "flite"}
    assert len({voice.label for voice in found}) == len(found)
    assert {(voice.speed, voice.pitch_semitones) for voice in found} == {(1.0, 0.0)}


def test_english_piper_voices_are_found_in_packages(programs, tmp_path, monkeypatch):
    package = tmp_path / "a_piper_voice"
    package.mkdir()
    names = []
    for voice in ("en_GB-someone-low", "de_DE-jemand-low"):
        (package / f"{voice}.onnx").touch()
        (package / f"{voice}.onnx.json").write_text('{"num_speakers": 1}', encoding="utf-8")
        names += [f"a_piper_voice/{voice}.onnx,,", f"a_piper_voice/{voice}.onnx.json,,"]
    about = tmp_path / "a_piper_voice-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: a-piper-voice\nVersion: 1.0\n", encoding="utf-8"
    )
    (about / "RECORD").write_text("\n".join(names), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    found = [voice for voice in available() if voice.name.startswith(str(tmp_path))]

    assert [voice.label for voice in found] == ["piper:en_GB-someone-low"]


def test_nothing_installed_names_what_to_install(nothing_installed):
    assert available() == []
    with pytest.raises(MissingError, match=r"pip install piper-tts.*espeak-ng.*flite"):
        chosen([])


def test_voices_are_chosen_by_label_program_and_file(programs):
    by_label = chosen(["flite:slt", "flite:slt"])
    by_program = chosen(["espeak-ng"])
    by_file = chosen([str(programs.voice)])

    assert by_label == [Voice("flite", "slt")]
    assert len(by_program) > 10
    assert {voice.program for voice in by_program} == {"espeak-ng"}
    assert [voice.label for voice in by_file] == ["piper:en_US-fake-medium"]
    assert chosen([]) == available()


def test_each_speaker_of_a_piper_voice_is_a_voice(programs):
    programs.voice.with_name(f"{programs.voice.name}.json").write_text(
        '{"num_speakers": 3}', encoding="utf-8"
    )

    found = piper_voices(programs.voice)

    assert [voice.label for voice in found] == [f"piper:en_US-fake-medium#{number}" for number in range(3)]


def test_unknown_voices_and_broken_ones_are_named(programs, tmp_path):
    with pytest.raises(DataError, match="no voice 'nobody'"):
        chosen(["nobody"])
    with pytest.raises(DataError, match=r"no\.onnx\.json"):
        chosen([str(tmp_path / "no.onnx")])
    (tmp_path / "no.onnx.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match=r"no\.onnx\.json"):
        chosen([str(tmp_path / "no.onnx")])
    (tmp_path / "no.onnx.json").write_text('{"num_speakers": 1}', encoding="utf-8")
    with pytest.raises(DataError, match=r"no\.onnx is missing"):
        chosen([str(tmp_path / "no.onnx")])
