from __future__ import annotations

import contextlib
import csv
import errno
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import files
from trainer.claim import LOCK, claimed
from trainer.dataset import load_manifest
from trainer.errors import DataError
from trainer.recording.folder import BELOW, LIST, RecordingFolder, Row


def sound(value: float = 0.25, length: int = 1600) -> np.ndarray:
    return np.full(length, value, np.float32)


def listed(folder: Path) -> dict[str, tuple[str, str]]:
    with (folder / LIST).open(encoding="utf-8", newline="") as file:
        return {row["file_name"]: (row["text"], row["speaker"]) for row in csv.DictReader(file)}


def flac(value: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound(value), 16_000, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def flacs(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.suffix == ".flac"}


def test_a_recording_is_flac_of_16_khz_and_16_bits_and_its_text_is_in_the_list(tmp_path):
    kept = RecordingFolder(tmp_path / "new" / "mine")
    samples = np.linspace(-1, 1, 5000, dtype=np.float32)
    name = kept.add(samples, 'He said "yes", twice.', "Zo\u00eb")
    (utterance,) = load_manifest(tmp_path / "new" / "mine")
    assert (utterance.text, utterance.speaker) == ('He said "yes", twice.', "Zo\u00eb")
    assert utterance.path.name == name
    info = soundfile.info(utterance.path)
    assert (info.samplerate, info.channels, info.subtype, info.format) == (16_000, 1, "PCM_16", "FLAC")
    np.testing.assert_allclose(soundfile.read(utterance.path)[0], samples, atol=2**-15)


@settings(max_examples=15)  # the disk is asked to be sure each time
@given(
    st.lists(
        st.tuples(
            st.text("ab,;\"' \u00e9\u4e2d=", min_size=1).map(str.strip).filter(bool), st.sampled_from("xy")
        ),
        max_size=6,
    )
)
def test_what_is_kept_is_there_the_next_time_once_for_each_sentence_and_speaker(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("kept")
    kept = RecordingFolder(folder)
    for text, speaker in rows:
        kept.add(sound(), text, speaker)
    again = RecordingFolder(folder)
    assert again.mended == []
    assert len(again) == len(set(rows))
    for speaker in "xy":
        assert again.texts(speaker) == {text for text, by in rows if by == speaker}
    if rows:
        assert {(each.text, each.speaker) for each in load_manifest(folder)} == set(rows)
        assert flacs(folder) == listed(folder).keys()


def test_a_new_take_of_a_sentence_takes_the_place_of_the_old_one(tmp_path):
    kept = RecordingFolder(tmp_path)
    names = [kept.add(sound(value), "One.", "me") for value in (0.1, 0.2)] + [
        kept.add(sound(0.3), "One.", "you")
    ]
    assert listed(tmp_path) == {names[1]: ("One.", "me"), names[2]: ("One.", "you")}
    assert flacs(tmp_path) == set(names[1:])
    assert soundfile.read(tmp_path / names[1])[0][0] == pytest.approx(0.2, abs=1e-4)


def test_nothing_is_ever_overwritten(tmp_path):
    (tmp_path / "0007.flac").write_bytes(b"mine")
    assert RecordingFolder(tmp_path).add(sound(), "One.", "me") == "0008.flac"
    assert (tmp_path / "0007.flac").read_bytes() == b"mine"


class Killed(BaseException):
    """The process is gone: nothing that it would still do is done."""


class Mortal:
    """Lets a number of changes to the disk happen, and none after that."""

    def __init__(self, monkeypatch, left):
        self.left = left
        for name in ("replace", "unlink", "write_bytes", "write_text"):
            monkeypatch.setattr(Path, name, self.mortal(getattr(Path, name)))

    def mortal(self, change):
        def changed(*args, **options):
            if not self.left:
                raise Killed
            self.left -= 1
            return change(*args, **options)

        return changed


@pytest.mark.parametrize("text", ["New.", "Old."])
def test_killed_at_any_moment_it_loses_at_most_the_one_under_way(tmp_path, text):
    for changes in range(100):
        folder = tmp_path / str(changes)
        kept = RecordingFolder(folder)
        kept.add(sound(0.1), "Old.", "me")
        with pytest.MonkeyPatch.context() as patch:
            mortal = Mortal(patch, changes)
            with contextlib.suppress(Killed):
                kept.add(sound(0.2), text, "me")
        again = RecordingFolder(folder)
        assert (
            listed(folder).keys() == flacs(folder) == {path.name for path in folder.iterdir()} - {LIST, LOCK}
        )
        assert again.texts("me") in ({"Old."}, {"Old.", text})
        assert len(again) == len(again.texts("me"))
        for name, row in listed(folder).items():
            value = soundfile.read(folder / name)[0][0]
            assert value == pytest.approx(0.1 if row[0] != text else value, abs=1e-4)
        if mortal.left:
            break
    assert 4 < changes < 99
    assert again.texts("me") == {"Old.", text}
    assert 0.2 in {round(float(soundfile.read(folder / name)[0][0]), 3) for name in listed(folder)}


def test_a_recording_that_the_list_does_not_name_yet_is_named_at_the_next_start(tmp_path):
    RecordingFolder(tmp_path).add(sound(), "One.", "me")
    (tmp_path / LIST).unlink()
    again = RecordingFolder(tmp_path)
    assert again.texts("me") == {"One."}
    assert again.mended == ["0001.flac was not in the list: it is now"]
    assert listed(tmp_path) == {"0001.flac": ("One.", "me")}


def test_a_recording_that_its_owner_deleted_is_taken_out_of_the_list(tmp_path):
    kept = RecordingFolder(tmp_path)
    kept.add(sound(), "One.", "me")
    kept.add(sound(), "Two.", "me")
    (tmp_path / "0001.flac").unlink()
    again = RecordingFolder(tmp_path)
    assert again.mended == ["0001.flac is gone: its line is taken out"]
    assert again.texts("me") == {"Two."}
    assert again.add(sound(), "Three.", "me") == "0003.flac"


COLLECTED = {
    f"{BELOW}/a-{each}.flac": (flac(value), Row("One.", "me")) for each, value in (("1", 0.1), ("2", 0.2))
}


def test_what_another_program_adds_meanwhile_stays_in_the_list(tmp_path):
    kept = RecordingFolder(tmp_path)
    kept.add(sound(), "Zero.", "me")
    RecordingFolder(tmp_path).add_files(COLLECTED)
    kept.add(sound(), "Two.", "me")
    assert listed(tmp_path).keys() == {"0001.flac", "0002.flac", *COLLECTED}
    assert kept.texts("me") == {"Zero.", "One.", "Two."}


def test_a_change_waits_for_that_of_another_program_and_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.recording.folder._WAIT_S", 0.1)
    kept = RecordingFolder(tmp_path)
    with claimed(tmp_path):
        with pytest.raises(DataError, match="at work in"):
            kept.add(sound(), "One.", "me")
        with pytest.raises(DataError, match="at work in"):
            RecordingFolder(tmp_path)
    kept.add(sound(), "One.", "me")


def test_what_was_collected_is_named_again_though_the_list_is_lost(tmp_path):
    RecordingFolder(tmp_path).add_files(COLLECTED)
    before = listed(tmp_path)
    (tmp_path / LIST).unlink()
    again = RecordingFolder(tmp_path)
    assert listed(tmp_path) == before == dict.fromkeys(COLLECTED, ("One.", "me"))
    assert again.mended == [f"{name} was not in the list: it is now" for name in COLLECTED]
    for name, (content, _) in COLLECTED.items():
        samples, _ = soundfile.read(tmp_path / name, dtype="int16")
        np.testing.assert_array_equal(samples, soundfile.read(io.BytesIO(content), dtype="int16")[0])


def test_who_reads_aloud_what_was_collected_too_has_both(tmp_path):
    kept = RecordingFolder(tmp_path)
    kept.add_files(COLLECTED)
    name = kept.add(sound(), "One.", "me")
    assert listed(tmp_path).keys() == {name, *COLLECTED}
    (tmp_path / LIST).unlink()
    RecordingFolder(tmp_path)
    assert listed(tmp_path).keys() == {name, *COLLECTED}


def test_nobody_need_be_named(tmp_path):
    RecordingFolder(tmp_path).add(sound(), "One.", "")
    (tmp_path / LIST).unlink()
    assert RecordingFolder(tmp_path).texts("") == {"One."}


def test_sound_that_is_not_ours_is_left_alone(tmp_path):
    soundfile.write(tmp_path / "other.flac", sound(), 16_000)
    (tmp_path / "broken.flac").write_bytes(b"fLaC")
    (tmp_path / "folder.flac").mkdir()
    kept = RecordingFolder(tmp_path)
    assert (len(kept), kept.mended) == (0, [])
    assert flacs(tmp_path) == {"other.flac", "broken.flac", "folder.flac"}


def test_lines_about_recordings_that_are_not_ours_stay(tmp_path):
    others = "file_name,text,speaker\nwavs\\a.wav,One.,me\n../b.wav,Two.,me\n"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / LIST).write_text(others)
    soundfile.write(tmp_path / "b.wav", sound(), 16_000)
    kept = RecordingFolder(tmp_path / "mine")
    assert kept.mended == []
    assert (tmp_path / "mine" / LIST).read_text() == others
    kept.add(sound(), "Two.", "me")
    assert (tmp_path / "b.wav").is_file()
    assert (tmp_path / "mine" / LIST).read_text() == f"{others}0001.flac,Two.,me\n"


def test_a_full_disk_is_explained_and_what_was_kept_is_still_there(tmp_path, monkeypatch):
    kept = RecordingFolder(tmp_path)
    kept.add(sound(), "One.", "me")

    def full(_path):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "sync", full)
        with pytest.raises(DataError, match=r"No space left on device\): make room"):
            kept.add(sound(), "Two.", "me")
    assert RecordingFolder(tmp_path).texts("me") == {"One."}
    kept.add(sound(), "Two.", "me")
    assert RecordingFolder(tmp_path).texts("me") == {"One.", "Two."}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("manifest.jsonl", "{}", r"has the list manifest\.jsonl of other recordings"),
        ("metadata.jsonl", "{}", r"has the list metadata\.jsonl of other recordings"),
        (LIST, "file_name,sentence\n", "has other columns than file_name, text, speaker"),
        (LIST, "", "has other columns"),
        (LIST, b"file_name,text,speaker\n\xff", "cannot be read"),
        (
            LIST,
            "file_name,text,speaker\n0001.flac,Yes, it is.,me\n",
            r"line of 0001\.flac has more cells than",
        ),
        (LIST, 'file_name,text,speaker\n0001.flac,"Yes.,me\n0002.flac,No.,me\n', "cannot be read"),
    ],
)
def test_a_folder_of_other_data_is_refused_and_left_as_it_is(tmp_path, name, content, told):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=told):
        RecordingFolder(tmp_path)
    assert (tmp_path / name).read_bytes() == content


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="choose another folder"):
        RecordingFolder(tmp_path / "file")
