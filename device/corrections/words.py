"""What is said of corrections, without a word of them. All of it is pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from device.corrections.store import Kept

NO_KEY = "this device has no owner's key to seal them to"
"""Why nothing is kept, and nothing held."""

OFF = "Nothing is kept: corrections.keep is false."
"""What there is to say where the user does not want it."""


def counted(count: int) -> str:
    """Give a number of corrections."""
    return f"{count} correction{'s' * (count != 1)}"


def forgotten(count: int) -> str:
    """Say that so many were deleted."""
    return f"deleted: {counted(count)}" if count else "no corrections are kept"


def amount(kept: Sequence[Kept], today: date) -> str:
    """Say how many there are, how large, and how old."""
    if not kept:
        return "no corrections are kept"
    days = max(0, (today - min(each.day for each in kept)).days)
    age = "of today" if days == 0 else f"the oldest of {days} day{'s' * (days != 1)} ago"
    return f"{counted(len(kept))}, {sum(each.size for each in kept) / 1e6:.1f} MB, {age}"


def sentence(words: str) -> str:
    """Give words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."
