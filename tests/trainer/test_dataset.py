from __future__ import annotations

import contextlib
import csv
import json
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.formats import split_of
from trainer.dataset import LISTS, Utterance, load_manifest, read_listing
from trainer.errors import DataError

COLUMNS = ("audio", "text", "split", "set", "id", "duration", "synthetic")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `voice` with two recordings and no list."""
    folder = tmp_path / "voice"
    (folder / "audio").mkdir(parents=True)
    for name in ("a.wav", "b.wav"):
        (folder / "audio" / name).touch()
    return folder


def write(folder: Path, name: str, *rows: dict[str, object] | str) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / name).write_text("\n".join(lines))


def complaint(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_manifest(folder)
    return str(caught.value).replace(str(folder), "voice")


def test_manifest(folder):
    write(
        folder,
        "manifest.jsonl",
        {"id": "one", "audio": "audio/a.wav", "text": " Hello. ", "set": "mine", "speaker": "ann", "more": 1},
        "",
        {"id": "two", "audio": "audio/b.wav", "text": "", "set": "silence", "speaker": None},
    )
    assert load_manifest(folder) == [
        Utterance("one", folder / "audio/a.wav", "Hello.", "mine", "ann"),
        Utterance("two", folder / "audio/b.wav", "", "silence", ""),
    ]


@pytest.mark.parametrize("text", ["text", "transcription", "sentence"])
def test_audiofolder_with_csv(folder, text):
    write(folder, "metadata.csv", f"file_name,{text}", 'audio/a.wav,"Yes, ""all"" of it."', "audio/b.wav,")
    assert load_manifest(folder) == [
        Utterance("audio/a.wav", folder / "audio/a.wav", 'Yes, "all" of it.', "voice", ""),
        Utterance("audio/b.wav", folder / "audio/b.wav", "", "voice", ""),
    ]


def test_audiofolder_with_json_lines(folder):
    write(folder, "metadata.jsonl", {"file_name": "audio/a.wav", "sentence": "Yes.", "split": "test"})
    assert load_manifest(folder) == [
        Utterance("audio/a.wav", folder / "audio/a.wav", "Yes.", "voice", "", split="test")
    ]


def test_a_prepared_folder_says_all_of_it(folder):
    row = {
        "id": "1",
        "audio": "audio/a.wav",
        "text": "Yes.",
        "set": "mine",
        "speaker": "ann",
        "split": "train",
    }
    write(folder, "manifest.jsonl", row | {"duration": 1.5, "synthetic": True})
    assert load_manifest(folder) == [
        Utterance("1", folder / "audio/a.wav", "Yes.", "mine", "ann", "train", synthetic=True, duration_s=1.5)
    ]


def test_sound_files_with_a_text_of_the_same_name(folder):
    (folder / "audio/a.txt").write_text("Yes.\n", encoding="utf-8-sig")
    (folder / "audio/b.txt").write_text("No.\n")
    (folder / "README.txt").write_text("About these recordings.")
    assert [(each.id, each.text, each.set) for each in load_manifest(folder)] == [
        ("audio/a.wav", "Yes.", "voice"),
        ("audio/b.wav", "No.", "voice"),
    ]


def test_json_array(folder):
    rows = [{"audio_path": "audio/a.wav", "text": "Yes.", "duration": 1.5}]
    (folder / "recordings.json").write_text(json.dumps(rows))
    assert load_manifest(folder) == [
        Utterance("audio/a.wav", folder / "audio/a.wav", "Yes.", "voice", "", duration_s=1.5)
    ]


def test_json_arrays_named_after_their_split(folder):
    for name, audio in (("train", "a"), ("dev", "b")):
        rows = [{"audio_path": f"audio/{audio}.wav", "text": "Yes."}]
        (folder / f"{name}.json").write_text(json.dumps(rows))
    assert [(each.id, each.split) for each in load_manifest(folder)] == [
        ("audio/b.wav", "validation"),
        ("audio/a.wav", "train"),
    ]


def test_folders_named_after_their_split(tmp_path):
    for name in ("train", "validation", "test"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.wav").touch()
    (tmp_path / "train" / "metadata.csv").write_text("file_name,text\na.wav,One.\n")
    write(tmp_path / "validation", "metadata.jsonl", {"file_name": "a.wav", "text": "Two."})
    (tmp_path / "test" / "a.txt").write_text("Three.")
    (tmp_path / "notes").mkdir()
    assert [(each.path.parent.name, each.text, each.split, each.set) for each in load_manifest(tmp_path)] == [
        ("test", "Three.", "test", tmp_path.name),
        ("train", "One.", "train", tmp_path.name),
        ("validation", "Two.", "validation", tmp_path.name),
    ]


def test_one_list_over_folders_named_after_their_split(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "a.wav").touch()
    write(tmp_path, "metadata.jsonl", {"file_name": "test/a.wav", "text": "Yes."})
    assert [each.split for each in load_manifest(tmp_path)] == ["test"]


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("train", "train"),
        ("personal-train", "train"),
        ("train-or-dev", "train"),
        ("train.clean.100", "train"),
        ("Dev", "validation"),
        ("valid", "validation"),
        ("val", "validation"),
        ("personal-test", "test"),
        ("eval", "test"),
        (" ", ""),
        ("contest", None),
        ("third", None),
    ],
)
def test_words_for_splits(word, split):
    assert split_of(word) == split


@pytest.mark.parametrize(("listed", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_may_be_written_differently_in_the_list_and_on_the_disk(folder, listed, stored):
    name = "Zo\u00eb \u043f\u0440\u0438\u0432\u0435\u0442.wav"
    (folder / unicodedata.normalize(stored, name)).touch()
    write(folder, "metadata.jsonl", {"file_name": unicodedata.normalize(listed, name), "text": "Yes."})
    assert load_manifest(folder)[0].path.is_file()


def test_what_can_be_used_is_read_beside_what_cannot(folder):
    write(
        folder,
        "manifest.jsonl",
        {"audio": "audio/a.wav", "text": "Yes."},
        "{",
        {"audio": "audio/none.wav", "text": "No."},
        {"audio": "audio/b.wav", "text": "No.", "split": "third"},
        {"audio": "audio/b.wav", "text": "No.", "duration": "long"},
    )
    listing = read_listing(folder)
    assert [each.text for each in listing.utterances] == ["Yes."]
    wrong = [
        (problem.place[-6:], problem.wrong.split(" (")[0], problem.remedy) for problem in listing.problems
    ]
    assert wrong == [
        ("line 2", "this is not JSON", "write one object a line"),
        ("line 3", f"{folder}/audio/none.wav is missing", "put it there or take the line out"),
        ("line 4", "'third' is no split", "write train, validation or test"),
        ("line 5", "the value of duration is no number", "write seconds, such as 2.5"),
    ]


def test_pairs_that_are_none(folder):
    (folder / "audio/a.txt").write_bytes(b"\xff")
    (folder / "audio/c.txt").write_text("Yes.")
    (folder / "audio/d.wav").touch()
    (folder / "audio/d.mp3").touch()
    listing = read_listing(folder)
    assert listing.utterances == []
    assert [(Path(problem.place).name, problem.wrong.split(" (")[0]) for problem in listing.problems] == [
        ("a.txt", "cannot be read"),
        ("b.wav", "has no text"),
        ("d.mp3", "shares its name with another sound file"),
        ("d.wav", "shares its name with another sound file"),
        ("c.txt", "has no sound file of the same name"),
    ]


def pairs(folder: Path, *names: str) -> None:
    for name in names:
        sound = folder / name
        sound.parent.mkdir(parents=True, exist_ok=True)
        sound.touch()
        sound.with_suffix(".txt").write_text("Yes.")


def test_links_that_lead_in_a_circle(tmp_path):
    pairs(tmp_path, "a.wav", "below/b.wav", "aside/c.wav")
    for link in ("one", "two", "below/up", "aside/train"):
        (tmp_path / link).symlink_to(tmp_path)
    (tmp_path / "below/over").symlink_to(tmp_path / "aside")
    (tmp_path / "aside/over").symlink_to(tmp_path / "below")
    assert sorted(each.path.name for each in load_manifest(tmp_path)) == ["a.wav", "b.wav", "c.wav"]


def test_split_folders_that_lead_in_a_circle(tmp_path):
    pairs(tmp_path, "train/a.wav", "test/b.wav")
    for link in ("train/train", "train/dev", "test/train"):
        (tmp_path / link).symlink_to(tmp_path)
    assert {each.path.resolve().name for each in load_manifest(tmp_path)} <= {"a.wav", "b.wav"}


def test_what_is_hidden_counts_for_nothing(tmp_path):
    pairs(tmp_path, "a.wav", ".train.partial/b.wav", ".c.wav")
    (tmp_path / "._list.json").write_bytes(b"\x00\x05\x16\x07\xff")
    assert [each.path.name for each in load_manifest(tmp_path)] == ["a.wav"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    pairs(tmp_path, "a.wav", "below/b.wav")
    closed = tmp_path / "below"
    allowed = os.access
    # The tests may run as root, who may read anything.
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != os.path.realpath(closed) and allowed(path, mode)
    )
    listing = read_listing(tmp_path)
    assert [each.path.name for each in listing.utterances] == ["a.wav"]
    assert [str(problem) for problem in listing.problems] == [
        f"{closed}: cannot be read; check its permissions"
    ]
    assert str(read_listing(closed).problems[0]) == f"{closed}: cannot be read; check its permissions"


def test_lists_in_folders_below_are_named_but_for_what_was_prepared_there(tmp_path):
    pairs(tmp_path, "a.wav", "monday/b.wav", "prepared/c.wav")
    write(tmp_path / "monday", "metadata.csv", "file_name,text", "b.wav,Yes.")
    write(tmp_path / "prepared", "manifest.jsonl", {"audio": "c.wav", "text": "Yes."})
    listing = read_listing(tmp_path)
    assert [each.path.name for each in listing.utterances] == ["a.wav"]
    (problem,) = listing.problems
    assert problem.place == str(tmp_path / "monday/metadata.csv")
    assert problem.remedy == "give that folder alone"


@given(content=st.binary(max_size=300), name=st.sampled_from([*LISTS, "list.json", "a.txt"]))
def test_random_bytes_are_read_or_explained(tmp_path_factory, content, name):
    folder = tmp_path_factory.mktemp("voice")
    (folder / "a.wav").touch()
    (folder / name).write_bytes(content)
    with contextlib.suppress(DataError):
        read_listing(folder)


cells = st.text(max_size=20) | st.sampled_from(
    ["a.wav", "text", "file_name", '"', "\n", ",", "\x00", "..", "train"]
)


@given(rows=st.lists(st.lists(cells, max_size=4), max_size=5))
def test_random_cells_are_read_or_explained(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("voice")
    (folder / "a.wav").touch()
    lines = [",".join(row) for row in [["file_name", "text", "split", "duration"], *rows]]
    (folder / "metadata.csv").write_bytes("\n".join(lines).encode("utf-8", "replace"))
    with contextlib.suppress(DataError):
        listing = read_listing(folder)
        assert all(each.path.is_file() for each in listing.utterances)
        assert all(problem.wrong and problem.remedy for problem in listing.problems)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("a.wav"),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(COLUMNS), inner, max_size=7)
        ),
        max_leaves=12,
    )
)
def test_random_json_is_read_or_explained(tmp_path_factory, value):
    for name in ("manifest.jsonl", "list.json"):
        folder = tmp_path_factory.mktemp("voice")
        (folder / "a.wav").touch()
        (folder / name).write_text(json.dumps(value))
        with contextlib.suppress(DataError):
            assert all(problem.wrong and problem.remedy for problem in read_listing(folder).problems)


def test_a_csv_from_a_spreadsheet_begins_with_a_byte_order_mark(folder):
    (folder / "metadata.csv").write_text("file_name,text\r\naudio/a.wav,Yes.\r\n", encoding="utf-8-sig")
    assert [each.text for each in load_manifest(folder)] == ["Yes."]


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["C"])).map(str.strip), min_size=1, max_size=5)
)
def test_texts_come_through_either_list_as_they_are(tmp_path_factory, texts):
    rows = [{"file_name": f"{number}.wav", "text": text} for number, text in enumerate(texts)]
    for name in ("metadata.csv", "metadata.jsonl"):
        folder = tmp_path_factory.mktemp("voice")
        for row in rows:
            (folder / row["file_name"]).touch()
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            if name.endswith("csv"):
                writer = csv.DictWriter(file, ["file_name", "text"])
                writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        assert [each.text for each in load_manifest(folder)] == texts


def test_missing_list(folder):
    for name in ("a.wav", "b.wav"):
        (folder / "audio" / name).unlink()
    assert complaint(folder) == (
        "voice has no list of recordings: put manifest.jsonl, metadata.csv or metadata.jsonl there, or sound "
        "files (.wav, .flac, .ogg, .mp3), each with a .txt of the same name"
    )


def test_missing_folder(tmp_path):
    assert complaint(tmp_path / "nowhere") == (
        "voice is no folder: give the folder that holds the recordings"
    )


@pytest.mark.parametrize("name", ["manifest.jsonl", "metadata.csv"])
def test_empty_list(folder, name):
    (folder / name).touch()
    assert complaint(folder) == f"voice/{name} lists no recordings: give each a line"


def test_missing_sound_file(folder):
    write(folder, "metadata.csv", "file_name,text", "audio/a.wav,Yes.", "audio/c.wav,No.")
    assert complaint(folder) == (
        "voice/metadata.csv, line 3: voice/audio/c.wav is missing; put it there or take the line out"
    )


def test_unknown_column(folder):
    write(folder, "metadata.csv", "file_name,transcript", "audio/a.wav,Yes.")
    assert complaint(folder) == (
        "voice/metadata.csv, line 1: no column text or transcription or sentence; "
        "give one; the columns are file_name, transcript"
    )


def test_line_that_is_too_short(folder):
    write(folder, "metadata.csv", "file_name,text", "audio/a.wav")
    assert complaint(folder).startswith("voice/metadata.csv, line 2: no column text")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("audio/a.wav,Yes, of course.", "line 2: more cells than columns; put what has commas in it in quot"),
        ('audio/a.wav,"Yes.', "line 2: this is no CSV (unexpected end of data); look for a quotation mark"),
        ('audio/a.wav,"Yes" he said.', "line 2: this is no CSV ("),
    ],
)
def test_no_part_of_a_text_is_lost_to_a_comma_or_a_quotation_mark(folder, row, what):
    write(folder, "metadata.csv", "file_name,text", row, "audio/b.wav,No.")
    assert complaint(folder).startswith(f"voice/metadata.csv, {what}")


def test_what_comes_after_a_line_that_is_no_csv_is_read(folder):
    write(folder, "metadata.csv", "file_name,text", 'audio/a.wav,"Yes" he said.', "audio/b.wav,No.")
    assert [each.text for each in read_listing(folder).utterances] == ["No."]


def test_a_csv_that_was_written_by_hand(folder):
    write(folder, "metadata.csv", "file_name, text", 'audio/a.wav, "Yes, it is.",,', "", "audio/b.wav, No. ")
    assert [each.text for each in load_manifest(folder)] == ["Yes, it is.", "No."]


def test_a_column_that_is_there_twice(folder):
    write(folder, "metadata.csv", "file_name,text,text", "audio/a.wav,Yes.,No.")
    assert (
        complaint(folder) == "voice/metadata.csv, line 1: the column text is there twice; keep the right one"
    )


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "this is not JSON"),
        ("[1]", "this is no JSON object"),
        ('{"audio": "audio/a.wav", "text": 1}', "the value of text is no text"),
        ('{"audio": ["audio/a.wav"], "text": ""}', "the value of audio is no text"),
        ("{}", "no column audio or file_name or audio_path; give one; the columns are none"),
    ],
)
def test_wrong_line(folder, line, what):
    write(folder, "manifest.jsonl", {"audio": "audio/a.wav", "text": "Yes."}, line)
    assert complaint(folder).startswith(f"voice/manifest.jsonl, line 2: {what}")


def test_other_encoding(folder):
    (folder / "manifest.jsonl").write_bytes('{"text": "é"}'.encode("latin-1"))
    assert complaint(folder).endswith("save it as UTF-8")


def test_numbers_may_be_names_and_paths_may_be_of_windows(folder):
    write(
        folder, "metadata.jsonl", {"file_name": "audio\\a.wav", "text": "Hello.", "id": 7, "speaker_id": 1034}
    )
    (found,) = load_manifest(folder)
    assert (found.id, found.speaker, found.path) == ("7", "1034", folder / "audio/a.wav")
