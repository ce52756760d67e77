"""Runs in the guest: what was put on the card is taken, and what is broken of the data partition is mended.

Each step prints what it found, as a line that begins with LAB; what follows is JSON.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOT = Path("/boot/firmware")
STATE = Path("/var/lib/saykey/saykey.toml")
TOLD = Path("/run/saykey-told")
MODEL = "saykey/models/tiny.en"
PLACES = (f"/var/lib/{MODEL}", "/var/lib/saykey", "/var/lib/bluetooth", f"/data/{MODEL}")
MIB = 1 << 20


def tell(what: str, **more: Any) -> None:
    print("LAB", json.dumps({"what": what, **more}), flush=True)


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


@contextmanager
def in_a_computer() -> Iterator[None]:
    """Have the boot partition as its owner's computer has it."""
    run("mount", "-o", "remount,rw", str(BOOT))
    yield
    run("mount", "-o", "remount,ro", str(BOOT))


def start() -> dict[str, Any]:
    """Do what a start does with the boot partition; give what it has come to."""
    run("systemctl", "stop", "saykey-card", "saykey-take")
    run("umount", str(BOOT))
    run("systemctl", "start", "saykey-card")
    state = Path("/run/saykey-card")
    is_new = state.exists()
    run("systemctl", "reset-failed")
    said = run("systemctl", "start", "saykey-take")
    while state.exists():  # until it was told
        time.sleep(0.2)
    return {
        "is_new": is_new,
        "said": said,
        "unit": run("systemctl", "show", "saykey-take", "-p", "Result", "--value").strip(),
        "files": sorted(str(each.relative_to(BOOT)) for each in BOOT.rglob("*.*")),
        "result": _text(BOOT / "RESULT.TXT"),
        "beside": _text(BOOT / "saykey/RESULT.TXT"),
        "settings": _text(STATE),
        "is_read_only": "ro" in run("findmnt", "-no", "OPTIONS", str(BOOT)).split(","),
        "journal": run("journalctl", "-b", "-u", "saykey-take", "-o", "cat", "-n", "8", "--no-pager"),
    }


def _text(file: Path) -> str:
    return file.read_bytes().decode() if file.exists() else ""


def drop(name: str, text: str) -> None:
    with in_a_computer():
        file = BOOT / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def mend() -> dict[str, Any]:
    """Do what a start does with the data partition."""
    TOLD.unlink(missing_ok=True)
    said = run("/usr/lib/saykey/data")
    return {
        "said": said,
        "told": _text(TOLD),
        "settings": _text(STATE),
        "kind": run("findmnt", "-no", "FSTYPE", "--mountpoint", "/data").strip(),
        "size_kb": int(run("df", "--output=size", "/data").split()[-1]),
        "models": sorted(each.name for each in Path("/var/lib/saykey/models").iterdir() if each.is_dir()),
        "owner": Path("/var/lib/saykey").owner(),
        "model": run("saykey", "model", "verify", "tiny.en"),
    }


def unmount() -> None:
    for place in (*PLACES, "/data", "/run/card/data"):
        run("umount", place)


def main() -> None:
    run("systemctl", "is-system-running", "--wait")
    run("systemctl", "mask", "--runtime", "saykey.service")
    run("systemctl", "stop", "saykey.service")
    tell("nothing", **start())

    drop("SAYKEY.TOML", '[button]\nmode = "toggle"\n')
    tell("settings", **start())
    tell("settings again", **start())
    STATE.write_text("[button]\ntap_ms = 250\n")  # what came by the drive later
    tell("settings after the drive", **start())
    drop("SAYKEY.TOML", '[button]\nmode = "toogle"\n')
    tell("wrong settings", **start())
    tell("wrong settings again", **start())
    drop("SAYKEY.TOML", '[button]\nmode = "both"\n')
    tell("other settings", **start())
    drop("saykey/OWNER.PUB", "no key\n")
    tell("wrong key", **start())
    drop("saykey/holiday.jpg", "no model\n")
    tell("a picture", **start())
    tell("a picture again", **start())

    part = Path(run("findmnt", "-no", "SOURCE", "--mountpoint", "/data").strip())
    unmount()
    tell("whole", **mend())
    unmount()
    with part.open("r+b") as disk:
        disk.write(bytes(8192))
    tell("without its superblock", **mend())
    unmount()
    run("blockdev", "--setro", str(part))
    tell("worn out", **mend())
    unmount()
    run("umount", "/run/card/kept")
    run("blockdev", "--setrw", str(part))
    with part.open("r+b") as disk:
        disk.write(b"\x5a" * (512 * MIB))
    tell("overwritten", **mend())
    tell("end")


if __name__ == "__main__":
    main()
