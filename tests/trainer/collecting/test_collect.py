"""The whole way: from a device that keeps corrections to recordings that the trainer takes, and to none."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile
import typer
from typer.testing import CliRunner

from device.corrections.content import encode
from device.corrections.sealed import seal
from device.corrections.store import Limits, Store, sum_of
from device.errors import CorrectionError
from device.models.trust import Trust
from tests.bundles import OWNER, STRANGER, public
from tests.corrections.made import OTHER, SAID, correction, flac_of, sealed, secret
from tests.trainer.flashing.far import Far
from tests.trainer.flashing.made import Screen
from trainer.collecting.collected import Collected
from trainer.collecting.ways import by_drive
from trainer.commands.collect import collect
from trainer.dataset import load_manifest
from trainer.errors import DataError, FlashError, OwnerKeyError
from trainer.flashing import keys as keys_module
from trainer.flashing.drive import Drive
from trainer.flashing.flash import Computer
from trainer.flashing.keys import make, public_key
from trainer.flashing.patience import Patience
from trainer.personalize.source import own_source
from trainer.recording.folder import RecordingFolder

if TYPE_CHECKING:
    from click.testing import Result

app = typer.Typer()
app.command()(collect)

HOST = "pi@saykey.local"
PLENTY = Limits(1 << 30, 30)
PASSWORD = "a password"  # noqa: S105  # of a key that is made here


def run(*arguments: object, given: str | None = None) -> Result:
    return CliRunner().invoke(
        app, list(map(str, arguments)), input=given, env={"COLUMNS": "100", "TERM": "dumb"}
    )


def told(done: Result) -> dict:
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return json.loads(done.stdout)


@pytest.fixture
def keys(tmp_path, monkeypatch) -> Path:
    """The folder with the owner's keys."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "keys"))
    folder = tmp_path / "keys" / "saykey"
    folder.mkdir(parents=True)
    (folder / "owner.pub").write_bytes(public(OWNER).content)
    (folder / "owner.key").write_bytes(bytes(OWNER.secret_key) + b"\n")
    return folder


@pytest.fixture
def far(tmp_path, monkeypatch) -> Far:
    far = Far(tmp_path, monkeypatch)
    far.install()
    return far


@pytest.fixture
def store(far) -> Store:
    """What the device keeps, two corrections."""
    store = Store(far.state / "corrections")
    Trust(far.state / "owner.pub").trust(public(OWNER))
    store.add(sealed(SAID, 1), PLENTY)
    store.add(sealed(OTHER, 2, stays=b""), PLENTY)
    return store


@pytest.fixture
def drive(tmp_path, far, store) -> Path:
    """The device's drive, which its own program takes when it is ejected."""
    far.write_gio()
    drive = tmp_path / "SAYKEY"
    shutil.copytree(store.folder, drive / "CORRECTIONS")
    (drive / "INFO.TXT").write_text(f"Saykey\r\nSerial: 12\r\nKey: {public(OWNER).id}\r\n")
    return drive


@pytest.fixture
def mine(tmp_path) -> Path:
    return tmp_path / "mine"


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("way", ["ssh", "drive", "card"])
def test_what_was_kept_is_a_folder_of_recordings_and_gone_on_the_device(keys, far, drive, mine, way):
    store = Store(far.state / "corrections")
    where = {"ssh": HOST, "drive": drive, "card": far.state}[way]
    done = run(mine, f"--{way}", where)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "2 corrections collected: 3 recordings" in done.stdout
    assert store.kept() == []
    heard = load_manifest(mine)
    assert sorted((each.text, each.speaker) for each in heard) == [
        (SAID, "owner"),
        (SAID, "owner"),
        (OTHER, "owner"),
    ]
    assert all(each.path.parent == mine / "corrections" for each in heard)
    first = next(each for each in heard if each.text == SAID and "undone-1" in each.path.name)
    said = soundfile.read(io.BytesIO(flac_of(1.5, 1)), dtype="int16")[0]
    assert soundfile.read(first.path, dtype="int16")[0].tolist() == said.tolist()
    assert len(own_source(mine, None)[0].spoken) == 3
    assert not list(mine.rglob("*.partial"))


def test_collected_once_more_it_is_there_once(tmp_path, keys, far, store, mine):
    assert told(run(mine, "--card", far.state, "--json")) == {
        "folder": str(mine), "collected": 2, "recordings": 3, "there": 0, "refused": {}
    }  # fmt: skip
    before = rows(mine)
    store.add(sealed("One more.", 3), PLENTY)
    first = shutil.copytree(store.folder, tmp_path / "again" / "corrections")
    assert told(run(mine, "--card", first.parent, "--json"))["collected"] == 1
    shutil.copytree(store.folder, first, dirs_exist_ok=True)
    once_more = told(run(mine, "--card", first.parent, "--json"))
    assert (once_more["collected"], once_more["recordings"], once_more["there"]) == (0, 0, 1)
    assert rows(mine)[:3] == before
    assert len(rows(mine)) == 5


