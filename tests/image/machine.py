"""A virtual board that boots a card image whole, as it is: QEMU's `virt`, with Debian's kernel from the card.

Nothing on the card is changed for the test. What runs beside the system in the guest comes on a second
disk, and the unit that starts it by the kernel's command line (systemd.system-credentials(7),
systemd.extra-unit.*).

The guest's clock goes by instructions, one a nanosecond (QEMU's -icount): however busy this machine is,
the guest seems to itself equally fast, so that sound has no gaps, and times can be compared.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
GUEST = HERE / "guest"

BUTTON = 5
"""The line of the board's GPIO chip (PL061) to which the test's button is wired; nothing else is."""

BOOT_OFFSET = 4 << 20
"""Where the card's first partition begins, in bytes."""

SETTINGS = f'[gpio]\nbutton = "gpiochip0:{BUTTON}"\n'
"""SAYKEY.TOML of this board."""

_UNIT = """\
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=exec
StandardOutput=tty
TTYPath=/dev/ttyAMA0
ExecStartPre=mkdir /run/lab
ExecStartPre=mount -r /dev/vdb /run/lab
ExecStartPre=sh /run/lab/before
ExecStart=python3 -u /run/lab/{script}
"""

_LINE = re.compile(r"LAB (\{.*\})")


class GuestError(Exception):
    """The guest did not do what was waited for; the message is what it printed last."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What QEMU starts, as a boot loader would: from the card's first partition."""

    image: Path
    initrd: Path
    line: str


def kernel_of(card: Path, line: str, folder: Path) -> Kernel:
    """Copy the kernel from a card."""
    for name in ("vmlinuz", "initrd.img"):
        mtools("mcopy", "-n", "-o", "-i", f"{card}@@{BOOT_OFFSET}", f"::{name}", folder / name)
    return Kernel(folder / "vmlinuz", folder / "initrd.img", line)


def put(card: Path, name: str, content: bytes) -> None:
    """Put a file on a card's boot partition, as its owner's computer does."""
    mtools("mcopy", "-D", "o", "-i", f"{card}@@{BOOT_OFFSET}", "-", f"::{name}", given=content)


def get(card: Path, name: str) -> bytes:
    """Read a file of a card's boot partition; nothing where it is not there."""
    show = ["mtype", "-i", f"{card}@@{BOOT_OFFSET}", f"::{name}"]
    return subprocess.run(show, check=False, capture_output=True).stdout


def mtools(*command: str | Path, given: bytes | None = None) -> bytes:
    """Call a program of mtools."""
    return subprocess.run(command, check=True, capture_output=True, input=given).stdout


def lab_disk(folder: Path, **files: bytes) -> Path:
    """Make the disk of what runs beside the system in the guest.

    Args:
        folder: Where it is made.
        files: What is on it besides the folder `guest`, by names whose double underscore is a dot.
    """
    disk, source = folder / "lab.disk", folder / "lab"
    source.mkdir()
    for file in GUEST.iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    for name, content in files.items():
        (source / name.replace("__", ".")).write_bytes(content)
    make = ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", source, disk, "32M"]
    subprocess.run(make, check=True)
    return disk


