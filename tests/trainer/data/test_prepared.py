from __future__ import annotations

import json

import pytest
import soundfile

from trainer.data.audit import audit, examine
from trainer.data.prepared import write_prepared
from trainer.errors import DataError


@pytest.fixture
def audited(recorded, speechlike):
    texts = ("One sentence here.", "Another one there.", "And a third one.", "The last of them.")
    return examine(recorded(*((f"{n}.wav", text, speechlike(3.0, n)) for n, text in enumerate(texts))))


def test_the_summary_is_written_beside_the_recordings(audited, tmp_path):
    write_prepared(audited, tmp_path / "prepared")
    summary = json.loads((tmp_path / "prepared/audit.json").read_text())
    assert (summary["folder"], summary["recordings"], summary["accepted"]) == ("voice", 4, 4)
    assert summary["hours"] == pytest.approx(12 / 3600, abs=1e-4)
    assert sum(part["recordings"] for part in summary["parts"]) == 4
    assert set(summary["counts"]) == {"rejected", "flagged", "noted"}


def test_recordings_are_never_replaced(audited, tmp_path):
    for target in (audited.folder, tmp_path):
        with pytest.raises(DataError, match="holds the recordings themselves"):
            write_prepared(audited, target)
    assert sorted(path.name for path in audited.folder.glob("*.wav")) == ["0.wav", "1.wav", "2.wav", "3.wav"]


def test_nothing_else_is_replaced(audited, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").touch()
    for target in (tmp_path / "other", tmp_path / "other/thesis.txt"):
        with pytest.raises(DataError, match="holds something else"):
            write_prepared(audited, target)
    assert (tmp_path / "other/thesis.txt").is_file()


def test_an_older_audit_is_replaced(audited, tmp_path):
    target = tmp_path / "prepared"
    write_prepared(audited, target)
    (target / "audio/old.flac").touch()
    write_prepared(audited, target)
    assert not (target / "audio/old.flac").exists()


def test_a_full_disk_leaves_what_was_there(audited, tmp_path, monkeypatch):
    target = tmp_path / "prepared"
    write_prepared(audited, target)
    before = sorted(path.name for path in target.rglob("*"))

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile, "write", full)
    with pytest.raises(DataError, match="No space left on device"):
        write_prepared(audited, target)
    assert sorted(path.name for path in target.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_disk_that_is_full_in_earnest_leaves_no_half_of_a_recording(audited, tmp_path):
    resource = pytest.importorskip("resource", reason="limits of a file's size are POSIX's")
    write_prepared(audited, tmp_path / "whole")
    largest = max(file.stat().st_size for file in (tmp_path / "whole/audio").iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, limits[1]))  # its last bytes do not fit
    try:
        with pytest.raises(DataError, match="cannot be written"):
            write_prepared(audited, tmp_path / "prepared")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "prepared").exists()


def test_a_recording_that_changes_meanwhile_is_not_taken(audited, speechlike, tmp_path):
    soundfile.write(audited.folder / "0.wav", speechlike(3.0, 50), 16_000)
    with pytest.raises(DataError, match="was changed during the audit; start it again"):
        write_prepared(audited, tmp_path / "prepared")
    (audited.folder / "0.wav").unlink()
    with pytest.raises(DataError, match="was changed during the audit; start it again"):
        write_prepared(audited, tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def test_nothing_to_train_on(recorded, speechlike, tmp_path):
    folder = recorded(("a.wav", "", speechlike(3.0)))
    with pytest.raises(DataError, match="no recording has text"):
        audit(folder, tmp_path / "prepared")
