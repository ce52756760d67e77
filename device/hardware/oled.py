"""A small OLED display on the I2C bus, written to by a thread: a picture takes 25 to 95 ms, and may hang."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from device.hardware.oled_panel import Panel
from device.screen import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.ports import About, State
    from device.settings import DisplaySettings

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
"""How often it is looked whether a display that is lit is there still, and one that is lost there again."""

_DARK_AFTER_S = 60.0
"""After so long without a change it is dark: an OLED that always shows the same fades there."""

_STOP_S = 1.0
"""How long `close` waits for the bus."""


class Oled:
    """An `Indicator` and a `Display`. One that is missing or pulled off stops nothing, and may come back."""

    def __init__(self, settings: DisplaySettings, reach: Callable[[DisplaySettings], Panel] = Panel) -> None:
        """Begin dark.

        Args:
            settings: Which display it is, and where.
            reach: Gives the display, set up, if it is there; raises what it likes if not.
        """
        self._settings = settings
        self._reach = reach
        self._view: View | None = None
        self._changed = threading.Condition()
        self._is_closed = False
        self._panel: Panel | None = None
        self._is_lost = False
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self._thread.start()

    def show(self, state: State, detail: str = "") -> None:
        """Show a state, as soon as the bus has time."""
        self._change(lambda view: replace(view, state=state, detail=detail))

    def tell(self, about: About) -> None:
        """Show this beside the state, as soon as the bus has time."""
        self._change(lambda view: replace(view, about=about))

    def close(self) -> None:
        """Darken it for good."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(_STOP_S)

    def _change(self, change: Callable[[View], View]) -> None:
        with self._changed:
            self._view = change(self._view or View())
            self._changed.notify()

    def _run(self) -> None:
        shown: View | None = None
        changed_s, is_dark = 0.0, True
        while view := self._next(shown, None if is_dark else _LOOK_EVERY_S):
            now_s = time.monotonic()
            if view != shown:
                changed_s, is_dark = now_s, False
                self._draw(view)
            elif now_s - changed_s < _DARK_AFTER_S:
                self._look(view)
            else:
                self._darken()
                is_dark = True
            shown = view
        self._darken()

    def _next(self, shown: View | None, patience_s: float | None) -> View | None:
        """Wait for another view than this one, at most so long; give the newest, or none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._view != shown, patience_s)
            return None if self._is_closed else self._view

    def _draw(self, view: View) -> None:
        try:
            self._panel = self._panel or self._reach(self._settings)
            self._panel.draw(view)
        except Exception as error:  # noqa: BLE001  luma, smbus2 and the kernel each have their own
            self._lose(error)
            return
        if self._is_lost:
            log.info("the display is there again")
        self._is_lost = False

    def _look(self, view: View) -> None:
        if self._panel is None:
            self._draw(view)
            return
        try:
            self._panel.light()
        except Exception as error:  # noqa: BLE001  as above
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        self._leave()  # it has to be set up anew when it is there again
        if not self._is_lost:
            log.warning("the display shows nothing: %s", str(error) or type(error).__name__)
        self._is_lost = True

    def _darken(self) -> None:
        if self._panel is None:
            return
        try:
            self._panel.darken()
        except Exception as error:  # noqa: BLE001  as above
            self._lose(error)
            return
        self._leave()  # one that is pulled off meanwhile has to be set up anew

    def _leave(self) -> None:
        panel, self._panel = self._panel, None
        if panel:
            with suppress(Exception):
                panel.leave()
