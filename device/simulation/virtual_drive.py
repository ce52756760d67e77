"""A drive whose host is a function: what a computer does with the image while it has it."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING

from device.errors import DriveError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


class VirtualDrive:
    """A `Drive` that hands its image to a function each time that it is shown.

    Attributes:
        history: What happened, in order: "show", then "eject" or "unplug" by the host, "hide", and "close".
        shown: The image that the host has; `None` while it has none.
    """

    def __init__(self, host: Callable[[Path], Awaitable[bool] | bool]) -> None:
        """Connect to a host.

        Args:
            host: Uses the image as a computer would. Says whether it ejected the drive; otherwise it was
                unplugged. One that waits for ever keeps the drive.
        """
        self.history: list[str] = []
        self.shown: Path | None = None
        self._host = host

    def show(self, image: Path) -> None:
        """Give the host an image in place of the keyboard.

        Raises:
            DriveError: There is no such image.
        """
        if not image.is_file():
            raise DriveError(f"There is no image {image} that could be shown; make one first")
        self.history.append("show")
        self.shown = image

    async def until_returned(self) -> None:
        """Let the host do what it does with the image."""
        if self.shown is None:  # hidden meanwhile: there is nothing that it could keep
            return
        returned = self._host(self.shown)
        ejected = await returned if isawaitable(returned) else returned
        self.history.append("eject" if ejected else "unplug")

    def hide(self) -> None:
        """Take the image from the host."""
        self.history.append("hide")
        self.shown = None

    def close(self) -> None:
        """Be a keyboard again."""
        self.history.append("close")
        self.shown = None
