from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import control, control_requests
from device.control import NoPlaceError, serving
from device.control_requests import (
    LONGEST_LINE,
    SERVICE_FOLDER,
    Forget,
    List,
    Next,
    Pair,
    Rename,
    Status,
    Use,
    ask,
    folders,
    follow,
)
from device.errors import ControlError, HostError
from device.pairing import BondedHost
from tests.control import FakeBonds, FakeHosts

LAPTOP = BondedHost("Laptop", "5C:F3:70:00:00:01", is_connected=True)
TABLET = BondedHost("Tablet", "5C:F3:70:00:00:02", is_connected=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of the socket, as systemd gives it."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.fixture
def bonds() -> FakeBonds:
    return FakeBonds(LAPTOP, TABLET)


@pytest.fixture
def hosts(bonds) -> FakeHosts:
    return FakeHosts(bonds)


async def asked(request):
    """Ask as the commands do, which wait for the answer."""
    return await asyncio.to_thread(ask, request)


async def said(folder, data: bytes) -> list[dict]:
    """Give what the daemon answers to these bytes."""
    reader, writer = await asyncio.open_unix_connection(folder / "control")
    writer.write(data)
    lines = [json.loads(line) async for line in reader]
    writer.close()
    await writer.wait_closed()
    return lines


async def test_the_hosts_are_listed_and_chosen(hosts, bonds):
    async with serving(hosts, bonds):
        assert await asked(Use("Tablet")) == {"name": "Tablet"}
        assert hosts.name == "Tablet"
        listed = (await asked(List()))["hosts"]
        assert listed == [
            {"name": "usb", "is_current": False, "is_connected": None, "address": ""},
            {"name": "Laptop", "is_current": False, "is_connected": True, "address": LAPTOP.address},
            {"name": "Tablet", "is_current": True, "is_connected": False, "address": TABLET.address},
        ]
        assert await asked(Next()) == {"name": "usb"}


async def test_bonds_are_named_and_forgotten(hosts, bonds):
    async with serving(hosts, bonds):
        await asked(Rename("Laptop", "Büro 🏠"))
        await asked(Forget("Tablet"))
        assert (await asked(Status()))["hosts"] == ["usb", "Büro 🏠"]


async def test_the_status_tells_of_bluetooth(hosts, bonds):
    bonds.problem = "Bluetooth is blocked; run: rfkill unblock bluetooth"
    async with serving(hosts, bonds):
        status = await asked(Status())
    assert status["name"] == "usb"
    assert status["bluetooth"]["problem"] == bonds.problem
    assert status["bluetooth"]["window"]["is_open"] is False


@pytest.mark.parametrize("request_", [Use("Toaster"), Forget("Toaster"), Rename("Toaster", "Oven")])
async def test_what_cannot_be_done_is_explained(hosts, bonds, request_):
    async with serving(hosts, bonds):
        with pytest.raises(HostError, match="Toaster"):
            await asked(request_)


@pytest.mark.parametrize("request_", [Pair(), Forget("Laptop"), Rename("Laptop", "Work")])
async def test_without_bluetooth_there_is_only_usb(request_):
    async with serving(FakeHosts(None)):
        assert [host["name"] for host in (await asked(List()))["hosts"]] == ["usb"]
        assert (await asked(Status()))["bluetooth"] is None
        with pytest.raises(HostError, match="Bluetooth is off"):
            await asked(request_)


# The pairing window.


async def test_the_window_is_told_until_it_closes(hosts, bonds):
    async with serving(hosts, bonds):
        windows = follow(Pair())
        first = await asyncio.to_thread(next, windows)
        assert first == {
            "device": "Saykey",
            "is_open": True,
            "left_s": 120,
            "asking": "",
            "paired": "",
            "refused": "",
        }
        bonds.tell(is_open=True, left_s=90, asking="Laptop")
        assert (await asyncio.to_thread(next, windows))["asking"] == "Laptop"
        bonds.tell(paired="Laptop")
        rest = await asyncio.to_thread(list, windows)
        assert [window["paired"] for window in rest] == ["Laptop"]


async def test_whoever_leaves_closes_the_window(hosts, bonds):
    closed = asyncio.Event()
    async with serving(hosts, bonds):
        windows = follow(Pair())
        await asyncio.to_thread(next, windows)
        with bonds.watching(lambda _: closed.set()):
            windows.close()
            await closed.wait()
    assert not bonds.window.is_open


async def test_a_daemon_that_stops_closes_the_window(hosts, bonds):
    async with serving(hosts, bonds):
        windows = follow(Pair())
        await asyncio.to_thread(next, windows)
    assert not bonds.window.is_open
    assert await asyncio.to_thread(list, windows) == []


# What is no request.

NO_REQUESTS = [
    b"\n",
    b"{}\n",
    b"[]\n",
    b"null\n",
    b"\xff\xfe\n",
    b'{"do": "dance"}\n',
    b'{"do": "use"}\n',
    b'{"do": "use", "name": 1}\n',
    b'{"do": "use", "name": "usb", "now": true}\n',
    b'{"do": "use", "name": "\xff"}\n',
    b'{"do": "use", "x": ' + b"[" * 4000 + b"\n",
    b"x" * (2 * LONGEST_LINE) + b"\n",
    b"x" * (2 * LONGEST_LINE),
]


async def test_what_is_no_request_is_answered_and_harms_nothing(hosts, bonds, folder):
    async with serving(hosts, bonds):
        for data in NO_REQUESTS:
            answers = await said(folder, data)
            assert [list(answer) for answer in answers] == [["error"]], data
        assert await asked(Use("Laptop")) == {"name": "Laptop"}


@given(st.binary(max_size=200) | st.from_regex(rb'\{"do": "[a-z]*", "name": .*\}', fullmatch=True))
def test_any_line_is_a_request_or_refused(line: bytes):
    async def read():
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        reader.feed_data(line)
        reader.feed_eof()
        return await control._read(reader)

    with suppress(ControlError, EOFError):
        assert isinstance(asyncio.run(read()), control_requests.Request)


async def test_a_client_that_says_nothing_is_sent_away(hosts, bonds, folder, monkeypatch):
    monkeypatch.setattr(control, "PATIENCE_S", 0.01)
    async with serving(hosts, bonds):
        answers = await said(folder, b'{"do": "hos')
    assert "No request" in answers[0]["error"]


@pytest.mark.parametrize("data", [b"", b'{"do": "hos'])
async def test_a_client_that_leaves_early_harms_nothing(hosts, bonds, folder, data):
    async with serving(hosts, bonds):
        _, writer = await asyncio.open_unix_connection(folder / "control")
        writer.write(data)
        writer.close()
        await writer.wait_closed()
        assert await asked(Next()) == {"name": "Laptop"}


# The socket.


async def test_only_owner_and_group_may_ask_and_nothing_is_left(hosts, folder):
    async with serving(hosts):
        assert (folder / "control").stat().st_mode & 0o777 == 0o660
    assert list(folder.iterdir()) == []


async def test_the_socket_of_a_dead_daemon_is_replaced(hosts, bonds, folder):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "control"))
    with pytest.raises(ControlError, match="does not run"):
        await asked(List())
    async with serving(hosts, bonds):
        assert await asked(Next()) == {"name": "Laptop"}


