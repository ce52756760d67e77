"""Saykey's Bluetooth side in the guest: what the daemon has of it, and a text to type instead of speech."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bluetooth import Bluetooth
from mixed_text import mixed_text
from orders import serve
from wait import until

from device.hardware import subscriber
from device.hardware.bluetooth import Bluetooth as Radio
from device.hardware.bluetooth_keyboard import BluetoothKeyboard
from device.hardware.bluez import Bluez
from device.hardware.gatt import services
from device.hardware.hci_monitor import HciMonitor
from device.keyboard.host import host_of
from device.keyboard.layout import layout_named
from device.keyboard.one_text import type_text
from device.pairing import GLANCE_S
from device.settings import KeyboardSettings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from device.outbox import Entry

T = TypeVar("T")

_LIMIT_S = 300.0

# A guest is many times slower than any board: on a busy machine, a host needs longer than 3 s to subscribe.
subscriber._SUBSCRIBE_S = 10.0


class Saykey:
    """The daemon's Bluetooth parts, on an asyncio loop in a thread. The orders are its methods."""

    def __init__(self) -> None:
        self._monitor: HciMonitor | None = None
        self._loop: asyncio.AbstractEventLoop
        self._away = 0
        self._typing: asyncio.Task[Entry] | None = None

    def open(self, *, monitors: bool = True) -> bool:
        """Start as the daemon does; say whether it sees receipts.

        Args:
            monitors: Whether it may.
        """
        self._loop = asyncio.new_event_loop()
        with ThreadPoolExecutor(
            1
        ) as daemon:  # which gives up what opening takes, and with it its thread only
            self._monitor = daemon.submit(HciMonitor.open).result() if monitors else None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._begin())
        return self._monitor is not None

    def shut(self) -> None:
        """End as the daemon does."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def problem(self) -> str:
        """Say why Bluetooth does not work, or nothing."""
        problem: str = self._call(lambda: self._radio.problem)
        return problem

    def open_window(self) -> None:
        """Let a computer pair, for two minutes, once Bluetooth works."""
        until(lambda: not self.problem())
        self._call(self._radio.open)

    def close_window(self) -> None:
        """Let no computer pair."""
        self._call(self._radio.close)

    def window(self) -> dict[str, Any]:
        """Give what there is to tell of pairing."""
        return asdict(self._radio.window)

    def wait_for_request(self) -> str:
        """Return when a computer asks to pair, and the user has seen that it does; give its name."""
        until(lambda: self._radio.window.asking)
        time.sleep(GLANCE_S)
        return self._radio.window.asking

    def confirm(self) -> bool:
        """Press the button for the computer that asks to pair."""
        return self._call(self._radio.confirm)

    def hosts(self) -> list[dict[str, Any]]:
        """Give the computers that are paired."""
        return [asdict(each) for each in self._call(self._radio.hosts)]

    def wait_for_host(self) -> list[dict[str, Any]]:
        """Return when a computer is paired."""
        until(self.hosts)
        return self.hosts()

    def wait_until_answered(self) -> None:
        """Return when nothing is open that a computer was asked, or that one was sent away."""
        monitor = self._monitor
        assert monitor is not None
        until(lambda: not self._call(lambda: monitor.unanswered))

    def forget(self, name: str) -> None:
        """Take a computer's bond away."""
        self._call(lambda: self._radio.forget(name))

    def use(self, address: str | None) -> None:
        """Type into this computer from now on."""
        self._call(lambda: self._keyboard.use(address))

    def ready(self) -> None:
        """Return when the computer takes reports."""
        self._do(self._keyboard.wait_until_ready())

    def leds(self) -> int:
        """Give the computer's LEDs."""
        return self._keyboard.leds()

    def type(self, layout: str, length: int, pace: str = "fast") -> str:
        """Begin to type a text with all of a layout; give it. After a fault the rest waits for `release`."""
        text = mixed_text(layout_named("linux", layout), length)
        host = host_of(KeyboardSettings(os="linux", layout=layout, pace=pace))
        self._away = 0
        self._waits = False

        async def begin() -> None:
            self._typing = asyncio.create_task(
                type_text(text, host, self._keyboard, interrupted=self._interrupted)
            )

        self._do(begin())
        return text

    def typed(self) -> dict[str, Any]:
        """Say how far it is.

        Returns:
            `is_done`: whether all is typed. `waits`: whether the host is back and the rest waits for the
            user's press. `away`: how often that was so. `refused`: the characters that were left out.
        """
        assert self._typing is not None
        is_done = self._typing.done()
        refused = self._typing.result().record.refused if is_done else 0
        return {"is_done": is_done, "waits": self._waits, "away": self._away, "refused": refused}

    def release(self) -> None:
        """Press, so that the rest is typed."""
        self._waits = False
        self._call(self._released.set)

    def press(self, count: int, gap_s: float) -> list[float]:
        """Press and let go of a key so often; give when each press was sent (time of day, s)."""

        async def press() -> list[float]:
            sent: list[float] = []
            for number in range(count):
                sent.append(time.time())
                await self._keyboard.send(bytes((0, 0, 4 + number % 26, 0, 0, 0, 0, 0)))
                await self._keyboard.send(bytes(8))
                await asyncio.sleep(gap_s)
            return sent

        return self._do(press())

    async def _begin(self) -> None:
        bluez = Bluez("Saykey", services(None))
        self._released = asyncio.Event()
        self._keyboard = BluetoothKeyboard(bluez, self._monitor)
        self._radio = Radio(bluez, self._keyboard, self._monitor)
        if self._monitor is not None:
            self._monitor.start(self._loop)
        self._radio.start(self._loop)

    async def _end(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            await asyncio.wait((self._typing,))
        self._keyboard.close()
        self._radio.stop()
        if self._monitor is not None:
            self._monitor.close()

    async def _interrupted(self, _: Entry, back: bool) -> None:  # noqa: FBT001  as the typist calls it
        if back:
            self._away += 1
            self._released.clear()
            self._waits = True
            await self._released.wait()

    def _call(self, work: Any) -> Any:
        """Do something on the loop, where all of it is used."""

        async def do() -> Any:
            return work()

        return self._do(do())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_LIMIT_S)


bluetooth = Bluetooth(Path(__file__).with_name("main.conf"))
bluetooth.attach()
bluetooth.start()
saykey = Saykey()
own = (
    "open",
    "shut",
    "problem",
    "open_window",
    "close_window",
    "window",
    "wait_for_request",
    "confirm",
    "hosts",
    "wait_until_answered",
)
own += ("wait_for_host", "forget", "use", "ready", "leds", "type", "typed", "release", "press")
serve({**bluetooth.orders(), **{name: getattr(saykey, name) for name in own}, "clock": time.time})
