"""What the button does with the hosts, and what the indicator says of them."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from device.errors import HostError
from device.pairing import GLANCE_S, Window
from device.ports import State

if TYPE_CHECKING:
    from device.events import HostsChanged
    from device.ports import Hosts

log = logging.getLogger(__name__)

_NO_OTHER = "there is no other computer to type into"


class Computers:
    """The hosts as the user sees them. Used on the event loop only.

    Attributes:
        window: The pairing window.
    """

    def __init__(self, hosts: Hosts) -> None:
        """Begin with nothing said of them.

        Args:
            hosts: What chooses among them.
        """
        self.window = Window()
        self._asked_s = 0.0
        self._hosts = hosts

    @property
    def name(self) -> str:
        """Which one is typed into; empty where there is only one anyway."""
        return self._hosts.name if len(self._hosts.names()) > 1 else ""

    @property
    def is_away(self) -> bool:
        """Whether that one is known to take no keys now."""
        return self._hosts.is_away

    def changed(self, event: HostsChanged) -> tuple[State, str] | None:
        """Take what is so now; give what to tell the user of it, if anything."""
        before, self.window = self.window, event.window
        if event.window.asking != before.asking:
            self._asked_s = time.monotonic()
        if event.window.paired and event.window.paired != before.paired:
            return State.IDLE, f"{event.window.paired} is paired"
        if event.window.refused and event.window.refused != before.refused:
            return State.ERROR, event.window.refused
        return None

    def asks(self, at_s: float) -> bool:
        """Say whether a press then, on the clock of `time.monotonic`, is for one that asks to pair."""
        return bool(self.window.asking) and at_s >= self._asked_s + GLANCE_S

    def next(self) -> str:
        """Choose the next one; give why not, or nothing."""
        before = self._hosts.name
        self._hosts.next()
        return _NO_OTHER if self._hosts.name == before else ""

    def pair(self) -> bool:
        """Let one pair; give whether that is possible at all. Why the window stays closed comes by event."""
        try:
            self._hosts.pair()
        except HostError as error:
            # No more than that: the user may only be thinking about what to say.
            log.info("a long press does nothing: %s", error)
            return False
        return True

    def confirm(self) -> None:
        """Let the one pair that asks to. Whether it was in time or not, the question is answered."""
        if not self._hosts.confirm():
            log.info("the button was pressed for a computer that does not ask to pair any more")
        self.window = replace(self.window, asking="")
