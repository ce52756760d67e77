"""What the card's own scripts leave alone, whatever is on the card, and wherever they are started by mistake.

They are run below another root, with programs of ours in place of those that need a card.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

IMAGE = Path(__file__).parents[2] / "image"
SCRIPTS = IMAGE / "rootfs/usr/lib/saykey"
MIB = 1 << 20
_PLACES = re.compile(r"(?<![\w/}])/(?=(?:data|run|var|boot|sys|usr/lib/saykey|dev/kmsg)\b)")


class Machine:
    """A root folder, in which a script finds what it names from the root."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.programs = folder / "programs"
        self.log = folder / "log"
        self.log.touch()
        for each in (self.programs, self.root / "run", self.root / "dev", self.root / "usr/lib/saykey"):
            each.mkdir(parents=True)
        (self.root / "usr/lib/saykey/saykey.toml").touch()

    def program(self, name: str, does: str = ":", folder: str = "") -> None:
        """Have a program note how it is called, and then do something."""
        file = (self.root / folder if folder else self.programs) / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.log}"\n{does}\n')
        file.chmod(0o755)

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = self.root.with_name(name)
        script.write_text(_PLACES.sub(f"{self.root}/", (SCRIPTS / name).read_text()))
        path = f"{self.programs}:{os.environ['PATH']}:/usr/sbin:/sbin"
        return subprocess.run(
            ["sh", script, *arguments],
            env={"PATH": path},
            check=False,
            capture_output=True,
            text=True,
        )

    def calls(self, name: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.split()[0] == name]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# Scripts for the image alone.


