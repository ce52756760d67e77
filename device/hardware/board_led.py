"""The LED on the board itself, as a folder of the kernel's (Linux, ABI/testing/sysfs-class-led)."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import PinError
from device.hardware.pins import is_lit

if TYPE_CHECKING:
    from collections.abc import Iterable

LEDS = Path("sys/class/leds")

_BY_HAND = "none"
"""The trigger of a LED that nothing in the kernel blinks."""


def find(names: Iterable[str], root: Path = Path("/")) -> Path | None:
    """Give the first of these LEDs that there is.

    Args:
        names: What the kernel calls them, such as "ACT".
        root: Where the machine's file system begins.
    """
    folders = (root / LEDS / name for name in names)
    return next((folder for folder in folders if (folder / "brightness").exists()), None)


class BoardLamp:
    """A LED of the board. Closed, it shows again what the kernel did before, such as the card's activity."""

    def __init__(self, folder: Path) -> None:
        """Take the LED, dark.

        Args:
            folder: As `find` gives it.

        Raises:
            PinError: It is not ours to use.
        """
        self._folder = folder
        try:
            self._lit = (folder / "max_brightness").read_text().strip()
            self._before = _chosen((folder / "trigger").read_text())
            (folder / "trigger").write_text(_BY_HAND)
        except OSError as error:
            raise self._refused(error) from error
        try:
            self.set(0, 0, 0)
        except PinError:
            self.close()
            raise

    def set(self, red: float, green: float, blue: float) -> None:
        """Light it for any colour but black.

        Raises:
            PinError: It is gone.
        """
        lit = is_lit("led", red, green, blue)
        try:
            (self._folder / "brightness").write_text(self._lit if lit else "0")
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """Turn it off, and give it back to the kernel."""
        with suppress(PinError):
            self.set(0, 0, 0)
        with suppress(OSError):
            (self._folder / "trigger").write_text(self._before)

    def _refused(self, error: OSError) -> PinError:
        return PinError(
            f"the board's LED {self._folder.name} cannot be used ({error.strerror}); "
            'docs/service.md says how the service may, and gpio.led = "" does without'
        )


def _chosen(triggers: str) -> str:
    """Give the trigger that is in brackets among all of them."""
    found = re.search(r"\[([^]]+)\]", triggers)
    return found[1] if found else _BY_HAND
