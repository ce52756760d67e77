from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from device.cli import main
from device.hardware import usb_keyboard
from device.keyboard.host import host_of
from device.keyboard.layout import SYSTEMS, layouts
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from tests.parts import PATIENCE_S
from tests.saykey import ROOT, saykey


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "saykey.toml"
    file.write_text("")
    return file


@pytest.fixture
def ask(config, capsys):
    """Run the command in this process; give its status, its output and what it complained about."""

    def run(*words):
        status = main(["type", "--config", str(config), *words])
        out, error = capsys.readouterr()
        return status, out, error

    return run


@pytest.fixture
def host(monkeypatch):
    """A host at the other end of the USB keyboard, whose cable can be pulled."""
    host = VirtualHost()
    keyboard = VirtualKeyboard(host)
    monkeypatch.setattr(usb_keyboard, "usb_keyboard", lambda: keyboard)
    host.cable = keyboard
    return host


def read_back(reports, **settings):
    host = VirtualHost.described_by(KeyboardSettings(**settings))
    for report in reports:
        host.receive(bytes.fromhex(report))
    assert not host.keys_down
    return host.text


# Without a host.


@pytest.mark.parametrize("pace", ["fast", "normal", "remote", "7"])
@pytest.mark.parametrize(("system", "layout"), [("linux", "de"), ("windows", "fr"), ("macos", "es")])
def test_a_dry_run_shows_reports_that_a_host_reads_as_the_text(ask, system, layout, pace):
    text = "Hello, caf\u00e9! \u00bfSe\u00f1or? 1 \u20ac"
    status, out, error = ask(text, "--os", system, "--layout", layout, "--pace", pace, "--dry-run", "--json")
    answer = json.loads(out)
    assert (status, error) == (0, "")
    assert {len(report) for report in answer["reports"]} == {16}
    assert read_back(answer["reports"], os=system, layout=layout) == text
    assert answer["record"]["asked"] == answer["record"]["typed"] == len(text)
    assert (answer["os"], answer["layout"], str(answer["pace"])) == (system, layout, pace)


def test_a_dry_run_prints_one_report_a_line(ask):
    status, out, _ = ask("a", "--dry-run")
    assert status == 0
    assert out.splitlines() == ["0000000000000000", "0000040000000000", "0000000000000000"]


def test_what_is_typed_otherwise_or_not_at_all_is_said(ask):
    status, out, error = ask("5 \u20ac \u6f22", "--dry-run", "--json")
    record = json.loads(out)["record"]
    assert status == 1
    assert (record["typed"], record["substituted"], record["refused"]) == (3, 1, 1)
    status, _, error = ask("5 \u20ac \u6f22", "--dry-run")
    assert "\u20ac as 'EUR'" in error
    assert "1 characters cannot be typed: \u6f22" in error


def test_accents_may_come_apart_from_their_letters(ask):
    _, out, _ = ask("cafe\u0301", "--os", "linux", "--layout", "fr", "--dry-run", "--json")
    assert json.loads(out)["record"]["typed"] == 4


def test_the_settings_are_what_counts_without_options(ask, config):
    host = "[keyboard]\nos = 'linux'\nlayout = 'de'\npace = 'fast'\n"
    config.write_text(f"{host}[commands]\nnew_line = 'strict'\n")
    _, out, _ = ask("\u00e4\nb", "--dry-run", "--json")
    assert read_back(json.loads(out)["reports"], os="linux", layout="de") == "\u00e4\nb"


def test_a_line_break_is_a_space_and_a_backspace_is_refused(ask):
    status, out, _ = ask("a\nb\x08", "--dry-run", "--json")
    answer = json.loads(out)
    assert read_back(answer["reports"]) == "a b"
    assert answer["record"]["refusals"] == ["\x08"]
    assert status == 1


