from __future__ import annotations

import resource

import pytest

from trainer.errors import DataError
from trainer.evaluation.results import (
    EVALUATION,
    Comparison,
    Evaluation,
    Model,
    Result,
    Score,
    WordScore,
    load,
    save,
)

FOUND = Evaluation(
    models=(Model("stock", "/models/tiny", "int8", 40_000_000, False, 0.1),),  # noqa: FBT003  # a value
    results=(Result("stock", "mine", "personal", "5", "1", "1.wav", "", "naïve 日本", "naive", 1.5, 0.25),),
    scores=(Score("stock", "hiss", "silence", "clean", 0, None, None, None, None, 3, 0),),
    comparisons=(Comparison("tuned", "mine", "personal", "clean", 3, 1, 9, -22.25, -40.0, 1.5, 2**-40),),
    words=(WordScore("stock", "Siobhan", 1, 2, 0),),
)


def test_what_is_saved_is_loaded_again_and_takes_the_place_of_what_was_there(tmp_path):
    assert save(FOUND, tmp_path) == tmp_path / EVALUATION
    save(FOUND, tmp_path)
    assert load(tmp_path) == FOUND
    assert [path.name for path in tmp_path.iterdir()] == [EVALUATION]


def test_a_full_disk_leaves_what_was_there(tmp_path):
    save(FOUND, tmp_path)
    more = Evaluation(FOUND.models, FOUND.results * 500, FOUND.scores, FOUND.comparisons, FOUND.words)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            save(more, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load(tmp_path) == FOUND
    assert [path.name for path in tmp_path.iterdir()] == [EVALUATION]


@pytest.mark.parametrize("content", [b"", b'{"models": [', b"\xff\xfe", b'{"models": []}'])
def test_a_damaged_file_is_explained(tmp_path, content):
    (tmp_path / EVALUATION).write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read .* again"):
        load(tmp_path)


def test_a_missing_file_is_explained(tmp_path):
    with pytest.raises(DataError, match="run saykey-trainer evaluate first"):
        load(tmp_path)
