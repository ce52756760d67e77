"""The host's lock keys, switched for as long as the text needs them otherwise, and back again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.keyboard.reports import CAPS_LOCK, CAPS_LOCK_LED, NUM_LOCK, NUM_LOCK_LED, Keystroke

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from device.ports import Keyboard

LED_WITHIN_S = 1.0
"""How soon a host shows by its LED that a lock key was pressed."""

_LOOK_EVERY_S = 0.005

_HELD_S = {"macos": 0.2, "ios": 0.2}
"""A Mac takes a short press of Caps Lock for an accident."""

_KEYS = {CAPS_LOCK_LED: CAPS_LOCK, NUM_LOCK_LED: NUM_LOCK}


class Locks:
    """Switches lock keys, and knows which ones are to be switched back.

    Attributes:
        stuck: LED bits of the lock keys that did not follow. They are not pressed again before `restore`.
    """

    def __init__(
        self,
        keyboard: Keyboard,
        system: str,
        press: Callable[[Keystroke], Awaitable[None]],
        let_go: Callable[[], Awaitable[None]],
    ) -> None:
        """Take the host's lock keys as they are.

        Args:
            keyboard: Tells the LEDs.
            system: The host's operating system.
            press: Presses a key, with all others up before it.
            let_go: Takes all keys up.
        """
        self.stuck = 0
        self._keyboard = keyboard
        self._held_s = _HELD_S.get(system, 0.0)
        self._press = press
        self._let_go = let_go
        self._switched = 0

    async def set(self, leds: int) -> bool:
        """Switch the lock keys of these LED bits; say whether all did, and else note them as stuck.

        Raises:
            HostAwayError: The host does not take reports.
        """
        for led in _KEYS:
            if leds & led:
                wanted = ~self._keyboard.leds() & led
                await self._switch(led)
                if not await self._shows(led, wanted):
                    self.stuck |= led
                    return False
                self._switched ^= led
        return True

    async def restore(self) -> None:
        """Switch back what was switched.

        Raises:
            HostAwayError: The host does not take reports.
        """
        self.stuck = 0
        for led in _KEYS:
            if self._switched & led:
                self._switched ^= led
                await self._switch(led)

    def forget(self) -> None:
        """Leave all as it is: the host that comes back may be another one, or its user have switched them."""
        self._switched = self.stuck = 0

    async def _switch(self, led: int) -> None:
        await self._let_go()
        await self._press(Keystroke(_KEYS[led]))
        await asyncio.sleep(self._held_s)
        await self._let_go()

    async def _shows(self, led: int, wanted: int) -> bool:
        try:
            async with asyncio.timeout(LED_WITHIN_S):
                while self._keyboard.leds() & led != wanted:  # noqa: ASYNC110  keyboards tell when asked
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return False
        return True