class Board:
    """A board with power. `boot` gives it."""

    def __init__(self, process: subprocess.Popen[str], wires: Path) -> None:
        self._process = process
        self._lines: Queue[str | None] = Queue()
        self.log: list[str] = []
        self._reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()
        self._monitor = _connected(wires / "monitor")
        self._monitor.readline()
        self._asked("qmp_capabilities")
        self._pins = _connected(wires / "pins")
        self._chip = self._find("child<pl061>")

    def start(self) -> None:
        """Switch it on, the button up: it connects its pin to ground, and a resistor holds it high."""
        self.release()
        self._asked("cont")

    def press(self) -> None:
        """Hold the button."""
        self._level(0)

    def release(self) -> None:
        """Let it go."""
        self._level(1)

    def hear(self, limit_s: float) -> dict[str, Any]:
        """Wait for the next thing that the guest says.

        Raises:
            GuestError: It says nothing in time, or has ended.
        """
        while True:
            try:
                line = self._lines.get(timeout=limit_s)
            except Empty:
                raise GuestError(f"nothing for {limit_s} s after:\n" + "".join(self.log[-40:])) from None
            if line is None:
                raise GuestError("it ended after:\n" + "".join(self.log[-40:]))
            if found := _LINE.search(line):
                said: dict[str, Any] = json.loads(found[1])
                return said

    def close(self) -> None:
        """Take its power away."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._monitor.close()
        self._pins.close()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self.log.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _asked(self, command: str, **arguments: str) -> Any:
        order = json.dumps({"execute": command, "arguments": arguments})
        self._monitor.write(order.encode() + b"\n")
        self._monitor.flush()
        while True:
            answer = json.loads(self._monitor.readline())
            if "event" not in answer:
                return answer["return"]

    def _find(self, kind: str) -> str:
        parts = self._asked("qom-list", path="/machine/unattached")
        (name,) = [part["name"] for part in parts if part["type"] == kind]
        return f"/machine/unattached/{name}"

    def _level(self, level: int) -> None:
        self._pins.write(f"set_irq_in {self._chip} unnamed-gpio-in {BUTTON} {level}\n".encode())
        self._pins.flush()
        assert self._pins.readline().startswith(b"OK")


@contextmanager
def boot(
    kernel: Kernel, card: Path, lab: Path, *, script: str = "dictate.py", log: Path | None = None
) -> Iterator[Board]:
    """Switch a board on; at the end of the block its power is cut.

    Args:
        kernel: What it starts.
        card: Its card, which is written to.
        lab: The second disk.
        script: Which file of it runs beside the system.
        log: Where each write to the card is noted, if anywhere (`writes`).
    """
    # A socket's path has room for 108 characters.
    with tempfile.TemporaryDirectory(prefix="board-") as folder:
        wires = Path(folder)
        with subprocess.Popen(
            _qemu(kernel, card, lab, script=script, wires=wires, log=log),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            try:
                with closing(Board(process, wires)) as board:
                    board.start()
                    yield board
            finally:
                process.kill()


def _qemu(kernel: Kernel, card: Path, lab: Path, *, script: str, wires: Path, log: Path | None) -> list[str]:
    unit = base64.b64encode(_UNIT.format(script=script).encode()).decode()
    line = (
        f"{kernel.line} panic=-1 systemd.wants=lab.service "
        f"systemd.set_credential_binary=systemd.extra-unit.lab.service:{unit}"
    )
    disks = [f"driver=raw,node-name=card,file.driver=file,file.filename={card}"]
    if log:
        disks[0] = disks[0].replace("node-name=card", "node-name=below")
        disks += [
            f"driver=file,node-name=log,filename={log}",
            "driver=blklogwrites,node-name=card,file=below,log=log,log-sector-size=512",
        ]
    disks += [f"driver=raw,node-name=lab,read-only=on,file.driver=file,file.filename={lab}"]
    return [
        "qemu-system-aarch64",
        *("-M", "virt", "-cpu", "cortex-a72", "-smp", "1", "-m", "1024", "-S"),
        *("-accel", "tcg,thread=single,tb-size=512", "-icount", "shift=0"),
        *("-nographic", "-nodefaults", "-no-reboot", "-net", "none", "-serial", "stdio"),
        *("-qmp", f"unix:{wires}/monitor,server=on,wait=off"),
        *("-qtest", f"unix:{wires}/pins,server=on,wait=off", "-qtest-log", "none"),
        *("-kernel", str(kernel.image), "-initrd", str(kernel.initrd), "-append", line),
        *(word for disk in disks for word in ("-blockdev", disk)),
        *("-device", "virtio-blk-pci,drive=card", "-device", "virtio-blk-pci,drive=lab"),
        *("-device", "virtio-rng-pci"),
    ]


def _connected(path: Path) -> Any:
    """Give a stream to a socket of QEMU's, which needs a moment to make it."""
    while True:
        wire = socket.socket(socket.AF_UNIX)
        try:
            wire.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            wire.close()
        else:
            stream = wire.makefile("rwb")
            wire.close()  # with the stream, it is
            return stream
