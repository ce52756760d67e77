"""What is soldered to a board, by the kernel's gpio-sim: a GPIO chip, and a button and a LED at its lines.

board.py        make the first board's chip
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_CONFIG = Path("/sys/kernel/config/gpio-sim/board")
_PLATFORM = Path("/sys/devices/platform")

_BOUNCES = 5


@dataclass(frozen=True, slots=True)
class Chip:
    """A GPIO chip, and what is at its lines.

    Attributes:
        label: What its driver calls it.
        lines: How many it has.
        button: The line of the button, which connects it to ground.
        led: The line of the LED, which a high level lights.
    """

    label: str
    lines: int
    button: int
    led: int

    def make(self) -> None:
        """Have the kernel have it."""
        bank = _CONFIG / "bank0"
        bank.mkdir(parents=True)
        (bank / "label").write_text(self.label)
        (bank / "num_lines").write_text(str(self.lines))
        (_CONFIG / "live").write_text("1")

    def remove(self) -> None:
        """Take it out."""
        (_CONFIG / "live").write_text("0")
        (_CONFIG / "bank0").rmdir()
        _CONFIG.rmdir()

    def press(self) -> None:
        """Push the button down; its contact bounces."""
        self._touch("pull-down", "pull-up")

    def release(self) -> None:
        """Let it come up."""
        self._touch("pull-up", "pull-down")

    def light(self) -> Path:
        """Give the file that says whether the LED is lit."""
        return self._line(self.led) / "value"

    def is_up(self) -> bool:
        """Say whether the button's line is high."""
        return (self._line(self.button) / "value").read_text().strip() == "1"

    def _touch(self, pull: str, other: str) -> None:
        for each in (*(pull, other) * _BOUNCES, pull):
            (self._line(self.button) / "pull").write_text(each)

    def _line(self, number: int) -> Path:
        device = (_CONFIG / "dev_name").read_text().strip()
        chip = (_CONFIG / "bank0/chip_name").read_text().strip()
        return _PLATFORM / device / chip / f"sim_gpio{number}"


ORANGE_PI = Chip("300b000.pinctrl", 288, button=70, led=73)
"""The pins PC6 and PC9 of an Orange Pi Zero 2W, of 32 lines a port."""

RASPBERRY_PI = Chip("pinctrl-bcm2711", 58, button=17, led=27)
"""Those of a Raspberry Pi 4."""


if __name__ == "__main__":
    ORANGE_PI.make()
