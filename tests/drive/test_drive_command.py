from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from device.cli import main
from device.commands import drive as command
from device.control import serving
from device.drive.folder import FolderPlace
from device.drive.kept import Kept
from device.errors import DriveError
from device.kept_host import state_folder
from device.models.install import install
from device.models.store import Store
from device.models.trust import Trust
from tests.bundles import OWNER, public
from tests.control import FakeHosts
from tests.drive.fat import needs_minisign
from tests.models.flashing import packed, passes

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(OWNER.public_key)


class FakeDaemon:
    is_muted = is_hands_free = False

    def languages(self) -> None:
        return None

    def __init__(self, *, is_drive: bool) -> None:
        self.is_drive = is_drive
        self.asked: list[str] = []

    def drive_on(self) -> None:
        self.asked.append("on")

    def drive_off(self) -> None:
        self.asked.append("off")

    def reload(self) -> None:
        self.asked.append("reload")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    folder = tmp_path / "card"
    folder.mkdir()
    return folder


def test_settings_with_which_the_daemon_would_not_start_are_not_taken(card: Path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    (card / "SAYKEY.TOML").write_bytes(b"[hands_free]\nwake_word = 'alexa'\n")
    assert main(["drive", "take", str(card)]) == 1
    assert "SAYKEY.TOML, line 2: hands_free.wake_word" in capsys.readouterr().out


async def called(daemon: FakeDaemon | None, *words: object) -> int:
    async with serving(FakeHosts(None), daemon=daemon):
        return await asyncio.to_thread(main, ["drive", *map(str, words)])


@pytest.mark.parametrize(
    ("verb", "is_drive", "asked", "said"),
    [
        ("on", False, ["on"], "Saykey becomes a drive."),
        ("on", True, ["on"], "Saykey is a drive already."),
        ("off", True, ["off"], "Saykey becomes the keyboard."),
        ("off", False, ["off"], "Saykey is the keyboard already."),
        ("status", True, [], "Saykey is a drive now."),
        ("status", False, [], "Saykey is the keyboard."),
    ],
)
async def test_the_daemon_is_asked(capsys, verb: str, is_drive: bool, asked: list[str], said: str):  # noqa: FBT001
    daemon = FakeDaemon(is_drive=is_drive)
    assert await called(daemon, verb) == 0
    assert daemon.asked == asked
    assert capsys.readouterr().out == f"{said}\n"


async def test_a_saykey_that_has_no_drive_says_so(capsys):
    assert await called(None, "on") == 1
    assert "restart it" in capsys.readouterr().err


def test_without_a_daemon_it_says_what_to_do(capsys):
    assert main(["drive", "on"]) == 1
    assert "saykey run" in capsys.readouterr().err


# From a folder.


async def test_settings_and_a_key_are_taken_from_a_card_without_a_press_and_the_daemon_goes_on(
    capsys, card: Path
):
    (card / "SAYKEY.PUB").write_bytes(KEY)
    (card / "SAYKEY.TOML").write_bytes(b"[text]\njoin = 'none'\n")
    daemon = FakeDaemon(is_drive=False)
    assert await called(daemon, "take", card) == 0
    assert daemon.asked == ["reload"]
    assert Trust().key() == public()
    assert (state_folder() / "saykey.toml").read_bytes() == b"[text]\njoin = 'none'\n"
    said = capsys.readouterr().out
    assert FolderPlace(card).files() == ["RESULT.TXT"]
    assert (card / "RESULT.TXT").read_text().splitlines() == [*said.splitlines(), "file: SAYKEY.TOML"]


def test_without_a_daemon_it_is_taken_too_and_what_is_refused_is_a_failure(capsys, card: Path):
    (card / "SAYKEY.TOML").write_bytes(b"[text\n")
    assert main(["drive", "take", str(card)]) == 1
    assert "SAYKEY.TOML, line 1: " in capsys.readouterr().out
    assert (card / "SAYKEY.TOML").exists()


def test_what_is_wrong_in_the_owners_files_is_in_no_log(capsys, caplog: pytest.LogCaptureFixture, card: Path):
    """The service's standard error is the journal; it has no standard output."""
    (card / "WORDS.TXT").write_text("Nepomuk\nNepomuk\n")
    (card / "SAYKEY.TOML").write_text('[recognition]\nlanguage = "Nepomuk"\n')
    assert main(["drive", "take", str(card)]) == 1
    assert (card / "RESULT.TXT").read_text().count("Nepomuk") == 2
    assert "Nepomuk" not in capsys.readouterr().err + caplog.text


def test_what_was_refused_and_could_not_be_told_is_told_at_the_next_start(
    monkeypatch: pytest.MonkeyPatch, capsys, card: Path
):
    def is_full(*_: object) -> None:
        raise DriveError("the card is full: make room.")

    (card / "SAYKEY.TOML").write_bytes(b"[text\n")
    with monkeypatch.context() as full:
        full.setattr(FolderPlace, "put", is_full)
        assert main(["drive", "take", str(card)]) == 1
    capsys.readouterr()
    assert main(["drive", "take", str(card)]) == 1
    assert "SAYKEY.TOML, line 1: " in (card / "RESULT.TXT").read_text()


def test_what_is_refused_and_stays_is_told_once_and_the_result_of_an_installation_lasts(capsys, card: Path):
    (card / "SAYKEY.TOML").write_bytes(b"[text\n")
    assert main(["drive", "take", str(card)]) == 1
    (card / "RESULT.TXT").write_bytes(b"Installed anna")
    (card / "notes.txt").touch()
    capsys.readouterr()
    for _ in range(2):
        assert main(["drive", "take", str(card)]) == 0
        assert "nothing new" in capsys.readouterr().out
    assert (card / "RESULT.TXT").read_bytes() == b"Installed anna"
    assert (card / "SAYKEY.TOML").exists()


@pytest.mark.parametrize("name", ["DOCTOR.TXT", "doctor.txt"])
def test_an_empty_doctors_file_is_filled_once_and_is_nothing_new(capsys, card: Path, name: str):
    (card / name).touch()
    assert main(["drive", "take", str(card)]) == 0
    told = (card / name).read_bytes()
    assert b" finds on this device, " in told
    assert told.count(b"\n") == told.count(b"\r\n") > 5
    (card / name).write_bytes(b"as it was")
    assert main(["drive", "take", str(card)]) == 0
    assert (card / name).read_bytes() == b"as it was"
    assert capsys.readouterr().out.count("There is nothing new") == 2
    assert FolderPlace(card).files() == [name]


def test_the_doctor_says_why_the_daemon_could_not_begin(card: Path):
    (card / "DOCTOR.TXT").touch()
    Kept().keep_fault("GPIO99 is taken; choose another pin")
    assert main(["drive", "take", str(card)]) == 0
    assert "GPIO99 is taken" in (card / "DOCTOR.TXT").read_text()


def test_the_doctor_sees_what_was_taken_with_it(card: Path):
    (card / "DOCTOR.TXT").touch()
    (card / "SAYKEY.TOML").write_bytes(b"[text]\njoin = 'none'\n")
    assert main(["drive", "take", str(card)]) == 0
    assert "saykey.toml" in " ".join((card / "DOCTOR.TXT").read_text().split())
    assert (card / "RESULT.TXT").exists()


def test_refused_settings_are_tried_again_once_they_are_others(capsys, card: Path):
    wrong = b"[text\n"
    for text, status in ((wrong, 1), (b"[texts\n", 1), (wrong, 1), (b"[text]\n", 0), (wrong, 1)):
        (card / "SAYKEY.TOML").write_bytes(text)
        assert main(["drive", "take", str(card)]) == status
        assert "SAYKEY.TOML" in (card / "RESULT.TXT").read_text()
        (card / "RESULT.TXT").unlink()
    (card / "SAYKEY.TOML").unlink()
    assert main(["drive", "take", str(card)]) == 0
    (card / "SAYKEY.TOML").write_bytes(wrong)
    assert main(["drive", "take", str(card)]) == 1, "they were taken away, and have come back"


def test_refused_settings_that_cannot_be_remembered_are_told_again(caplog, card: Path):
    (state_folder() / "refused.toml").mkdir(parents=True)
    (card / "SAYKEY.TOML").write_bytes(b"[text\n")
    for _ in range(2):
        assert main(["drive", "take", str(card)]) == 1
    assert "refused.toml cannot be" in caplog.text


@pytest.mark.parametrize(
    ("name", "said"), [("card", "There is nothing new in"), ("none", "There is no folder")]
)
def test_a_card_with_nothing_on_it_is_no_failure(capsys, card: Path, name: str, said: str):
    assert main(["drive", "take", str(card.parent / name)]) == 0
    assert said in capsys.readouterr().out
    assert list(card.iterdir()) == []


def test_from_a_card_on_which_nothing_can_be_removed_nothing_is_taken(monkeypatch, capsys, card: Path):
    (card / "SAYKEY.PUB").write_bytes(KEY)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # root could always
    assert main(["drive", "take", str(card)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert Trust().key() is None


@needs_minisign
def test_a_model_is_installed_from_a_card_once(monkeypatch, capsys, card: Path, parts):
    monkeypatch.setattr(command, "install_bundle", partial(install, test=passes))
    (card / "SAYKEY.PUB").write_bytes(KEY)
    (card / "anna.saykey").write_bytes(packed(parts))
    assert main(["drive", "take", str(card)]) == 0
    (name,) = Store(state_folder() / "models").names()
    assert f"Installed {name}" in capsys.readouterr().out
    assert main(["drive", "take", str(card)]) == 0
    assert "nothing new" in capsys.readouterr().out


def is_killed(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def start(card: Path) -> int | None:
    """Take what is on the card in a process of its own, which may be killed; give how it ended."""
    taking = multiprocessing.get_context("fork").Process(
        target=lambda: sys.exit(main(["drive", "take", str(card)]))
    )
    taking.start()
    taking.join()
    return taking.exitcode


@needs_minisign
def test_a_model_that_never_comes_to_its_end_is_refused_at_the_fourth_start(monkeypatch, card: Path, parts):
    (card / "SAYKEY.PUB").write_bytes(KEY)
    (card / "anna.saykey").write_bytes(packed(parts))
    monkeypatch.setattr(command, "install_bundle", is_killed)
    assert [start(card) for _ in range(3)] == [-signal.SIGKILL] * 3
    assert (card / "anna.saykey").exists()
    assert start(card) == 1
    assert "anna.saykey was refused" in (card / "RESULT.TXT").read_text()
    assert not (card / "anna.saykey").exists()

    monkeypatch.setattr(command, "install_bundle", partial(install, test=passes))
    (card / "anna.saykey").write_bytes(packed(parts))
    assert main(["drive", "take", str(card)]) == 0, "copied again, it is tried again"


@needs_minisign
def test_another_model_in_its_place_is_not_refused_for_it(monkeypatch, card: Path, parts):
    (card / "SAYKEY.PUB").write_bytes(KEY)
    (card / "anna.saykey").write_bytes(packed(parts))
    monkeypatch.setattr(command, "install_bundle", is_killed)
    assert [start(card) for _ in range(3)] == [-signal.SIGKILL] * 3
    (card / "anna.saykey").write_bytes(packed(parts, number=1))
    monkeypatch.setattr(command, "install_bundle", partial(install, test=passes))
    assert main(["drive", "take", str(card)]) == 0
    assert not list(state_folder().glob("*.tries"))


@needs_minisign
def test_tries_are_counted_in_no_file_to_which_a_link_leads(monkeypatch, card: Path, parts, tmp_path: Path):
    (card / "SAYKEY.PUB").write_bytes(KEY)
    (card / "anna.saykey").write_bytes(packed(parts))
    monkeypatch.setattr(command, "install_bundle", is_killed)
    start(card)
    (tries,) = state_folder().glob("*.tries")
    other = tmp_path / "shadow"
    other.write_bytes(b"root")
    tries.unlink()
    tries.symlink_to(other)
    start(card)
    assert other.read_bytes() == b"root"
