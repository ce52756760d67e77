from __future__ import annotations

import errno
import os
import socket

import pytest

from device import systemd
from tests.parts import service_manager


async def test_messages_reach_the_service_manager(tmp_path, monkeypatch):
    with service_manager(tmp_path, monkeypatch) as manager:
        assert systemd.notify("READY=1")
        assert systemd.notify("STATUS=two\nWATCHDOG=1")
        assert await manager.next() == "READY=1"
        assert await manager.next() == "STATUS=two\nWATCHDOG=1"


def test_an_abstract_socket_is_reached(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"\0saykey-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@saykey-test-{os.getpid()}")
        assert systemd.notify("READY=1")
        assert channel.recv(64) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all"])
def test_without_a_manager_nothing_happens(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not systemd.notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert not systemd.notify("READY=1")


def test_where_no_socket_is_to_be_had_nothing_happens(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    with service_manager(tmp_path, monkeypatch) as manager:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", refuse)
            assert not systemd.notify("READY=1")
        assert systemd.notify("READY=1")
        assert manager.drain() == ["READY=1"]


def test_the_watchdog_is_fed_twice_as_often_as_it_wants(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert systemd.watchdog_interval_s() == 15
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert systemd.watchdog_interval_s() == 15


@pytest.mark.parametrize(
    "environment", [{}, {"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "often"}, {"WATCHDOG_USEC": "0"}]
)
def test_without_a_watchdog_none_is_fed(monkeypatch, environment):
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert systemd.watchdog_interval_s() is None


def test_the_watchdog_of_another_process_is_not_ours(monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert systemd.watchdog_interval_s() is None


async def test_the_watchdog_is_fed_in_blocks_that_are_too_short_for_its_interval(tmp_path, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "3600000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with service_manager(tmp_path, monkeypatch) as manager:
        with systemd.fed_for(10_000.0):
            pass
        assert await manager.next() == "WATCHDOG=1"
        async with systemd.fed_watchdog(lambda: ()):
            assert await manager.next() == "WATCHDOG=1"


async def test_the_watchdog_is_fed_while_something_blocks_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    with service_manager(tmp_path, monkeypatch) as manager:
        with systemd.fed_for(10_000.0):
            assert await manager.next() == "WATCHDOG=1"
        with systemd.fed_for(-1.0):
            pass
