"""Runs in the guest beside the system: tells how it is.

What a script tells the test is a line that begins with LAB; what follows is JSON.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def tell(what: str, **more: Any) -> None:
    print("LAB", json.dumps({"what": what, **more}), flush=True)


def said(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def listening() -> list[str]:
    """Give the sockets of networks on which something waits (proc_net_tcp.rst: 0A is TCP_LISTEN)."""
    found = []
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        file = Path("/proc/net", kind)
        lines = file.read_text().splitlines()[1:] if file.exists() else []
        found += [f"{kind} {line}" for line in lines if kind.startswith("udp") or line.split()[3] == "0A"]
    return found


def with_password() -> list[str]:
    """Name the accounts with which one could log in (shadow(5)): with a password, or without one."""
    accounts = (line.split(":") for line in Path("/etc/shadow").read_text().splitlines())
    return [name for name, password, *_ in accounts if not password.startswith(("*", "!"))]


def times_us() -> dict[str, tuple[int, int]]:
    """Give when each unit began to start and was there, or done, in microseconds since the kernel's start."""
    moments = ("InactiveExit", "ActiveEnter", "InactiveEnter")
    asked = ",".join(f"{moment}TimestampMonotonic" for moment in moments)
    found = {}
    for block in said("systemctl", "show", "--all", "*", "-p", f"Id,{asked}").split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines())
        began, there, done = (int(unit.get(f"{moment}TimestampMonotonic") or 0) for moment in moments)
        if began:
            found[unit["Id"]] = (began, max(began, there or done))
    return found


def system() -> dict[str, Any]:
    state = said("systemctl", "is-system-running", "--wait").strip()
    shown = said("systemctl", "show", "saykey", "-p", "ActiveState,NRestarts,ActiveEnterTimestampMonotonic")
    return {
        "state": state,
        "failed": said("systemctl", "--failed", "--plain", "--no-legend").strip(),
        "saykey": dict(line.split("=", 1) for line in shown.split()),
        "time": said("systemd-analyze").strip(),
        "userspace_us": int(said("systemctl", "show", "-p", "UserspaceTimestampMonotonic", "--value")),
        "times_us": times_us(),
        "units": said("systemctl", "list-units", "--plain", "--no-legend", "--state=active").splitlines(),
        "mounts": json.loads(said("findmnt", "--json", "-o", "TARGET,SOURCE,FSTYPE,OPTIONS"))["filesystems"],
        "listening": listening(),
        "with_password": with_password(),
        "told": Path("/run/saykey-told").read_text() if Path("/run/saykey-told").exists() else "",
        "data_kb": int(said("df", "--output=size", "/data").split()[-1]),
        "journal": said("journalctl", "-b", "-p", "4", "-o", "cat", "--no-pager").splitlines()[-60:],
        "saykeys": said("journalctl", "-b", "-u", "saykey*", "-o", "cat", "--no-pager").splitlines()[-60:],
    }


def main() -> None:
    tell("system", **system())
    tell("end")


if __name__ == "__main__":
    main()
