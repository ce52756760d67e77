"""From a press to another speech model, beside the event loop: to hold its files to a sha256 takes time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.errors import SaykeyError
from device.events import ModelChosen

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Post

_NOT_HERE = "the speech model cannot be changed here"
_UNDER_WAY = "the speech model is being changed already"


class ModelSwitch:
    """Makes the next speech model the one in use, one at a time. Used on the event loop only."""

    def __init__(self, next_model: Callable[[], str] | None, post: Post) -> None:
        """Begin with nothing to do.

        Args:
            next_model: Does it, as in `Parts`.
            post: Puts `ModelChosen` on the queue.
        """
        self._next_model = next_model
        self._post = post
        self._choosing: asyncio.Task[None] | None = None

    def turn(self) -> str:
        """Begin with it; give why not, or nothing."""
        if self._next_model is None:
            return _NOT_HERE
        if self._choosing and not self._choosing.done():
            return _UNDER_WAY
        self._choosing = asyncio.create_task(self._choose(self._next_model))
        return ""

    async def stop(self) -> None:
        """Return when none is being chosen any more."""
        if self._choosing:
            await self._choosing

    async def _choose(self, next_model: Callable[[], str]) -> None:
        try:
            self._post(ModelChosen(await asyncio.to_thread(next_model)))
        except SaykeyError as error:
            self._post(ModelChosen("", str(error)))
        except Exception as error:  # noqa: BLE001  whatever comes up, it stays the model that it is
            self._post(ModelChosen("", f"the speech model cannot be changed ({type(error).__name__})"))
