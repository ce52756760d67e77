"""Waiting for a condition, with a limit that no healthy machine comes near."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT_S = 60.0
_LOOK_EVERY_S = 0.01


def until(condition: Callable[[], object], limit_s: float = _LIMIT_S) -> None:
    """Return when the condition holds.

    Raises:
        TimeoutError: It does not in time.
    """
    give_up_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > give_up_s:
            raise TimeoutError(f"{condition} did not come true within {limit_s} s")
        time.sleep(_LOOK_EVERY_S)
