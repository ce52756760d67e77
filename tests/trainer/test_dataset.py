from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.dataset import Utterance, load_manifest
from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


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
    assert load_manifest(folder) == [Utterance("audio/a.wav", folder / "audio/a.wav", "Yes.", "test", "")]


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
    assert complaint(folder) == (
        "voice has no list of recordings: put manifest.jsonl, metadata.csv or metadata.jsonl there"
    )


def test_missing_folder(tmp_path):
    assert "has no list of recordings" in complaint(tmp_path / "nowhere")


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
        "voice/metadata.csv, line 2: give the column text or transcription or sentence; "
        "the columns are file_name, transcript"
    )


def test_line_that_is_too_short(folder):
    write(folder, "metadata.csv", "file_name,text", "audio/a.wav")
    assert complaint(folder).startswith("voice/metadata.csv, line 2: give the column text")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "this is not JSON"),
        ("[1]", "this is no JSON object"),
        ('{"audio": "audio/a.wav", "text": 1}', "the value of text is no text"),
        ('{"audio": ["audio/a.wav"], "text": ""}', "the value of audio is no text"),
        ("{}", "give the column audio or file_name; the columns are none"),
    ],
)
def test_wrong_line(folder, line, what):
    write(folder, "manifest.jsonl", {"audio": "audio/a.wav", "text": "Yes."}, line)
    assert complaint(folder).startswith(f"voice/manifest.jsonl, line 2: {what}")


def test_other_encoding(folder):
    (folder / "manifest.jsonl").write_bytes('{"text": "é"}'.encode("latin-1"))
    assert complaint(folder).endswith("save it as UTF-8")
