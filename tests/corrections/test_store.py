from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from device.corrections import store as store_module
from device.corrections.store import Limits, Store, sum_of
from tests.saykey import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 1, 31)
PLENTY = Limits(1 << 30, 30)


class Calendar:
    """What day it is."""

    def __init__(self) -> None:
        self.day = DAY

    def __call__(self) -> date:
        return self.day

    def pass_days(self, days: int) -> None:
        self.day += timedelta(days)


@pytest.fixture
def calendar():
    return Calendar()


@pytest.fixture
def store(tmp_path: Path, calendar):
    return Store(tmp_path / "state" / "corrections", calendar)


def names(store: Store) -> list[str]:
    return sorted(file.name for file in store.folder.iterdir()) if store.folder.exists() else []


def test_what_is_added_is_there(store):
    store.add(b"one", PLENTY)
    store.add(b"two", PLENTY)
    assert sorted(store.read(each) for each in store.kept()) == [b"one", b"two"]
    assert {each.size for each in store.kept()} == {3}


def test_neither_name_nor_time_says_more_than_the_day(store):
    store.add(b"one", PLENTY)
    (name,) = names(store)
    assert name == f"2026-01-31-{sum_of(b'one')}.sealed"
    state = (store.folder / name).stat()
    midnight = datetime(2026, 1, 31, tzinfo=UTC).timestamp()
    assert (state.st_mtime, state.st_atime) == (midnight, midnight)
    assert os.listxattr(store.folder / name) == []


def test_to_look_makes_no_folder(store):
    assert store.kept() == []
    store.tidy(PLENTY)
    assert store.forget() == store.remove(["2026-01-31-" + "0" * 32 + ".sealed"]) == 0
    assert not store.folder.parent.exists()


def test_the_oldest_make_room(store, calendar):
    for content in (b"1", b"2", b"3"):
        store.add(content * 400, Limits(1000, 30))
        calendar.pass_days(1)
    assert [store.read(each)[:1] for each in store.kept()] == [b"2", b"3"]


def test_what_alone_is_too_much_is_not_kept_and_drives_nothing_out(store):
    store.add(b"before", Limits(1000, 30))
    store.add(b"1" * 1001, Limits(1000, 30))
    assert [store.read(each) for each in store.kept()] == [b"before"]


def test_what_is_too_old_goes_at_the_next_write_and_at_the_start(store, calendar):
    store.add(b"1", PLENTY)
    calendar.pass_days(30)
    store.add(b"2", PLENTY)
    assert len(store.kept()) == 2
    calendar.pass_days(1)
    store.tidy(PLENTY)
    assert [store.read(each) for each in store.kept()] == [b"2"]
    calendar.pass_days(31)
    store.add(b"3", PLENTY)
    assert [store.read(each) for each in store.kept()] == [b"3"]


def test_what_is_dated_after_today_counts_from_today_on(store, calendar):
    calendar.pass_days(4000)
    store.add(b"1", PLENTY)
    calendar.day = DAY
    store.tidy(PLENTY)
    assert [each.day for each in store.kept()] == [DAY]
    calendar.pass_days(31)
    store.tidy(PLENTY)
    assert names(store) == []


def test_only_what_is_named_is_removed_and_by_its_content(store, calendar):
    for content in (b"1", b"2", b"3"):
        store.add(content, PLENTY)
    first, second, third = (f"2026-01-31-{sum_of(content)}.sealed" for content in (b"1", b"2", b"3"))
    calendar.day = DAY - timedelta(1)
    store.tidy(PLENTY)  # dated anew
    assert (
        store.remove([first, "../../etc/passwd", "", second[:-1], f"2026-02-31-{sum_of(b'3')}.sealed"]) == 1
    )
    assert sorted(store.read(each) for each in store.kept()) == [b"2", b"3"]
    assert store.remove([second, third, first]) == 2


def test_all_is_gone_with_its_folder(store):
    store.add(b"1", PLENTY)
    (store.folder / f"2026-01-31-{'0' * 32}.sealed.new").write_bytes(b"half")
    assert store.forget() == 1
    assert not store.folder.exists()


def test_what_is_not_ours_stays(store):
    store.add(b"1", PLENTY)
    (store.folder / "notes.txt").write_text("mine")
    store.tidy(Limits(0, 30))
    assert store.forget() == 0
    assert names(store) == ["notes.txt"]


# Faults.


class CutError(BaseException):
    """The power goes: nothing more is done."""


CUTS = ["os.fsync", "os.utime", "pathlib.Path.replace", "device.corrections.store.sync"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_at_any_step_leaves_a_whole_file_or_none(store, monkeypatch, cut):
    store.add(b"before", PLENTY)

    def fail(*_, **__):
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(cut, fail)
        with pytest.raises(CutError):
            store.add(b"whole", PLENTY)
    again = Store(store.folder, store._today)
    assert {again.read(each) for each in again.kept()} <= {b"before", b"whole"}
    again.tidy(PLENTY)
    assert len(names(again)) == len(again.kept())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("step", ["os.fsync", "os.utime", "pathlib.Path.replace"])
def test_a_disk_that_refuses_is_told_and_nothing_half_written_stays(store, monkeypatch, step, number):
    store.add(b"before", PLENTY)

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(OSError, match=os.strerror(number)):
            store.add(b"new", PLENTY)
    assert [store.read(each) for each in store.kept()] == [b"before"]
    assert len(names(store)) == 1


WRITER = """
import os, sys
from pathlib import Path
from device.corrections.store import Limits, Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    store.add(os.urandom(300_000), Limits(3_000_000, 30))
"""


def test_killed_at_any_moment_it_leaves_no_half_file_that_is_taken_for_whole(tmp_path):
    folder = tmp_path / "corrections"
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, folder], cwd=ROOT, stdout=subprocess.PIPE
        ) as writer:
            writer.stdout.readline()
            until_s = time.monotonic() + 10
            seen = len(list(folder.glob("*.sealed"))) if folder.exists() else 0
            while time.monotonic() < until_s and len(list(folder.glob("*"))) <= min(seen + 1, 8):
                pass
            writer.send_signal(signal.SIGKILL)
        store = Store(folder)
        for each in store.kept():
            assert sum_of(store.read(each)) == each.sum
        store.tidy(PLENTY)
        assert len(names(store)) == len(store.kept())
    assert names(store)


def test_a_file_that_vanishes_meanwhile_disturbs_nobody(store, monkeypatch):
    store.add(b"1", PLENTY)
    real = store_module.Store._names
    monkeypatch.setattr(
        store_module.Store, "_names", lambda self: [*real(self), f"2026-01-31-{'0' * 32}.sealed"]
    )
    assert len(store.kept()) == 1
    store.tidy(Limits(0, 30))
    monkeypatch.undo()
    assert names(store) == []
