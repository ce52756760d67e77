from __future__ import annotations

import argparse
import io
import json

import pytest

from device.commands import hosts
from device.control_requests import Forget, List, Next, Rename, Use
from device.errors import HostError

USB = {"name": "usb", "is_current": False, "is_connected": None, "address": ""}
LAPTOP = {"name": "Laptop", "is_current": True, "is_connected": True, "address": "5C:F3:70:00:00:01"}
TABLET = {"name": "タブレット", "is_current": False, "is_connected": False, "address": "5C:F3:70:00:00:02"}


class Daemon:
    """Answers as the real one does, and keeps what it was asked."""

    def __init__(self):
        self.listed = [USB, LAPTOP, TABLET]
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        match request:
            case List():
                return {"hosts": self.listed}
            case Use(name) if name not in [host["name"] for host in self.listed]:
                raise HostError(f"There is no host {name!r}.")
            case Use(name):
                return {"name": name}
        return {"name": "Laptop"}


@pytest.fixture
def daemon(monkeypatch) -> Daemon:
    made = Daemon()
    monkeypatch.setattr(hosts, "ask", made)
    return made


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    hosts.configure(parser)
    return hosts.run(parser.parse_args(words))


def test_the_hosts_are_a_table(daemon, capsys):
    assert call() == 0
    assert capsys.readouterr().out.splitlines() == [
        "  name        connected  address",
        "  usb",
        "* Laptop      yes        5C:F3:70:00:00:01",
        "  タブレット  no         5C:F3:70:00:00:02",
    ]


def test_the_hosts_are_one_json_object(daemon, capsys):
    assert call("--json") == 0
    assert json.loads(capsys.readouterr().out) == {"hosts": daemon.listed}


def test_without_a_pairing_it_says_how_to_get_one(daemon, capsys):
    daemon.listed = [USB | {"is_current": True}]
    call()
    assert capsys.readouterr().out.splitlines()[1:] == [
        "* usb",
        "No computer is paired; to pair one, run: saykey pair",
    ]


@pytest.mark.parametrize(
    ("words", "request_", "said"),
    [
        (("use", "usb"), Use("usb"), "typed into usb"),
        (("next",), Next(), "typed into Laptop"),
        (("rename", "Laptop", " work "), Rename("Laptop", " work "), "Laptop is called work now"),
        (("forget", "Laptop", "--yes"), Forget("Laptop"), "Laptop is forgotten"),
    ],
)
def test_a_verb_is_done_and_told(daemon, capsys, words, request_, said):
    assert call(*words) == 0
    assert daemon.asked == [request_]
    assert said in capsys.readouterr().out


def test_an_unknown_host_is_an_error(daemon):
    with pytest.raises(HostError, match="Toaster"):
        call("use", "Toaster")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "forgets"), [("y\n", True), ("Yes\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_to_forget_asks_first(daemon, capsys, monkeypatch, typed, forgets):
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert call("forget", "Laptop") == (0 if forgets else 1)
    assert daemon.asked == ([Forget("Laptop")] if forgets else [])
    assert ("Forget Laptop?" in capsys.readouterr().out) is True


@pytest.mark.parametrize("stdin", [io.StringIO("y\n"), None])
def test_where_nobody_can_be_asked_it_is_not_forgotten(daemon, monkeypatch, stdin):
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(HostError, match="--yes"):
        call("forget", "Laptop")
    assert not daemon.asked


@pytest.mark.parametrize("words", [["dance"], ["use"], ["forget"], ["rename", "one"]])
def test_what_cannot_be_meant_is_a_usage_error(words, capsys):
    with pytest.raises(SystemExit):
        call(*words)
    assert "usage:" in capsys.readouterr().err
