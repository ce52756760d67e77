from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from device.corrections import store as store_module
from device.corrections.days import Seen, by_the_clock
from device.corrections.store import Limits, Store, sum_of
from tests.saykey import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 1, 31)
PLENTY = Limits(1 << 30, 30)


class Calendar:
    """What clock and kernel say."""

    def __init__(self) -> None:
        self.day, self.boot, self.uptime_h = DAY, 1, 0

    def __call__(self) -> Seen:
        return Seen(self.day, str(self.boot), self.uptime_h)

    def pass_days(self, days: int) -> None:
        """Let the machine run."""
        self.uptime_h += days * 24
        self.day += timedelta(days)

    def start_anew(self, day: date = DAY) -> None:
        """Switch the machine off and on; its clock shows this day then."""
        self.day, self.boot, self.uptime_h = day, self.boot + 1, 0


@pytest.fixture
def calendar():
    return Calendar()


@pytest.fixture
def store(tmp_path: Path, calendar):
    return Store(tmp_path / "state" / "corrections", calendar)


def names(store: Store) -> list[str]:
    """Give what is in the folder beside the day that was seen last."""
    there = sorted(file.name for file in store.folder.iterdir()) if store.folder.exists() else []
    return [name for name in there if name != "day.json"]


def test_what_is_added_is_there(store):
    store.add(b"one", PLENTY)
    store.add(b"two", PLENTY)
    assert sorted(store.read(each) for each in store.kept()) == [b"one", b"two"]
    assert {each.size for each in store.kept()} == {3}


def test_neither_name_nor_time_says_more_than_the_day(store):
    store.add(b"one", PLENTY)
    (name,) = names(store)
    assert name == f"2026-01-31-{sum_of(b'one')}.sealed"
    midnight = datetime(2026, 1, 31, tzinfo=UTC).timestamp()
    state = (store.folder / name).stat()
    assert (state.st_mtime, state.st_atime) == (midnight, midnight)
    assert os.listxattr(store.folder / name) == []
    assert (store.folder / "day.json").stat().st_mtime == midnight
    assert by_the_clock().uptime_h == int(time.clock_gettime(time.CLOCK_BOOTTIME) / 3600)


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


def test_where_each_start_shows_the_same_day_each_of_them_counts_as_one(store, calendar):
    store.add(b"1", PLENTY)
    for _ in range(30):
        calendar.start_anew()
        store.tidy(PLENTY)
    assert store.today() == DAY + timedelta(30)
    assert names(store) == [f"2026-01-31-{sum_of(b'1')}.sealed"]
    store.add(b"2", PLENTY)
    calendar.start_anew()
    store.tidy(PLENTY)
    assert names(store) == [f"2026-03-02-{sum_of(b'2')}.sealed"]


def test_a_start_counts_once_however_often_it_is_looked(store, calendar):
    store.add(b"1", PLENTY)
    calendar.start_anew()
    for _ in range(3):
        Store(store.folder, calendar).tidy(PLENTY)
        assert Store(store.folder, calendar).today() == DAY + timedelta(1)


def test_to_look_counts_a_start_that_nobody_noted_and_notes_nothing(store, calendar):
    store.add(b"1", PLENTY)
    calendar.start_anew()
    before = (store.folder / "day.json").read_bytes()
    assert store.today() == DAY + timedelta(1)
    assert (store.folder / "day.json").read_bytes() == before


def test_it_ages_by_what_the_machine_runs_where_the_clock_is_behind(store, calendar):
    store.add(b"1", PLENTY)
    calendar.start_anew(date(2020, 1, 1))
    for day in range(1, 31):
        store.tidy(PLENTY)
        assert store.today() == DAY + timedelta(day)
        for _ in range(24):  # nothing is lost by looking often
            calendar.uptime_h += 1
            store.tidy(PLENTY)
    assert names(store) == []


def test_the_oldest_make_room_where_the_clock_stands_still(store, calendar):
    for content in (b"1", b"2", b"3", b"4", b"5"):
        store.add(content * 400, Limits(1000, 30))
        calendar.start_anew()
    assert [store.read(each)[:1] for each in store.kept()] == [b"4", b"5"]


def test_a_clock_that_is_right_is_what_counts(store, calendar):
    store.add(b"1", PLENTY)
    for days in (1, 2, 9):
        calendar.start_anew(DAY + timedelta(days))
        store.tidy(PLENTY)
        assert store.today() == calendar.day


def test_what_a_wrong_clock_dated_keeps_its_day_and_ages_from_there(store, calendar):
    calendar.start_anew(date(2037, 1, 1))
    store.add(b"1", PLENTY)
    for _ in range(30):
        calendar.start_anew()
        store.tidy(PLENTY)
        assert [each.day for each in store.kept()] == [date(2037, 1, 1)]
    calendar.start_anew()
    store.tidy(PLENTY)
    assert names(store) == []


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff", b"{}", b'{"day":"2026-99-99","boot":"1","uptime_h":0}']
)
def test_without_the_day_that_was_seen_last_it_is_that_of_the_newest_or_the_next(store, calendar, content):
    calendar.day = date(2037, 1, 1)
    store.add(b"1", PLENTY)
    seen = store.folder / "day.json"
    seen.unlink() if content is None else seen.write_bytes(content)
    calendar.day = DAY
    assert store.today() == date(2037, 1, 2)
    store.tidy(PLENTY)
    calendar.start_anew()
    assert store.today() == date(2037, 1, 3)


def test_a_file_of_the_last_day_of_all_ends_nothing(store):
    store.add(b"1", PLENTY)
    (store.folder / f"9999-12-31-{'0' * 32}.sealed").write_bytes(b"")
    (store.folder / "day.json").unlink()
    store.tidy(PLENTY)
    assert len(store.kept()) == 1


def test_only_what_is_named_is_removed(store):
    for content in (b"1", b"2", b"3"):
        store.add(content, PLENTY)
    first, second, third = (f"2026-01-31-{sum_of(content)}.sealed" for content in (b"1", b"2", b"3"))
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
    again = Store(store.folder, store._now)
    assert {again.read(each) for each in again.kept()} <= {b"before", b"whole"}
    again.tidy(PLENTY)
    assert len(names(again)) == len(again.kept())


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_while_the_day_is_noted_leaves_the_one_before_or_this(store, calendar, monkeypatch, cut):
    store.add(b"before", PLENTY)
    calendar.start_anew()

    def fail(*_, **__):
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(cut, fail)
        with suppress(CutError):
            store.tidy(PLENTY)
    assert store.today() == DAY + timedelta(1)
    store.tidy(PLENTY)
    assert sorted(file.name for file in store.folder.iterdir()) == [store.kept()[0].name, "day.json"]


def test_on_a_full_disk_what_is_too_old_goes_all_the_same(store, calendar, monkeypatch):
    store.add(b"1", PLENTY)
    calendar.start_anew(DAY + timedelta(31))

    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        store.tidy(PLENTY)
    assert store.kept() == []


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
            while time.monotonic() < until_s and len(list(folder.glob("*.sealed*"))) <= min(seen + 1, 8):
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
