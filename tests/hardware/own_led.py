"""A LED of the kernel's, as files: what is written there stays there as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def own_led(root: Path, name: str, trigger: str = "mmc0", brightest: int = 255) -> Path:
    """Give the folder of a LED that shows a trigger."""
    folder = root / "sys/class/leds" / name
    folder.mkdir(parents=True)
    triggers = ["none", "timer", "heartbeat", "mmc0", "default-on"]
    shown = " ".join(f"[{each}]" if each == trigger else each for each in triggers)
    (folder / "trigger").write_text(f"{shown}\n")
    (folder / "brightness").write_text("0\n")
    (folder / "max_brightness").write_text(f"{brightest}\n")
    return folder
