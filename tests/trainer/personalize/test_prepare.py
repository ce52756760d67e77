from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.personalize.made import sentence, write_folder
from trainer.data.audit import examine
from trainer.dataset import load_manifest
from trainer.errors import DataError
from trainer.evaluation.rates import normalised
from trainer.personalize import prepare
from trainer.personalize.prepare import MOST_VALIDATION, prepare_general, prepare_own, shared_out, texts_of
from trainer.personalize.source import general_source, own_source
from trainer.progress import silent


@pytest.fixture(autouse=True)
def _hears_what_the_list_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a model that hears noise."""

    def recogniser(_model: Path):
        return lambda file: next(
            each.text for each in load_manifest(file.parent.parent) if each.path.samefile(file)
        )

    monkeypatch.setattr(prepare, "_recogniser", recogniser)


def prepared(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def own_folder(tmp_path: Path) -> Path:
    rows = [
        {"set": "me", "text": sentence(index), "split": "test" if index >= 8 else "train", "number": index}
        for index in range(12)
    ]
    rows += [{"set": "fan", "text": "", "split": "train", "number": 100 + index} for index in range(2)]
    return write_folder(tmp_path / "own", rows)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    source, _ = own_source(own_folder(tmp_path), None)
    prepare_own(source, tmp_path / "stock", tmp_path / "data", 0, silent)
    return tmp_path / "data"


def test_the_owners_splits_stay_and_silence_is_only_measured(own):
    rows = prepared(own)
    texts = {row["text"]: row["split"] for row in rows if row["set"] == "me"}
    assert {text for text, split in texts.items() if split == "test"} == set(map(sentence, range(8, 12)))
    assert {"train", "validation"} == {texts[sentence(index)] for index in range(8)}
    assert [row["split"] for row in rows if row["set"] == "fan"] == ["test", "test"]
    findings = json.loads((own / "audit.json").read_text())
    assert (findings["recordings"], findings["accepted"]) == (14, 14)


def test_too_few_that_can_be_used_is_an_error_that_says_where_to_look(tmp_path):
    folder = own_folder(tmp_path)
    for index in range(4):
        (folder / "audio" / f"{index}.wav").write_bytes(b"RIFF")
    source, _ = own_source(folder, None)
    with pytest.raises(DataError, match=r"as .*audit\.html shows, has 3 recordings to learn from"):
        prepare_own(source, tmp_path / "stock", tmp_path / "data", 0, silent)


def test_half_of_general_training_speech_is_for_validation_and_none_of_its_test(own, tmp_path):
    rows = [
        {"set": "others", "text": sentence(index), "split": "train" if index < 320 else "test"}
        for index in range(300, 330)
    ]
    rows += [{"set": "wind", "text": ""}]
    source = general_source(
        write_folder(tmp_path / "g", [row | {"number": 300 + n} for n, row in enumerate(rows)])
    )
    prepare_general([source], own, tmp_path / "general", 0, silent)
    splits = {row["text"]: row["split"] for row in prepared(tmp_path / "general") if row["text"]}
    assert [splits[sentence(index)] for index in range(320, 330)] == ["test"] * 10
    learned = [splits[sentence(index)] for index in range(300, 320)]
    assert (learned.count("train"), learned.count("validation")) == (10, 10)
    assert [row["split"] for row in prepared(tmp_path / "general") if row["set"] == "wind"] == ["test"]


def test_who_of_many_is_tested_is_not_trained_on_and_one_alone_is_both(own, tmp_path):
    rows = [
        {"set": "many", "speaker": f"s{index % 6}", "text": sentence(700 + index), "number": 700 + index}
        for index in range(36)
    ]
    rows += [
        {"set": "one", "speaker": "l", "text": sentence(800 + index), "number": 800 + index}
        for index in range(20)
    ]
    source = general_source(write_folder(tmp_path / "g", rows))
    prepare_general([source], own, tmp_path / "general", 0, silent)
    speakers: dict[tuple[str, str], set[str]] = {}
    for row in prepared(tmp_path / "general"):
        speakers.setdefault((row["set"], row["split"]), set()).add(row["speaker"])
    assert speakers["many", "test"]
    assert not speakers["many", "test"] & speakers["many", "train"]
    assert speakers["one", "test"] == {"l"}


def test_nothing_of_a_test_split_is_trained_or_validated_on_in_another_folder(own, tmp_path):
    shared = [
        {"set": "a", "text": sentence(8), "split": "train", "number": 400},  # the owner's test, in text
        {"set": "a", "text": sentence(500), "split": "train", "number": 9},  # ... in sound
        {"set": "a", "text": sentence(0), "split": "test", "number": 401},  # what the owner teaches
        {"set": "a", "text": sentence(9), "split": "test", "number": 402},  # tested on both sides
        {"set": "a", "text": sentence(501), "split": "test", "number": 403},
        {"set": "a", "text": sentence(502), "split": "train", "number": 404},
        {"set": "a", "text": sentence(503), "split": "train", "number": 405},
    ]
    more = [
        {"set": "b", "text": sentence(501), "split": "train", "number": 500},
        {"set": "b", "text": sentence(504), "split": "train", "number": 403},
        {"set": "b", "text": sentence(505), "split": "test", "number": 501},
    ]
    sources = [
        general_source(write_folder(tmp_path / name, rows)) for name, rows in (("a", shared), ("b", more))
    ]
    prepare_general(sources, own, tmp_path / "general", 0, silent)
    rows = prepared(tmp_path / "general")
    kept = {(row["set"], row["text"]) for row in rows}
    assert kept == {
        *(("a", sentence(number)) for number in (9, 501, 502, 503)),
        ("b", sentence(505)),
    }
    everything = [*rows, *prepared(own)]
    for key in ("text", "sha256"):
        tested = {row[key] for row in everything if row["split"] == "test" and row["text"]}
        assert not tested & {row[key] for row in everything if row["split"] != "test"}
    findings = json.loads((tmp_path / "general" / "audit.json").read_text())["findings"]
    assert sum(finding["kind"] == "leak" for finding in findings) == 5


def test_each_player_plays_the_file_of_its_own_folder(own, tmp_path, monkeypatch):
    folders = []
    for name, first in (("a", 900), ("b", 910)):
        rows = [{"set": name, "text": sentence(first + n), "number": first + n} for n in range(4)]
        rows[3]["number"] = 9  # the owner has that sound too
        folders.append(write_folder(tmp_path / name, rows))
    monkeypatch.chdir(tmp_path)
    sources = [general_source(Path(folder.name)) for folder in folders]
    prepare_general(sources, own, tmp_path / "general", 0, silent)
    page = (tmp_path / "general" / "audit.html").read_text()
    links = re.findall(r'<audio[^>]*src="([^"]*)"', page)
    players = {(tmp_path / "general" / link).resolve() for link in links}
    assert {folder / "audio" / "3.wav" for folder in folders} <= players
    findings = json.loads((tmp_path / "general" / "audit.json").read_text())["findings"]
    leaks = [finding["file"] for finding in findings if finding["kind"] == "leak"]
    assert leaks == ["audio/3.wav", str(folders[1] / "audio" / "3.wav")]


def test_a_general_set_that_is_called_as_the_owners_gets_another_name(own, tmp_path):
    rows = [{"set": "me", "text": sentence(600 + index), "number": 600 + index} for index in range(4)]
    prepare_general(
        [general_source(write_folder(tmp_path / "g", rows))], own, tmp_path / "general", 0, silent
    )
    assert {row["set"] for row in prepared(tmp_path / "general")} == {"me (general)"}


def test_where_two_splits_have_a_text_the_stricter_counts(tmp_path):
    rows = [{"text": "One.", "split": split, "set": split} for split in ("test", "validation", "train")]
    for order in (rows, rows[::-1]):
        folder = write_folder(tmp_path / order[0]["split"], order)
        assert texts_of([folder]) == {normalised("One."): "test"}


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["train", "validation", "test"])),
        min_size=1,
        max_size=80,
    ),
    st.booleans(),
    st.integers(0, 3),
)
def test_general_speech_is_shared_out_by_text(items, settled, seed):
    candidates = [
        Candidate(Said(str(number), f"text {text}" if text else "", split))
        for number, (text, split) in enumerate(items)
    ]
    splits = shared_out(candidates, seed, settled=settled)
    assert splits == shared_out(candidates[::-1], seed, settled=settled)
    sides: dict[str, set[str]] = {}
    for each in (candidate.utterance for candidate in candidates):
        assert (splits[each.id] == "test") == (each.split == "test" or not each.text)
        if splits[each.id] != "test":
            sides.setdefault(each.text, set()).add(splits[each.id])
    assert all(len(side) == 1 for side in sides.values())
    validation = sum(split == "validation" for split in splits.values())
    train = sum(split == "train" for split in splits.values())
    assert validation <= MOST_VALIDATION
    assert settled or validation <= train


class Said:
    def __init__(self, name: str, text: str, split: str) -> None:
        self.id, self.text, self.split = name, text, split


class Candidate:
    def __init__(self, utterance: Said) -> None:
        self.utterance = utterance


def test_a_validation_split_of_the_data_stays_one(tmp_path):
    rows = [
        {"text": sentence(index), "split": "validation" if index < 4 else "train", "number": index}
        for index in range(12)
    ]
    folder = write_folder(tmp_path / "g", rows)
    source = general_source(folder)
    assert source.has_validation
    accepted = examine(folder).accepted
    splits = shared_out(accepted, 0, settled=source.has_validation)
    given_ = {each.utterance.id: each.utterance.split for each in accepted}
    assert {name for name, split in splits.items() if split == "validation"} == {
        name for name, split in given_.items() if split == "validation"
    }
