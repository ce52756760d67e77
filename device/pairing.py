"""What is told of pairing, and of the computers that are paired: plain values."""

from __future__ import annotations

from dataclasses import dataclass

GLANCE_S = 0.5
"""How long a question stands before a press answers it. One that comes sooner was on its way already, for
people take about a quarter of a second to react to what they see, and meant something else."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the pairing window is like now.

    Attributes:
        is_open: Whether computers may ask to pair.
        left_s: Seconds until it closes.
        asking: The computer that waits for the press of the button; empty when none does.
        paired: The computer that was paired; empty unless that closed the window.
        refused: Why nothing came of the latest request, or of the window; one sentence, or empty.
    """

    is_open: bool = False
    left_s: int = 0
    asking: str = ""
    paired: str = ""
    refused: str = ""

    def in_words(self) -> str:
        """Say it in one line for an indicator; nothing when it is closed and there is nothing to tell."""
        if self.asking:
            return f"{self.asking} wants to pair: press the button"
        if self.paired:
            return f"{self.paired} is paired"
        left = f"{self.left_s} s left to pair" if self.is_open else ""
        return " ".join(filter(None, (self.refused, left)))


@dataclass(frozen=True, slots=True)
class BondedHost:
    """A computer that is paired for good.

    Attributes:
        name: What the user calls it; no other one is called the same.
        address: Its Bluetooth address, such as `5C:F3:70:8B:12:34`.
        is_connected: Whether it is connected now.
    """

    name: str
    address: str
    is_connected: bool
