"""A host with BlueZ: it pairs with keyboards as a desktop does, and records what its kernel makes of them."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent import agree, register
from bluetooth import Bluetooth
from host import Host, host
from orders import serve
from peers import connect, disconnect, find, forget, pair, peer
from wait import until

_EVENTS = Path("/tmp/events")  # noqa: S108  it is the guest's own


class Recording:
    """What comes from a keyboard, from `begin` to `end`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._host: Host

    def begin(self, name: str) -> None:
        """Record the keyboard of this name, through all its comings and goings, and nothing else any more."""
        self._stack.close()
        self._host = self._stack.enter_context(host(name, _EVENTS))

    def wait_until_here(self) -> None:
        """Return when the keyboard is there."""
        until(self._host.is_here)

    def is_here(self) -> bool:
        """Say whether the keyboard is there."""
        return self._host.is_here()

    def presses(self) -> int:
        """Say how many keys have been pressed so far."""
        return self._host.presses()

    def pressed_at(self) -> list[float]:
        """Give when each key was pressed (time of day, s)."""
        return self._host.pressed_at()

    def switch_caps(self) -> None:
        """Switch the host's own Caps Lock."""
        self._host.switch_caps()

    def end(self, layout: str) -> dict[str, Any]:
        """Give what was received, when nothing more comes."""
        self._host.settle()
        self._stack.close()
        return asdict(self._host.received(layout))


def start() -> None:
    """Start bluetoothd, whose settings dialog is open."""
    bluetooth.start()
    register()


bluetooth = Bluetooth(Path(__file__).with_name("main.conf"))
bluetooth.attach()
bluetooth.start()
agree()
recording = Recording()
serve(
    {
        **bluetooth.orders(),
        "start": start,
        "find": find,
        "pair": pair,
        "connect": connect,
        "disconnect": disconnect,
        "forget": forget,
        "peer": peer,
        "record": recording.begin,
        "wait_until_here": recording.wait_until_here,
        "is_here": recording.is_here,
        "presses": recording.presses,
        "pressed_at": recording.pressed_at,
        "switch_caps": recording.switch_caps,
        "received": recording.end,
        "clock": time.time,
    }
)
