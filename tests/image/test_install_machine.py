"""What the installer takes a machine for, and what it proposes, as the program itself would."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import asdict

from device.boards.board import FOLDER, board_named, boards
from device.settings_files import load

PROJECT = Path(__file__).parents[2]

BEGIN = f"""
set -euo pipefail
shopt -s inherit_errexit nullglob
SOURCE={PROJECT}
. {PROJECT}/image/installer/changes.sh
. {PROJECT}/image/installer/machine.sh
ROOT=$1
STATE=$1/var/lib/saykey-install
WORK=$1
DEVICE_TREE=$1/proc/device-tree
"""

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'


def call(root: Path, script: str, architecture: str = "arm64") -> subprocess.CompletedProcess[str]:
    fake = f"dpkg() {{ echo {architecture}; }}\nsync() {{ :; }}\n"
    return subprocess.run(
        ["bash", "-c", BEGIN + fake + script, "install.sh", root], capture_output=True, text=True, check=False
    )


def said(root: Path, script: str) -> str:
    done = call(root, script)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def put(root: Path, path: str, content: bytes | str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


# The board.


@pytest.mark.parametrize("name", boards())
def test_every_board_is_found_by_each_of_its_names(tmp_path: Path, name: str):
    for compatible in board_named(name).compatible:
        put(tmp_path, "proc/device-tree/compatible", compatible.encode() + b"\0some,soc\0")
        assert said(tmp_path, "board_file") == f"{FOLDER / name}.toml\n"


@pytest.mark.parametrize(
    "compatible", [b"", b"raspberrypi,3-model-b\0brcm,bcm2837\0", b"raspberrypi,4-model-bb\0"]
)
def test_no_other_board_is_taken_for_one(tmp_path: Path, compatible: bytes):
    put(tmp_path, "proc/device-tree/compatible", compatible)
    assert said(tmp_path, "board_file") == ""


def test_a_machine_without_device_tree_is_no_board(tmp_path: Path):
    assert said(tmp_path, "board_file; device_tree model") == ""


@pytest.mark.parametrize("name", boards())
def test_a_boards_file_is_read_as_the_program_reads_it(tmp_path: Path, name: str):
    board, file = board_named(name), FOLDER / f"{name}.toml"
    script = "".join(f"of_board {file} {key}; " for key in ("name", "usb socket", "usb driver", "usb node"))
    usb = board.usb
    assert said(tmp_path, script) == f"{board.name}\n{usb.socket}\n{usb.driver}\n{usb.node}\n"


# The settings.


@pytest.mark.parametrize("name", boards())
def test_the_proposed_settings_are_the_boards_pins_and_are_taken(tmp_path: Path, name: str):
    board = board_named(name)
    text = said(tmp_path, f"proposed_settings {FOLDER / name}.toml")
    file = put(tmp_path, "saykey.toml", text)
    assert load(file, state=tmp_path / "nothing").settings.gpio
    live = tomllib.loads(text)["gpio"]
    # A pin of a button without its resistor reads chance, and types what is overheard.
    assert set(live) == ({"button", "led"} if board.pull_up == "internal" else {"led"})
    everything = tomllib.loads(text.replace("\n# ", "\n").partition("[gpio]")[2])
    assert everything == {key: pin for key, pin in asdict(board.gpio).items() if pin and key != "active_high"}
    assert everything | live == everything


# The release.


@pytest.mark.parametrize("release", [DEBIAN, DEBIAN.replace("13", "12"), DEBIAN.replace('"13"', "13")])
def test_a_known_release_is_taken(tmp_path: Path, release: str):
    put(tmp_path, "etc/os-release", release)
    assert said(tmp_path, "check_machine") == ""


@pytest.mark.parametrize(
    ("release", "architecture", "says"),
    [
        (DEBIAN, "armhf", "This system is for armhf, for which there is no speech recognition"),
        (DEBIAN.replace("13", "11"), "arm64", "This is Debian GNU/Linux 11 (trixie); Saykey is installed on"),
        (
            'PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nVERSION_ID="24.04"\n',
            "arm64",
            "This is Ubuntu 24.04; Saykey",
        ),
    ],
)
def test_another_is_refused_with_what_to_do(tmp_path: Path, release: str, architecture: str, says: str):
    put(tmp_path, "etc/os-release", release)
    done = call(tmp_path, "check_machine", architecture)
    assert done.returncode == 1
    assert done.stderr.startswith(f"install.sh: {says}")


# The USB socket.

OURS = "[all]\ndtoverlay=dwc2,dr_mode=peripheral\n"


@pytest.mark.parametrize(
    ("config", "suits"),
    [
        ("", False),
        ("dtparam=audio=on\n", False),
        ("#dtoverlay=dwc2\n", False),
        ("[cm5]\ndtoverlay=dwc2,dr_mode=host\n[all]\n", False),
        ("[cm4]\ndtoverlay=dwc2,dr_mode=peripheral\n", False),
        ("dtoverlay=dwc2,dr_mode=host\n", False),
        ("dtoverlay=dwc2\n", True),
        ("[pi4]\narm_boost=1\n[all]\r\ndtoverlay=dwc2,dr_mode=peripheral\r\n", True),
        ("dtoverlay=dwc2,dr_mode=host\n[all]\ndtoverlay=dwc2,dr_mode=otg\n", True),
        ("dtoverlay=dwc2-other\n", False),
    ],
)
def test_a_raspberry_pi_is_told_once_unless_it_knows(tmp_path: Path, config: str, *, suits: bool):
    put(tmp_path, "boot/firmware/overlays/dwc2.dtbo", b"")
    put(tmp_path, "proc/sys/kernel/random/boot_id", "one\n")
    file = put(tmp_path, "boot/firmware/config.txt", config)
    for _ in range(2):
        said(tmp_path, f"make_socket_a_device {FOLDER}/pi-4.toml")
        text = file.read_bytes().decode()
        assert text.startswith(config)
        assert (text == config) if suits else (text.count(OURS) == 1)


def test_where_nothing_can_be_told_it_says_so(tmp_path: Path):
    put(tmp_path, "proc/device-tree/soc/usb@7e980000/dr_mode", b"host\0")
    script = f'make_socket_a_device {FOLDER}/pi-3a-plus.toml; echo "$NO_SOCKET"'
    assert said(tmp_path, script) == "yes\n"
    put(tmp_path, "proc/device-tree/soc/usb@7e980000/dr_mode", b"peripheral\0")
    assert said(tmp_path, script) == "\n"


def test_only_modules_that_this_kernel_has_are_loaded(tmp_path: Path):
    kernel = Path("/proc/sys/kernel/osrelease").read_text().strip()
    script = f"gadget_modules {FOLDER}/pi-4.toml"
    assert said(tmp_path, script) == ""
    put(
        tmp_path,
        f"lib/modules/{kernel}/modules.dep",
        "kernel/a/libcomposite.ko.xz: x\nkernel/b/dwc2.ko:\nc/dwc22.ko:\n",
    )
    assert said(tmp_path, script) == "libcomposite\ndwc2\n"


# The command line.


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frobnicate"], "install.sh: there is no option --frobnicate: --help lists them.\n"),
        (["--purge"], "install.sh: --purge goes with --uninstall.\n"),
    ],
)
def test_a_wrong_call_is_answered(options: list[str], says: str):
    done = subprocess.run(
        [PROJECT / "image/install.sh", *options], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", says)


def test_help_is_given():
    done = subprocess.run(
        [PROJECT / "image/install.sh", "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--uninstall" in done.stdout