def test_they_come_beside_what_was_read_aloud(keys, far, store, mine):
    RecordingFolder(mine).add(soundfile.read(_file(mine, flac_of()), dtype="float32")[0], "Read.", "anna")
    assert run(mine, "--card", far.state, "--speaker", "anna").exit_code == 0
    assert {row["speaker"] for row in rows(mine)} == {"anna"}
    assert len(RecordingFolder(mine)) == 4
    assert RecordingFolder(mine).mended == []


def test_a_session_of_record_that_is_open_meanwhile_loses_nothing(keys, far, store, mine):
    session = RecordingFolder(mine)
    samples = soundfile.read(io.BytesIO(flac_of()), dtype="float32")[0]
    session.add(samples, "Before.", "owner")
    assert run(mine, "--card", far.state).exit_code == 0
    session.add(samples, "After.", "owner")
    assert sorted({row["text"] for row in rows(mine)}) == ["After.", "Before.", SAID, OTHER]
    assert len(rows(mine)) == 5


def _file(folder: Path, content: bytes) -> Path:
    file = folder.parent / "noise.flac"
    file.write_bytes(content)
    return file


def test_only_what_was_collected_is_deleted(keys, far, store, mine):
    store.add(sealed("Not for you.", 4, STRANGER), PLENTY)
    harmed = bytearray(sealed("Harmed.", 5))
    harmed[1000] ^= 1
    store.add(bytes(harmed), PLENTY)
    (store.folder / "notes.txt").write_text("not ours")
    done = run(mine, "--ssh", HOST)
    assert done.exit_code == 1
    assert "2 corrections collected" in done.stdout
    assert done.stdout.count("stays where it is") == 2
    assert public(STRANGER).id in done.stdout
    left = {sum_of(store.read(each)) for each in store.kept()}
    assert sum_of(bytes(harmed)) in left
    assert len(left) == 2


def harmed(flac: bytes) -> bytes:
    """Give a sound with one bit of its middle turned round."""
    middle = len(flac) // 2
    return flac[:middle] + bytes([flac[middle] ^ 8]) + flac[middle + 1 :]


def promising(flac: bytes, frames: int) -> bytes:
    """Give a sound whose head says that it has so many frames (RFC 9639, section 8.2: bits 108 to 143)."""
    return flac[:22] + frames.to_bytes(4, "big") + flac[26:]


@pytest.mark.parametrize(
    "forged",
    [
        b"saykey sealed 1\n",
        seal(b"", public(OWNER)),
        seal(encode(correction("")), public(OWNER)),
        seal(encode(correction("a\x1b[2Jb")), public(OWNER)),
        *(
            seal(encode(correction(f"a{each}b")), public(OWNER))
            for each in "\u2028\u2029\u202a\u202e\u2066\u2069"
        ),
        seal(encode(correction('=HYPERLINK("http://a.example")')), public(OWNER)),
        seal(encode(correction(undone=())), public(OWNER))[:-1],
        seal(encode(correction(undone=(), stays=b"")), public(OWNER)),
        seal(encode(correction(undone=(b"fLaC",))), public(OWNER)),
        seal(encode(correction(undone=(flac_of(kind="WAV"),))), public(OWNER)),
        seal(encode(correction(undone=(flac_of(rate_hz=8000),))), public(OWNER)),
        seal(encode(correction(undone=(flac_of(40.0),))), public(OWNER)),
        seal(encode(correction(undone=(flac_of(0.1),) * 9)), public(OWNER)),
        seal(encode(correction(undone=(flac_of(0),))), public(OWNER)),
        seal(encode(correction(undone=(harmed(flac_of()),))), public(OWNER)),
        seal(encode(correction(stays=flac_of()[:-5000])), public(OWNER)),
        seal(encode(correction(stays=promising(flac_of(), 40_000))), public(OWNER)),
    ],
    ids=range(22),
)
def test_what_somebody_else_sealed_is_looked_at(keys, far, mine, forged):
    store = Store(far.state / "corrections")
    store.add(forged, PLENTY)
    done = run(mine, "--card", far.state, "--json")
    assert done.exit_code == 1
    assert told(done)["collected"] == 0
    assert len(told(done)["refused"]) == 1
    assert len(store.kept()) == 1
    assert not mine.exists()


def test_a_file_under_the_name_of_another_is_not_collected(keys, far, store, mine):
    first, second = (store.folder / each.name for each in store.kept())
    first.write_bytes(second.read_bytes())
    done = run(mine, "--card", far.state, "--json")
    assert done.exit_code == 1
    assert "not the file that its name says" in told(done)["refused"][first.name]
    assert [each.name for each in store.kept()] == [first.name]


