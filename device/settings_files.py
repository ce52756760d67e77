"""The settings files: which there are, in which order they count, and what they come to together."""

from __future__ import annotations

import logging
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import asdict

from device.errors import SaykeyError, SettingsError
from device.kept_host import state_folder
from device.keyboard.host import host_in, host_of
from device.models import model_settings
from device.settings import GpioSettings, RecognitionSettings, Settings
from device.settings_words import (
    HOSTS,
    LANGUAGES,
    NAMED,
    TYPES,
    by_table,
    is_language,
    no_language,
    no_table,
    not_allowed,
    not_among,
    table_named,
    there_already,
    types_of,
    unknown_key,
    unknown_table,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

log = logging.getLogger(__name__)

DEFAULT_FILE = Path(__file__).with_name("default.toml")
"""Ships with Saykey and has every key, its default, and what it is for."""

FILE = "saykey.toml"
"""The name of the owner's own file, in /etc and where the device itself keeps what is given to it."""

Table = tuple[str, ...]
"""The name of a table; of a host's, "hosts" and the name of the host; of a language's, likewise."""

Setting = tuple[Table, str, object]
"""Table, key and value."""

_FOR_ALL: Table = ("keyboard",)

_THRESHOLDS = (("speech",), frozenset({"threshold", "neg_threshold"}))

DEFAULT = "default"
"""The origin of a value that no file sets."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force.

    Attributes:
        settings: What all files together say.
        origins: The file that brought each value, or `DEFAULT`, by table and key as in "button.mode".
    """

    settings: Settings
    origins: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one file says."""

    origin: str
    settings: Sequence[Setting]


def load(config: Path | None = None, root: Path = Path("/etc"), state: Path | None = None) -> Loaded:
    """Read the settings, of which later files win.

    First the defaults, then what the model in use brings, then the owner's: `saykey.toml`, `saykey.d/*.toml`,
    what came by the drive, and `config`. So the model does not say which is in use: the owner's files do.

    Args:
        config: A file that must be there, or None.
        root: The folder in which the owner's other files may be.
        state: The folder in which the device keeps what came by the drive; by default the usual one.

    Raises:
        SettingsError: A file cannot be read, or a key or value in it is not allowed.
    """
    files = [*_present(root), *_given(state), *([config] if config else [])]
    owners = [_Layer(str(file), list(_read(file))) for file in files]
    return _together([_defaults(), *_of_model_in_use(owners), *owners])


def of_model(folder: Path) -> Settings:
    """Give the settings that hold for a model where its owner says nothing: the defaults, and its own.

    Raises:
        SettingsError: Its file cannot be read, or a key or value in it is not allowed, or not to a model.
    """
    file = folder / model_settings.FILE
    own = [_Layer(str(file), list(_read(file, model_settings.MAY_SET)))] if lexists(file) else []
    return _together([_defaults(), *own]).settings


def located(error: SaykeyError, loaded: Loaded, file: Path) -> SettingsError:
    """Give an error about settings with the line of the first one that it names and this file has set.

    Args:
        error: It.
        loaded: The settings.
        file: One of those that they are from.
    """
    for name in re.findall(r"[a-z_]+\.[a-z_]+", str(error)):
        if loaded.origins.get(name) == str(file):
            return _wrong(file, _text(file), tuple(name.split(".")), str(error))
    return SettingsError(str(error))


def _defaults() -> _Layer:
    return _Layer(DEFAULT, list(_read(DEFAULT_FILE)))


def _of_model_in_use(owners: Sequence[_Layer]) -> list[_Layer]:
    said = [setting for layer in owners for setting in layer.settings]
    chosen = {
        key: value for table, key, value in said if table == ("recognition",) and key in ("model", "store")
    }
    file = model_settings.file_in_use(msgspec.convert(chosen, RecognitionSettings))
    if file is None:
        return []
    try:
        brought = list(_read(file, model_settings.MAY_SET))
    except SettingsError as error:  # they were good when it was installed; without a start nothing is mended
        log.warning("what the model brings is passed over: %s", error)
        return []
    if any(_is_threshold(setting) for setting in said):
        # The two must fit together: one of the owner's beside one of the model's may not.
        return [_Layer(str(file), [setting for setting in brought if not _is_threshold(setting)])]
    return [_Layer(str(file), brought)]


def _is_threshold(setting: Setting) -> bool:
    table, keys = _THRESHOLDS
    return setting[0] == table and setting[1] in keys


def _together(layers: Sequence[_Layer]) -> Loaded:
    """Give what files come to, of which later ones win.

    Raises:
        SettingsError: Values are not allowed beside each other.
    """
    values: dict[Table, dict[str, object]] = {}
    origins: dict[str, str] = {}
    tables: dict[Table, Table] = {}  # as they are written first
    for layer in layers:
        for written, key, value in layer.settings:
            table = tables.setdefault(tuple(map(str.casefold, written)), written)
            values.setdefault(table, {})[key] = value
            origins[f"{_name(table)}.{key}"] = layer.origin
    hosts = {table[1]: _described(values, origins, table) for table in values if table[0] == HOSTS}
    languages = {table[1]: content for table, content in values.items() if table[0] == LANGUAGES}
    for name in languages:
        for key in NAMED[LANGUAGES]:
            origins.setdefault(f"{table_named(LANGUAGES, name)}.{key}", DEFAULT)
    all_others = {table[0]: content for table, content in values.items() if len(table) == 1}
    settings = msgspec.convert({**all_others, HOSTS: hosts, LANGUAGES: languages}, Settings)
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
    _check_pins(settings.gpio, origins)
    for table, keyboard in {"keyboard": settings.keyboard, **by_table(settings.hosts)}.items():
        try:
            host_of(keyboard, table=table)
        except SettingsError as error:
            raise _by_whom(error, origins, table, ("os", "layout", "other_layout", "layout_toggle")) from None
        for code, language in settings.languages.items():
            try:
                host_in(code, language, keyboard, table=table)
            except SettingsError as error:
                raise _by_whom(error, origins, f"{LANGUAGES}.{code}", ("layout", "other_layout")) from None


def _by_whom(error: SettingsError, origins: dict[str, str], table: str, keys: Sequence[str]) -> SettingsError:
    """Name the files that brought what is wrong."""
    files = sorted({origins[f"{table}.{key}"] for key in keys} - {DEFAULT})
    return SettingsError(f"{', '.join(files)}, {error}")


def _check_pins(gpio: GpioSettings, origins: dict[str, str]) -> None:
    """Refuse a pin that is to be two things."""
    keys: dict[str, str] = {}
    for key, pin in asdict(gpio).items():
        if key != "active_high" and pin and (other := keys.setdefault(pin, key)) != key:
            raise SettingsError(
                f"gpio.{other} ({origins[f'gpio.{other}']}) and gpio.{key} ({origins[f'gpio.{key}']}) "
                f"are both {pin}: give each a pin of its own"
            )


def _present(root: Path) -> list[Path]:
    """Give those of the owner's files that are there, in the order in which they are read."""
    folder = root / "saykey.d"
    files = _there(root / FILE)
    if lexists(folder):
        try:
            files += sorted(part for part in folder.iterdir() if part.suffix == ".toml")
        except OSError as error:
            raise _unreadable(folder, error) from error
    return files


def _given(state: Path | None) -> list[Path]:
    """Give the owner's settings that came by the drive, if they are there."""
    with suppress(RuntimeError):  # nobody knows a home folder: nothing can have been kept there
        return _there((state or state_folder()) / FILE)
    return []


def _there(file: Path) -> list[Path]:
    # A dangling link counts as there: to pass over it in silence would hide the owner's mistake.
    return [file] if lexists(file) else []


def _read(file: Path, may_set: Mapping[str, Container[str]] | None = None) -> Iterator[Setting]:
    """Give the settings in a file; raise at the first that is not allowed.

    Args:
        file: The file.
        may_set: The only ones that it may hold, keys by table; without, all.
    """
    text = _text(file)
    for table, content in _tables(file, text):
        name = _name(table)
        types = types_of(name)
        for key, value in content.items():
            if key not in types:
                raise _wrong(file, text, (*table, key), unknown_key(name, key))
            if may_set is not None and key not in may_set.get(name, ()):
                raise _wrong(file, text, (*table, key), model_settings.not_its_own(name, key))
            try:
                yield table, key, msgspec.convert(value, types[key])
            except msgspec.ValidationError as error:
                raise _wrong(file, text, (*table, key), not_allowed(name, key, value)) from error


def _tables(file: Path, text: str) -> Iterator[tuple[Table, dict[str, Any]]]:
    for table, content in _parse(file, text).items():
        is_known = table in TYPES or table == HOSTS or (table == LANGUAGES and isinstance(content, dict))
        if not is_known:
            raise _wrong(file, text, (table,), unknown_table(table, content))
        if not isinstance(content, dict):
            name = f"{HOSTS}.NAME" if table == HOSTS else table
            raise _wrong(file, text, (table,), no_table(name))
        if table not in NAMED:
            yield (table,), content
            continue
        for name, described in content.items():
            if not isinstance(described, dict):
                raise _wrong(file, text, (table, name), not_among(table, name))
            if table == LANGUAGES and not is_language(name):
                raise _wrong(file, text, (table, name), no_language(name))
            yield (table, name), described


def _name(table: Table) -> str:
    return table[0] if len(table) == 1 else table_named(*table)


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
        if twice := _twice(text.split("\n"), line):
            raise SettingsError(f"{file}, line {line}: {twice}") from error
        hint = '; text stands in quotes, as in mode = "hold"' if what == "Invalid value" else ""
        raise SettingsError(f"{file}, line {line}: this is not TOML: {what}{hint}") from error


def _twice(lines: list[str], number: int) -> str:
    """Say that a line brings what is there already, and where that is; or nothing, where it does not."""
    wrong, before = lines[number - 1], lines[: number - 1]
    is_table = _is_header(wrong)
    header = "" if is_table else next(filter(_is_header, reversed(before)), "")
    try:
        known = tomllib.loads("\n".join(before))
        keys = tuple(_path(tomllib.loads(f"{header}\n{wrong}")))
    except (ValueError, RecursionError):  # it is wrong in another way, or a statement of several lines
        return ""
    if _at(known, keys) is None:
        return ""
    return there_already(keys, _line("\n".join(before), keys), is_table=is_table)


def _is_header(line: str) -> bool:
    return re.match(r"\s*\[[^\[]", line) is not None


def _path(content: object) -> Iterator[str]:
    """Give the keys that lead to the one thing in a table."""
    while isinstance(content, dict) and content:
        ((key, content),) = content.items()
        yield key


def _at(content: object, keys: tuple[str, ...]) -> object:
    """Give what is at the end of some keys, or None."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


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
            found = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        if _at(found, keys) is not None:
            break
        start = end + 1
    return start
