"""Whole images, built and taken apart. It takes an hour and more."""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from image import boards
from image.command import build
from image.contents import sha256_of
from image.disk import SECTOR
from image.programs import lacking, run
from tests.boards.device_tree import read, texts
from tests.image.arm64 import WORK

pytestmark = pytest.mark.image

LARGEST = 700_000_000
"""Bytes that an image may have as it is downloaded."""

BUILT_AGAIN = ("pi-4", "orange-pi-zero-2w")
"""One board of each maker: only the card's last parts are the boards' own."""


@dataclass(frozen=True, slots=True)
class Built:
    """An image, and its partitions as files."""

    image: Path
    disk: Path
    parts: tuple[Path, Path, Path]

    def beside(self, ending: str) -> Path:
        return Path(f"{str(self.image).removesuffix('.img.xz')}.{ending}")


@pytest.fixture(scope="module", params=boards.names())
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    if missing := lacking():
        pytest.skip(f"packages are missing: {' '.join(missing)}")
    work = tmp_path_factory.mktemp(request.param)
    board, closed = to_build(request.param, work)
    image = build(board, WORK, closed)
    disk = work / "disk.img"
    with lzma.open(image) as packed, disk.open("wb") as whole:
        shutil.copyfileobj(packed, whole, 1 << 20)
    return Built(image, disk, taken_apart(disk, work))


def to_build(board: str, folder: Path) -> tuple[str, Path | None]:
    """Give a board, or where it needs a closed program, one that differs in taking other bytes for it."""
    loader = boards.board_of(board).boot_loader
    if loader is None or loader.closed is None:
        return board, None
    closed, file = folder / "closed", folder / f"{board}-that-cannot-start.toml"
    closed.write_bytes(bytes(range(256)) * 256)
    text = (boards.FOLDER / f"{board}.toml").read_text()
    file.write_text(text.replace(loader.closed.sha256, sha256_of(closed)))
    return str(file), closed


def taken_apart(disk: Path, work: Path) -> tuple[Path, Path, Path]:
    table = json.loads(run("sfdisk", "--json", disk))["partitiontable"]["partitions"]
    files = [work / f"{number}.part" for number in range(len(table))]
    with disk.open("rb") as whole:
        for file, part in zip(files, table, strict=True):
            whole.seek(part["start"] * SECTOR)
            with file.open("wb") as target:
                for _ in range(part["size"] * SECTOR >> 20):
                    target.write(whole.read(1 << 20))
    first, second, third = files
    return first, second, third


def test_it_is_small_and_what_its_checksum_says(built: Built):
    assert built.image.stat().st_size < LARGEST
    subprocess.run(["sha256sum", "-c", built.beside("sha256")], cwd=built.image.parent, check=True)
    bill = json.loads(built.beside("bom.json").read_text())
    assert hashlib.sha256(built.disk.read_bytes()).hexdigest() == bill["image"]["disk_sha256"]


def test_every_file_system_is_whole(built: Built):
    boot, root, data = built.parts
    run("fsck.vfat", "-n", boot)
    run("e2fsck", "-f", "-n", root)
    run("e2fsck", "-f", "-n", data)


def test_the_list_names_what_is_there(built: Built):
    lines = built.beside("list").read_text().splitlines()
    sums = {words[3]: words[2] for line in lines if (words := line.split())[0].startswith("-")}
    boot, root, _ = built.parts
    for name in ("/usr/bin/saykey", "/opt/saykey/models/tiny.en/model.bin", "/usr/lib/systemd/systemd"):
        content = subprocess.run(
            ["debugfs", "-R", f"cat {name}", root], check=True, capture_output=True
        ).stdout
        assert hashlib.sha256(content).hexdigest() == sums[name], name
    kernel = subprocess.run(["mtype", "-i", boot, "::/vmlinuz"], check=True, capture_output=True).stdout
    assert hashlib.sha256(kernel).hexdigest() == sums["/boot/firmware/vmlinuz"]
    assert run("debugfs", "-R", "ls -p /dev", root).count("\n") <= 3  # itself, and what is above it


def test_in_the_tree_on_the_card_the_usb_controller_is_a_device(built: Built, tmp_path: Path):
    names = [name for name in run("mdir", "-b", "-i", built.parts[0], "::").split() if name.endswith(".dtb")]
    assert names
    for name in names:
        run("mcopy", "-i", built.parts[0], name, tmp_path / "tree.dtb")
        nodes = read(tmp_path / "tree.dtb")
        roles = {texts(node["dr_mode"])[0] for node in nodes.values() if "dr_mode" in node}
        assert roles & {"peripheral", "otg"}
        (tmp_path / "tree.dtb").unlink()


def test_every_part_of_the_bill_has_a_version_and_a_licence(built: Built):
    bill = json.loads(built.beside("bom.json").read_text())
    for kind in ("packages", "unpacked", "wheels"):
        assert bill[kind]
        assert all(part["version"] and part["licence"] for part in bill[kind])
    assert {"systemd", "bluez", "python3", "mtools", "minisign"} <= {
        part["name"] for part in bill["packages"]
    }
    assert all(part["version"] and part["licence"] and part["sha256"] for part in bill["closed"])
    assert bool(bill["closed"]) == ("cannot-start" in built.image.name)
    assert any(re.match(r"linux-image-\d", part["name"]) for part in bill["unpacked"])


def test_there_is_no_network_no_compiler_and_nothing_of_the_building_machine(built: Built):
    paths = [line.split(maxsplit=3)[3] for line in built.beside("list").read_text().splitlines()]
    programs = {Path(path).name for path in paths if "bin/" in path}
    assert {"bluetoothctl", "saykey"} <= programs
    assert not {"sshd", "wpa_supplicant", "dhcpcd", "apt-get", "gcc", "cc", "make", "git"} & programs
    assert not [path for path in paths if "/drivers/net/wireless/" in path]
    machine_id = [
        line for line in built.beside("list").read_text().splitlines() if line.endswith("/etc/machine-id")
    ]
    assert [line.split()[1] for line in machine_id] == ["0"]
    assert not [path for path in paths if path.startswith(("/var/cache/", "/var/log/", "/var/lib/apt/"))]


def test_no_program_lends_the_rights_of_another_user(built: Built):
    """Who breaks into the daemon finds none to misuse, and it may start none that has any."""
    modes = [line.split(maxsplit=3)[::3] for line in built.beside("list").read_text().splitlines()]
    assert ["-rwxr-xr-x", "/usr/bin/su"] in modes  # Debian's is "-rwsr-xr-x"
    assert not [path for mode, path in modes if mode.startswith("-") and "s" in mode.lower()]


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("again")


@pytest.mark.parametrize("built", BUILT_AGAIN, indirect=True)
def test_another_build_from_nothing_is_the_same(built: Built, nothing: Path):
    board = built.image.name.removeprefix("saykey-").removesuffix(".img.xz")
    again = Built(build(board, nothing), built.disk, built.parts)
    bills = [json.loads(each.beside("bom.json").read_text()) for each in (built, again)]
    if bills[0]["packages"] != bills[1]["packages"]:
        pytest.skip(f"Debian has other packages by now: delete {WORK / 'cache'}")
    for ending in ("sha256", "list", "bom.json"):
        assert again.beside(ending).read_bytes() == built.beside(ending).read_bytes(), ending
