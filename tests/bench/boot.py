"""What each unit of the card image costs at the start, and what it would cost without what was cut.

    python -m tests.bench.boot IMAGE [--svg docs/boot.svg]

IMAGE is the virtual board's (image/build tests/image/virt.toml), not compressed. It is started as it
is, and with Debian's own units brought back that the image masks; the second start of each counts, since
at the first one the settings are taken from the card. The guest's clock counts instructions, one a
nanosecond, so that the figures are the same on any machine: they say what costs more than what, and not
how many seconds a board takes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt

from image.boards import board_of
from image.boot import command_line
from tests.image import machine

mpl.use("svg")

VIRT = Path(machine.__file__).with_name("virt.toml")
ROOTFS = Path(__file__).parents[2] / "image/rootfs"
DATA_BYTES = 2 << 30
STEP_S = 1800.0

_LEAST_US = 20_000
"""What takes less is not drawn."""


class Unit(NamedTuple):
    """A unit's start, in microseconds since the kernel's."""

    name: str
    began_us: int
    ended_us: int

    @property
    def took_us(self) -> int:
        """How long it took."""
        return self.ended_us - self.began_us


class Start(NamedTuple):
    """A start of the system.

    Attributes:
        kernel_us: When the first process of the root file system began.
        ready_us: When the daemon was ready.
        units: All that were started, the earliest first.
    """

    kernel_us: int
    ready_us: int
    units: list[Unit]


def main() -> int:
    """Start both, print what each costs, and draw it."""
    parser = argparse.ArgumentParser(description="Measure what each unit costs at the start.")
    parser.add_argument("image", type=Path)
    parser.add_argument("--svg", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="boot-") as name:
        work = Path(name)
        kernel = machine.kernel_of(arguments.image, command_line(board_of(str(VIRT))), work)
        lab = machine.lab_disk(work)
        lean = started(kernel, lab, copied(arguments.image, work / "lean"))
        whole = copied(arguments.image, work / "whole")
        bring_back(whole)
        full = started(kernel, lab, whole)
    report(lean, full)
    if arguments.svg:
        draw(arguments.svg, lean)
    return 0


def copied(image: Path, card: Path) -> Path:
    """Give a card with the image."""
    subprocess.run(["cp", "--sparse=always", image, card], check=True)
    with card.open("r+b") as file:
        file.truncate(DATA_BYTES)
    machine.put(card, "SAYKEY.TOML", machine.SETTINGS.encode())
    return card


def masked() -> list[str]:
    """List the units that the image masks, but for the login at the console that the guest speaks through."""
    links = (each for each in (ROOTFS / "etc/systemd/system").iterdir() if each.is_symlink())
    names = {link.name for link in links if str(link.readlink()) == "/dev/null"}
    return sorted(names - {"serial-getty@.service"})


def bring_back(card: Path) -> None:
    """Take the masks off a card."""
    said = subprocess.run(["sfdisk", "--dump", card], check=True, capture_output=True, text=True).stdout
    (root,) = (line for line in said.splitlines() if line.startswith(f"{card}2 "))
    offset = 512 * int(root.partition("start=")[2].partition(",")[0])
    orders = "".join(f"rm /etc/systemd/system/{unit}\n" for unit in masked())
    debugfs = ["debugfs", "-w", "-f", "-", f"{card}?offset={offset}"]
    subprocess.run(debugfs, check=True, input=orders, text=True, stdout=subprocess.DEVNULL)


def started(kernel: machine.Kernel, lab: Path, card: Path) -> Start:
    """Start a card twice, and give what the second time was like."""
    for _ in range(2):
        with machine.boot(kernel, card, lab, script="look.py") as board:
            system = board.hear(STEP_S)
    return start_of(system)


def start_of(system: dict[str, Any]) -> Start:
    """Read what guest/look.py says; devices only wait for their drivers, and one unit is the lab's."""
    names = (name for name in system["times_us"] if not name.endswith(".device") and name != "lab.service")
    units = [Unit(name, *system["times_us"][name]) for name in names]
    ready_us = int(system["saykey"]["ActiveEnterTimestampMonotonic"])
    return Start(system["userspace_us"], ready_us, sorted(units, key=lambda unit: unit.began_us))


def report(lean: Start, full: Start) -> None:
    """Print both."""
    print(f"kernel and initial RAM file system: {lean.kernel_us / 1e6:.2f} s")
    print(f"ready: {lean.ready_us / 1e6:.2f} s; with what was cut, {full.ready_us / 1e6:.2f} s")
    for title, units in (("as it is", lean.units), ("cut", gone(lean, full))):
        print(f"\n{title}:")
        for unit in sorted(units, key=lambda unit: -unit.took_us):
            if unit.took_us >= _LEAST_US:
                print(f"  {unit.took_us / 1e3:7.0f} ms  {unit.name}")


def gone(lean: Start, full: Start) -> list[Unit]:
    """Give the units that were started with the masks off alone."""
    left = {unit.name for unit in lean.units}
    return [unit for unit in full.units if unit.name not in left]


def draw(file: Path, start: Start) -> None:
    """Draw when each unit began and was there."""
    shown = [unit for unit in start.units if unit.took_us >= _LEAST_US and unit.began_us <= start.ready_us]
    rows = [Unit("kernel, initial RAM file system", 0, start.kernel_us), *shown]
    mpl.rcParams.update({"svg.hashsalt": "saykey", "font.size": 8, "axes.spines.top": False})
    figure, axes = plt.subplots(figsize=(8, 0.24 * len(rows) + 0.8), layout="constrained")
    for number, unit in enumerate(rows):
        is_ours = unit.name.startswith("saykey")
        axes.barh(
            number, unit.took_us / 1e6, left=unit.began_us / 1e6, color="#c0504d" if is_ours else "#7f8fa9"
        )
        axes.text(unit.ended_us / 1e6 + 0.03, number, f"{unit.took_us / 1e6:.2f}", va="center", fontsize=7)
    axes.set_yticks(range(len(rows)), [unit.name for unit in rows])
    axes.invert_yaxis()
    axes.axvline(start.ready_us / 1e6, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("seconds at one instruction a nanosecond; the dotted line: ready")
    axes.spines["right"].set_visible(False)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
