"""Which BlueZ there is, and what the versions lack."""

from __future__ import annotations

import re
import subprocess

OLDEST = (5, 62)
"""The first BlueZ that lets only encrypted links subscribe (`encrypt-notify`, its commit 61576a8e7)."""

PRIVATE = (5, 76)
"""The first BlueZ that sends a report to one host alone: with its commit 8eb1dee87 (5.69) each host has a
descriptor, but until a08ec1a4e (5.76) what is written to one goes to all who subscribed."""


def bluez_version() -> str:
    """Ask which BlueZ there is; empty where its client is not installed."""
    try:
        command = ["bluetoothctl", "--version"]
        return subprocess.run(command, capture_output=True, check=False, text=True, timeout=5).stdout  # noqa: S603  # by name, as the user would
    except (OSError, subprocess.SubprocessError):
        return ""


def is_private() -> bool:
    """Say whether BlueZ is known to send reports to one host alone."""
    found = parsed(bluez_version())
    return found is not None and found >= PRIVATE


def parsed(version: str) -> tuple[int, int] | None:
    """Give the version out of what `bluetoothctl --version` prints; `None` where there is none."""
    match = re.search(r"\b(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None


def dotted(version: tuple[int, int]) -> str:
    """Give a version as people write it."""
    return f"{version[0]}.{version[1]}"
