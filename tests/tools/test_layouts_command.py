from __future__ import annotations

import pytest

from device.errors import SaykeyError
from tools.layouts import __main__, linux, xkb
from tools.layouts.table import write


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Where the command finds the tables: two of Linux's, and one that has no source."""
    sources = linux.SOURCES[:2]
    monkeypatch.setattr(linux, "SOURCES", sources)
    monkeypatch.setattr(__main__, "TABLES", tmp_path)
    folder = tmp_path / "linux"
    try:
        for source in sources:
            write(folder / f"{source.name}.toml", linux.table_of(source))
    except SaykeyError as error:
        pytest.skip(str(error))
    return folder


def test_the_command_finds_tables_as_they_are_to_be(tables, capsys):
    assert __main__.main(["linux", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_command_says_which_tables_differ_and_leaves_them(tables, capsys):
    first, second = sorted(tables.glob("*.toml"))
    first.write_text("")
    second.rename(tables / "zz.toml")
    assert __main__.main(["linux", "--check"]) == 1
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "at.toml differs",
        "be.toml is missing",
        "zz.toml has no source",
    ]
    assert first.read_text() == ""


def test_the_command_makes_anew_what_differs(tables, capsys):
    first, second = sorted(tables.glob("*.toml"))
    first.write_text("")
    second.rename(tables / "zz.toml")
    assert __main__.main(["linux"]) == 0
    assert __main__.main(["linux", "--check"]) == 0
    assert {path.name for path in tables.iterdir()} == {"at.toml", "be.toml"}


def test_a_machine_without_the_library_is_told_what_to_install(monkeypatch, capsys):
    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    xkb._library.cache_clear()
    monkeypatch.setattr(xkb.ctypes, "CDLL", no_library)
    try:
        assert __main__.main(["linux"]) == 2
    finally:
        xkb._library.cache_clear()
    assert "apt-get install libxkbcommon0" in capsys.readouterr().err
