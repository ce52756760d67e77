from __future__ import annotations

import argparse
from dataclasses import asdict

import pytest

from device.commands import pair
from device.errors import ControlError
from device.pairing import Window


@pytest.fixture
def call(monkeypatch):
    """The command, with a daemon that tells of these windows."""

    def command(*windows: Window) -> int:
        answers = ({"device": "Saykey", **asdict(window)} for window in windows)
        monkeypatch.setattr(pair, "follow", lambda _request: answers)
        parser = argparse.ArgumentParser()
        pair.configure(parser)
        return pair.run(parser.parse_args([]))

    return command


def opened(left_s: int, **values) -> Window:
    return Window(is_open=True, left_s=left_s, **values)


def test_it_says_what_to_do_and_who_was_paired(call, capsys):
    status = call(
        opened(120),
        opened(119),
        opened(100, asking="Ada's laptop"),
        opened(99, asking="Ada's laptop"),
        opened(98),
        Window(paired="Ada's laptop"),
    )
    assert status == 0
    out, error = capsys.readouterr()
    lines = out.splitlines()
    assert 'choose "Saykey"' in lines[0]
    assert "press the button" in lines[1]
    assert lines[2] == "Ada's laptop wants to pair: press the button."
    assert lines[3].startswith("Ada's laptop is paired.")
    assert """saykey hosts use 'Ada'"'"'s laptop'""" in lines[3], "it can be pasted into a shell"
    assert len(lines) == 4
    assert error == "", "a countdown is for terminals"


def test_nobody_came(call, capsys):
    assert call(opened(2), opened(1), Window()) == 1
    assert capsys.readouterr().err == "saykey: Nobody came.\n"


def test_a_refusal_is_told_once_and_again_at_the_next(call, capsys):
    refusal = "Nobody pressed the button for Laptop in time."
    status = call(
        opened(90, asking="Laptop"),
        opened(60, refused=refusal),
        opened(59, refused=refusal),
        opened(58, asking="Laptop"),
        opened(28, refused=refusal),
        Window(refused=refusal),
    )
    assert status == 1
    out, error = capsys.readouterr()
    assert out.splitlines()[2:] == ["Laptop wants to pair: press the button.", refusal] * 2
    assert error == f"saykey: {refusal}\n"


def test_a_radio_that_goes_is_told(call, capsys):
    assert call(opened(120), Window(refused="Bluetooth is blocked.")) == 1
    assert capsys.readouterr().err == "saykey: Bluetooth is blocked.\n"


def test_a_daemon_that_stops_is_told(call):
    with pytest.raises(ControlError, match="stopped"):
        call(opened(120))


def test_a_terminal_shows_the_seconds(call, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    call(opened(120), opened(119), Window())
    shown = [part.strip() for part in capsys.readouterr().err.split("\r") if part.strip()]
    assert shown == ["120 s left", "120 s left", "119 s left", "119 s left", "saykey: Nobody came."]
