"""What a display shows beside the state: where the text goes, its language, and its end while it is typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.outbox import BACKSPACE
from device.ports import About
from device.text.body import KEYS

if TYPE_CHECKING:
    from device.languages import Languages
    from device.outbox import Outbox
    from device.ports import Display, Hosts

KEPT_S = 4.0
"""How long the text is shown once it is typed: others can read it, too."""

_SHOWN = str.maketrans({BACKSPACE: "", **dict.fromkeys(KEYS, " ")})
"""What becomes of keys among the text."""

_MOST = 200
"""Characters, more than any display shows."""


class Preview:
    """Tells the display what changed, and only that. Used on the event loop only."""

    def __init__(
        self,
        display: Display | None,
        hosts: Hosts,
        outbox: Outbox,
        languages: Languages,
        *,
        shows_text: bool,
    ) -> None:
        """Begin with nothing told.

        Args:
            display: The display, if there is one.
            hosts: Know who receives the text.
            outbox: Has what is typed.
            languages: Know what is spoken.
            shows_text: Show the text too.
        """
        self._display = display
        self._hosts = hosts
        self._outbox = outbox
        self._languages = languages
        self._shows_text = shows_text
        self._text = ""
        self._told: About | None = None
        self._over: asyncio.TimerHandle | None = None

    def update(self, *, typing: bool) -> None:
        """Tell what is so now."""
        if self._display is None:
            return
        if typing and self._shows_text:
            self._keep(self._outbox.first.translate(_SHOWN)[-_MOST:])
        elif self._text and self._over is None:
            self._over = asyncio.get_running_loop().call_later(KEPT_S, self._forget)
        spoken = self._languages
        about = About(self._hosts.name, self._hosts.layout(spoken.now), self._text, spoken.name)
        if about != self._told:
            self._told = about
            self._display.tell(about)

    def close(self) -> None:
        """Have no text shown any more: nobody would take it away later."""
        self._forget()

    def _keep(self, text: str) -> None:
        self._text = text
        if self._over:
            self._over.cancel()
        self._over = None

    def _forget(self) -> None:
        self._keep("")
        self.update(typing=False)