async def test_the_socket_of_a_living_daemon_is_left_to_it(hosts, bonds):
    async with serving(hosts, bonds):
        with pytest.raises(ControlError, match="runs already"):
            async with serving(FakeHosts(None)):
                pytest.fail("there are two daemons")
        assert await asked(Next()) == {"name": "Laptop"}


async def test_a_daemon_with_too_much_to_do_lives(hosts, folder):
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(folder / "control"))
        busy.listen(0)
        waiting.connect(str(folder / "control"))
        with pytest.raises(ControlError, match="runs already"):
            async with serving(hosts):
                pytest.fail("there are two daemons")


async def test_an_error_of_the_daemon_stays_what_it_is(hosts):
    with pytest.raises(OSError, match="of the daemon's own"):
        async with serving(hosts):
            raise OSError("of the daemon's own")


@pytest.mark.parametrize("path", ["no/such/folder", "x" * 120])
async def test_without_a_place_it_says_so(hosts, folder, monkeypatch, path):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder / path))
    with pytest.raises(NoPlaceError, match="control socket"):
        async with serving(hosts):
            pytest.fail("there is a socket")


def test_where_the_socket_is(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/saykey:/run/more")
    assert [str(folder) for folder in folders()] == ["/run/saykey"]
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert folders() == [tmp_path / "saykey", SERVICE_FOLDER]
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert folders() == [SERVICE_FOLDER]


# The client.


def test_without_a_daemon_it_says_how_to_start_it():
    with pytest.raises(ControlError, match="saykey run"):
        ask(List())


@contextmanager
def nobody():
    """Be a user without rights."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_user_without_rights_is_told_what_to_do(folder):
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(folder / "control"))
        daemon.listen()
        (folder / "control").chmod(0)
        with nobody(), pytest.raises(ControlError, match="group"):
            ask(List())


@contextmanager
def daemon_that(folder, act):
    """Have something else behind the socket, which treats one connection."""
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(folder / "control"))
        daemon.listen()

        def serve():
            connection, _ = daemon.accept()
            with connection:
                act(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def test_a_daemon_that_does_not_answer_is_told(folder, monkeypatch):
    monkeypatch.setattr(control_requests, "PATIENCE_S", 0.01)
    over = threading.Event()
    with daemon_that(folder, lambda _: over.wait()):
        with pytest.raises(ControlError, match="does not answer"):
            ask(List())
        over.set()


@pytest.mark.parametrize(
    ("answer", "words"), [(b"", "without an answer"), (b"{", "stopped"), (b"\xff\n", "stopped")]
)
def test_a_daemon_that_dies_is_told(folder, answer, words):
    def die(connection):
        connection.recv(LONGEST_LINE)
        connection.sendall(answer)

    with daemon_that(folder, die), pytest.raises(ControlError, match=words):
        ask(List())
