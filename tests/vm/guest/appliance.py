"""A board's day, in a Debian that systemd has started: the service runs as it does there.

The board is the kernel's own simulations; the computer at the other end of the cable is this machine too.
See test_appliance.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from board import ORANGE_PI, RASPBERRY_PI
from host import host
from wait import until
from watched import journal, light, shown

if TYPE_CHECKING:
    from board import Chip
    from host import Host
    from watched import Journal

_PEOPLE = ("anna", "eve")
_OUT = Path("/sys/bus/usb/devices/1-0:1.0/usb1-port1/disable")
"""Turns the power of the computer's socket off, and its eyes from it, which is the cable pulled out."""
_BOARD_LED = Path("/sys/class/leds/ACT")
_SETTINGS = Path("/etc/saykey.toml")
_BOOT_FILES = Path("/boot/firmware/saykey")

_PI_PINS = f'[gpio]\nbutton = "GPIO{RASPBERRY_PI.button}"\nled = "GPIO{RASPBERRY_PI.led}"\n'
_PI_REVISION = "c03114"
"""A Raspberry Pi 4 B, 4 GB, 1.4 (the maker's list of new-style revision codes)."""

_LIMIT_S = 240.0
_ASK_EVERY_S = 0.5
_IDLE_S = 9.0
"""Two of its signs of life."""


def main() -> None:
    """Do all of it, and leave what was found in a file."""
    found: dict[str, Any] = {}
    try:
        with journal() as says:
            _do_all(found, says)
    finally:
        Path("appliance.json").write_text(json.dumps(found, indent=1))
        Path("journal").write_text(_said("journalctl", "--output=json", "--all"))


def _do_all(found: dict[str, Any], says: Journal) -> None:
    says.reach("idle")
    _until_unit("saykey", "ActiveState", "active")
    found["ready_s"] = float(Path("/proc/uptime").read_text().split()[0])
    found["failed at first"] = _failed()
    found["process"] = _process()
    found["result of the boot partition"] = (_BOOT_FILES / "RESULT.TXT").read_text()
    found["people"] = {name: _as(name, "drive", "status") for name in _PEOPLE}
    with host("Saykey keyboard", Path("/run/events")) as computer:
        until(computer.is_here)
        for name, part in _PARTS.items():
            _tell(name)
            found[name] = part(says, computer)
    found["failed at last"] = _failed()


def _orange_pi(says: Journal, computer: Host) -> dict[str, Any]:
    return _seen_dictating(says, computer, ORANGE_PI)


def _seen_dictating(says: Journal, computer: Host, chip: Chip) -> dict[str, Any]:
    """Dictate once, and see what the LED makes of it."""
    with light(chip.light()) as seen:
        began_s = time.time()
        found = _dictate(says, computer, chip)
        time.sleep(_IDLE_S)
        return found | shown(says, seen, began_s)


def _dictate(says: Journal, computer: Host, chip: Chip) -> dict[str, Any]:
    """Hold the button while a sentence is read aloud; give what the computer's program received of it."""
    before = computer.received("us").text
    chip.press()
    says.reach("listening")
    _speak()
    chip.release()
    says.reach("typing")
    says.reach("idle")
    return _received(computer, before)


def _received(computer: Host, before: str) -> dict[str, Any]:
    computer.settle()
    received = computer.received("us")
    assert received.text.startswith(before)
    return {"text": received.text.removeprefix(before), "down": received.down}


def _unplugged(says: Journal, computer: Host) -> dict[str, Any]:
    """Dictate while the cable is out; what was said is typed at the press that follows."""
    before = computer.received("us").text
    with light(ORANGE_PI.light()) as seen:
        began_s = time.time()
        _OUT.write_text("1")
        until(lambda: not computer.is_here())
        ORANGE_PI.press()
        says.reach("listening")
        _speak()
        ORANGE_PI.release()
        says.reach("host away")
        time.sleep(_IDLE_S)
        _OUT.write_text("0")
        says.reach("text waits")
        time.sleep(_IDLE_S)
        ORANGE_PI.press()
        ORANGE_PI.release()
        says.reach("typing")
        says.reach("idle")
        return _received(computer, before) | shown(says, seen, began_s)


def _drive(says: Journal, computer: Host) -> dict[str, Any]:
    """Be the drive, as a member of the group asks, and the keyboard again."""
    with light(ORANGE_PI.light()) as seen:
        began_s = time.time()
        found: dict[str, Any] = {"on": _as("anna", "drive", "on")}
        says.reach("drive")
        until(_disk)
        time.sleep(_IDLE_S)
        found["off"] = _as("anna", "drive", "off")
        says.reach("idle")
        until(lambda: not _disk())
        until(computer.is_here)
        found |= shown(says, seen, began_s)
    return found | _dictate(says, computer, ORANGE_PI)