def test_the_text_may_come_from_standard_input(ask, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("gr\u00fc\u00df".encode())))
    _, out, _ = ask("-", "--os", "linux", "--layout", "de", "--dry-run", "--json")
    assert json.loads(out)["text"] == "gr\u00fc\u00df"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--os", "amiga"], "--os is 'amiga', but allowed is \"linux\""),
        (["--layout", "klingon"], "there is no layout 'klingon'"),
        (["--pace", "slow"], "--pace is 'slow', but allowed is \"fast\""),
        (["--pace", "5000"], "--pace is 5000, but allowed is"),
        (["--pace", "-1"], "--pace"),
    ],
)
def test_a_wrong_option_is_answered_with_what_is_allowed(words, complaint):
    done = saykey("type", "x", "--dry-run", *words)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_text_that_is_no_utf_8_is_refused():
    reading, writing = os.pipe()
    os.write(writing, b"\xff\xfe")
    os.close(writing)
    done = saykey("type", "-", "--dry-run", stdin=reading)
    os.close(reading)
    assert done.returncode == 1
    assert "not UTF-8" in done.stderr


def test_where_standard_input_is_closed_it_says_so():
    command = f"{shlex.quote(sys.executable)} -m device.cli type - --dry-run <&-"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Standard input is closed" in done.stderr
    assert "Traceback" not in done.stderr


def test_typing_needs_no_package_of_the_recogniser():
    heavy = "{'numpy', 'ctranslate2', 'onnxruntime', 'sounddevice'}"
    imports = "import sys, device.commands.type, device.hardware.usb_keyboard"
    code = f"{imports}; sys.exit(bool({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# Into a host.


def test_the_text_is_typed_into_the_host(ask, host):
    status, out, error = ask("Hello", "--pace", "0")
    assert (status, out, error) == (0, "", "")
    assert host.text == "Hello"
    assert not host.keys_down


@pytest.fixture
def answer(monkeypatch):
    """The user's end of standard input."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda: os.write(writing, b"\n")
    os.close(writing)


def test_after_the_host_was_away_the_rest_is_typed_at_enter(ask, host, answer, monkeypatch):
    asked = threading.Event()
    monkeypatch.setattr(host.cable, "wait_until_ready", plugged_in_by(host, asked))
    host.cable.unplug_after(5)
    helper = threading.Thread(target=lambda: asked.wait(PATIENCE_S) and answer())
    helper.start()
    status, _, error = ask("Hello World", "--pace", "0")
    helper.join()
    assert (status, host.text) == (0, "Hello World")
    assert "of 11 characters are dealt with" in error
    assert "Press Enter" in error


def plugged_in_by(host, asked):
    async def wait_until_ready():
        host.cable.plug_in()
        asked.set()
        return False

    return wait_until_ready


def test_with_the_text_from_standard_input_it_ends_there_and_says_how_far_it_came(ask, host, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Hello")))
    host.cable.unplug_after(4)
    status, _, error = ask("-", "--pace", "0")
    assert status == 1
    assert "of 5 characters are dealt with, the rest is not typed" in error
    assert "Hello".startswith(host.text)
    assert not host.keys_down


@pytest.mark.skipif(any(Path("/sys/class/udc").glob("*")), reason="this machine can be a USB keyboard")
def test_where_there_is_no_usb_keyboard_it_says_so():
    done = saykey("type", "x")
    assert done.returncode == 1
    assert "USB device controller" in done.stderr


# The layouts.


def test_the_layouts_are_listed_by_operating_system(capsys):
    assert main(["layouts"]) == 0
    out = capsys.readouterr().out
    assert all(f"{system}:" in out for system in SYSTEMS)
    assert "German (Switzerland)" in out
    assert main(["layouts", "--os", "macos", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["layout"] for each in found] == layouts("macos")
    assert all(each["characters"] and each["origin"] and each["title"] for each in found)


def test_every_listed_layout_makes_a_host():
    for system in SYSTEMS:
        for name in layouts(system):
            assert host_of(KeyboardSettings(os=system, layout=name)).layout.name == name