@pytest.mark.parametrize("name", ["finish.sh", "libraries.sh"])
def test_what_empties_a_root_file_system_does_nothing_outside_of_one_that_is_made(name: str):
    # Without programs, it could not even if it would.
    done = subprocess.run(
        ["/bin/sh", IMAGE / name, "model", "kernel"],
        env={"PATH": "/nowhere"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "only image/build" in done.stderr


def test_where_there_is_no_card_nothing_is_mounted(machine: Machine):
    (machine.root / "usr/lib/saykey/saykey.toml").unlink()
    machine.program("mount")
    assert machine.run("data").returncode == 1
    assert machine.calls("mount") == []
    assert not (machine.root / "data").exists()


# The disk.


def test_a_root_that_is_no_partition_is_on_no_disk(machine: Machine):
    """As that of a container, from which all disks of the machine are seen."""
    other = machine.root / "sys/class/block/sda3"
    other.mkdir(parents=True)
    (other / "partition").write_text("3\n")
    machine.program("findmnt", '[ "$5" = "" ] || exit 1; echo overlay')
    done = machine.run("partition", "3")
    assert (done.returncode, done.stdout) == (1, "")


def test_the_partition_is_one_of_the_disk_that_the_system_came_from(machine: Machine):
    block = machine.root / "sys/class/block"
    block.mkdir(parents=True)
    for disk, first in (("sda", "sda"), ("mmcblk0", "mmcblk0p")):
        for number in (1, 2, 3):
            part = machine.root / f"sys/devices/{disk}/{first}{number}"
            part.mkdir(parents=True)
            (part / "partition").write_text(f"{number}\n")
            (block / part.name).symlink_to(part)
    machine.program("findmnt", "echo /dev/mmcblk0p2")
    assert machine.run("partition", "3").stdout == "mmcblk0 mmcblk0p3\n"


# The data partition.


@pytest.mark.parametrize("ends", ["exit 8", "kill -KILL $$"])
def test_what_can_be_read_is_not_given_up_because_a_program_fails(machine: Machine, ends: str):
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if any(shutil.which(name, path=path) is None for name in ("mkfs.ext4", "debugfs", "dumpe2fs")):
        pytest.skip("mkfs.ext4 or debugfs is missing: apt install e2fsprogs")
    file = machine.root / "data.img"
    with file.open("wb") as disk:
        disk.truncate(256 * MIB)
    subprocess.run(["sh", SCRIPTS / "make", file], env={"PATH": path}, check=True)
    before = file.read_bytes()
    machine.program("e2fsck", ends)
    assert machine.run("check", str(file)).returncode == 3
    assert file.read_bytes() == before


@pytest.fixture
def board(machine: Machine) -> Machine:
    """One whose data partition is a folder."""
    for name in ("mount", "umount", "resize2fs", "chown"):
        machine.program(name)
    for name in ("grow", "make"):
        machine.program(name, folder="usr/lib/saykey")
    machine.program("partition", "echo disk part", folder="usr/lib/saykey")
    (machine.root / "run/card/system/opt/saykey/models/tiny.en").mkdir(parents=True)
    (machine.root / "run/card/system/opt/saykey/models/current").symlink_to("tiny.en")
    return machine


@pytest.mark.parametrize(("damage", "makes"), [(0, 0), (1, 0), (2, 1), (3, 0)])
def test_only_what_cannot_be_read_is_made_anew(board: Machine, damage: int, makes: int):
    board.program("check", f"exit {damage}", folder="usr/lib/saykey")
    board.run("data")
    assert len(board.calls("make")) == makes


def test_what_can_be_read_but_not_written_is_not_made_anew(board: Machine):
    board.program("check", folder="usr/lib/saykey")
    board.program("mount", 'case "$*" in *errors=remount-ro*) exit 1; esac')
    board.run("data")
    assert board.calls("make") == []
    assert "no longer be written" in (board.root / "run/saykey-told").read_text()


def test_links_of_the_services_user_lead_root_nowhere(board: Machine, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    board.program("check", folder="usr/lib/saykey")
    models = board.root / "data/saykey/models"
    for link in (models, models / "tiny.en"):
        shutil.rmtree(models, ignore_errors=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(elsewhere)
        board.run("data")
        assert (models / "tiny.en").is_dir()
        assert not (models / "tiny.en").is_symlink()
        assert not models.is_symlink()
        assert list(elsewhere.iterdir()) == []
        assert elsewhere.stat().st_mode & 0o777 == 0o755


# The boot partition.


@pytest.fixture
def boot(machine: Machine) -> Path:
    machine.program("partition", "echo disk part", folder="usr/lib/saykey")
    for name in ("mount", "fsck.fat", "sync"):
        machine.program(name)
    (machine.root / "data/card").mkdir(parents=True)
    folder = machine.root / "boot/firmware"
    folder.mkdir(parents=True)
    return folder


def is_left_writable(machine: Machine) -> bool:
    return "remount,rw" in machine.calls("mount")[-1]


def test_settings_are_put_where_they_are_taken(machine: Machine, boot: Path):
    (boot / "SAYKEY.TOML").write_text("[keyboard]\n")
    machine.run("card", "look")
    assert (boot / "saykey/SAYKEY.TOML").read_text() == "[keyboard]\n"
    assert (machine.root / "run/saykey-card/new").exists()
    machine.run("card", "tell")
    assert not is_left_writable(machine)
    machine.log.write_text("")
    machine.run("card", "look")
    assert not is_left_writable(machine)
    assert not (machine.root / "run/saykey-card").exists()


@pytest.mark.parametrize("cut", range(1, 5))
def test_whenever_the_power_goes_what_came_of_settings_is_told(machine: Machine, boot: Path, cut: int):
    """It goes at the moment at which something is brought to the disk."""
    (boot / "SAYKEY.TOML").write_text("[keyboard]\n")
    machine.run("card", "look")
    (boot / "saykey/RESULT.TXT").write_text("The settings are in force.\n")
    machine.log.write_text("")
    count = f'[ "$(grep -c ^sync "{machine.log}")" -ne {cut} ] || kill -KILL $PPID'
    machine.program("sync", count)
    machine.run("card", "tell")
    shutil.rmtree(machine.root / "run/saykey-card", ignore_errors=True)
    machine.program("sync")
    machine.run("card", "look")
    if (machine.root / "run/saykey-card").exists():
        machine.run("card", "tell")
    assert (boot / "RESULT.TXT").read_text() == "The settings are in force.\n"
    assert not is_left_writable(machine)


def test_of_settings_that_are_too_long_only_the_beginning_is_copied(machine: Machine, boot: Path):
    with (boot / "SAYKEY.TOML").open("wb") as file:
        file.truncate(200 * MIB)
    machine.run("card", "look")
    assert MIB < (boot / "saykey/SAYKEY.TOML").stat().st_size <= 2 * MIB


def test_settings_for_which_there_is_no_room_are_told_and_tried_again(machine: Machine, boot: Path):
    (boot / "SAYKEY.TOML").write_text("[keyboard]\n")
    machine.program("head", f'[ ! -e "{machine.root}/full" ] || exit 1; cat "$3"')
    (machine.root / "full").touch()
    machine.run("card", "look")
    machine.run("card", "tell")
    assert "SAYKEY.TOML was not taken" in (boot / "RESULT.TXT").read_text()
    assert list((boot / "saykey").iterdir()) == []
    assert not is_left_writable(machine)
    (machine.root / "full").unlink()
    machine.run("card", "look")
    assert (boot / "saykey/SAYKEY.TOML").exists()


def test_a_file_with_the_name_of_the_folder_is_told_and_the_partition_is_read_only_again(
    machine: Machine, boot: Path
):
    (boot / "SAYKEY.TOML").write_text("[keyboard]\n")
    (boot / "saykey").write_text("no folder\n")
    machine.run("card", "look")
    assert "Nothing was taken" in (boot / "RESULT.TXT").read_text()
    assert not is_left_writable(machine)
    assert not (machine.root / "run/saykey-card").exists()


def test_what_is_told_at_each_start_is_written_once(machine: Machine, boot: Path):
    (machine.root / "run/saykey-told").write_text("The data partition can no longer be written.\n")
    machine.run("card", "look")
    assert "no longer be written" in (boot / "RESULT.TXT").read_text()
    machine.log.write_text("")
    machine.run("card", "look")
    assert not any("remount" in call for call in machine.calls("mount"))


def test_settings_whose_name_has_got_another_ending_are_told(machine: Machine, boot: Path):
    (boot / "SAYKEY.TOML.TXT").write_text("[keyboard]\n")
    machine.run("card", "look")
    assert "SAYKEY.TOML.TXT was not taken" in (boot / "RESULT.TXT").read_text()
    assert not is_left_writable(machine)


def test_folders_with_the_names_of_files_are_harmless(machine: Machine, boot: Path):
    for name in ("SAYKEY.TOML", "RESULT.TXT", "saykey/SAYKEY.TOML", "saykey/OWNER.PUB"):
        (boot / name).mkdir(parents=True)
    machine.run("card", "look")
    assert not (machine.root / "run/saykey-card").exists()


def test_what_takes_from_the_card_sees_no_pairings():
    """They lie at several places on the card; its right to open every file is for none of them."""
    text = (IMAGE / "rootfs/etc/systemd/system/saykey-take.service.d/card.conf").read_text()
    hidden = re.findall(r"(?m)^InaccessiblePaths=(.*)$", text)
    assert {"-/data/bluetooth", "-/run/card"} <= set(hidden[0].split())
