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

    def start(self, post: Post) -> None:
        """Begin to post what is done to the button."""
        self._post = post

    def stop(self) -> None:
        """No event is posted afterwards."""
        self._post = None

    def press(self) -> None:
        """Push the button down."""
        self._move(pressed=True)

    def release(self) -> None:
        """Let the button come up."""
        self._move(pressed=False)

    def bounce(self) -> None:
        """Let the contact chatter, twice, and rest where it was."""
        for _ in range(4):
            self._move(pressed=not self._is_pressed)

    def _move(self, *, pressed: bool) -> None:
        self._is_pressed = pressed
        post = self._post
        if post is not None:
            post(ButtonMoved(pressed, time.monotonic()))
