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
        starting: The microphone is still being opened.
        muted: It is closed, since the user wants not to be heard.
        listening: The user is being recorded.
        hands_free: What the user does now that dictations begin by themselves; empty where they do not.
        typing: Keys are being sent.
        recognising: A recording is being recognised or waits for it.
        fault: What is wrong for as long as it lasts, such as a missing microphone; empty when nothing is.
        host_away: The host does not take keys.
        waiting: Characters that wait for the user's press or for the host.
        host: Name of the host where there are several; empty where there is one.
        pairing_as: What computers call this device that may pair now; empty while none may.
        asking: Name of the host that asks to; empty when none does.
    """

    starting: bool = False
    muted: bool = False
    listening: bool = False
    hands_free: str = ""
    typing: bool = False
    recognising: bool = False
    fault: str = ""
    host_away: bool = False
    waiting: int = 0
    host: str = ""
    pairing_as: str = ""
    asking: str = ""


def state_of(  # noqa: PLR0911  one line for each state
    facts: Facts, notice: tuple[State, str] | None
) -> tuple[State, str]:
    """Give what to show, with a sentence for displays: what the user does now, then what the device does.

    Before all else comes what the next press would mean otherwise than always.
    """
    if facts.asking:
        return State.CONFIRM, f"{facts.asking} wants to pair: press the button"
    if facts.listening:
        return State.LISTENING, ""
    if facts.hands_free:  # as long as the microphone is open, nothing hides that
        return State.OPEN, (notice and notice[1]) or facts.fault or _waits(facts) or facts.hands_free
    if facts.typing:
        return State.TYPING, ""
    if notice:
        return notice
    if facts.recognising:
        return State.RECOGNISING, ""
    if facts.pairing_as:
        return State.PAIRING, f"pairing is open: choose {facts.pairing_as} on the computer"
    return (State.ERROR, facts.fault) if facts.fault else _at_rest(facts)


def _at_rest(facts: Facts) -> tuple[State, str]:
    if facts.starting:
        return State.STARTING, ""
    state, detail = _for_the_host(facts)
    # Whether it hears is asked before all else, and a LED answers only one question.
    return (State.MUTED, "" if state is State.IDLE else detail) if facts.muted else (state, detail)


def _waits(facts: Facts) -> str:
    """Say what waits, in a sentence; nothing when nothing does."""
    state, detail = _for_the_host(facts)
    return "" if state is State.IDLE else detail or state.value


def _for_the_host(facts: Facts) -> tuple[State, str]:
    waiting = f"{facts.waiting} characters wait" if facts.waiting else ""
    if facts.host_away:
        return State.HOST_AWAY, ", ".join(filter(None, (facts.host and f"{facts.host} is away", waiting)))
    if waiting:
        where = facts.host and f" into {facts.host}"
        return State.WAITING, f"{waiting}: press the button to type them{where}"
    return State.IDLE, facts.host and f"types into {facts.host}"


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
        is_told = shown is self._notice or (shown[0] is State.OPEN and self._notice is not None)
        if is_told and not self._over:
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
