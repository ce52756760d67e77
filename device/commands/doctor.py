"""`saykey doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from device.app import load_detector, load_recogniser
from device.control_requests import SERVICE_FOLDER
from device.doctor import bluetooth, corrections, display, gpio, machine, software, sound, usb
from device.doctor.finding import Verdict, examine, ok
from device.doctor.report import examine_within, summary, text_of
from device.hardware.capture_gain import card_of, describe
from device.hardware.mixer import AlsaMixer
from device.hardware.sounddevice_microphone import SoundDeviceMicrophone, list_inputs
from device.kept_words import KeptWords
from device.models.store import store_of
from device.mute import FILE, Mute

if TYPE_CHECKING:
    import argparse

    from device.doctor.finding import Check, Finding
    from device.settings import Gain

HELP = "Look at all that dictation needs, listen to the microphone for a second, and say what to do."

EPILOG = """\
The exit status is 1 if there is a fault; a warning is none. Nothing that is heard is kept.

examples:
  saykey doctor             what works here, and what does not
  saykey doctor --json      the same for support, one JSON object a line
"""

_ETC = Path("/etc")

_WITHIN_S = 2.0
"""So much later the drive may open, and a start from the card be over."""

_BRIEF_MS = 400
"""How much sound is judged for the drive."""

_NO_LOAD = (
    "Not looked at here: whether the speech model and the speech detector load. A model is tried when it is "
    "taken, and RESULT.TXT says what came of it."
)

_ON_THE_CARD = "microphone", "pins", "display", "keyboard", "permissions"
"""What who takes what is on the card may not see."""

_UNHEARD: dict[str, Check] = {"microphone": lambda: [ok("it is muted, and was not listened to")]}
"""The check of a microphone that is to stay closed."""

_SIGNS = {Verdict.OK: ("✓", 32), Verdict.WARNING: ("!", 33), Verdict.FAULT: ("✗", 31)}
"""Sign, and colour as in ECMA-48's SGR: green, yellow, red."""

_COLUMN = 24
"""Where on a terminal begins what was found, after sign, verdict and what was looked at."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Print each finding as it comes; give 1 if there is a fault."""
    verdicts = []
    every = checks(arguments.config)
    if Mute(SERVICE_FOLDER / FILE).is_on:
        every |= _UNHEARD
    for subject, finding in examine(every):
        verdicts.append(finding.verdict)
        print(as_json(subject, finding) if arguments.json else as_lines(subject, finding), flush=True)
    if not arguments.json:
        print(f"\n{summary(verdicts)}")
    return int(Verdict.FAULT in verdicts)


def at_the_drive(config: Path | None, *, listens: bool) -> str:
    """Give DOCTOR.TXT as the daemon writes it when it becomes the drive. Takes two seconds at most.

    Args:
        config: The settings file of the command line, if one was given.
        listens: Listen to the microphone too, for a moment.
    """
    brief = _brief(config)
    if not listens:
        brief |= _UNHEARD
    return text_of(examine_within(brief, _WITHIN_S), _NO_LOAD)


def at_the_card(config: Path | None) -> str:
    """Give DOCTOR.TXT as it is written beside what was taken from the card; the arguments are as above."""
    brief = {subject: check for subject, check in _brief(config).items() if subject not in _ON_THE_CARD}
    left_out = (
        f"Neither were: {', '.join(_ON_THE_CARD)}. Hold the button while you plug the device in, and look at "
        "DOCTOR.TXT on the drive."
    )
    return text_of(examine_within(brief, _WITHIN_S), f"{_NO_LOAD} {left_out}")


def _brief(config: Path | None) -> dict[str, Check]:
    """Give the checks that take neither long nor much memory."""
    every = checks(config, listen_ms=_BRIEF_MS)
    settings, _ = software.settings_in_force(config, _ETC)
    del every["detector"]
    return every | {"model": partial(software.installed, settings.recognition)}


def checks(config: Path | None, listen_ms: float = sound.LISTEN_MS) -> dict[str, Check]:
    """Give the checks of this machine, in the order in which a fault spoils what follows."""
    settings, first = software.settings_in_force(config, _ETC)
    recognition = settings.recognition
    return {
        "settings": lambda: [first],
        "model": partial(software.model, recognition, partial(load_recogniser, settings)),
        "detector": partial(software.detector, settings.speech, load_detector),
        "words": lambda: software.words(settings, KeptWords()),
        "microphone": lambda: sound.microphone(
            list_inputs,
            SoundDeviceMicrophone(settings.microphone),
            partial(_gain, settings.microphone.gain),
            listen_ms,
        ),
        "pins": partial(gpio.pins, settings.gpio),
        "display": partial(display.display, settings.display),
        "keyboard": usb.keyboard,
        "bluetooth": partial(bluetooth.keyboard, settings.bluetooth.enabled),
        "permissions": lambda: machine.permissions(store_of(recognition).root),
        "card": machine.card,
        "corrections": partial(corrections.corrections, keeps=settings.corrections.keep),
        "memory": partial(machine.memory, recognition),
        "versions": software.versions,
    }


def _gain(setting: Gain, name: str) -> str:
    gain = describe(AlsaMixer().volume(card_of(name)))
    return f"{gain}; microphone.gain is {setting}"


def as_json(subject: str, finding: Finding) -> str:
    """Give a finding as one line of JSON."""
    return json.dumps(
        {"check": subject, "state": finding.verdict.value, "found": finding.found, "advice": finding.advice}
    )


def as_lines(subject: str, finding: Finding) -> str:
    """Give a finding as one line, and what to do as an indented one; folded and coloured on a terminal."""
    verdict = f"{finding.verdict.value:<8}"
    if not sys.stdout.isatty():
        advice = f"\n{'-> ':>{_COLUMN - 2}}{finding.advice}" if finding.advice else ""
        return f"{verdict} {subject:<12} {finding.found}{advice}"
    sign, colour = _SIGNS[finding.verdict]
    if not os.environ.get("NO_COLOR"):
        verdict = f"\x1b[{colour}m{sign} {verdict}\x1b[0m"
    else:
        verdict = f"{sign} {verdict}"
    lines = _folded(finding.found, "") + (_folded(finding.advice, "-> ") if finding.advice else [])
    return f"{verdict} {subject:<12} " + "\n".join(lines)[_COLUMN:]


def _folded(text: str, mark: str) -> list[str]:
    """Fold text into the column of what was found, with a mark before it."""
    return textwrap.wrap(
        text,
        max(40, shutil.get_terminal_size().columns),
        initial_indent=f"{mark:>{_COLUMN}}",
        subsequent_indent=" " * _COLUMN,
        break_on_hyphens=False,
    )
