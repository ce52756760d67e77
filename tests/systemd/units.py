"""The units as systemd reads them: every value of each key, in its order (systemd.syntax(7))."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "systemd"

UNITS = sorted(file.name for file in FOLDER.glob("*.service"))

Unit = dict[str, list[str]]


def read(name: str) -> Unit:
    """Give the values of each key; no two sections of these units have a key of the same name."""
    unit: Unit = {}
    text = re.sub(r"\\\n\s*", " ", (FOLDER / name).read_text(encoding="utf-8"))
    for line in text.splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            unit.setdefault(key, []).append(value)
    return unit


def words(unit: Unit, key: str) -> list[str]:
    """Give the words of all values of a key."""
    return " ".join(unit.get(key, [])).split()


def allowed_calls(unit: Unit) -> set[str]:
    """Give the system calls that a unit may make, with systemd's own groups of them."""
    allowed = _group("@default")
    for value in unit["SystemCallFilter"]:
        named = {call for word in value.lstrip("~").split() for call in _calls(word)}
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def _calls(word: str) -> set[str]:
    return _group(word) if word.startswith("@") else {word}


def _group(name: str) -> set[str]:
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True
    ).stdout
    calls = [line.strip() for line in listed.splitlines()[1:]]
    return {each for call in calls if call and not call.startswith("#") for each in _calls(call)}
