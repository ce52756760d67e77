from __future__ import annotations

import csv
import json
import os
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from device.errors import SoundError
from trainer.data.audit import AuditOptions, audit, examine
from trainer.dataset import load_manifest
from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.data.audit import Audit

WORDS = ["red", "green", "blue", "black", "white", "brown", "pink", "grey", "violet", "orange", "yellow"]

BAD = "Naïve Zoë привет.wav"


def sentence(number: int) -> str:
    return " ".join(np.random.default_rng(number).permutation(WORDS)[:5]).capitalize() + "."


def found(audited: Audit, file: str) -> set[tuple[str, str]]:
    return {(each.severity.value, each.kind) for each in audited.findings if each.file == file}


def kept(audited: Audit) -> set[str]:
    return {each.file for each in audited.accepted}


@pytest.fixture
def bad(tmp_path: Path, speechlike) -> Path:
    """A folder `voice` with everything that can be wrong with a recording, and twelve good ones."""
    folder = tmp_path / "voice"
    folder.mkdir()
    sound = speechlike(2.5, 100)
    for number in range(12):
        soundfile.write(folder / f"good{number}.wav", speechlike(2.5, number), 16_000)
    soundfile.write(folder / "stereo.wav", np.stack([sound, -0.5 * sound], axis=1), 16_000)
    soundfile.write(folder / "rate8.wav", speechlike(2.5, 101, 8_000), 8_000)
    soundfile.write(folder / "rate48.flac", speechlike(2.5, 102, 48_000), 48_000)
    soundfile.write(folder / "float.wav", speechlike(2.5, 103), 16_000, subtype="FLOAT")
    soundfile.write(folder / "long.wav", speechlike(45.0, 104), 16_000)
    soundfile.write(folder / "short.wav", speechlike(0.5, 105), 16_000)
    soundfile.write(folder / "mislabelled.wav", speechlike(2.5, 106), 16_000)
    soundfile.write(folder / "silent.wav", np.zeros(64_000), 16_000)
    soundfile.write(folder / "copy.flac", soundfile.read(folder / "good0.wav", dtype="int16")[0], 16_000)
    soundfile.write(folder / "again.ogg", speechlike(2.5, 1) / 2, 16_000)
    soundfile.write(folder / BAD, speechlike(2.5, 107), 16_000)
    soundfile.write(folder / "noise.wav", speechlike(2.5, 108), 16_000)
    soundfile.write(folder / "untold.wav", speechlike(2.5, 109), 16_000)
    (folder / "empty.wav").touch()
    (folder / "truncated.wav").write_bytes((folder / "good5.wav").read_bytes()[:20_000])
    (folder / "corrupt.flac").write_bytes(b"fLaC" + np.random.default_rng(0).bytes(2_000))
    texts = {path.name: sentence(number) for number, path in enumerate(sorted(folder.glob("*")))}
    texts |= {"copy.flac": texts["good0.wav"], "again.ogg": texts["good1.wav"], "noise.wav": ""}
    texts |= {"missing.wav": "Nothing is there."}
    del texts["untold.wav"]
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file_name", "text"), *texts.items()])
    return folder


def hearing(folder: Path):
    """Give what hears what is written, but for one recording."""
    said = {each.path: each.text for each in load_manifest_of(folder)}
    return lambda path: "Who would say any such thing?" if path.name == "mislabelled.wav" else said[path]


def load_manifest_of(folder: Path):
    from trainer.dataset import read_listing

    return read_listing(folder).utterances


