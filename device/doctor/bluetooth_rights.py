"""What this user may do with Bluetooth: speak to bluetoothd, and see what the controller is given."""

from __future__ import annotations

import grp
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

CAP_NET_RAW = 13
"""Its bit in the capability sets (linux/capability.h). The kernel asks for it where the socket of the HCI
monitor is opened (hci_sock.c), on which the arrival of each report is seen."""

_POLICIES = ("etc/dbus-1/system.d/bluetooth.conf", "usr/share/dbus-1/system.d/bluetooth.conf")
"""Who may speak to bluetoothd: Debian 12's place, and 13's."""

_UNITS = ("etc", "run", "usr/lib", "lib")
"""Where systemd looks, each with /systemd/system (systemd.unit(5))."""


def current_groups() -> set[str]:
    """Name the groups that this process is in, and "root" if it is root's."""
    names = {"root"} if os.geteuid() == 0 else set()
    for number in {os.getegid(), *os.getgroups()}:
        with suppress(KeyError):
            names.add(grp.getgrgid(number).gr_name)
    return names


def may_speak(root: Path, groups: Collection[str]) -> bool:
    """Say whether the bus lets somebody in these groups send to bluetoothd; where no file says it, it does.

    Upstream's policy and Debian's since 11 let everybody; older ones and hardened ones, a group.
    """
    if "root" in groups:
        return True
    policies = [policy for file in _POLICIES for policy in _policies(root / file)]
    return not policies or any(
        policy.get("context") == "default" or policy.get("group") in groups
        for policy in policies
        if any(rule.get("send_destination") == "org.bluez" for rule in policy.iter("allow"))
    )


def sees_receipts(root: Path) -> bool:
    """Say whether this process, or the unit of Saykey, has what it takes to see reports arrive."""
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", _text(root / "proc/self/status"), re.MULTILINE)
    if effective and int(effective[1], 16) >> CAP_NET_RAW & 1:
        return True
    return any(
        re.search(r"^AmbientCapabilities\s*=(?!\s*~).*\bCAP_NET_RAW\b", _text(file), re.MULTILINE)
        for folder in _UNITS
        for pattern in ("saykey*.service", "saykey*.service.d/*.conf")
        for file in (root / folder / "systemd/system").glob(pattern)
    )


def _policies(file: Path) -> list[ET.Element]:
    with suppress(OSError, ET.ParseError):
        return list(ET.parse(file).getroot().iter("policy"))  # noqa: S314  # root's own file
    return []


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
