"""The tables of what is said and what is typed for it, and how they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from device.settings import CommandsSettings, FormsSettings, Settings
from device.settings_words import TYPES
from device.speech.transcript import Segment
from device.text.body import Act
from device.text.written import understand, write

TABLES = Path(__file__).with_name("spoken")

_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\x1b": r"\e", "\\": r"\\"}
_PAUSE = re.compile(r"\s*\|(?:([\d.]+)\|)?\s*")


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    place: str
    settings: str
    spoken: str
    typed: str


def rows(language: str) -> list[Row]:
    file = TABLES / f"{language}.tsv"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [
        Row(f"{file.name}:{number}", *line.split("\t"))
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]


def sentences(language: str) -> list[str]:
    file = TABLES / f"{language}.stay.txt"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [line for line in lines if line.strip() and not line.startswith("#")]


@cache
def settings_of(written: str) -> Settings:
    """Give the settings that a table's first column stands for."""
    tables: dict[str, dict[str, Any]] = {}
    for each in filter(None, map(str.strip, written.split(","))):
        name, _, value = each.partition("=")
        if not value:
            tables["commands"] = dict.fromkeys(CommandsSettings.__struct_fields__, name)
            continue
        table, _, key = name.rpartition(".")
        if not table:
            table = next(each for each in TYPES if each != "gpio" and key in TYPES[each])
        tables.setdefault(table, {})[key] = msgspec.convert(value, TYPES[table][key], strict=False)
    # What these tables are about is the words: how numbers are written has tables of its own.
    tables.setdefault("forms", dict.fromkeys(FormsSettings.__struct_fields__, False))
    return msgspec.convert(tables, Settings)


def segments(spoken: str) -> list[Segment]:
    """Give what was said; " | " is a pause of 0.8 seconds, " |2.5| " one of 2.5."""
    parts = _PAUSE.split(spoken)
    texts, pauses = parts[::2], [float(each or 0.8) for each in parts[1::2]]
    said, at = [], 0.0
    for text, pause in zip(texts, [*pauses, 0.0], strict=True):
        said.append(Segment(at, at + 1.0, text, -0.1, 0.01))
        at += 1.0 + pause
    return said


def typed(spoken: str, language: str, settings: Settings) -> str:
    """Give what is typed, as the tables write it."""
    reading = understand(segments(spoken), language, settings)
    acts = "".join({Act.UNDO: "{undo}", Act.AGAIN: "{again}"}[act] for act in reading.acts)
    return acts + visible(write(reading.body, "", settings))


def visible(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)
