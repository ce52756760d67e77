from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from device.boards.board import board_named
from device.commands import wiring
from device.errors import SaykeyError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


def call(*words: object, config: Path | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.set_defaults(config=config)
    wiring.configure(parser)
    return wiring.run(parser.parse_args([str(word) for word in words]))


def test_the_proposed_wiring_is_printed_with_the_settings_for_it(capsys):
    assert call("--board", "pi-zero-2w") == 0
    said = capsys.readouterr().out
    assert said.startswith("Raspberry Pi Zero 2 W, pin 1 at the top left\n")
    assert "talk (button)" in said
    assert "micro-USB socket that is marked USB" in said
    assert "A USB microphone: there is no socket left" in said
    assert said.endswith('led_blue = "GPIO25"\n')


def test_what_it_prints_is_taken_as_settings(capsys, tmp_path: Path):
    call("--board", "orange-pi-zero-3")
    config = tmp_path / "saykey.toml"
    config.write_text("[gpio]" + capsys.readouterr().out.partition("[gpio]")[2])
    assert call("--board", "orange-pi-zero-3", config=config) == 0
    said = capsys.readouterr().out
    assert "[gpio]" not in said  # they are in force
    assert f"pin 7 ({board_named('orange-pi-zero-3').gpio.button})" in said


def test_it_is_drawn_into_a_file(capsys, tmp_path: Path):
    file = tmp_path / "wiring.svg"
    assert call("--board", "orange-pi-5", "--svg", file) == 0
    assert file.read_text(encoding="utf-8").startswith("<svg ")
    assert capsys.readouterr().out == f"The wiring of the Orange Pi 5 is drawn in {file}.\n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(SaykeyError, match=r"wiring\.svg cannot be written: No such file or directory\."):
        call("--board", "orange-pi-5", "--svg", tmp_path / "none/wiring.svg")


def test_a_machine_that_is_no_known_board_asks_for_one(monkeypatch):
    monkeypatch.setattr(wiring, "this_board", lambda: None)
    with pytest.raises(
        SettingsError, match=r"no board that Saykey knows: add --board with one of orange-pi-5,"
    ):
        call()


def test_on_a_board_that_is_known_none_is_asked_for(capsys, monkeypatch):
    monkeypatch.setattr(wiring, "this_board", lambda: board_named("pi-4"))
    assert call() == 0
    assert capsys.readouterr().out.startswith("Raspberry Pi 4 and 400")


def test_what_to_buy_is_listed_with_prices_marked_as_approximate(capsys):
    call("--board", "pi-zero-2w")
    bill = capsys.readouterr().out.partition("What to buy")[2].partition("These pins are proposed")[0]
    assert "Prices are approximate" in bill
    assert "Raspberry Pi Zero 2 W" in bill
    assert "announced October 2021" in bill
    assert "estimate, November 2026" in bill
    assert "all together, about" in bill
