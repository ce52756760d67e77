"""Computers that take keys by USB and by Bluetooth, and a typist that types into one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.app import targets_of
from device.errors import HostAwayError
from device.keyboard.reports import ALL_UP
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox
from device.pairing import BondedHost
from device.settings import KeyboardSettings, Settings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from device.keyboard.reports import Report

TABLET, PHONE = "5C:F3:70:8B:12:34", "A0:00:00:00:00:01"

# Three computers that read the same keys differently, and each of them whatever the text may hold.
DESCRIBED = {
    "usb": KeyboardSettings(os="linux", layout="de", other_layout="ru", layout_toggle="alt+shift", pace=0),
    "Tablet": KeyboardSettings(os="linux", layout="fr", pace=0),
    "Phone": KeyboardSettings(
        os="linux", layout="us", other_layout="ru", layout_toggle="super+space", pace="fast"
    ),
}


class Radio:
    """Bluetooth, as far as it is asked about."""

    def __init__(self, **names: str) -> None:
        self.problem = ""
        self.bonded = dict(names)
        self.opened = 0
        self.asks = False

    def hosts(self) -> list[BondedHost]:
        return [BondedHost(name, address, is_connected=True) for name, address in self.bonded.items()]

    def open(self) -> None:
        self.opened += 1

    def confirm(self) -> bool:
        return self.asks


class PairedKeyboard:
    """A keyboard with a link to each of several hosts, which serves one of them."""

    def __init__(self, **links: VirtualKeyboard) -> None:
        self.links = links
        self.address: str | None = None
        self.closed = False
        self._changes = 0
        self._gone = 0

    def use(self, address: str | None) -> None:
        if address != self.address:
            self._gone += self._link.absences() if self._link else 0
            self.address = address
            self._changes += 1
            self._gone -= self._link.absences() if self._link else 0

    async def send(self, report: Report) -> None:
        if self._link is None:
            raise HostAwayError("none is chosen")
        await self._link.send(report)

    async def wait_until_ready(self) -> bool:
        while self._link is None or not self._link._plugged.is_set():  # noqa: ASYNC110  nobody tells it
            await asyncio.sleep(0)
        return False

    def absences(self) -> int:
        return self._changes + self._gone + (self._link.absences() if self._link else 0)

    def leds(self) -> int:
        return self._link.leds() if self._link else 0

    def close(self) -> None:
        self.closed = True

    @property
    def _link(self) -> VirtualKeyboard | None:
        return self.links.get(self.address or "")


class ActingKeyboard(VirtualKeyboard):
    """Says when its host has got a report, before the typist knows."""

    got: Callable[[], None] = staticmethod(lambda: None)

    async def send(self, report: Report) -> None:
        await super().send(report)
        self.got()


class Sleepy(VirtualKeyboard):
    """A host that falls asleep with a report on its way, which it fetches when it wakes."""

    reports_left: int | None = None
    on_its_way: Report | None = None

    def __init__(self, host: VirtualHost) -> None:
        super().__init__(host)
        self.awake = asyncio.Event()
        self.awake.set()
        self.is_asked = False

    async def send(self, report: Report) -> None:
        assert not self.is_asked
        if self.reports_left == 0:
            self.reports_left, self.on_its_way = None, report
            self.awake.clear()
        if not self.awake.is_set():
            raise HostAwayError("asleep")
        if self.reports_left is not None:
            self.reports_left -= 1
        await super().send(report)

    async def wait_until_ready(self) -> bool:
        assert not self.is_asked
        self.is_asked = True
        try:
            await self.awake.wait()
        finally:
            self.is_asked = False
        arrived, self.on_its_way = self.on_its_way, None
        if arrived is not None:
            self._host.receive(arrived)
        self._host.receive(ALL_UP)
        return arrived is not None


class Desk:
    """Three computers, each with a keyboard, and a typist that types into the chosen one."""

    def __init__(self, folder: Path, text: str = "", *, usb: type[VirtualKeyboard] = ActingKeyboard) -> None:
        self.hosts = {name: VirtualHost.described_by(described) for name, described in DESCRIBED.items()}
        self.usb = usb(self.hosts["usb"])
        self.links = {
            "Tablet": ActingKeyboard(self.hosts["Tablet"]),
            "Phone": ActingKeyboard(self.hosts["Phone"]),
        }
        self.cables = {"usb": self.usb, **self.links}
        self.paired = PairedKeyboard(**{TABLET: self.links["Tablet"], PHONE: self.links["Phone"]})
        self.radio = Radio(Tablet=TABLET, Phone=PHONE)
        self.targets = targets_of(Settings(hosts=DESCRIBED), self.usb, self.paired, self.radio, folder=folder)
        self.outbox = Outbox()
        self.entry = Entry(1, text)
        if text:
            self.outbox.put(self.entry)
        self.done: list[Entry] = []
        self._changed = asyncio.Event()
        self.typist = Typist(
            self.targets,
            self.targets,
            self.outbox,
            report_change=self._changed.set,
            finished=self.done.append,
        )
        self.task = asyncio.create_task(self.typist.run())
        self.task.add_done_callback(lambda _: self._changed.set())

    def say(self, text: str) -> None:
        self.entry = Entry(self.entry.dictation + 1, text)
        self.outbox.put(self.entry)

    def after(self, reports: int, act: Callable[[], None]) -> None:
        """Do something just when so many more reports have arrived, anywhere."""
        left = [reports]

        def got() -> None:
            left[0] -= 1
            if left[0] == 0:
                act()

        for cable in self.cables.values():
            cable.got = got

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                if self.task.done():
                    self.task.result()
                self._changed.clear()
                await self._changed.wait()

    async def until_paused(self) -> None:
        await self.until(
            lambda: not (self.typist.typing or self.typist.host_away) and (self.outbox.held or self.is_done)
        )

    async def until_done(self) -> None:
        await self.until(lambda: self.is_done and not self.typist.typing)

    @property
    def is_done(self) -> bool:
        return self.entry in self.done

    def texts(self) -> dict[str, str]:
        return {name: host.text for name, host in self.hosts.items()}

    def assert_at_rest(self) -> None:
        """No key is down anywhere: time passes and nothing more appears."""
        before = self.texts()
        for host in self.hosts.values():
            assert not host.keys_down
            host.tick(10)
        assert self.texts() == before

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.targets.close()
        self.assert_at_rest()
