"""What the dictation needs from the world. `device.hardware` and `device.simulation` provide it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.events import Post
    from device.keyboard.host import Host
    from device.keyboard.reports import Report
    from device.languages import Languages
    from device.speech.transcript import Transcript


class State(Enum):
    """What the indicator shows."""

    STARTING = "starting"
    IDLE = "idle"
    OPEN = "microphone open"
    LISTENING = "listening"
    RECOGNISING = "recognising"
    TYPING = "typing"
    NOTHING_HEARD = "nothing heard"
    WAITING = "text waits"
    HOST_AWAY = "host away"
    PAIRING = "pairing"
    CONFIRM = "press to confirm"
    DRIVE = "drive"
    INSTALLING = "installing"
    MUTED = "muted"
    ERROR = "error"


class Button(Protocol):
    """The button that the user holds while speaking. Posts `ButtonMoved`."""

    def start(self, post: Post) -> None:
        """Begin to watch the button."""

    def stop(self) -> None:
        """Stop watching and give the pin back. No event is posted afterwards."""

    def is_held(self) -> bool:
        """Say whether it is down now, also before `start`."""


class Microphone(Protocol):
    """The microphone. Posts `SoundHeard`, `SoundDropped`, `MicrophoneLost` and `MicrophoneReady`."""

    def start(self, post: Post) -> None:
        """Begin to deliver sound, or to look for a microphone that is not there yet.

        It may be called again after `stop`.

        Raises:
            RuntimeError: There is no memory for another thread.
        """

    def stop(self) -> None:
        """Close the microphone. No event is posted afterwards."""


class Gain(Protocol):
    """How far the microphone is turned up."""

    def heard(self, recording: Recording) -> None:
        """Learn from a dictation that is over how loud the user speaks; turn it up or down for the next."""

    def close(self) -> None:
        """Return when nothing is turned any more."""


class SpeechDetector(Protocol):
    """Says how likely each window of sound holds speech."""

    def reset(self) -> None:
        """Forget what was heard: a new recording begins."""

    def probability(self, window: Samples) -> float:
        """Give the probability, 0 to 1, that the next `WINDOW` samples of the recording hold speech."""


class WakeWord(Protocol):
    """Knows one word or two by which the user calls the device."""

    def reset(self) -> None:
        """Forget what was heard."""

    def heard(self, window: Samples) -> bool:
        """Take the next window of sound; say whether the wake word has just been said."""


class Recogniser(Protocol):
    """Turns speech into text. Called in the worker thread, one recording at a time."""

    def recognise(self, recording: Recording, report: Callable[[Transcript], object] = ...) -> Transcript:
        """Recognise one recording.

        Args:
            recording: The sound, and where in it there is speech.
            report: Called with what is final before all is.

        Raises:
            SaykeyError: When the recording cannot be recognised.
        """

    def anticipate(self, recording: Recording) -> Transcript:
        """Recognise a recording that may go on, so that less is left to do at its end.

        Raises:
            SaykeyError: When the recording cannot be recognised.
        """

    def cost_ms(self, duration_s: float) -> float:
        """Guess how long it takes to recognise so much speech. Called from any thread."""


class Keyboard(Protocol):
    """The keyboard that the host sees."""

    async def send(self, report: Report) -> None:
        """Hand one report to the host; return when it has it.

        Raises:
            HostAwayError: The host does not take reports. `wait_until_ready` says what became of this one.
        """

    async def wait_until_ready(self) -> bool:
        """Return when the host takes reports.

        Returns:
            Whether the report whose `send` failed has reached the host after all: one that a sleeping host
            left with us arrives when it wakes.
        """

    def absences(self) -> int:
        """Give how often the host has gone away so far. What comes back may be another host."""

    def leds(self) -> int:
        """Give the host's lock keys as the LED bits of the boot keyboard's output report (HID 1.11, B.1)."""

    def close(self) -> None:
        """Close the device file or link."""


class Hosts(Protocol):
    """The computers that may receive the text, of which one does."""

    @property
    def name(self) -> str:
        """Give the name of the one that receives it, for the user; empty when there is none."""

    @property
    def is_away(self) -> bool:
        """Say whether the one that was chosen is known to take no keys now."""

    def layout(self, language: str = "") -> str:
        """Give the name of the layout that is set at the one that was chosen while a language is spoken."""

    def host(self) -> Host:
        """Turn to the one that was chosen, with no key down at the one before; give how it reads keys.

        Only the typist calls this: to choose another one does not cut in two what is being typed.
        """

    def names(self) -> list[str]:
        """Give the names of all, in the order in which `next` goes round."""

    def use(self, name: str) -> None:
        """Choose one by its name. The keyboard counts a change as an absence.

        Raises:
            HostError: There is no such host.
        """

    def next(self) -> None:
        """Choose the next one, after the last one the first."""

    def pair(self) -> None:
        """Let a computer pair with the device for some time.

        Raises:
            HostError: There is no Bluetooth.
        """

    def confirm(self) -> bool:
        """Accept the computer that asks to pair: the user pressed the button.

        Returns:
            Whether one asked.
        """


class Drive(Protocol):
    """The drive that a host sees in place of the keyboard, with an image of ours on it."""

    def show(self, image: Path) -> None:
        """Be a drive with this image, in place of whatever we are to the host.

        Raises:
            DriveError: It cannot be shown. Then we are the keyboard again, as far as that can be.
        """

    async def until_returned(self) -> None:
        """Return when the host has ejected it, or was unplugged after it had taken it."""

    def hide(self) -> None:
        """Be nothing to the host: the image is complete on disk then, and may be read.

        Raises:
            DriveError: It cannot be hidden, or its image cannot be kept.
        """

    def close(self) -> None:
        """Be a keyboard again, whatever was shown, by this process or by one that died.

        Raises:
            DriveError: The keyboard does not come back.
        """


class Indicator(Protocol):
    """Shows the user what the device does: a LED, a display, a line on a terminal."""

    def show(self, state: State, detail: str = "") -> None:
        """Show a state.

        Args:
            state: What the device does now.
            detail: A sentence for displays that have room for it. Never text that was said.
        """


@dataclass(frozen=True, slots=True)
class About:
    """What a display shows beside the state.

    Attributes:
        host: The name of the computer that receives the text; empty when there is none.
        layout: The name of its layout.
        text: The end of the text that is being typed, or was just now; empty unless the user wants to see it.
        language: What is known of the language that is spoken; empty where there is only one.
    """

    host: str = ""
    layout: str = ""
    text: str = field(default="", repr=False)  # no log and no traceback shall show it
    language: str = ""


class Display(Protocol):
    """Has room for more than the state. What it is told here goes nowhere else."""

    def tell(self, about: About) -> None:
        """Show this beside the state."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the path is built from, behind the ports.

    Attributes:
        gain: Turns the microphone up and down, if anything does.
        display: Shows where the text goes, where there is one.
        languages: Those that the user speaks; without, those of the settings.
        next_model: Makes the next speech model the one in use, and gives its name; raises a `ModelError`
            where there is none. Called in a thread.
    """

    button: Button
    microphone: Microphone
    detector: SpeechDetector
    recogniser: Recogniser
    keyboard: Keyboard
    hosts: Hosts
    indicator: Indicator
    gain: Gain | None = None
    display: Display | None = None
    wake_word: WakeWord | None = None
    languages: Languages | None = None
    next_model: Callable[[], str] | None = None
