"""Several buttons as one: the one to talk, and others that each mean one thing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from device.errors import PinError
from device.events import ButtonMoved, FurtherButtonMoved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.events import Event, Post
    from device.gestures import Gesture
    from device.ports import Button

log = logging.getLogger(__name__)


class Buttons:
    """The button to talk, with further ones beside it, which post `FurtherButtonMoved`."""

    def __init__(self, button: Button, further: Mapping[Gesture, Button]) -> None:
        """Put them together; nobody watches them yet.

        Args:
            button: The one to talk.
            further: The others, by what a press of each asks for.
        """
        self._button = button
        self._further = dict(further)
        self._watched: list[Button] = []

    def start(self, post: Post) -> None:
        """Begin to watch them. One of the others that cannot be watched is left out.

        Raises:
            SaykeyError: The button to talk cannot be watched.
        """
        self._button.start(post)
        self._watched.append(self._button)
        for gesture, button in self._further.items():
            try:
                button.start(_with_meaning(gesture, post))
            except PinError as error:
                log.warning("a button is left out: %s", error)
            else:
                self._watched.append(button)

    def stop(self) -> None:
        """Stop watching them all."""
        for button in self._watched:
            button.stop()
        self._watched.clear()

    def is_held(self) -> bool:
        """Say whether the button to talk is down now, also before `start`."""
        return self._button.is_held()


def _with_meaning(gesture: Gesture, post: Post) -> Post:
    def post_further(event: Event) -> None:
        if isinstance(event, ButtonMoved):
            post(FurtherButtonMoved(gesture, event))

    return post_further
