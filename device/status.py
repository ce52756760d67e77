"""What the indicator shows: the one thing that the user should know now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.ports import State

if TYPE_CHECKING:
    from device.ports import Indicator

NOTICE_S = 1.5
"""How long something is shown that is over at once: nothing heard, an error."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is the case on the path now.

    Attributes:
        listening: The user is being recorded.
        typing: Keys are being sent.
        recognising: A recording is being recognised or waits for it.
        fault: What is wrong for as long as it lasts, such as a missing microphone; empty when nothing is.
        host_away: The host does not take keys.
        waiting: Characters that wait for the user's press or for the host.
    """

    listening: bool = False
    typing: bool = False
    recognising: bool = False
    fault: str = ""
    host_away: bool = False
    waiting: int = 0


def state_of(  # noqa: PLR0911  one line for each state
    facts: Facts, notice: tuple[State, str] | None
) -> tuple[State, str]:
    """Give what to show, with a sentence for displays: what the user does now, then what the device does."""
    if facts.listening:
        return State.LISTENING, ""
    if facts.typing:
        return State.TYPING, ""
    if notice:
        return notice
    if facts.recognising:
        return State.RECOGNISING, ""
    if facts.fault:
        return State.ERROR, facts.fault
    waiting = f"{facts.waiting} characters wait" if facts.waiting else ""
    if facts.host_away:
        return State.HOST_AWAY, waiting
    return (State.WAITING, f"{waiting}: press the button to type them") if waiting else (State.IDLE, "")


class Status:
    """Tells the indicator what changed, and only that. Notices end by themselves."""

    def __init__(self, indicator: Indicator) -> None:
        self._indicator = indicator
        self._facts = Facts()
        self._notice: tuple[State, str] | None = None
        self._shown: tuple[State, str] | None = None
        self._over: asyncio.TimerHandle | None = None

    def update(self, facts: Facts) -> None:
        """Show what these facts come to."""
        self._facts = facts
        shown = state_of(facts, self._notice)
        if shown is self._notice and not self._over:
            self._over = asyncio.get_running_loop().call_later(NOTICE_S, self._end_notice)
        if shown != self._shown:
            self._shown = shown
            self._indicator.show(*shown)

    def notice(self, state: State, detail: str = "") -> None:
        """Show something for a moment, as soon as nothing more urgent is shown."""
        self.clear_notice()
        self._notice = (state, detail)

    def clear_notice(self) -> None:
        """Forget the notice: the user does something new."""
        if self._over:
            self._over.cancel()
        self._notice = self._over = None

    def _end_notice(self) -> None:
        self.clear_notice()
        self.update(self._facts)
