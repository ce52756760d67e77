from __future__ import annotations

import fcntl
import logging
import os
import shutil
from pathlib import Path

import pytest

from device.models.fetch import fetch
from device.models.starts import Starts
from device.models.store import Store
from tests.full_disk import fill, small_disk
from tests.models.flashing import silent


@pytest.fixture(scope="module")
def template(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store(tmp_path_factory.mktemp("template"))
    for name in ("good", "bad", "other"):
        fetch(store, name, pristine, silent)
    store.use("bad")
    return store.root


@pytest.fixture
def flashed(template: Path, tmp_path: Path) -> Store:
    """A store in which a bad model is in use, and a good one was before."""
    return Store(Path(shutil.copytree(template, tmp_path / "store", symlinks=True)))


def failures(store: Store, number: int) -> list[str | None]:
    """Begin so many starts, each by a daemon of its own, and bring none to an end."""
    return [Starts(store).begin() for _ in range(number)]


def test_after_three_failures_the_model_before_is_in_use_for_good(flashed: Store, caplog):
    assert failures(flashed, 3) == [None, None, None]
    assert flashed.current() == "bad"
    assert failures(flashed, 1) == ["good"]
    assert (flashed.current(), flashed.previous()) == ("good", None)
    assert "3 starts with the model bad failed: good is in use again" in caplog.text
    assert failures(flashed, 9) == [None] * 9
    assert flashed.current() == "good"


def test_a_start_that_succeeds_ends_the_row(flashed: Store):
    for _ in range(3):
        assert failures(flashed, 2) == [None, None]
        starts = Starts(flashed)
        assert starts.begin() is None
        starts.succeeded()
    assert flashed.current() == "bad"


def test_a_model_that_has_worked_is_not_given_up_for_starts_that_were_cut_off(flashed: Store):
    starts = Starts(flashed)
    starts.begin()
    starts.succeeded()
    assert failures(flashed, 5) == [None] * 5
    assert (flashed.current(), flashed.previous()) == ("bad", "good")


def test_a_model_that_has_worked_and_is_damaged_since_is_given_up(flashed: Store):
    starts = Starts(flashed)
    starts.begin()
    starts.succeeded()
    failures(flashed, 3)
    (flashed.root / "bad" / "model.bin").write_bytes(b"")
    assert failures(flashed, 1) == ["good"]


def test_a_start_that_failed_for_another_reason_says_nothing_of_the_model(flashed: Store):
    starts = Starts(flashed)
    for _ in range(3):
        starts.begin()
    starts.excused()
    assert failures(flashed, 4) == [None, None, None, "good"]


def test_a_model_that_came_into_use_meanwhile_has_not_worked_by_that(flashed: Store):
    starts = Starts(flashed)
    starts.begin()
    flashed.use("other")
    starts.succeeded()
    starts.excused()
    assert failures(flashed, 4) == [None, None, None, "bad"]


def test_failures_with_another_model_do_not_count(flashed: Store):
    failures(flashed, 2)
    flashed.use("other")
    assert failures(flashed, 3) == [None] * 3
    assert flashed.current() == "other"
    assert failures(flashed, 1) == ["bad"]


def test_a_model_that_was_given_up_and_is_used_again_has_its_three_starts(flashed: Store):
    failures(flashed, 4)
    flashed.use("bad")
    assert failures(flashed, 3) == [None] * 3
    assert failures(flashed, 1) == ["good"]


def test_where_there_is_none_before_the_model_stays(flashed: Store):
    flashed.switch_back(for_good=True)
    assert failures(flashed, 5) == [None] * 5
    assert flashed.current() == "good"


def test_a_damaged_one_before_is_not_gone_back_to(flashed: Store, caplog):
    (flashed.root / "good" / "model.bin").write_bytes(b"")
    assert failures(flashed, 5) == [None] * 5
    assert flashed.current() == "bad"
    assert "bad failed, but it stays in use" in caplog.text
    assert "model.bin has 0 bytes" in caplog.text


def test_while_the_store_is_changed_it_goes_on_and_tries_the_next_time(flashed: Store):
    failures(flashed, 3)
    folder = os.open(flashed.root, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    assert failures(flashed, 1) == [None]
    os.close(folder)
    assert failures(flashed, 1) == ["good"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"model": "bad", "starts": "3"}'])
def test_a_damaged_count_begins_anew(flashed: Store, content: bytes):
    failures(flashed, 3)
    (flashed.root / ".starts").write_bytes(content)
    assert failures(flashed, 3) == [None] * 3
    assert failures(flashed, 1) == ["good"]


def test_what_was_left_half_written_hinders_nothing(flashed: Store):
    (flashed.root / "..starts.0123abcd.new").write_bytes(b"{")
    assert failures(flashed, 4) == [None, None, None, "good"]


def test_on_a_full_disk_a_bad_model_is_given_up_too(template: Path, tmp_path: Path, caplog):
    with small_disk(tmp_path) as disk:
        full = Store(Path(shutil.copytree(template, disk / "store", symlinks=True)))
        assert failures(full, 1) == [None]
        fill(disk)
        assert failures(full, 3) == [None, None, "good"]
        assert (full.current(), full.previous()) == ("good", None)
    assert "are not counted" not in caplog.text


def test_a_full_disk_on_which_there_is_no_count_yet_hinders_no_start(template: Path, tmp_path: Path, caplog):
    with small_disk(tmp_path) as disk:
        full = Store(Path(shutil.copytree(template, disk / "store", symlinks=True)))
        fill(disk)
        assert failures(full, 1) == [None]
    assert "are not counted" in caplog.text
    assert "No space left on device" in caplog.text


def test_a_store_that_cannot_be_written_hinders_no_start(flashed: Store, caplog):
    (flashed.root / ".starts").mkdir()  # as good as a disk that refuses, for root as well
    starts = Starts(flashed)
    with caplog.at_level(logging.WARNING):
        assert starts.begin() is None
        starts.succeeded()
    assert caplog.text.count("are not counted") == 2


def test_what_a_killed_installation_left_goes_unless_another_one_is_going_on(flashed: Store):
    half = flashed.root / ".incoming" / "new" / "model.bin"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    folder = os.open(flashed.root, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    assert failures(flashed, 1) == [None]
    assert half.exists()
    os.close(folder)
    assert failures(flashed, 1) == [None]
    assert not (flashed.root / ".incoming").exists()
    assert flashed.names() == ["bad", "good", "other"]


def test_what_cannot_be_swept_hinders_no_start(flashed: Store):
    (flashed.root / ".current").mkdir()  # as good as a disk that refuses, for root as well
    (flashed.root / ".incoming").symlink_to("bad")
    assert failures(flashed, 1) == [None]
    flashed.verify("bad")


def test_what_is_left_goes_also_where_there_is_no_model_yet(tmp_path: Path):
    (tmp_path / ".incoming").mkdir()
    assert Starts(Store(tmp_path)).begin() is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_model_nothing_is_counted(tmp_path: Path):
    starts = Starts(Store(tmp_path / "none"))
    assert starts.begin() is None
    assert not (tmp_path / "none").exists()
