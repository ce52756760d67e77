"""The course of a recording session: which prompt is up, and what a key or a take leads to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto


class Phase(Enum):
    """Where the session stands."""

    READY = auto()
    """A prompt is shown."""
    RECORDING = auto()
    """It is being read."""
    JUDGING = auto()
    """The take is over and not yet judged."""
    REVIEW = auto()
    """The take was judged; the owner decides."""
    ENDED = auto()
    """All is read, or the owner has had enough."""


class Command(Enum):
    """What the owner asks for."""

    GO = auto()
    """The next thing to do: record, stop, and then keep a good take or record a bad one again."""
    KEEP = auto()
    AGAIN = auto()
    LISTEN = auto()
    SKIP = auto()
    BACK = auto()
    QUIT = auto()


@dataclass(frozen=True, slots=True)
class Judged:
    """A take was judged.

    Attributes:
        again: It should be recorded again.
        empty: There is no speech in it: it cannot be kept.
    """

    again: bool = False
    empty: bool = False


class Act(Enum):
    """What is to be done, always about the prompt that was up before."""

    RECORD = auto()
    """Begin a new take; drop the one that there may be."""
    JUDGE = auto()
    """End the take, and tell what it is worth."""
    LISTEN = auto()
    KEEP = auto()
    SKIP = auto()


@dataclass(frozen=True, slots=True)
class Session:
    """What is remembered between two events.

    Attributes:
        count: How many prompts there are.
        settled: Numbers, from 0, of those that were recorded or skipped.
        at: The prompt that is up.
        phase: Where the session stands.
        judged: What the take is worth, while it is reviewed.
    """

    count: int
    settled: frozenset[int]
    at: int
    phase: Phase
    judged: Judged = Judged()

    @property
    def is_over(self) -> bool:
        """Whether all is read, or the owner has had enough."""
        return self.phase is Phase.ENDED


def begin(count: int, settled: frozenset[int] = frozenset()) -> Session:
    """Begin a session, or go on with one, at the first prompt that is not settled."""
    return _forward(Session(count, settled, -1, Phase.READY))


def step(session: Session, event: Command | Judged) -> tuple[Session, Act | None]:
    """Take what happened; give the new state, and what is to be done. What makes no sense now is ignored."""
    if isinstance(event, Judged):
        is_due = session.phase is Phase.JUDGING
        return (replace(session, phase=Phase.REVIEW, judged=event) if is_due else session), None
    if session.phase in {Phase.ENDED, Phase.JUDGING}:
        return session, None
    if event in {Command.QUIT, Command.BACK, Command.SKIP}:
        return _leave(session, event)
    if session.phase is Phase.REVIEW:
        return _review(session, event)
    return _take(session, event)


def _leave(session: Session, command: Command) -> tuple[Session, Act | None]:
    if command is Command.QUIT:
        return replace(session, phase=Phase.ENDED), None
    if command is Command.BACK:
        return replace(session, at=max(0, session.at - 1), phase=Phase.READY), None
    is_new = session.at not in session.settled
    return _settled(session), Act.SKIP if is_new else None


def _take(session: Session, command: Command) -> tuple[Session, Act | None]:
    is_recording = session.phase is Phase.RECORDING
    if command is (Command.AGAIN if is_recording else Command.GO):
        return _record(session)
    if is_recording and command is Command.GO:
        return replace(session, phase=Phase.JUDGING), Act.JUDGE
    return session, None


def _review(session: Session, command: Command) -> tuple[Session, Act | None]:
    is_bad = session.judged.again or session.judged.empty
    if command is Command.LISTEN:
        return session, Act.LISTEN
    if command is Command.AGAIN or (command is Command.GO and is_bad):
        return _record(session)
    return (session, None) if session.judged.empty else (_settled(session), Act.KEEP)


def _record(session: Session) -> tuple[Session, Act]:
    return replace(session, phase=Phase.RECORDING), Act.RECORD


def _settled(session: Session) -> Session:
    return _forward(replace(session, settled=session.settled | {session.at}))


def _forward(session: Session) -> Session:
    """Put up the next prompt that is not settled, from the beginning again after the last."""
    numbers = [(session.at + further) % session.count for further in range(1, session.count + 1)]
    at = next((number for number in numbers if number not in session.settled), None)
    if at is None:
        return replace(session, phase=Phase.ENDED)
    return replace(session, at=at, phase=Phase.READY)
