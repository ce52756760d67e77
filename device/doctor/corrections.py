"""Corrections: whether any are kept, and why not."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from device.corrections.store import Store
from device.corrections.words import NO_KEY, amount
from device.doctor.finding import Finding, ok, warning
from device.models.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator


def corrections(*, keeps: bool, store: Store | None = None, trust: Trust | None = None) -> Iterator[Finding]:
    """Look at what is kept, and whether it can be sealed.

    Args:
        keeps: The user wants it.
        store: Where it is kept; without, the usual place.
        trust: Whose key it is sealed to; without, the owner's.

    Raises:
        ModelError: The key cannot be read.
    """
    store = store or Store()
    try:
        there = amount(store.kept(), store.today())
    except OSError as error:
        yield warning(f"what is kept cannot be read ({error.strerror})", "run it as the user saykey")
        return
    if not keeps:
        yield ok(f"corrections.keep is false: {there}")
        return
    key = (trust or Trust()).key()
    if key is None:
        yield warning(
            f"corrections.keep is true, but nothing is kept: {NO_KEY}",
            "make one with saykey-trainer keys new, and show it to this device: saykey key trust KEY",
        )
    elif not _can_seal():
        yield warning(
            "corrections.keep is true, but nothing is kept: the package PyNaCl is missing",
            "install Saykey again, with all that it needs",
        )
    else:
        yield ok(f"{there}; sealed to the key {key.id}")


def _can_seal() -> bool:
    try:
        return bool(version("pynacl"))
    except PackageNotFoundError:
        return False
