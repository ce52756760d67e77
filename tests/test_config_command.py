from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.inspect import (
    BoolType,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    Metadata,
    StrType,
    UnionType,
    type_info,
)
from msgspec.structs import asdict

from device.commands import config
from device.errors import SettingsError
from device.settings import GpioSettings, KeyboardSettings, LanguageSettings, Settings
from device.settings_files import DEFAULT, Loaded, load
from device.settings_words import LANGUAGES, NAMED, TYPES, host_table, table_named, types_of


def values(kind: Any) -> st.SearchStrategy[Any]:
    match kind:
        case Metadata(type=inner):
            found = values(inner)
        case LiteralType(values=choices):
            found = st.sampled_from(choices)
        case BoolType():
            found = st.booleans()
        case IntType(ge=low, le=high):
            found = st.integers(low, high)
        case FloatType(ge=low, le=high):
            found = st.floats(low, high)
        case UnionType(types=kinds):
            found = st.one_of(map(values, kinds))
        case ListType(item_type=item, max_length=most):
            found = st.lists(values(item), max_size=min(most, 3))
        case StrType(pattern=None):
            found = st.text()
        case StrType(pattern=pattern):
            found = st.from_regex(pattern)
    return found


PINS = ["", "GPIO17", "GPIO27", "GPIO2", "PC6", "PL4", "GPIO1_C6", "gpiochip0:17", "PI16", "PC7", "PC8"]


@st.composite
def settings(draw) -> Settings:
    sections = {
        table: type(getattr(Settings(), table))(
            **{key: draw(values(type_info(kind))) for key, kind in keys.items()}
        )
        for table, keys in TYPES.items()
        if table != "gpio"
    }
    assume(sections["speech"].neg_threshold <= sections["speech"].threshold)
    sections["keyboard"] = draw(keyboards())
    # Two of them at one pin are refused.
    sections["gpio"] = GpioSettings(*draw(st.permutations(PINS)), draw(st.booleans()))
    names = draw(st.lists(st.text(), unique_by=str.casefold, max_size=2))
    codes = draw(st.sets(st.sampled_from(["de", "fr", "haw"])))
    return Settings(
        **sections,
        hosts={name: draw(keyboards()) for name in names},
        languages={code: draw(LANGUAGE) for code in codes},
    )


LANGUAGE = st.builds(
    LanguageSettings,
    layout=st.sampled_from(["", "us", "de"]),
    initial_prompt=st.text(),
    hotwords=st.text(),
)


@st.composite
def keyboards(draw) -> KeyboardSettings:
    described = {key: draw(values(type_info(kind))) for key, kind in TYPES["keyboard"].items()}
    # Which layouts there are depends on the system.
    two = draw(st.sampled_from([{}, {"other_layout": "ru", "layout_toggle": "alt+shift"}]))
    one = {"layout": draw(st.sampled_from(["us", "de"])), "other_layout": "", "layout_toggle": ""}
    return KeyboardSettings(**(described | one | two))


ORIGINS = {f"{table}.{key}": DEFAULT for table, keys in TYPES.items() for key in keys}


def origins_of(settings: Settings, origin: str) -> dict[str, str]:
    tables = [*TYPES, *map(host_table, settings.hosts)]
    tables += [table_named(LANGUAGES, code) for code in settings.languages]
    return {f"{table}.{key}": origin for table in tables for key in types_of(table)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one test that writes many files, one after the other."""
    return tmp_path_factory.mktemp("etc")


@given(settings(), st.text(min_size=1))
def test_what_is_printed_loads_to_the_same_settings(folder: Path, wanted: Settings, origin: str):
    printed = config.render(Loaded(wanted, origins_of(wanted, origin)))

    sections = asdict(wanted)
    named = {kind: {name: asdict(table) for name, table in sections.pop(kind).items()} for kind in NAMED}
    tables = {table: asdict(section) for table, section in sections.items()}
    assert tomllib.loads(printed) == tables | {kind: each for kind, each in named.items() if each}
    file = folder / "printed.toml"
    file.write_bytes(printed.encode())
    again = load(file, folder)
    assert again.settings == wanted
    assert set(again.origins.values()) == {str(file)}


@pytest.mark.parametrize("character", [*map(chr, range(0x20)), '"', "\\", "\x7f", "\x85", "\u2028", "😀"])
def test_every_character_survives(character: str):
    wanted = Settings(recognition=type(Settings().recognition)(hotwords=f"a{character}b"))
    printed = config.render(Loaded(wanted, ORIGINS))
    assert tomllib.loads(printed)["recognition"]["hotwords"] == f"a{character}b"


def test_origins_stand_in_one_column_but_for_long_lines(tmp_path: Path):
    file = tmp_path / "saykey.toml"
    file.write_text(f"[recognition]\nhotwords = '{'Saykey ' * 20}'\n[button]\ntap_ms = 200\n")
    lines = config.render(load(root=tmp_path)).splitlines()

    assert f"tap_ms = 200{' ' * 21}  # {file}" in lines
    columns = {line.index("#") for line in lines if "#" in line and not line.startswith("hotwords")}
    assert len(columns) == 1
    (long,) = (line for line in lines if line.startswith("hotwords"))
    assert long.endswith(f'"  # {file}')


def test_a_host_is_printed_with_all_that_holds_for_it(tmp_path: Path):
    file = tmp_path / "saykey.toml"
    file.write_text("[keyboard]\nos = 'linux'\n[hosts.\"Anna's tablet\"]\nos = 'ios'\n")
    *_, table = config.render(load(root=tmp_path)).split("\n\n")
    lines = [re.sub(" +#", " #", line) for line in table.splitlines()]
    assert lines[:3] == ['[hosts."Anna\'s tablet"]', f'os = "ios" # {file}', 'layout = "us" # default']
    assert len(lines) == 1 + len(TYPES["keyboard"])


def test_file_name_with_a_newline_stays_in_its_comment():
    printed = config.render(Loaded(Settings(), dict.fromkeys(ORIGINS, "/etc/a\n[b].toml\udc80")))
    assert tomllib.loads(printed) == tomllib.loads(config.render(Loaded(Settings(), ORIGINS)))
    printed.encode()


def test_command_prints_what_is_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "trial.toml"
    file.write_text("[button]\nmode = 'toggle'\n")
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    config.configure(parser)

    assert config.run(parser.parse_args(["--config", str(file)])) == 0

    printed = capsys.readouterr().out
    assert tomllib.loads(printed)["button"]["mode"] == "toggle"
    (line,) = (line for line in printed.splitlines() if line.startswith("mode ="))
    assert line.endswith(f"# {file}")


def test_command_refuses_what_is_wrong(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"trial\.toml cannot be read"):
        config.run(argparse.Namespace(config=tmp_path / "trial.toml"))
