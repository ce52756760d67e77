"""The settings files: which there are, in which order they count, and what they come to together."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from device.errors import SettingsError
from device.keyboard.host import host_of
from device.settings import Settings
from device.settings_words import (
    HOSTS,
    TYPES,
    by_table,
    host_table,
    no_host,
    no_table,
    not_allowed,
    types_of,
    unknown_key,
    unknown_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_FILE = Path(__file__).with_name("default.toml")
"""Ships with Saykey and has every key, its default, and what it is for."""

Table = tuple[str, ...]
"""The name of a table; of a host's, "hosts" and the name of the host."""

_FOR_ALL: Table = ("keyboard",)

DEFAULT = "default"
"""The origin of a value that no file of the owner sets."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force.

    Attributes:
        settings: What all files together say.
        origins: The file that brought each value, or `DEFAULT`, by table and key as in "button.mode".
    """

    settings: Settings
    origins: dict[str, str]


def load(config: Path | None = None, root: Path = Path("/etc")) -> Loaded:
    """Read the settings: the defaults, `saykey.toml`, `saykey.d/*.toml`, then `config`; later files win.

    Args:
        config: A file that must be there, or None.
        root: The folder in which the other files may be.

    Raises:
        SettingsError: A file cannot be read, or a key or value in it is not allowed.
    """
    owners = [*_present(root), *([config] if config else [])]
    values: dict[Table, dict[str, object]] = {}
    origins: dict[str, str] = {}
    tables: dict[Table, Table] = {}  # as they are written first
    for file, origin in [(DEFAULT_FILE, DEFAULT), *((file, str(file)) for file in owners)]:
        for written, key, value in _read(file):
            table = tables.setdefault(tuple(map(str.casefold, written)), written)
            values.setdefault(table, {})[key] = value
            origins[f"{_name(table)}.{key}"] = origin
    hosts = {table[1]: _described(values, origins, table) for table in values if len(table) > 1}
    all_others = {table[0]: content for table, content in values.items() if len(table) == 1}
    settings = msgspec.convert({**all_others, HOSTS: hosts}, Settings)
    _check_together(settings, origins)
    return Loaded(settings, origins)


def _described(
    values: dict[Table, dict[str, object]], origins: dict[str, str], table: Table
) -> dict[str, object]:
    """Give all settings of a host: its own, and for the rest those of the table for every host."""
    rest, own = values[_FOR_ALL], values[table]
    described, name = rest | own, _name(table)
    for key in rest.keys() - own.keys():
        origins[f"{name}.{key}"] = origins[f"keyboard.{key}"]
    if "layout" in own:
        # The second layout belongs to the first.
        for key in {"other_layout", "layout_toggle"} - own.keys():
            described[key], origins[f"{name}.{key}"] = "", origins[f"{name}.layout"]
    return described


def _check_together(settings: Settings, origins: dict[str, str]) -> None:
    """Refuse values that are allowed each by itself but not beside each other."""
    speech = settings.speech
    if speech.neg_threshold > speech.threshold:
        raise SettingsError(
            f"speech.neg_threshold is {speech.neg_threshold} ({origins['speech.neg_threshold']}), "
            f"but must not exceed speech.threshold, {speech.threshold} ({origins['speech.threshold']}): "
            "lower the first or raise the second"
        )
    for table, keyboard in {"keyboard": settings.keyboard, **by_table(settings.hosts)}.items():
        try:
            host_of(keyboard, table=table)
        except SettingsError as error:
            told = {origins[f"{table}.{key}"] for key in ("os", "layout", "other_layout", "layout_toggle")}
            files = ", ".join(sorted(told - {DEFAULT}))
            raise SettingsError(f"{files}, {error}") from None


def _present(root: Path) -> list[Path]:
    """Give those of the owner's files that are there, in the order in which they are read."""
    file, folder = root / "saykey.toml", root / "saykey.d"
    # A dangling link counts as there: to pass over it in silence would hide the owner's mistake.
    files = [file] if lexists(file) else []
    if lexists(folder):
        try:
            files += sorted(part for part in folder.iterdir() if part.suffix == ".toml")
        except OSError as error:
            raise _unreadable(folder, error) from error
    return files


def _read(file: Path) -> Iterator[tuple[Table, str, object]]:
    """Give table, key and value of each setting in a file; raise at the first that is not allowed."""
    text = _text(file)
    for table, content in _tables(file, text):
        name = _name(table)
        types = types_of(name)
        for key, value in content.items():
            if key not in types:
                raise _wrong(file, text, (*table, key), unknown_key(name, key))
            try:
                yield table, key, msgspec.convert(value, types[key])
            except msgspec.ValidationError as error:
                raise _wrong(file, text, (*table, key), not_allowed(name, key, value)) from error


def _tables(file: Path, text: str) -> Iterator[tuple[Table, dict[str, Any]]]:
    for table, content in _parse(file, text).items():
        if table not in TYPES and table != HOSTS:
            raise _wrong(file, text, (table,), unknown_table(table, content))
        if not isinstance(content, dict):
            name = f"{HOSTS}.NAME" if table == HOSTS else table
            raise _wrong(file, text, (table,), no_table(name))
        if table != HOSTS:
            yield (table,), content
            continue
        for host, described in content.items():
            if not isinstance(described, dict):
                raise _wrong(file, text, (table, host), no_host(host))
            yield (table, host), described


def _name(table: Table) -> str:
    return table[0] if len(table) == 1 else host_table(table[1])


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error
    try:
        # Editors on Windows put a byte order mark first; TOML knows none.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{file}, line {line}: this is not UTF-8; save the file as UTF-8") from error


def _unreadable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"{path} cannot be read: {error.strerror}; check its name and its permissions")


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        what, _, place = str(error).partition(" (at ")
        number = re.match(r"line (\d+)", place)
        line = int(number[1]) if number else text.rstrip("\n").count("\n") + 1
        hint = '; text stands in quotes, as in mode = "hold"' if what == "Invalid value" else ""
        raise SettingsError(f"{file}, line {line}: this is not TOML: {what}{hint}") from error


def _wrong(file: Path, text: str, keys: tuple[str, ...], message: str) -> SettingsError:
    return SettingsError(f"{file}, line {_line(text, keys)}: {message}")


def _line(text: str, keys: tuple[str, ...]) -> int:
    """Give the line, from 1, on which the statement begins that brings a key.

    The parser keeps no lines, so it is asked after which line it first knows the key. The first lines
    of a file are TOML themselves wherever no statement is cut in two.
    """
    lines = text.split("\n")
    start = 1
    for end in range(1, len(lines) + 1):
        try:
            found: Any = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            break
        start = end + 1
    return start
