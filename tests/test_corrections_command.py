from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from device.commands import corrections
from device.control import serving
from device.corrections.days import Seen, by_the_clock
from device.corrections.store import Limits, Store
from device.doctor.corrections import corrections as examine
from device.doctor.finding import Verdict
from device.errors import CorrectionError, HostError
from device.models.trust import Trust
from device.mute import Mute
from device.running import _AsDrive
from tests.bundles import public
from tests.corrections.made import sealed

if TYPE_CHECKING:
    from pathlib import Path

PLENTY = Limits(1 << 30, 30)


def call(*words: object, config: Path | None = None) -> int:
    parser = argparse.ArgumentParser()
    corrections.configure(parser)
    parser.set_defaults(config=config)
    return corrections.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch) -> Path:
    """The state folder; no daemon runs."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return tmp_path / "state"


@pytest.fixture
def store(state) -> Store:
    store = Store()
    assert store.folder == state / "corrections"
    for seed in range(2):
        store.add(sealed(seed=seed), PLENTY)
    return store


@pytest.fixture
def wanted(tmp_path) -> Path:
    """Settings with which corrections are kept."""
    file = tmp_path / "wanted.toml"
    file.write_text("[corrections]\nkeep = true\n")
    return file


def test_by_default_nothing_is_kept(capsys, state):
    assert call() == 0
    assert (
        capsys.readouterr().out == "No corrections are kept.\nNothing is kept: corrections.keep is false.\n"
    )
    assert not state.exists()


def test_without_a_key_it_says_why(capsys, wanted):
    call(config=wanted)
    assert "Nothing is kept: this device has no owner's key to seal them to." in capsys.readouterr().out


def test_how_many_how_old_and_how_large(capsys, store, wanted):
    Trust().trust(public())
    call(config=wanted)
    assert capsys.readouterr().out == (
        f"2 corrections, 0.5 MB, of today.\n"
        f"What is taken back and said again is kept, sealed to the key {public().id}.\n"
    )
    (store.folder / store.kept()[0].name).rename(store.folder / f"2020-01-01-{'0' * 32}.sealed")
    call(config=wanted)
    assert "the oldest of 2" in capsys.readouterr().out
    call("--json", config=wanted)
    assert json.loads(capsys.readouterr().out) == {
        "keep": True, "key": public().id, "count": 2, "bytes": 2 * 262216, "oldest": "2020-01-01"
    }  # fmt: skip


def test_how_old_they_are_is_told_by_the_days_that_the_device_counts(capsys, store, wanted):
    now = by_the_clock()
    ahead = Seen(now.day + timedelta(5), now.boot, now.uptime_h)
    (store.folder / "day.json").write_bytes(msgspec.json.encode(ahead))
    call(config=wanted)
    assert "the oldest of 5 days ago" in capsys.readouterr().out
    assert "the oldest of 5 days ago" in verdicts(keeps=False)[0][1]


def test_all_are_deleted_where_no_daemon_runs(capsys, store):
    assert call("forget") == 0
    assert capsys.readouterr().out == "Deleted: 2 corrections.\n"
    assert not store.folder.exists()
    call("forget")
    assert capsys.readouterr().out == "No corrections are kept.\n"


class Daemon:
    """Has more of them in memory."""

    is_drive = is_muted = is_hands_free = False

    def __init__(self) -> None:
        self.asked = 0

    async def forget_corrections(self) -> int:
        self.asked += 1
        if self.asked > 1:
            raise CorrectionError("It cannot be.")
        return 5


async def test_a_daemon_deletes_them_with_what_it_holds(capsys, store):
    daemon = Daemon()
    async with serving(None, daemon=daemon):
        assert await asyncio.to_thread(call, "forget") == 0
        assert capsys.readouterr().out == "Deleted: 5 corrections.\n"
        assert len(store.kept()) == 2
        with pytest.raises(HostError, match=r"It cannot be\."):
            await asyncio.to_thread(call, "forget")


async def test_as_a_drive_it_has_copies_and_says_so(store):
    async with serving(None, daemon=_AsDrive(asyncio.Event(), Mute())):
        with pytest.raises(HostError, match="eject it on the computer"):
            await asyncio.to_thread(call, "forget")
    assert len(store.kept()) == 2


def test_they_are_handed_over(monkeypatch, store, capsys):
    out, back = io.BytesIO(), io.BytesIO(f"{store.kept()[0].name}\n".encode())
    left = store.kept()[1]
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(back))
    assert call("hand-over") == 0
    sys.stdout.detach()
    assert out.getvalue().startswith(b"20")
    assert store.kept() == [left]
    assert capsys.readouterr().err == "1 correction handed over, and deleted here.\n"


def test_what_may_not_be_read_is_explained(monkeypatch, store):
    def refuse(_):
        raise PermissionError(13, "Permission denied", str(store.folder))

    monkeypatch.setattr(Store, "kept", refuse)
    with pytest.raises(CorrectionError, match=r"corrections: Permission denied; check the disk\."):
        call()


# The doctor.


def verdicts(*, keeps: bool) -> list[tuple[Verdict, str]]:
    return [(each.verdict, each.found) for each in examine(keeps=keeps)]


def test_off_is_well(store):
    assert verdicts(keeps=False) == [
        (Verdict.OK, "corrections.keep is false: 2 corrections, 0.5 MB, of today")
    ]


def test_without_a_key_the_doctor_says_why(state):
    ((verdict, found),) = verdicts(keeps=True)
    assert verdict is Verdict.WARNING
    assert "no owner's key" in found


def test_with_one_it_says_whose(store):
    Trust().trust(public())
    assert verdicts(keeps=True) == [
        (Verdict.OK, f"2 corrections, 0.5 MB, of today; sealed to the key {public().id}")
    ]


def test_without_the_library_it_says_so(store, monkeypatch):
    Trust().trust(public())
    monkeypatch.setattr("device.doctor.corrections._can_seal", lambda: False)
    ((verdict, found),) = verdicts(keeps=True)
    assert verdict is Verdict.WARNING
    assert "PyNaCl" in found
