"""The card image booted whole, as it is: units, first start, settings from the card, dictation, power cuts.

QEMU's virtual board starts Debian's kernel from the image's own boot partition; the daemon types what
it hears from a sound card into a keyboard that the same kernel's other end finds. The button is at a
pin of the board's GPIO chip. It takes an hour: `make test-image` runs it.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import soundfile

from device.demo import RECORDING, SENTENCE
from image.boards import board_of
from image.boot import command_line
from tests.image import machine
from tests.image.arm64 import WORK, need
from tests.image.writes import cut, read

if TYPE_CHECKING:
    from tests.image.machine import Kernel
    from tests.image.writes import Write

pytestmark = pytest.mark.image

HERE = Path(__file__).parent
VIRT = HERE / "virt.toml"
BUILD = HERE.parents[1] / "image/build"
CHECK = HERE.parents[1] / "image/rootfs/usr/lib/saykey/check"

CARD_BYTES = 2 << 30
"""Of the virtual card, which is larger than the image."""

CUTS = 20
LOOKS = 200
"""How many more cuts are only looked at by e2fsck."""

SEED = 8
STEP_S = 1800.0
"""So long a step may take, on a busy machine."""

KEYS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./", 57: " "}
"""Of Linux's input-event-codes.h: rows of the American keyboard, by the code of their first key."""

SHIFTS = {42, 54}


@pytest.fixture(scope="module")
def image() -> Path:
    """The image of the virtual board."""
    need("qemu-system-aarch64", "mcopy", "mke2fs", "e2fsck", "sfdisk", "xz")
    subprocess.run([BUILD, VIRT, "--out", WORK], check=True, stdin=subprocess.DEVNULL)
    packed = WORK / "saykey-virt.img.xz"
    subprocess.run(["xz", "--decompress", "--keep", "--force", packed], check=True)
    return packed.with_suffix("")


