"""What the owner sees while recording: the sentence, a level meter, the keys, what is wrong with a take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from trainer.recording.levels import NOISY_ROOM_DB, QUIET_PEAK_DB
from trainer.recording.session import Phase

if TYPE_CHECKING:
    from rich.console import Console

    from trainer.recording.prompts import Prompt
    from trainer.recording.session import Session
    from trainer.recording.sound import Finished

_LOWEST_DB = -60.0
"""The left end of the meter."""

_CELLS = 40
"""Its width."""

_LOUD_DB = -1.0
"""From here on the meter is red."""

_ELSEWHERE = "s skips, b goes back, q ends"


class Screen:
    """Shows a session on a terminal. Into a file it writes the same lines, without the meter."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._keys = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._live.stop()

    def say(self, message: str, style: str = "") -> None:
        """Print a line."""
        self._console.print(Text(message, style))

    def prompt(self, number: int, count: int, prompt: Prompt, *, is_recorded: bool) -> None:
        """Show a sentence to read.

        Args:
            number: Its number, from 1.
            count: How many there are.
            prompt: The sentence.
            is_recorded: It was recorded before.
        """
        again = ", recorded already" if is_recorded else ""
        self._console.print(
            Panel(Text(prompt.text, "bold"), title=f"{number} of {count}{again}", title_align="left")
        )

    def room(self, noise_db: float) -> None:
        """Tell how noisy the room is."""
        if noise_db > NOISY_ROOM_DB:
            advice = "close the window, switch off what hums, or move nearer to the microphone"
            self.say(f"The room is noisy, {noise_db:.0f} dB: {advice}.", "yellow")
        else:
            self.say(f"The room is quiet enough, {noise_db:.0f} dB.", "green")

    def verdict(self, take: Finished) -> None:
        """Tell what is wrong with a take, or that nothing is."""
        levels = take.levels
        for fault in take.faults:
            self.say(f"  {fault.message}", "red" if fault.again else "yellow")
        if not take.faults:
            self.say(f"  good: peak {levels.peak_db:.0f} dB, {levels.snr_db:.0f} dB above the noise", "green")

    def show(self, level_db: float, session: Session) -> None:
        """Show the level now, and what the keys do.

        Args:
            level_db: The loudest sample of the last moment.
            session: Where it stands.
        """
        keys = _keys(session)
        if not self._console.is_terminal:
            if keys != self._keys:
                self.say(keys)
        else:
            self._live.update(Text.assemble(_meter(level_db, session.phase), "\n  ", keys), refresh=True)
        self._keys = keys


def _meter(level_db: float, phase: Phase) -> Text:
    filled = round(_CELLS * min(1.0, max(0.0, 1 - level_db / _LOWEST_DB)))
    colour = "red" if level_db >= _LOUD_DB else "green" if level_db >= QUIET_PEAK_DB else "yellow"
    mark = ("● ", "bold red") if phase is Phase.RECORDING else "  "
    return Text.assemble(
        mark, ("█" * filled, colour), ("─" * (_CELLS - filled), "dim"), f" {max(level_db, -99):4.0f} dB"
    )


def _keys(session: Session) -> str:
    if session.phase is Phase.RECORDING:
        return f"Recording: Space stops, r begins again, {_ELSEWHERE}"
    if session.phase is Phase.REVIEW and session.judged.empty:
        return f"Space records again, {_ELSEWHERE}"
    if session.phase is Phase.REVIEW:
        choice = (
            "Space records again, k keeps it all the same"
            if session.judged.again
            else "Space keeps it, r again"
        )
        return f"{choice}, l listens, {_ELSEWHERE}"
    return f"Space records, {_ELSEWHERE}"
