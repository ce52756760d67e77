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
from device.doctor import bluetooth, machine, software, sound, usb
from device.doctor.finding import Verdict, examine
from device.hardware.sounddevice_microphone import SoundDeviceMicrophone, list_inputs
from device.models.store import store_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from device.doctor.finding import Check, Finding

HELP = "Look at all that dictation needs, listen to the microphone for a second, and say what to do."

EPILOG = """\
The exit status is 1 if there is a fault; a warning is none. Nothing that is heard is kept.

examples:
  saykey doctor             what works here, and what does not
  saykey doctor --json      the same for support, one JSON object a line
"""

_ETC = Path("/etc")

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
    for subject, finding in examine(checks(arguments.config)):
        verdicts.append(finding.verdict)
        print(as_json(subject, finding) if arguments.json else as_lines(subject, finding), flush=True)
    if not arguments.json:
        print(f"\n{summary(verdicts)}")
    return int(Verdict.FAULT in verdicts)


def checks(config: Path | None) -> dict[str, Check]:
    """Give the checks of this machine, in the order in which a fault spoils what follows."""
    settings, first = software.settings_in_force(config, _ETC)
    recognition = settings.recognition
    return {
        "settings": lambda: [first],
        "model": partial(software.model, recognition, partial(load_recogniser, settings)),
        "detector": partial(software.detector, settings.speech, load_detector),
        "microphone": lambda: sound.microphone(list_inputs, SoundDeviceMicrophone(settings.microphone)),
        "button": machine.button,
        "keyboard": usb.keyboard,
        "bluetooth": partial(bluetooth.keyboard, settings.bluetooth.enabled),
        "permissions": lambda: machine.permissions(store_of(recognition).root),
        "memory": partial(machine.memory, recognition),
        "versions": software.versions,
    }


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


def summary(verdicts: Sequence[Verdict]) -> str:
    """Count what is wrong."""
    faults, warnings = verdicts.count(Verdict.FAULT), verdicts.count(Verdict.WARNING)
    if not faults + warnings:
        return "All is well."
    parts = [
        f"{count} {word}{'s' * (count > 1)}"
        for count, word in ((faults, "fault"), (warnings, "warning"))
        if count
    ]
    return f"{', '.join(parts)}{'.' if faults else ': dictation works as far as they let it.'}"