def test_everything_bad_is_named_with_the_remedy_and_left_out_or_put_right(bad, tmp_path):
    target = tmp_path / "prepared"
    audited = audit(bad, target, recognise=hearing(bad))
    reasons = {
        "stereo.wav": ("noted", "channels"),
        "rate8.wav": ("flagged", "low rate"),
        "rate48.flac": ("noted", "rate"),
        "float.wav": ("noted", "samples"),
        "long.wav": ("rejected", "too long"),
        "short.wav": ("rejected", "too short"),
        "mislabelled.wav": ("rejected", "mislabelled"),
        "silent.wav": ("rejected", "no speech"),
        "noise.wav": ("rejected", "no text"),
        "untold.wav": ("rejected", "not listed"),
        "empty.wav": ("rejected", "damaged"),
        "truncated.wav": ("rejected", "damaged"),
        "corrupt.flac": ("rejected", "damaged"),
    }
    for file, reason in reasons.items():
        assert reason in found(audited, file), file
    assert ("rejected", "duplicate") in found(audited, "copy.flac") | found(audited, "good0.wav")
    assert ("flagged", "duplicate") in found(audited, "again.ogg") | found(audited, "good1.wav")
    assert any("missing.wav is missing" in each.wrong for each in audited.findings)
    assert all(each.wrong and each.remedy and each.done for each in audited.findings)
    assert found(audited, BAD) == set()
    out = {each.file for each in audited.findings if each.severity == "rejected"}
    assert kept(audited).isdisjoint(out)
    assert kept(audited) | out >= {path.name for path in bad.glob("*.*")} - {"metadata.csv"}
    assert audited.recordings == len(list(bad.glob("*.*")))  # missing.wav stands in for metadata.csv


def test_what_is_prepared_is_16_khz_mono_with_its_text_and_split(bad, tmp_path):
    target = tmp_path / "prepared"
    audited = audit(bad, target, recognise=hearing(bad))
    written = load_manifest(target)
    assert [(each.id, each.text) for each in written] == [
        (each.utterance.id, each.utterance.text) for each in audited.accepted
    ]
    assert {each.split for each in written} == {"train", "validation", "test"}
    for each in written:
        info = soundfile.info(each.path)
        assert (info.samplerate, info.channels, info.format, info.subtype) == (16_000, 1, "FLAC", "PCM_16")
        assert each.duration_s == info.frames / 16_000
    (stereo,) = (each for each in written if each.id == "stereo.wav")
    left, right = soundfile.read(bad / "stereo.wav")[0].T
    assert np.abs(soundfile.read(stereo.path)[0] - (left + right) / 2).max() < 1e-4


def test_the_same_folder_and_seed_give_the_same_bytes(bad, tmp_path):
    contents = []
    for _ in range(2):
        audit(bad, tmp_path / "prepared", AuditOptions(seed=3))
        files = sorted(path for path in (tmp_path / "prepared").rglob("*") if path.is_file())
        contents.append([(path.name, path.read_bytes()) for path in files])
    assert contents[0] == contents[1]
    assert {"manifest.jsonl", "audit.json", "audit.html"} <= {name for name, _ in contents[0]}


def test_a_prepared_folder_is_accepted_as_it_is(bad, tmp_path):
    first = audit(bad, tmp_path / "one")
    second = audit(tmp_path / "one", tmp_path / "two")
    assert len(second.accepted) == len(first.accepted)
    assert (tmp_path / "one/manifest.jsonl").read_bytes() == (tmp_path / "two/manifest.jsonl").read_bytes()


