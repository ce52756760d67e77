from __future__ import annotations

import json
import os

import pytest

from tests.trainer.personalize.made import sentence, write_folder
from trainer.errors import DataError
from trainer.personalize.source import (
    check_enough,
    expected,
    files_sha256,
    general_source,
    own_source,
    too_little,
    total,
)


def rows(name: str, count: int, *, split: str = "", text: bool = True):
    return [
        {"set": name, "text": sentence(index) if text else "", "split": split, "duration": 2.0}
        for index in range(count)
    ]


def test_the_only_set_with_speech_is_the_owners(tmp_path):
    folder = write_folder(tmp_path / "f", [*rows("me", 4), *rows("fan", 2, text=False)])
    own, others = own_source(folder, None)
    assert (own.sets, own.silent_sets, len(own.spoken), len(own.silent)) == (("me",), ("fan",), 4, 2)
    assert others is None


def test_of_several_sets_one_must_be_named(tmp_path):
    folder = write_folder(tmp_path / "f", [*rows("me", 4), *rows("you", 3), *rows("fan", 2, text=False)])
    with pytest.raises(DataError, match=r"has several sets: say with --set .* me \(4\), you \(3\)$"):
        own_source(folder, None)
    with pytest.raises(DataError, match=r"no recordings with text in a set fan; there are me \(4\)"):
        own_source(folder, "fan")
    own, others = own_source(folder, "me")
    assert (own.sets, own.silent_sets) == (("me",), ("fan",))
    assert others is not None
    assert (others.sets, others.silent_sets, others.has_validation) == (("you",), (), False)


def test_what_holds_no_speech_is_explained(tmp_path):
    folder = write_folder(tmp_path / "f", rows("fan", 2, text=False))
    with pytest.raises(DataError, match="no recording with text"):
        own_source(folder, None)
    with pytest.raises(DataError, match="of noise with --noise"):
        general_source(folder)
    with pytest.raises(DataError, match="is no folder"):
        own_source(tmp_path / "none", None)
    folder = write_folder(tmp_path / "g", [])
    (folder / "manifest.jsonl").write_text("{]\n")
    with pytest.raises(DataError, match=r"no recording with text \(.*line 1: this is not JSON"):
        own_source(folder, None)


def test_what_the_list_does_not_split_is_expected_as_the_audit_will(tmp_path):
    own, _ = own_source(write_folder(tmp_path / "f", rows("me", 20)), None)
    assert {split: amount.recordings for split, amount in expected(own.spoken).items()} == {
        "train": pytest.approx(15),
        "validation": pytest.approx(2),
        "test": pytest.approx(3),
    }
    split = [*rows("me", 10, split="train"), *rows("me", 4, split="test")]
    own, _ = own_source(write_folder(tmp_path / "g", split), None)
    amounts = expected(own.spoken)
    assert (amounts["train"].recordings, amounts["test"].seconds) == (9, 8)
    assert amounts["validation"].recordings == 1
    assert total(own.spoken) == (14, 28)


def test_lengths_are_measured_where_the_list_says_none(tmp_path):
    folder = write_folder(tmp_path / "f", [{"text": "One."}, {"text": "Two."}])
    (folder / "audio" / "1.wav").write_bytes(b"RIFF")
    own, _ = own_source(folder, None)
    assert total(own.spoken) == (2, 1.5)


def test_whatever_changes_makes_it_another_source(tmp_path):
    folder = write_folder(tmp_path / "f", [*rows("me", 2), *rows("you", 1)])
    sums = [own_source(folder, "me")[0].sha256]
    assert own_source(folder, "me")[0].sha256 == sums[0]
    os.utime(folder / "audio" / "0.wav", ns=(1, 1))
    sums.append(own_source(folder, "me")[0].sha256)
    content = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(content.replace("The colours", "Colours"))
    sums.append(own_source(folder, "me")[0].sha256)
    (folder / "manifest.jsonl").write_text(content + "{]\n")
    sums.append(own_source(folder, "me")[0].sha256)
    assert len(set(sums)) == 4
    others = json.dumps({"audio": "audio/0.wav", "text": "More.", "set": "you"})
    (folder / "manifest.jsonl").write_text(content + others)
    assert own_source(folder, "me")[0].sha256 == sums[1]  # others' recordings are none of the owner's
    files = sorted((folder / "audio").iterdir())
    assert files_sha256(files, folder) != files_sha256(files[1:], folder)


def test_too_little_is_said_and_next_to_nothing_refused(tmp_path):
    assert too_little(20, 60) == ""
    assert "19 recordings of 90 s" in too_little(19, 90)
    assert "30 recordings of 59 s" in too_little(30, 59)
    check_enough(5, "it", tmp_path)
    with pytest.raises(DataError, match=r"4 recordings to learn from: 5 are .*; record more .* record "):
        check_enough(4, "it", tmp_path)
