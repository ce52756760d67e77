from __future__ import annotations

import pytest

from tests.trainer.reporting.made import write_work
from trainer.errors import DataError
from trainer.reporting import work

READERS = {
    "run/log.jsonl": work.trainings,
    "run/recipe.toml": work.recipe,
    "run/model/training.json": work.training,
    "data/audit.json": work.audit,
}


@pytest.fixture
def folder(tmp_path):
    return write_work(tmp_path)


def test_a_whole_folder_is_read(folder):
    (log,) = work.trainings(folder)
    assert [(one.epoch, one.loss, one.validation_wer) for one in log] == [
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


def test_the_log_of_each_training_is_read_in_their_order(folder):
    for number in (2, 10, 3):
        member = folder / "run" / f"member-{number}"
        member.mkdir()
        (member / "log.jsonl").write_text(f'{{"epoch": 1, "loss": {number}}}\n')
    (folder / "run" / "member-4").mkdir()  # it has not come so far
    assert [log[-1].loss for log in work.trainings(folder)] == [0.22, 2, 3, 10]


def test_a_damaged_log_of_a_further_training_is_named(folder):
    (folder / "run" / "member-2").mkdir()
    (folder / "run" / "member-2" / "log.jsonl").write_bytes(b"{")
    with pytest.raises(DataError, match=r"run/member-2/log\.jsonl is damaged"):
        work.trainings(folder)


def test_a_nested_table_becomes_rows():
    values = {"a": 1e-5, "b": {"c": True, "d": ["x", 2]}, "e": None}
    assert work.flat(values) == [("a", "1e-05"), ("b.c", "yes"), ("b.d", "x, 2"), ("e", "")]
