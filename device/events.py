"""Everything that can happen to the device, as values on one queue.

Threads, callbacks and tasks only put these on the queue; `device.dictation` alone acts on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.gestures import Gesture
    from device.pairing import Window
    from device.speech.transcript import Transcript


@dataclass(frozen=True, slots=True)
class ButtonMoved:
    """The button's contact went down or came up. It may still bounce.

    Attributes:
        pressed: True while the button is down.
        at_s: When, on the clock of `time.monotonic`, in seconds.
    """

    pressed: bool
    at_s: float


@dataclass(frozen=True, slots=True)
class FurtherButtonMoved:
    """The contact of a button that means one thing went down or came up. It may still bounce.

    Attributes:
        asks: What a press of it asks for.
        move: How it moved.
    """

    asks: Gesture
    move: ButtonMoved


@dataclass(frozen=True, slots=True)
class DecisionDue:
    """It means something now if the button did not move meanwhile.

    It has ceased to bounce, a press was a long one, or presses were no double press.

    Attributes:
        at_s: When, on the clock of `time.monotonic`, in seconds.
    """

    at_s: float


@dataclass(frozen=True, slots=True)
class SoundHeard:
    """One window of sound arrived from the microphone.

    Attributes:
        samples: `WINDOW` mono float32 samples at 16 kHz, in -1 to 1.
    """

    samples: Samples


@dataclass(frozen=True, slots=True)
class MicrophoneLost:
    """The microphone is missing or stopped delivering. It tries again by itself.

    Attributes:
        reason: What is wrong, in one sentence for the user.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class MicrophoneReady:
    """The microphone delivers sound, at the start or again.

    Attributes:
        name: The sound system's name of the microphone.
    """

    name: str


@dataclass(frozen=True, slots=True)
class MicrophoneClosed:
    """The microphone is closed, since it is muted. What it heard before is on the queue before this.

    Attributes:
        reason: Why it could not be closed, in one sentence for the user; empty where it is. What it hears is
            thrown away then.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class SoundDropped:
    """The sound system reports that it lost sound before it reached us (an overrun)."""


@dataclass(frozen=True, slots=True)
class Anticipated:
    """The recogniser understood something of a recording that may go on.

    Attributes:
        recording: As much of it as was recognised.
        transcript: What was said so far. It may be understood otherwise when more is heard.
    """

    recording: Recording
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Recognised:
    """The recogniser understood one dictation, or more of it than before.

    Attributes:
        dictation: Number of the dictation, from 1.
        transcript: What was said, from its beginning. Empty when nothing was.
        is_all: Nothing follows. Until then this is a beginning, which stays as it is.
    """

    dictation: int
    transcript: Transcript
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class RecognitionFailed:
    """The recogniser raised an error on one dictation.

    Attributes:
        dictation: Number of the dictation.
        reason: What is wrong, in one sentence, without a word of what was said.
        again: Its sound is kept, and tried again at the next press.
    """

    dictation: int
    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class TypingChanged:
    """The typist began or stopped, or the host went away or came back."""


@dataclass(frozen=True, slots=True)
class ModelChosen:
    """It was tried to make another speech model the one in use.

    Attributes:
        name: The name of that model; empty where there is none.
        reason: Why not, in that case.
    """

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KeyboardTried:
    """It was tried to be the USB keyboard again, after the drive.

    Attributes:
        reason: What is wrong, in one sentence for the user; empty where it is the keyboard again.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class HostsChanged:
    """Another host was chosen, or it came or went, or there is something new about pairing. All as it is now.

    Attributes:
        window: The pairing window.
    """

    window: Window


class Then(Enum):
    """What comes after a dictation has ended."""

    STOP = "stop"
    DRIVE = "drive"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The dictation shall end (SIGTERM, SIGINT, or the end of a scripted run).

    Attributes:
        then: What comes after it: nothing, the drive, or another one with what is installed and set by then.
    """

    then: Then = Then.STOP


Event = (
    ButtonMoved
    | FurtherButtonMoved
    | DecisionDue
    | SoundHeard
    | MicrophoneLost
    | MicrophoneReady
    | MicrophoneClosed
    | SoundDropped
    | Anticipated
    | Recognised
    | RecognitionFailed
    | TypingChanged
    | ModelChosen
    | KeyboardTried
    | HostsChanged
    | StopRequested
)

Post = Callable[[Event], None]
"""Puts an event on the queue. May be called from any thread."""
