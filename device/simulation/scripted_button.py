"""A button that a program presses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from device.events import ButtonMoved

if TYPE_CHECKING:
    from device.events import Post


class ScriptedButton:
    """A button that is pressed and released by calling it, from any thread."""

    def __init__(self) -> None:
        self._post: Post | None = None
        self._is_pressed = False
        self._moved_s = 0.0

    def start(self, post: Post) -> None:
        """Begin to post what is done to the button."""
        self._post = post

    def stop(self) -> None:
        """No event is posted afterwards."""
        self._post = None

    def is_held(self) -> bool:
        """Say whether it is down, also before `start`."""
        return self._is_pressed

    def press(self) -> None:
        """Push the button down."""
        self._move(pressed=True)

    def release(self) -> None:
        """Let the button come up."""
        self._move(pressed=False)

    def bounce(self) -> None:
        """Let the contact have chattered, twice, at the time of its latest move, and rest where it was."""
        for _ in range(4):
            self._move(pressed=not self._is_pressed, at_s=self._moved_s)

    def _move(self, *, pressed: bool, at_s: float | None = None) -> None:
        self._is_pressed, self._moved_s = pressed, time.monotonic() if at_s is None else at_s
        post = self._post
        if post is not None:
            post(ButtonMoved(pressed, self._moved_s))
