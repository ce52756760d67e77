"""A virtual machine with Debian's own kernel, in which the device and its host are both real software.

The guest's kernel is emulated (QEMU's TCG), so that it runs on any machine; `build.sh` makes what it boots.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.vm.python import packages_for

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_HERE = Path(__file__).parent
PROJECT = _HERE.parent.parent

# Programs and the Debian packages that have them.
_TO_RUN = {"qemu-system-x86_64": "qemu-system-x86"}
_TO_BUILD = {
    "cpio": "cpio",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "flock": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "xz": "xz-utils",
    "zstd": "zstd",
}

_BUILD_LIMIT_S = 600


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a script in the guest.

    Attributes:
        status: Its exit status; None when it did not come to its end.
        log: What it printed, below what the kernel printed.
        wall_s: How long the guest ran.
    """

    status: int | None
    log: str
    wall_s: float


def lacking() -> str:
    """Say what this machine lacks to run the lab; nothing when it lacks nothing."""
    if platform.machine() != "x86_64":
        return "the lab's kernel is for x86_64"
    missing = [package for program, package in (_TO_RUN | _TO_BUILD).items() if shutil.which(program) is None]
    if missing:
        return f"the lab needs Debian's {', '.join(missing)}: apt install {' '.join(missing)}"
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        return "the lab is built from Debian's packages: apt install debian-archive-keyring"
    return "" if os.geteuid() == 0 else "only root can build the lab"


def run(
    script: Path,
    *arguments: str,
    limit_s: float,
    share: Path,
    radio: Path | None = None,
    orders: Path | None = None,
    folders: Mapping[str, Path] | None = None,
    python: bool = False,
    memory_mb: int = 512,
) -> Result:
    """Boot the guest, run one script of this project in it as root, and end it.

    Args:
        script: A Python or shell script inside the project; the guest sees the project read-only.
        arguments: What the script is called with: words without spaces.
        limit_s: When the guest is stopped.
        share: A folder of this machine that is the script's working directory; `log` is written there.
        radio: A Unix socket that listens; the guest has it as /dev/hvc0, a Bluetooth controller's wire.
        orders: A Unix socket that listens; the guest has it as the virtio port of that name.
        folders: What else of this machine the guest sees, read-only, at / and these names.
        python: It has the packages of Python that the device and the trainer need without a GPU.
        memory_mb: The guest's memory.
    """
    image = _image()
    seen = dict(folders or {})
    if python:
        seen["python"] = packages_for(image)
    call = [str(script.resolve().relative_to(PROJECT)), *arguments]
    qemu = [
        *(*machine(image, memory_mb), "-append", _kernel_line(seen, call)),
        *(*shared("project", PROJECT, read_only=True), *shared("share", share)),
        *(option for name, folder in seen.items() for option in shared(name, folder, read_only=True)),
        *_wires(radio, orders),
    ]
    return boot(qemu, share / "log", limit_s)


def boot(qemu: Sequence[str], log: Path, limit_s: float) -> Result:
    """Run a guest to its end.

    Args:
        qemu: The command.
        log: Where what it prints is kept.
        limit_s: When it is stopped.
    """
    began_s = time.monotonic()
    with log.open("wb") as output:
        try:
            ended = subprocess.run(
                qemu,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=limit_s,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            ended = 0
    # QEMU's isa-debug-exit ends with 2 * status + 1; it ends evenly when the guest did not say a status.
    status = ended >> 1 if ended & 1 else None
    return Result(status, log.read_text(errors="replace"), time.monotonic() - began_s)


def _image() -> Path:
    """Give the folder with the guest's kernel and file system; a minute passes when it has to be built."""
    built = subprocess.run(
        [_HERE / "build.sh"], stdout=subprocess.PIPE, text=True, timeout=_BUILD_LIMIT_S, check=True
    )
    return Path(built.stdout.strip())


def machine(image: Path, memory_mb: int, *, counted: bool = False) -> list[str]:
    """Give the command for a guest without what it shares.

    Args:
        image: The folder with its kernel and what that starts with.
        memory_mb: Its memory.
        counted: An instruction takes it a nanosecond of its own time, however busy this machine is: it never
            loses sound because it waits for a processor of this machine's.
    """
    return [
        "qemu-system-x86_64",
        *("-M", "pc", "-cpu", "Nehalem", "-smp", "1", *_processor(counted=counted)),
        *("-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio", "-net", "none"),
        *("-m", str(memory_mb)),
        *("-kernel", str(image / "vmlinux"), "-initrd", str(image / "initrd")),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x01", "-device", "virtio-rng-pci"),
    ]


def _processor(*, counted: bool) -> list[str]:
    if counted:
        return ["-accel", "tcg,thread=single,tb-size=256", "-icount", "shift=0,sleep=off"]
    return ["-accel", "tcg,thread=multi,tb-size=256"]


def _kernel_line(folders: Collection[str], call: Sequence[str]) -> str:
    return (
        "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off cryptomgr.notests no_timer_check "
        f'tsc=reliable random.trust_cpu=on rdinit=/init "folders={" ".join(folders)}" -- {" ".join(call)}'
    )


def shared(tag: str, folder: Path, *, read_only: bool = False) -> list[str]:
    """Give the options by which a guest can mount a folder of this machine, by a tag."""
    options = f"local,path={folder.resolve()},mount_tag={tag},security_model=none,multidevs=remap"
    return ["-virtfs", options + (",readonly=on" if read_only else "")]


def _wires(radio: Path | None, orders: Path | None) -> list[str]:
    wires = ["-device", "virtio-serial-pci"]
    if radio:
        wires += ["-chardev", f"socket,id=radio,path={radio}", "-device", "virtconsole,chardev=radio"]
    if orders:
        wires += ["-chardev", f"socket,id=orders,path={orders}"]
        wires += ["-device", "virtserialport,chardev=orders,name=orders"]
    return wires
