from __future__ import annotations

import pytest

from tests.trainer.reporting.made import write_work
from trainer.errors import DataError
from trainer.reporting import work

READERS = {
    "run/log.jsonl": work.epochs,
    "run/recipe.toml": work.recipe,
    "run/model/training.json": work.training,
    "data/audit.json": work.audit,
}


@pytest.fixture
def folder(tmp_path):
    return write_work(tmp_path)


def test_a_whole_folder_is_read(folder):
    assert [(one.epoch, one.loss, one.validation_wer) for one in work.epochs(folder)] == [
        (0, None, 5.5),
        (1, 0.41, 4.1),
        (2, 0.22, 3.6),
    ]
    assert work.recipe(folder)["mix"] == {"general": 0.4}
    assert work.training(folder)["base"] == "tiny.en"
    assert work.audit(folder).accepted == 10
    assert [(one.name, one.size) for one in work.exported(folder)] == [("int8", 123_456)]


@pytest.mark.parametrize("part", READERS)
@pytest.mark.parametrize("content", [b'{"epoch": 1}\n{"epo', b"\xff\xfe", b"[1", b"\0"])
def test_what_is_damaged_is_named(folder, part, content):
    (folder / part).write_bytes(content)
    with pytest.raises(DataError, match=f"{part} is damaged"):
        READERS[part](folder)


@pytest.mark.parametrize("part", READERS)
def test_what_is_missing_is_named(folder, part):
    (folder / part).unlink()
    with pytest.raises(DataError, match=f"There is no {part}"):
        READERS[part](folder)


@pytest.mark.parametrize("part", READERS)
def test_what_cannot_be_read_is_named(folder, part):
    (folder / part).unlink()
    (folder / part).mkdir()
    with pytest.raises(DataError, match=f"{part} cannot be read"):
        READERS[part](folder)


def test_a_nested_table_becomes_rows():
    values = {"a": 1e-5, "b": {"c": True, "d": ["x", 2]}, "e": None}
    assert work.flat(values) == [("a", "1e-05"), ("b.c", "yes"), ("b.d", "x, 2"), ("e", "")]
