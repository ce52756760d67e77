"""Records what a keyboard sends to its host, and lights its Caps Lock as a compositor does.

    recorder.py NAME LOG

The log is the kernel's own events, one after another; events of type `HOST` are the host's own. One byte on
standard input switches the host's Caps Lock, as a key of another keyboard would; its end ends the recording.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import time

import evdev
from evdev import ecodes

EVENT = struct.Struct("qqHHi")
"""struct input_event of linux/input.h: seconds, microseconds, type, code, value."""

HOST = 0xF0
HERE, GONE, CAPS = range(3)
"""Codes of the type `HOST`: the keyboard is there, is gone; the host switched its Caps Lock."""

_REPEATED = 2
"""Value of the kernel's EV_KEY for a key that is held."""

_LOOK_EVERY_S = 0.005
_READ_EVENTS = 64


class Recorder:
    """Follows one keyboard through all its comings and goings."""

    def __init__(self, name: str, log: str) -> None:
        self._name = name
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._keyboard: evdev.InputDevice | None = None
        self._caps = False
        self._was_on = False  # before Caps Lock was pressed

    def record(self) -> None:
        """Record until standard input ends."""
        while True:
            if self._keyboard is None:
                self._look_for_it()
            files = [0] if self._keyboard is None else [0, self._keyboard.fd]
            ready, _, _ = select.select(files, [], [], _LOOK_EVERY_S if self._keyboard is None else None)
            if files[-1] in ready and files[-1]:
                self._read()
            if 0 in ready:
                if not os.read(0, 1):
                    return
                self._note(CAPS)
                self._light(not self._caps)

    def _look_for_it(self) -> None:
        for path in evdev.list_devices():
            try:
                keyboard = evdev.InputDevice(path)
                if keyboard.name.endswith(self._name):
                    keyboard.grab()
                    self._keyboard = keyboard
                    self._note(HERE)
                    self._light(self._caps)
                    return
                keyboard.close()
            except OSError:
                continue  # it comes or goes just now

    def _read(self) -> None:
        assert self._keyboard is not None
        try:
            events = os.read(self._keyboard.fd, EVENT.size * _READ_EVENTS)
        except OSError:
            self._keyboard.close()
            self._keyboard = None
            self._note(GONE)
            return
        os.write(self._log, events)
        for _, _, kind, code, value in EVENT.iter_unpack(events):
            if (kind, code) == (ecodes.EV_KEY, ecodes.KEY_CAPSLOCK) and value != _REPEATED:
                self._press_caps(down=value == 1)

    def _press_caps(self, *, down: bool) -> None:
        """Caps Lock goes on when it is pressed, and off when it is let go (xkb's action LockMods)."""
        if down:
            self._was_on = self._caps
            self._light(on=True)
        elif self._was_on:
            self._light(on=False)

    def _light(self, on: bool) -> None:  # noqa: FBT001  it has one meaning
        self._caps = on
        if self._keyboard is not None:
            try:
                self._keyboard.set_led(ecodes.LED_CAPSL, int(on))
            except OSError:
                return  # gone: reading says so

    def _note(self, code: int) -> None:
        seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
        os.write(self._log, EVENT.pack(seconds, microseconds, HOST, code, 0))


if __name__ == "__main__":
    # The kernel forgets what has not been read when a keyboard is unplugged: nothing may come between.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    Recorder(*sys.argv[1:]).record()
