"""The host's lock keys in a file, since the kernel tells each change once, to one reader."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LED_FILE = Path("run/saykey/leds")
"""The keyboard's last output report as two hexadecimal digits, in a file system that is memory."""


def read_leds(file: str | Path = Path("/") / LED_FILE) -> int | None:
    """Give what was kept last, by any process; none if nothing was."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return int(os.read(descriptor, 16), 16) & 0xFF
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def keep_leds(leds: int, file: Path = Path("/") / LED_FILE) -> None:
    """Keep an output report, where the folder is there and ours to write."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    with suppress(OSError):
        new.write_text(f"{leds:02x}\n")
        new.replace(file)
