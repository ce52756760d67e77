"""`saykey-trainer record`: sentences read aloud, or a long recording with its text, become training data."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from trainer.recording.folder import RecordingFolder
    from trainer.recording.long import LeftOut
    from trainer.recording.prompts import Prompt

COUNT = 100
"""Sentences to read where nobody says how many: about ten minutes of speech."""


def record(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the recordings go.")],
    words: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own words, one a line; sentences with them are made."),
    ] = None,
    sentences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own sentences to read, one a line.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=5000, help=f"Sentences in all; {COUNT} without it.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="The microphone, by a part of its name.")] = "",
    speaker: Annotated[str, typer.Option(metavar="NAME", help="Who speaks.")] = "owner",
    long: Annotated[
        Path | None, typer.Option(metavar="SOUND", help="Cut this recording instead; needs --text.")
    ] = None,
    text: Annotated[Path | None, typer.Option(metavar="FILE", help="What is said in it.")] = None,
) -> None:
    """Record sentences that you read, or cut a long recording that you have the text of.

    Space records, stops and keeps; the keys are always shown. Each recording is on the disk as soon as it is
    kept, and the next call goes on where this one ended. Peaks between -24 and -1 dB are good, and 20 dB or
    more between your voice and the noise. Of three sentences in five you get your own words, if you give any.

    Examples:
      saykey-trainer record mine --words words.txt
      saykey-trainer record mine --count 300 --device "USB microphone"
      saykey-trainer record mine --long chapter.mp3 --text chapter.txt
    """
    from trainer.recording.folder import RecordingFolder

    if (long is None) != (text is None):
        raise typer.BadParameter("--long and --text go together: a recording, and what is said in it")
    if long and (words or sentences or count or device):
        raise typer.BadParameter("--long takes no microphone and no prompts: leave their options out")
    kept = RecordingFolder(folder)
    for mended in kept.mended:
        typer.echo(mended, err=True)
    if long and text:
        _cut(long, text, kept, speaker)
    else:
        _read_aloud(
            folder, kept, _prompts(folder, words, sentences, count, kept.texts(speaker)), device, speaker
        )


def _prompts(
    folder: Path, words: Path | None, sentences: Path | None, count: int | None, recorded: set[str]
) -> list[Prompt]:
    """Give the prompts of the folder, chosen anew when asked for anything in particular."""
    from trainer.recording import prompts
    from trainer.words import Word, load_words

    before = prompts.load(folder)
    if before and not (words or sentences):
        if count is None:
            return before
        recorded = {prompt.text for prompt in before}  # more of the same: what was chosen stays
        own_words = [Word(word) for word in dict.fromkeys(prompt.word for prompt in before) if word]
    else:
        own_words = load_words(words) if words else []
    own_sentences = prompts.load_sentences(sentences) if sentences else []
    chosen = prompts.choose(own_words, own_sentences, count or max(COUNT, len(before)))
    renewed = prompts.renewed(before, recorded, chosen)
    prompts.save(folder, renewed)
    return renewed


def _read_aloud(
    folder: Path, kept: RecordingFolder, prompts: list[Prompt], device: str, speaker: str
) -> None:
    from device.app import load_detector
    from device.hardware.sounddevice_microphone import SoundDeviceMicrophone
    from device.settings import MicrophoneSettings
    from trainer.recording.keys import TerminalKeys
    from trainer.recording.screen import Screen
    from trainer.recording.sound import Ear, SoundDevicePlayer
    from trainer.recording.studio import Desk, Studio

    ear = Ear(SoundDeviceMicrophone(MicrophoneSettings(device=device)))
    detector = load_detector()
    ear.open()
    try:
        with TerminalKeys() as keys, Screen(Console()) as screen:
            desk = Desk(ear=ear, player=SoundDevicePlayer(), detector=detector, keys=keys, screen=screen)
            studio = Studio(desk, prompts, folder, kept, speaker)
            with suppress(KeyboardInterrupt):  # the same as q: what is kept is kept
                studio.run()
    finally:
        ear.close()
    typer.echo(f"{folder}: {len(kept)} recorded, {studio.open} to go")


def _cut(sound: Path, text: Path, kept: RecordingFolder, speaker: str) -> None:
    from device.app import load_detector, load_recogniser
    from device.audio.files import read
    from device.settings_files import load
    from trainer.errors import DataError
    from trainer.progress import shown
    from trainer.recording.long import cut, read_text

    given = read_text(text)
    samples = read(sound)
    detector, recogniser = load_detector(), load_recogniser(load(None).settings)
    with shown() as report:
        clips, left_out = cut(samples, given, detector, recogniser, report)
    for part in left_out:
        typer.echo(_explained(part), err=True)
    if not clips:
        raise DataError(f"{sound} has no speech that agrees with {text}: do the two belong together?")
    there = kept.texts(speaker)
    new = {clip.text: clip for clip in clips if clip.text not in there}
    for clip in new.values():
        kept.add(samples[clip.start : clip.end], clip.text, speaker)
    typer.echo(f"{len(new)} new, {len(clips) - len(new)} there already, {len(left_out)} left out")


def _explained(part: LeftOut) -> str:
    times = "-".join(f"{int(at_s) // 60}:{at_s % 60:04.1f}" for at_s in (part.start_s, part.end_s))
    return f"{times} left out, {part.reason}\n  text:  {part.text}\n  heard: {part.heard}"