@pytest.fixture(scope="module")
def kernel(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    return machine.kernel_of(image, command_line(board_of(str(VIRT))), tmp_path_factory.mktemp("kernel"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of what runs beside the system."""
    folder = tmp_path_factory.mktemp("lab")
    samples, rate_hz = soundfile.read(RECORDING)
    soundfile.write(folder / "speech.wav", samples, rate_hz, subtype="PCM_16")
    return machine.lab_disk(folder, speech__wav=(folder / "speech.wav").read_bytes())


@dataclass
class Found:
    """What came of a start.

    Attributes:
        card: As it is after it.
        log: What was written to it.
        said: What the guest said, by its name.
    """

    card: Path
    log: Path
    said: dict[str, Any]

    @property
    def text(self) -> str:
        """What was typed."""
        return typed(self.said["typed"]["keys"])


@pytest.fixture(scope="module")
def first(image: Path, kernel: Kernel, lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The first start, with settings on the card."""
    folder = tmp_path_factory.mktemp("first")
    card = new_card(image, folder)
    log = folder / "log"
    log.touch()
    return Found(card, log, start(kernel, card, lab, log=log))


def new_card(image: Path, folder: Path) -> Path:
    """Write the image to a card, and settings on its boot partition."""
    card = folder / "card"
    copied(image, card)
    with card.open("r+b") as file:
        file.truncate(CARD_BYTES)
    machine.put(card, "SAYKEY.TOML", machine.SETTINGS.encode())
    return card


def copied(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def start(kernel: Kernel, card: Path, lab: Path, *, log: Path | None = None) -> dict[str, Any]:
    """Start the board, dictate, and cut its power."""
    said = {}
    with machine.boot(kernel, card, lab, log=log) as board:
        while "end" not in said:
            heard = board.hear(STEP_S)
            said[heard["what"]] = heard
            match heard["what"]:
                case "press":
                    board.press()
                case "release":
                    board.release()
    return said


def typed(keys: list[list[int]]) -> str:
    """Give the text that keys make."""
    text, shifts = "", set()
    for code, is_down in keys:
        if code in SHIFTS:
            (shifts.add if is_down else shifts.discard)(code)
        elif is_down:
            row = max(start for start in KEYS if start <= code)
            letter = KEYS[row][code - row]
            text += letter.upper() if shifts else letter
    return text


def words(text: str) -> list[str]:
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter == " ").split()


def mounts(system: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    left = list(system["mounts"])
    while left:
        mount = left.pop()
        found[mount["target"]] = mount
        left += mount.get("children", [])
    return found


# The first start.


def test_no_unit_fails_and_the_daemon_is_ready_at_once(first: Found, tell):
    system = first.said["system"]
    assert system["failed"] == ""
    assert system["state"] == "running"
    assert system["saykey"]["ActiveState"] == "active"
    assert system["saykey"]["NRestarts"] == "0"
    ready_s = int(system["saykey"]["ActiveEnterTimestampMonotonic"]) / 1e6
    tell(f"The image boots: kernel to ready {ready_s:.1f} s at an instruction a nanosecond; {system['time']}")


def test_what_was_said_is_typed(first: Found):
    assert words(first.text) == words(SENTENCE)


def test_the_root_file_system_is_read_only_under_memory(first: Found):
    found = mounts(first.said["system"])
    assert found["/"]["fstype"] == "overlay"
    assert "ro" in found["/run/card/system"]["options"].split(",")
    assert "ro" in found["/boot/firmware"]["options"].split(",")
    assert {"rw", "noexec", "nosuid", "nodev"} <= set(found["/data"]["options"].split(","))
    assert found["/var/lib/bluetooth"]["source"].endswith("[/bluetooth]")


def test_the_data_partition_has_grown_to_the_card(first: Found):
    system = first.said["system"]
    assert system["told"] == ""
    image_bytes = CARD_BYTES - (system["data_kb"] << 10)
    assert image_bytes < 1.3 * (1 << 30)


def test_settings_were_taken_from_the_card_and_stay_there(first: Found):
    assert (
        machine.get(first.card, "RESULT.TXT").decode().startswith("The settings in SAYKEY.TOML are in force.")
    )
    assert machine.get(first.card, "SAYKEY.TOML").decode() == machine.SETTINGS


def test_nothing_asks_for_a_login_and_nothing_listens(first: Found):
    system = first.said["system"]
    units = {line.split()[0] for line in system["units"]}
    assert not [
        unit for unit in units if "getty" in unit or "login" in unit or "ssh" in unit or "network" in unit
    ]
    assert system["listening"] == []
    assert system["with_password"] == []


# What is put on the card, and what breaks.


@pytest.fixture(scope="module")
def steps(image: Path, kernel: Kernel, lab: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What guest/card.py found, by its steps."""
    card = tmp_path_factory.mktemp("steps") / "card"
    copied(image, card)
    with card.open("r+b") as file:
        file.truncate(CARD_BYTES)
    said = {}
    with machine.boot(kernel, card, lab, script="card.py") as board:
        while "end" not in said:
            heard = board.hear(STEP_S)
            said[heard["what"]] = heard
    return said


def test_a_card_on_which_nothing_is_new_is_only_read(steps: dict[str, Any]):
    assert not steps["nothing"]["is_new"]
    assert steps["nothing"]["is_read_only"]
    assert steps["nothing"]["result"] == ""


def test_settings_are_taken_once(steps: dict[str, Any]):
    assert steps["settings"]["settings"] == '[button]\nmode = "toggle"\n'
    assert "in force" in steps["settings"]["result"]
    assert not steps["settings again"]["is_new"]


def test_settings_that_came_by_the_drive_later_stay(steps: dict[str, Any]):
    assert steps["settings after the drive"]["settings"] == "[button]\ntap_ms = 250\n"


def test_wrong_settings_are_told_once_and_change_nothing(steps: dict[str, Any]):
    wrong = steps["wrong settings"]
    assert "SAYKEY.TOML was refused" in wrong["result"]
    assert "line 2" in wrong["result"]
    assert wrong["settings"] == "[button]\ntap_ms = 250\n"
    assert wrong["unit"] == "success"
    assert not steps["wrong settings again"]["is_new"]
    assert steps["other settings"]["settings"] == '[button]\nmode = "both"\n'


def test_what_is_in_the_folder_is_taken_and_what_is_not_for_it_is_named_once(steps: dict[str, Any]):
    assert "OWNER.PUB was refused" in steps["wrong key"]["beside"]
    assert "saykey/OWNER.PUB" not in steps["wrong key"]["files"]
    assert "holiday.jpg" in " ".join(steps["a picture"]["files"])
    assert not steps["a picture again"]["is_new"]


def test_the_boot_partition_is_left_read_only(steps: dict[str, Any]):
    taken = [step for step in steps.values() if "is_read_only" in step]
    assert all(step["is_read_only"] for step in taken)


def test_what_was_whole_is_as_before(steps: dict[str, Any]):
    assert steps["whole"]["told"] == ""
    assert steps["whole"]["settings"] == steps["other settings"]["settings"]
    assert "is whole" in steps["whole"]["model"]


def test_a_data_partition_without_its_superblock_is_repaired_and_told(steps: dict[str, Any]):
    repaired = steps["without its superblock"]
    assert "could be repaired" in repaired["told"]
    assert repaired["settings"] == steps["other settings"]["settings"]


def test_a_card_that_can_only_be_read_keeps_what_is_on_it(steps: dict[str, Any]):
    worn_out = steps["worn out"]
    assert "no longer be written" in worn_out["told"]
    assert worn_out["kind"] == "overlay"
    assert worn_out["settings"] == steps["other settings"]["settings"]
    assert "is whole" in worn_out["model"]


def test_a_data_partition_that_was_overwritten_begins_anew_and_that_is_told(steps: dict[str, Any]):
    anew = steps["overwritten"]
    assert anew["told"].startswith("The data partition ")
    assert anew["kind"] == "ext4"
    assert anew["settings"] == ""
    assert "is whole" in anew["model"]


# Power cuts. Between two writes it makes no difference when the power goes: it goes at one of the writes, of
# which a part is lost.


@pytest.fixture
def bench(image: Path, kernel: Kernel, lab: Path, tmp_path: Path) -> Bench:
    return Bench(image, kernel, lab, tmp_path)


@dataclass
class Bench:
    """What is needed to start boards, and a folder for their cards."""

    image: Path
    kernel: Kernel
    lab: Path
    folder: Path

    def start(self, card: Path, log: Path | None = None) -> dict[str, Any]:
        return start(self.kernel, card, self.lab, log=log)

    def card_after_a_cut(self, before: Path, writes: list[Write], chance: Random) -> Path:
        """Give a card whose power went at any of the writes since it was like another."""
        card = self.folder / "cut"
        copied(before, card)
        cut(card, writes, chance.randint(1, len(writes)), chance)
        return card

    def check(self, card: Path) -> int:
        """Have the card's own script check its data partition."""
        said = subprocess.run(["sfdisk", "--json", card], check=True, capture_output=True, text=True).stdout
        offset = json.loads(said)["partitiontable"]["partitions"][2]["start"] * 512
        part = self.folder / "part"
        part.unlink(missing_ok=True)
        options = ["bs=1M", "iflag=skip_bytes", f"skip={offset}", "conv=sparse", "status=none"]
        subprocess.run(["dd", f"if={card}", f"of={part}", *options], check=True)
        return subprocess.run(["sh", CHECK, part], check=False).returncode


def test_after_a_power_cut_at_the_first_start_it_boots_and_types(first: Found, bench: Bench, tell):
    writes, chance = read(first.log), Random(SEED)
    before = new_card(bench.image, bench.folder)
    told = set()
    for _ in range(CUTS):
        said = bench.start(bench.card_after_a_cut(before, writes, chance))
        assert words(typed(said["typed"]["keys"])) == words(SENTENCE)
        assert said["system"]["failed"] == ""
        told.add(said["system"]["told"])
    tell(f"Power cuts at the first start: {CUTS} of {CUTS} times it booted and typed; told: {told - {''}}.")


def test_after_a_power_cut_the_data_partition_is_whole_or_can_be_repaired(first: Found, bench: Bench, tell):
    used, card, log = (bench.folder / name for name in ("used", "card", "log"))
    copied(first.card, used)
    copied(used, card)
    log.touch()
    bench.start(card, log)
    writes, chance = read(log), Random(SEED)
    found = Counter(bench.check(bench.card_after_a_cut(used, writes, chance)) for _ in range(LOOKS))
    tell(f"Power cuts at a later start: {found[0]} times whole, {found[1]} times repaired.")
    assert set(found) <= {0, 1}
