"""What can go wrong while an image is built."""

from __future__ import annotations


class BuildError(Exception):
    """The image cannot be built. The message says what is wrong and what to do."""
