"""An indicator that remembers what it was told to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.ports import State


class SilentIndicator:
    """Shows nothing.

    Attributes:
        shown: Every state with its detail, in order.
    """

    def __init__(self) -> None:
        self.shown: list[tuple[State, str]] = []

    def show(self, state: State, detail: str = "") -> None:
        """Remember a state."""
        self.shown.append((state, detail))