@pytest.mark.parametrize("make", [os.symlink, lambda _, link: os.mkfifo(link)], ids=["link", "pipe"])
@pytest.mark.usefixtures("keys", "far")
def test_what_is_no_plain_file_is_not_read(tmp_path, store, mine, make, monkeypatch):
    """A pipe, or what a link leads to, may have no end."""
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda file: read_bytes(file) if file.is_file() else b"endless")
    first, _ = store.kept()
    (store.folder / first.name).rename(tmp_path / first.name)
    make(tmp_path / first.name, store.folder / first.name)
    done = run(mine, "--card", store.folder.parent, "--json")
    assert done.exit_code == 1
    assert told(done)["collected"] == 1
    assert told(done)["refused"] == {first.name: "it is empty, or no plain file"}


def test_what_is_too_large_is_named_and_not_read_to_its_end(keys, far, store, mine):
    first, _ = store.kept()
    with (store.folder / first.name).open("r+b") as sparse:
        sparse.truncate(1 << 40)
    done = run(mine, "--card", far.state, "--json")
    assert done.exit_code == 1
    assert told(done)["collected"] == 1
    assert told(done)["refused"].keys() == {first.name}


@pytest.mark.parametrize("password", ["", PASSWORD], ids=["no password", "password"])
def test_with_a_key_of_the_trainers_own(tmp_path, far, mine, monkeypatch, password):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keys_module, "_OPSLIMIT", 1 << 15)  # a try takes seconds otherwise
    monkeypatch.setattr(keys_module, "_MEMLIMIT", 1 << 24)
    owner = make(tmp_path / "saykey", password)
    assert public_key(tmp_path / "saykey") == owner
    store = Store(far.state / "corrections")
    store.add(seal(encode(correction()), owner), PLENTY)
    if password:
        wrong = run(mine, "--card", far.state, given="another\n")
        assert isinstance(wrong.exception, OwnerKeyError)
        assert len(store.kept()) == 1
    done = run(mine, "--card", far.state, given=f"{password}\n")
    assert done.exit_code == 0, (done.output, done.exception)
    assert {row["text"] for row in rows(mine)} == {SAID}


def test_without_a_key_nothing_is_touched(tmp_path, far, store, mine, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert isinstance(run(mine, "--ssh", HOST).exception, OwnerKeyError)
    assert far.calls == []
    assert len(store.kept()) == 2


def test_a_folder_of_other_data_stays_as_it_is_and_the_device_keeps_all(keys, far, store, mine):
    mine.mkdir()
    (mine / "manifest.jsonl").write_text("{}\n")
    assert isinstance(run(mine, "--ssh", HOST).exception, DataError)
    assert len(store.kept()) == 2
    assert [file.name for file in mine.iterdir()] == ["manifest.jsonl"]


def test_a_full_disk_here_costs_nothing_there(keys, far, store, mine, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("trainer.recording.folder.replacing", refuse)
    assert isinstance(run(mine, "--card", far.state).exception, DataError)
    assert len(store.kept()) == 2


def test_nothing_kept_is_nothing_to_collect(keys, far, mine):
    assert "no corrections to collect" in run(mine, "--ssh", HOST).stdout
    assert not mine.exists()


def test_on_a_drive_without_any_nothing_is_ejected(tmp_path, keys, far, mine):
    drive = tmp_path / "SAYKEY"
    drive.mkdir()
    (drive / "INFO.TXT").write_text("Saykey\r\nSerial: 12\r\nKey: none yet\r\n")
    assert "no corrections to collect" in run(mine, "--drive", drive).stdout
    assert [file.name for file in drive.iterdir()] == ["INFO.TXT"]


def test_settings_that_were_edited_on_the_same_drive_are_told_too(keys, far, drive, mine):
    (drive / "SAYKEY.TOML").write_text("[corrections]\nkeep = true\n")
    done = run(mine, "--drive", drive, "--timeout", 5)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "2 corrections collected, and deleted here." in done.stderr
    assert "The settings in SAYKEY.TOML are in force." in done.stderr
    assert "file: " not in done.stderr
    assert Store(far.state / "corrections").kept() == []


def test_a_drive_with_a_file_in_the_place_of_the_folder_is_told(keys, drive, mine):
    shutil.rmtree(drive / "CORRECTIONS")
    (drive / "CORRECTIONS").touch()
    done = run(mine, "--drive", drive)
    assert isinstance(done.exception, FlashError)
    assert "CORRECTIONS cannot be read (Not a directory)" in str(done.exception)


def test_a_drive_that_cannot_be_read_any_more_is_told(keys, drive, mine, monkeypatch):
    open_ = Path.open

    def unplugged(file, *arguments, **options):
        if file.suffix == ".sealed":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))
        return open_(file, *arguments, **options)

    monkeypatch.setattr(Path, "open", unplugged)
    done = run(mine, "--drive", drive)
    assert isinstance(done.exception, FlashError)
    assert "plug the device in again" in str(done.exception)
    assert not mine.exists()