def test_a_list_without_a_column_leaves_nothing(recorded, speechlike, tmp_path):
    folder = recorded(("a.wav", sentence(0), speechlike(3.0)))
    (folder / "manifest.jsonl").unlink()
    (folder / "metadata.csv").write_text("file_name,words\na.wav,Yes.\n")
    audited = examine(folder)
    (finding,) = audited.findings
    assert (finding.severity, finding.file) == ("rejected", "metadata.csv, line 1")
    assert finding.remedy == "give one; the columns are file_name, words"
    assert not audited.usable
    with pytest.raises(DataError, match=r"nothing in .* can be trained on: list \(1\); put that right"):
        audit(folder, tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def test_recordings_without_text_in_a_set_of_their_own_are_no_speech(recorded, speechlike):
    noises = recorded(*((f"{n}.wav", ("", "[noise]")[n % 2], speechlike(3.0, n)) for n in range(4)))
    audited = examine(noises, recognise=lambda path: "Good morning." if path.name == "0.wav" else "")
    assert kept(audited) == {"0.wav", "1.wav", "2.wav", "3.wav"}
    assert {each.utterance.text for each in audited.accepted} == {""}
    assert found(audited, "0.wav") == {("flagged", "no text")}
    assert not audited.usable


def test_of_the_same_recording_in_test_and_train_the_one_in_test_stays(tmp_path, speechlike):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        soundfile.write(tmp_path / split / "a.wav", speechlike(3.0), 16_000)
        (tmp_path / split / "a.txt").write_text(sentence(0))
    audited = examine(tmp_path)
    assert kept(audited) == {"test/a.wav"}
    assert ("rejected", "duplicate") in found(audited, "train/a.wav")


def test_the_same_text_in_test_and_train_leaves_train(tmp_path, speechlike):
    for number, split in enumerate(("train", "test")):
        (tmp_path / split).mkdir()
        soundfile.write(tmp_path / split / "a.wav", speechlike(3.0, number), 16_000)
        (tmp_path / split / "a.txt").write_text(sentence(0).upper() if number else sentence(0))
    audited = examine(tmp_path)
    assert kept(audited) == {"test/a.wav"}
    assert ("rejected", "leak") in found(audited, "train/a.wav")


def test_a_file_that_is_listed_twice_need_not_be_deleted(recorded, speechlike):
    folder = recorded(("a.wav", sentence(0), speechlike(3.0)))
    with (folder / "manifest.jsonl").open("a") as file:
        file.write(json.dumps({"audio": "a.wav", "text": sentence(0)}))
    (finding,) = [each for each in examine(folder).findings if each.kind == "duplicate"]
    assert (finding.wrong, finding.remedy) == ("is in the list twice", "take one of its lines out")


def test_a_length_that_the_list_contradicts_is_flagged(recorded, speechlike):
    sounds = [(f"{name}.wav", sentence(number), speechlike(3.0, number)) for number, name in enumerate("ab")]
    folder = recorded(*sounds)
    rows = [{"audio": "a.wav", "duration": 3}, {"audio": "b.wav", "duration": 45}]
    texts = [{"text": sentence(number)} for number in range(2)]
    (folder / "manifest.jsonl").write_text(
        "".join(json.dumps(row | text) + "\n" for row, text in zip(rows, texts, strict=True))
    )
    audited = examine(folder)
    assert ("flagged", "duration") in found(audited, "b.wav")
    assert ("flagged", "duration") not in found(audited, "a.wav")


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_a_compressed_recording_that_is_cut_short_is_left_out_with_the_remedy(recorded, speechlike, name):
    folder = recorded((name, sentence(0), speechlike(6.0)), ("b.wav", sentence(1), speechlike(3.0, 1)))
    (folder / name).write_bytes((folder / name).read_bytes()[:-8_000])
    audited = examine(folder)
    (finding,) = (each for each in audited.findings if each.file == name)
    assert (finding.severity, finding.kind) == ("rejected", "damaged")
    assert finding.wrong.startswith("is cut short after")
    assert finding.remedy == "copy it again, or, if nothing is missing, save it as FLAC"
    assert kept(audited) == {"b.wav"}


def test_a_text_is_the_same_with_either_apostrophe(recorded, speechlike):
    sounds = [speechlike(3.0, number) for number in range(2)]
    folder = recorded(("a.wav", "It's Anna's, isn't it?", sounds[0]), split="test")
    folder.rename(folder.with_name("test"))
    recorded(("b.wav", "It\u2019s Anna\u2019s, isn\u2019t it?", sounds[1]), split="train")
    folder.rename(folder.with_name("train"))
    audited = examine(folder.parent)
    assert kept(audited) == {"test/a.wav"}
    assert ("rejected", "leak") in found(audited, "train/b.wav")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text_are_spelled_out(tmp_path, speechlike):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    soundfile.write(tmp_path / "a.wav", speechlike(3.0), 16_000)
    (tmp_path / "a.wav").rename(folder / os.fsdecode(b"\xfcber.wav"))
    (folder / os.fsdecode(b"\xfcber.txt")).write_text(sentence(0))
    audit(folder, tmp_path / "prepared")
    (utterance,) = load_manifest(tmp_path / "prepared")
    assert (utterance.id, utterance.set) == (r"\udcfcber.wav", r"caf\udce9")


@pytest.mark.parametrize("name", ["b.wav", "b.ogg"])
def test_the_same_sound_with_two_texts_is_left_out_twice(recorded, speechlike, name):
    folder = recorded(("a.wav", sentence(0), speechlike(3.0)), (name, sentence(1), speechlike(3.0)))
    audited = examine(folder)
    assert kept(audited) == set()
    for file in ("a.wav", name):
        assert ("rejected", "contradiction") in found(audited, file)


@pytest.mark.parametrize(("others", "severity"), [((), "noted"), (("bob",), "flagged")])
def test_a_speaker_in_train_and_test_matters_where_there_are_several(recorded, speechlike, others, severity):
    folder = recorded(*((f"{n}.wav", sentence(n), speechlike(3.0, n)) for n in range(12)), speaker="ann")
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for line, speaker in zip(lines, others, strict=False):
        line["speaker"] = speaker
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (finding,) = (each for each in examine(folder).findings if each.kind == "speakers")
    assert finding.severity == severity


def test_speakers_are_kept_apart_when_asked(recorded, speechlike):
    folder = recorded(*((f"{n}.wav", sentence(n), speechlike(3.0, n)) for n in range(12)))
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for number, line in enumerate(lines):
        line["speaker"] = "abcd"[number % 4]
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    audited = examine(folder, options=AuditOptions(speaker_disjoint=True))
    splits = {(each.utterance.speaker, each.utterance.split) for each in audited.accepted}
    assert len(splits) == 4
    assert not [each for each in audited.findings if each.kind == "speakers"]


def test_only_some_sets(recorded, speechlike):
    folder = recorded(("a.wav", sentence(0), speechlike(3.0)), set="mine")
    assert kept(examine(folder, AuditOptions(sets=("mine",)))) == {"a.wav"}
    with pytest.raises(DataError, match="no recording in the set theirs; its sets are mine"):
        examine(folder, AuditOptions(sets=("theirs",)))


def test_the_same_id_twice_becomes_two(recorded, speechlike):
    folder = recorded(*((f"{n}.wav", sentence(n), speechlike(3.0, n)) for n in range(3)), id="same")
    assert {each.utterance.id for each in examine(folder).accepted} == {"same", "same-2", "same-3"}


def test_what_cannot_be_recognised_is_flagged(recorded, speechlike):
    def broken(path):
        raise SoundError("it is too strange; record it again")

    folder = recorded(("a.wav", sentence(0), speechlike(3.0)))
    assert ("flagged", "doubtful text") in found(examine(folder, recognise=broken), "a.wav")


def test_odd_letters_in_names_and_texts_are_written(recorded, speechlike, tmp_path):
    folder = recorded(
        *((f"{n}.wav", sentence(n) + "\ud800\x1b[2J", speechlike(3.0, n)) for n in range(4)), id="\udcff"
    )
    audit(folder, tmp_path / "prepared")
    assert all(each.text.endswith(".[2J") for each in load_manifest(tmp_path / "prepared"))


def test_an_earlier_result_inside_the_folder_is_not_taken_for_recordings(recorded, speechlike):
    folder = recorded(*((f"{n}.wav", sentence(n), speechlike(3.0, n)) for n in range(4)))
    audit(folder, folder / "prepared")
    assert not [each for each in audit(folder, folder / "prepared").findings if each.severity == "rejected"]


def test_progress_is_told(recorded, speechlike, tmp_path):
    told = []
    folder = recorded(("a.wav", sentence(0), speechlike(3.0)))
    audit(
        folder,
        tmp_path / "prepared",
        recognise=lambda _: sentence(0),
        report=lambda what, done: told.append((what, done)),
    )
    assert told == [("Listening", 1.0), ("Comparing with the text", 1.0), ("Writing", 1.0)]
