"""What is said about a setting: which values are allowed, and which name was meant."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from msgspec.inspect import BoolType, FloatType, IntType, LiteralType, Metadata, StrType, UnionType, type_info
from msgspec.structs import fields

from device.settings import LANGUAGE_CODE, LanguageSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from device.settings import KeyboardSettings

HOSTS = "hosts"
"""The table of tables that each describe one host, with the keys of [keyboard]."""

LANGUAGES = "languages"
"""The table of tables that each say what is different while one language is spoken."""

TYPES: dict[str, dict[str, Any]] = {
    table.name: {key.name: key.type for key in fields(table.type)}
    for table in fields(Settings)
    if table.name not in (HOSTS, LANGUAGES)
}
"""The type of each setting, by table and key, but for the hosts' and the languages' tables."""

NAMED: dict[str, dict[str, Any]] = {
    HOSTS: TYPES["keyboard"],
    LANGUAGES: {key.name: key.type for key in fields(LanguageSettings)},
}
"""The type of each setting in the tables of a table of tables, by key."""


_RENAMED = {"text.newlines": "commands.new_line"}
"""What was called otherwise in earlier versions."""


def table_named(kind: str, name: str) -> str:
    """Give what one of the tables of a table of tables is called, as in "hosts.Tablet"."""
    return f"{kind}.{_bare(name)}"


def host_table(name: str) -> str:
    """Give what the table of a host is called."""
    return table_named(HOSTS, name)


def by_table(hosts: Mapping[str, KeyboardSettings]) -> dict[str, KeyboardSettings]:
    """Give what describes each host, by the name of its table."""
    return {host_table(name): described for name, described in hosts.items()}


def types_of(table: str) -> dict[str, Any]:
    """Give the type of each setting in a table, which may be a host's or a language's."""
    kind, dot, _ = table.partition(".")
    return NAMED[kind] if dot else TYPES[table]


def allowed(kind: Any) -> str:  # noqa: PLR0911  one line for each type
    """Say which values a setting of this type may have."""
    match type_info(kind):
        case Metadata(extra_json_schema={"description": str(words)}):
            return words
        case UnionType():
            return ", or ".join(map(allowed, get_args(kind)))
        case LiteralType():
            *others, last = map(toml, get_args(kind))  # in the order of their declaration
            return f"{', '.join(others)} or {last}" if others else last
        case BoolType():
            return "true or false"
        case IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case FloatType(ge=low, le=high):
            return f"a number from {low:g} to {high:g}"
        case StrType():
            return "text in quotes"
        case other:
            raise TypeError(other)


def toml(value: object) -> str:
    """Write a string, number, boolean or list of them as TOML does."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        # JSON's strings are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower()


def not_allowed(table: str, key: str, value: object) -> str:
    """Say that a setting may not have this value, and which it may have."""
    return f"{table}.{key} is {_shown(value)}, but allowed is {allowed(types_of(table)[key])}"


def unknown_table(name: str, content: object) -> str:
    """Say that there is no such table, and which was meant."""
    if isinstance(content, dict):
        close = get_close_matches(name.lower(), (*TYPES, *NAMED), n=1)
        tables = f"{', '.join(TYPES)}, {HOSTS}.NAME and {LANGUAGES}.CODE"
        hint = f"did you mean '{close[0]}'?" if close else f"the tables are {tables}"
        return f"[{_bare(name)}] is not a table of the settings; {hint}"
    home = _home(name)
    hint = f"it belongs under [{home}]" if home else "settings stand under a table such as [button]"
    return f"{_bare(name)} is not a setting outside of a table; {hint}"


def unknown_key(table: str, key: str) -> str:
    """Say that a table has no such key, and which was meant."""
    if now := _RENAMED.get(f"{table}.{key}"):
        hint = f"set {now} in its place"
    elif home := _home(key):
        hint = f"it belongs under [{home}]"
    elif close := get_close_matches(key.lower(), types_of(table), n=1):
        hint = f"did you mean '{close[0]}'?"
    else:
        hint = f"[{table}] has {', '.join(types_of(table))}"
    return f"{table}.{_bare(key)} is not a setting; {hint}"


def there_already(keys: Sequence[str], line: int, *, is_table: bool) -> str:
    """Say that a table or a setting is in a file for the second time, and what to do instead.

    Args:
        keys: It, from the outermost table on.
        line: Where it is for the first time.
        is_table: It is a table.
    """
    name = ".".join(map(_bare, keys))
    if is_table:
        return (
            f"[{name}] is there already, in line {line}: put the settings that follow under that line, "
            "and take this one out"
        )
    return f"{name} is set already, in line {line}: take one of the two out"


def no_table(name: str) -> str:
    """Say that what should be a table is none."""
    return f"{name} is a table: write [{name}] on a line of its own, and its settings below"


def not_among(kind: str, name: str) -> str:
    """Say that what should be one of the tables of a table of tables is none."""
    if kind == HOSTS and name in TYPES["keyboard"]:
        return f"{HOSTS}.{name} is not a setting; it belongs under [keyboard], or for one host [{HOSTS}.NAME]"
    if kind == LANGUAGES and name in NAMED[LANGUAGES]:
        home = _home(name)
        return (
            f"{LANGUAGES}.{name} is not a setting; it belongs under [{home}], "
            f"or for one language [{LANGUAGES}.CODE], as in [{LANGUAGES}.de]"
        )
    return no_table(table_named(kind, name))


def is_language(name: str) -> bool:
    """Say whether a table of a language may be called so."""
    return re.fullmatch(LANGUAGE_CODE, name) is not None


def no_language(name: str) -> str:
    """Say that a table has no language's code for its name."""
    return (
        f"[{table_named(LANGUAGES, name)}] has no language code for its name: write two or three small "
        f"letters, as in [{LANGUAGES}.de]"
    )


def _home(key: str) -> str | None:
    """Give the table that has a key of exactly this name."""
    return next((table for table, keys in TYPES.items() if key in keys), None)


def _bare(key: str) -> str:
    """Quote a key where TOML would."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml(key)


def _shown(value: object) -> str:
    """Show a value in a few words, whatever the file had in its place."""
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case int() if value.bit_length() > 63:  # Python itself refuses to print very long ones.
            return "a number of more than 64 bits"
        case str() | int() | float():
            words = toml(value)
            return words if len(words) <= 60 else f"{words[:57]}..."
        case _:
            return "a date or time"