@pytest.mark.parametrize("after", range(2))
def test_a_drive_that_vanishes_is_not_one_without_any(drive, after):
    def take(files):
        for _ in range(after):
            next(files)
        shutil.rmtree(drive)
        return [name for name, _ in files]

    computer = Computer(volumes=list, eject=bool)
    with pytest.raises(FlashError, match="plug the device in again"):
        by_drive(take, computer, Screen(), Patience(1), drive)


def test_a_drive_that_was_gone_at_once_is_not_one_without_any(tmp_path, monkeypatch):
    gone = Drive(tmp_path / "SAYKEY", "", "12", None)
    monkeypatch.setattr("trainer.collecting.ways.find_drive", lambda *_: gone)
    with pytest.raises(FlashError, match=r"INFO\.TXT cannot be read"):
        by_drive(lambda files: [name for name, _ in files], Computer(), Screen(), Patience(1))


def test_a_device_that_does_not_come_is_told_and_nothing_else(tmp_path, keys, mine):
    done = run(mine, "--drive", tmp_path / "none", "--timeout", 1)
    assert isinstance(done.exception, FlashError)
    assert done.stdout == ""


def test_what_was_collected_is_told_though_it_cannot_be_deleted(keys, far, store, mine, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(store.folder))

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    monkeypatch.setattr("trainer.recording.folder.replacing", _plainly)
    monkeypatch.setattr("trainer.files.replacing", _plainly)
    done = run(mine, "--card", far.state)
    assert isinstance(done.exception, FlashError)
    assert "sudo" in str(done.exception)
    assert "2 corrections collected" in done.stdout
    monkeypatch.undo()
    assert len(store.kept()) == 2


@contextmanager
def _plainly(path):
    yield path


@pytest.mark.parametrize(
    "text",
    [
        "Qu\u2019est-ce que c\u2019est\u202f?",
        "Ja,\u00a0bitte.",
        "\u0928\u094d\u200d",
        "\u05e9\u05dc\u05d5\u05dd\u200f!",
        "- milk",
        "+49 30 1234",
        "@anna",
    ],
)
def test_every_languages_text_is_one(keys, far, mine, text):
    Store(far.state / "corrections").add(sealed(text), PLENTY)
    assert run(mine, "--card", far.state).exit_code == 0
    assert {row["text"] for row in rows(mine)} == {text}


def test_a_card_without_any_is_told(tmp_path, keys, mine):
    done = run(mine, "--card", tmp_path)
    assert isinstance(done.exception, FlashError)
    assert "largest partition" in str(done.exception)


def test_a_host_without_saykey_is_told(keys, tmp_path, monkeypatch, mine):
    Far(tmp_path, monkeypatch)
    done = run(mine, "--ssh", HOST)
    assert isinstance(done.exception, FlashError)
    assert "no command saykey" in str(done.exception)


def test_a_pipe_that_breaks_off_costs_nothing(keys, far, store, mine):
    far.install('#!/bin/sh\necho "2026-01-31-{python}"\n')
    done = run(mine, "--ssh", HOST)
    assert isinstance(done.exception, CorrectionError)
    far.install(
        "#!/bin/sh\nprintf '2026-01-31-00000000000000000000000000000000.sealed 500\\nabc'; : {python}\n"
    )
    assert isinstance(run(mine, "--ssh", HOST).exception, CorrectionError)
    assert len(store.kept()) == 2
    assert not mine.exists()


def test_more_than_memory_should_hold_is_written_bit_by_bit(mine, monkeypatch):
    contents = [sealed(seed=seed) for seed in range(5)]
    kept = [(f"2026-01-31-{sum_of(each)}.sealed", each) for each in contents]
    monkeypatch.setattr("trainer.collecting.collected._BATCH_BYTES", 2 * len(contents[0]))
    there = []

    def breaking_off():
        for each in kept[:4]:
            there.append(len(rows(mine)) // 2 if mine.exists() else 0)
            yield each
        raise CorrectionError("cut short")

    collected = Collected(mine, secret(), "owner")
    with pytest.raises(CorrectionError):
        collected.take(breaking_off())
    assert there == [0, 0, 2, 2]
    assert "4 corrections collected" in "".join(collected.sentences())
    again = Collected(mine, secret(), "owner")
    assert again.take(kept) == [name for name, _ in kept]
    assert (again.summary()["collected"], again.summary()["there"]) == (1, 4)


def test_there_is_one_way_at_a_time(keys, mine, tmp_path):
    done = run(mine, "--card", tmp_path, "--ssh", HOST)
    assert done.exit_code == 2
