"""A daemon's side of the control socket, without a radio."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

from device.errors import HostError
from device.pairing import BondedHost, Window


class FakeBonds:
    """Bluetooth whose window the test moves."""

    name, problem = "Saykey", ""

    def __init__(self, *hosts: BondedHost) -> None:
        self.window = Window()
        self._hosts = {host.name: host for host in hosts}
        self._watchers = []

    @contextmanager
    def watching(self, tell):
        self._watchers.append(tell)
        try:
            yield
        finally:
            self._watchers.remove(tell)

    def tell(self, **values) -> None:
        self.window = Window(**values)
        for tell in self._watchers:
            tell(self.window)

    def close(self) -> None:
        if self.window.is_open:
            self.tell()

    def hosts(self):
        return list(self._hosts.values())

    def _find(self, name: str) -> BondedHost:
        if name not in self._hosts:
            raise HostError(f"No computer is called {name!r}.")
        return self._hosts[name]

    def forget(self, name: str) -> None:
        del self._hosts[self._find(name).name]

    def rename(self, name: str, new: str) -> None:
        self._hosts[new] = replace(self._find(name), name=new)
        del self._hosts[name]


class FakeHosts:
    """The hosts of which one is current; the window opens where there is Bluetooth."""

    def __init__(self, bonds: FakeBonds | None) -> None:
        self.name = "usb"
        self._bonds = bonds

    def names(self):
        return ["usb", *(host.name for host in self._bonds.hosts())] if self._bonds else ["usb"]

    def use(self, name: str) -> None:
        if name not in self.names():
            raise HostError(f"There is no host {name!r}.")
        self.name = name

    def next(self) -> None:
        names = self.names()
        self.name = names[(names.index(self.name) + 1) % len(names)]

    def pair(self) -> None:
        self._bonds.tell(is_open=True, left_s=120)
