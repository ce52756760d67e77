"""A recording session: keys and sound in, recordings out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from device.errors import SoundError
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard
from trainer.recording import prompts as prompts_file
from trainer.recording.levels import FLOOR_DB, Fault, noise_db, peak_db
from trainer.recording.session import Act, Command, Judged, Phase, begin, step
from trainer.recording.sound import Take

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from device.events import Event
    from device.ports import SpeechDetector
    from trainer.recording.folder import RecordingFolder
    from trainer.recording.keys import Keys
    from trainer.recording.prompts import Prompt
    from trainer.recording.screen import Screen
    from trainer.recording.sound import Ear, Finished, Player

ROOM_S = 2
"""How long the noise of the room is measured."""

_COMMANDS = {
    **dict.fromkeys(" \r\n", Command.GO),
    **dict.fromkeys("q\x03\x04", Command.QUIT),
    "k": Command.KEEP,
    "r": Command.AGAIN,
    "l": Command.LISTEN,
    "s": Command.SKIP,
    "b": Command.BACK,
}


class Desk:
    """What a session needs from the world.

    Attributes:
        ear: The microphone, open.
        player: The loudspeaker.
        detector: Finds the speech in a take.
        keys: What the owner asks for.
        screen: What the owner sees.
    """

    def __init__(
        self, *, ear: Ear, player: Player, detector: SpeechDetector, keys: Keys, screen: Screen
    ) -> None:
        self.ear = ear
        self.player = player
        self.detector = detector
        self.keys = keys
        self.screen = screen


class Studio:
    """One session of one speaker."""

    def __init__(
        self, desk: Desk, prompts: Sequence[Prompt], place: Path, folder: RecordingFolder, speaker: str
    ) -> None:
        """Get ready where an earlier session ended.

        Args:
            desk: The parts.
            prompts: What is to be read.
            place: The folder itself, where the list of prompts is.
            folder: Takes the recordings.
            speaker: Who reads.
        """
        self._desk = desk
        self._prompts = list(prompts)
        self._place = place
        self._folder = folder
        self._speaker = speaker
        recorded = folder.texts(speaker)
        settled = {
            number for number, prompt in enumerate(prompts) if prompt.skipped or prompt.text in recorded
        }
        self._session = begin(len(prompts), frozenset(settled))
        self._room_db = FLOOR_DB
        self._take = Take()
        self._finished: Finished | None = None

    @property
    def open(self) -> int:
        """How many sentences are neither recorded nor skipped."""
        return len(self._prompts) - len(self._session.settled)

    def run(self) -> None:
        """Record until all is read or the owner has had enough.

        Raises:
            DataError: A recording cannot be written.
        """
        if not self._session.is_over and self._measure_room():
            self._show_prompt()
            while not self._session.is_over:
                level_db = self._listen()
                for key in self._desk.keys.hit():
                    self._obey(key)
                self._desk.screen.show(level_db, self._session)
        self._desk.player.stop()

    def _measure_room(self) -> bool:
        """Measure the noise; say whether the owner let it."""
        self._desk.screen.say(f"Be quiet for {ROOM_S} seconds: the noise of the room is measured.")
        heard: list[Samples] = []
        while len(heard) * WINDOW < ROOM_S * SAMPLE_RATE_HZ:
            if any(_COMMANDS.get(key.lower()) is Command.QUIT for key in self._desk.keys.hit()):
                return False
            heard += [event.samples for event in self._desk.ear.events() if isinstance(event, SoundHeard)]
        self._room_db = noise_db(np.concatenate(heard))
        self._desk.screen.room(self._room_db)
        return True

    def _listen(self) -> float:
        """Take in what was heard; give the peak level of it."""
        level_db = FLOOR_DB
        for event in self._desk.ear.events():
            if isinstance(event, SoundHeard):
                level_db = max(level_db, peak_db(event.samples))
                if self._session.phase is Phase.RECORDING:
                    self._take.hear(event.samples)
            else:
                self._note(event)
        return level_db

    def _note(self, event: Event) -> None:
        match event:
            case SoundDropped():
                self._take.lose()
            case MicrophoneLost(reason):
                self._take.lose()
                self._desk.screen.say(f"  {reason}", "red")
            case MicrophoneReady(name):
                self._desk.screen.say(f"  {name} is back")

    def _obey(self, key: str) -> None:
        command = _COMMANDS.get(key.lower())
        if command is None:
            return
        before = self._session
        self._session, act = step(before, command)
        if act is not None:
            self._perform(act, before.at)
        moved = (self._session.at, self._session.phase) != (before.at, before.phase)
        if moved and self._session.phase is Phase.READY:
            self._show_prompt()

    def _perform(self, act: Act, at: int) -> None:
        match act:
            case Act.RECORD:
                self._desk.player.stop()
                self._take = Take()
            case Act.JUDGE:
                self._judge(self._prompts[at].text)
            case Act.LISTEN:
                self._play()
            case Act.KEEP:
                self._keep(at)
            case Act.SKIP:
                self._mark(at, skipped=True)

    def _judge(self, text: str) -> None:
        take = self._finished = self._take.finish(text, self._desk.detector, self._room_db)
        self._desk.screen.verdict(take)
        again = any(fault.again for fault in take.faults)
        self._session, _ = step(self._session, Judged(again=again, empty=Fault.NO_SPEECH in take.faults))

    def _play(self) -> None:
        try:
            if self._finished is not None:
                self._desk.player.play(self._finished.samples)
        except SoundError as error:
            self._desk.screen.say(f"  {error}", "yellow")

    def _keep(self, at: int) -> None:
        self._desk.player.stop()
        if self._finished is not None:
            self._folder.add(self._finished.samples, self._prompts[at].text, self._speaker)
            self._mark(at, skipped=False)

    def _mark(self, at: int, *, skipped: bool) -> None:
        if self._prompts[at].skipped is not skipped:
            self._prompts[at] = replace(self._prompts[at], skipped=skipped)
            prompts_file.save(self._place, self._prompts)

    def _show_prompt(self) -> None:
        at = self._session.at
        is_recorded = self._prompts[at].text in self._folder.texts(self._speaker)
        self._desk.screen.prompt(at + 1, len(self._prompts), self._prompts[at], is_recorded=is_recorded)