def _hung(says: Journal, computer: Host) -> dict[str, Any]:
    """Let the service hang: systemd notices."""
    os.kill(_main_process(), signal.SIGSTOP)
    _until_unit("saykey", "NRestarts", "1")
    says.reach("idle")
    return {"result": _said("journalctl", "--unit=saykey", "--grep=[Ww]atchdog", "--output=cat")} | _dictate(
        says, computer, ORANGE_PI
    )


def _raspberry_pi(says: Journal, computer: Host) -> dict[str, Any]:
    """Be another board, as far as anything that is asked for here tells."""
    _run("systemctl", "stop", "saykey")
    ORANGE_PI.remove()
    RASPBERRY_PI.make()
    _run("mount", "-t", "tmpfs", "tmpfs", "/sys/firmware")
    tree = Path("/sys/firmware/devicetree/base")
    tree.mkdir(parents=True)
    (tree / "compatible").write_bytes(b"raspberrypi,4-model-b\0brcm,bcm2711\0")
    # Processes that see no others have a /proc of their own, in which this is mounted for them.
    cpuinfo = Path("/run/cpuinfo")
    cpuinfo.write_text(f"{Path('/proc/cpuinfo').read_text()}Revision\t: {_PI_REVISION}\n")
    drop_in = Path("/run/systemd/system/saykey.service.d/pi.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(f"[Service]\nBindReadOnlyPaths={cpuinfo}:/proc/cpuinfo\n")
    (_BOOT_FILES / "SAYKEY.TOML").write_text(_PI_PINS)
    _run("systemctl", "daemon-reload")
    _run("systemctl", "restart", "saykey-take")
    _run("systemctl", "reset-failed", "saykey")  # its starts are counted
    _run("systemctl", "start", "saykey")
    says.reach("idle")
    doctor = _as("root", "doctor")
    return {"doctor": doctor} | _seen_dictating(says, computer, RASPBERRY_PI)


def _given_up(says: Journal, computer: Host) -> dict[str, Any]:
    """Break the settings, so that the service fails until systemd leaves it; mend them."""
    right = _SETTINGS.read_text()
    _SETTINGS.write_text("[keyboard\n")
    os.kill(_main_process(), signal.SIGKILL)
    _until_unit("saykey", "ActiveState", "failed")
    _until_unit("saykey-failed", "ActiveState", "active")
    found: dict[str, Any] = {
        "failed": _failed(),
        "led": [(_BOARD_LED / name).read_text().strip() for name in ("trigger", "delay_on", "delay_off")],
    }
    _SETTINGS.write_text(right)
    _run("systemctl", "reset-failed", "saykey")
    _run("systemctl", "start", "saykey")
    says.reach("idle")
    found["afterwards"] = _unit("saykey-failed", "ActiveState")
    found["led afterwards"] = (_BOARD_LED / "trigger").read_text().strip()
    return found | _dictate(says, computer, RASPBERRY_PI)


_PARTS = {
    "orange": _orange_pi,
    "unplugged": _unplugged,
    "drive": _drive,
    "hung": _hung,
    "raspberry": _raspberry_pi,
    "given up": _given_up,
}


def _process() -> dict[str, Any]:
    """Give what the service's process may."""
    process = Path("/proc", str(_main_process()))
    told = dict(line.partition(":\t")[::2] for line in (process / "status").read_text().splitlines())
    found = {name: told[name] for name in ("Uid", "CapEff", "NoNewPrivs", "Seccomp")}
    return found | {"mounts": (process / "mountinfo").read_text()}


def _speak() -> None:
    _run("aplay", "-q", "-D", "plughw:Loopback,0", "recording.wav")


def _disk() -> bool:
    """Say whether the computer has a drive with a medium."""
    return any(int((disk / "size").read_text()) for disk in Path("/sys/block").glob("sd*"))


def _failed() -> str:
    return _said("systemctl", "--failed", "--plain", "--no-legend")


def _main_process() -> int:
    return int(_unit("saykey", "MainPID"))


def _unit(name: str, what: str) -> str:
    return _said("systemctl", "show", "--value", f"--property={what}", name)


def _until_unit(name: str, what: str, value: str) -> None:
    """Return when a unit has come to this."""

    def has_come() -> bool:
        time.sleep(_ASK_EVERY_S)
        return _unit(name, what) == value

    until(has_come, _LIMIT_S)


def _as(user: str, *words: str) -> dict[str, Any]:
    """Call saykey as somebody; give what came of it."""
    done = subprocess.run(
        ["runuser", "-u", user, "--", "saykey", *words], check=False, capture_output=True, text=True, cwd="/"
    )
    return {"status": done.returncode, "said": done.stdout, "told": done.stderr}


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _tell(what: str) -> None:
    print(f"lab: {time.monotonic():.1f} s: {what}", flush=True)


if __name__ == "__main__":
    main()
