"""Lines that say what is being done, and how long it took."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def step(what: str) -> Iterator[None]:
    """Tell that something begins, and, when it is done, how long it took.

    Args:
        what: What is done, as in "packing the root file system".
    """
    began = time.monotonic()
    print(f"{what} ...", file=sys.stderr, flush=True)  # noqa: T201  progress is for people
    yield
    print(f"{what}: {_took(time.monotonic() - began)}", file=sys.stderr, flush=True)  # noqa: T201


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
