"""Waiting for a device: looking again and again, and giving up at last."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")

_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited each time, and by which clock.

    Attributes:
        timeout_s: Seconds after which it is given up.
        clock: Gives seconds.
        pause: Waits so many of them.
    """

    timeout_s: float
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def until(self, look: Callable[[], _Found | None]) -> _Found | None:
        """Look until something is found, and give it; `None` when the time is over."""
        end = self.clock() + self.timeout_s
        while (found := look()) is None and self.clock() < end:
            self.pause(_EVERY_S)
        return found
