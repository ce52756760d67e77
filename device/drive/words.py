"""What is written on the drive: INFO.TXT, RESULT.TXT, and the settings to edit. All of it is pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INFO, RESULT, DOCTOR = "INFO.TXT", "RESULT.TXT", "DOCTOR.TXT"
SETTINGS, WORDS, KEY = "SAYKEY.TOML", "WORDS.TXT", "SAYKEY.PUB"
"""The files on the drive, but for the bundles."""

CORRECTIONS, COLLECTED = "CORRECTIONS", "COLLECTED.TXT"
"""The folder with what is kept of corrections, while there is any; and the file that names those which
`saykey-trainer collect` has, a line each."""

KEYS = frozenset({KEY, "OWNER.PUB"})
"""What the owner's key may be called: the second is what `saykey-trainer keys new` calls it."""

OURS = frozenset({INFO, RESULT, DOCTOR})
"""Those that the device only writes."""

_TITLE = "Saykey"
"""The first line of INFO.TXT, by which `saykey-trainer flash` knows the drive."""

_HELP = """\
This is your Saykey, as a drive. What you drop here is taken when you eject the drive:

  a model     NAME.saykey, as saykey-trainer pack makes it
  your key    SAYKEY.PUB, as saykey-trainer keys new makes it: once, before the first model;
              press the device's button when it asks whether the key is yours
  settings    edit SAYKEY.TOML: take the # away before a setting, and change it
  words       write names and rare words that you use into WORDS.TXT, one a line

The drive then comes back, and RESULT.TXT says what came of it. Eject it once more, with nothing new on it,
and the device is a keyboard again. Nothing else that you put here is kept.

DOCTOR.TXT says what is wrong with the device, and what to do about it. CORRECTIONS is there where you have
corrections kept: saykey-trainer collect takes them. Only your key opens them.
"""

_SETTINGS_HEAD = """\
# The settings of your Saykey, each with its default. To change one, take the # away before it, change the
# value, save this file as UTF-8, and eject the drive. RESULT.TXT then says whether it is allowed.
#
# Each name in brackets, as [button], may stand here once, and is here already: what you write or paste
# yourself goes below it. Only [hosts.NAME] and [languages.CODE] are new: put them at the end.


"""

_LONGEST_LINE = 1000
"""Characters of a line in INFO.TXT and RESULT.TXT."""

_VALUE = re.compile(r"^(?=[a-z_]+ = )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class About:
    """What INFO.TXT tells of the device.

    Attributes:
        version: Of Saykey.
        model: The name of the speech model in use; empty when there is none.
        serial: The device's number.
        free: Bytes that are free for models.
        key: The name of the key whose models are taken; empty before there is one.
    """

    version: str
    model: str
    serial: str
    free: int
    key: str


def info(about: About) -> bytes:
    """Give INFO.TXT."""
    lines = (
        _TITLE,
        f"Version: {about.version}",
        f"Model: {one_line(about.model) or 'none'}",
        f"Serial: {about.serial}",
        f"Free: {about.free // 1_000_000} MB",
        f"Key: {one_line(about.key) or 'none yet'}",
    )
    return on_drive("\n".join((*lines, "", _HELP)))


def result(sentences: Sequence[str], about: str) -> bytes:
    """Give RESULT.TXT.

    Args:
        sentences: What happened.
        about: What to, as the line by which `saykey-trainer flash` finds its own; empty where nobody knows.
    """
    return on_drive("\n".join((*sentences, *filter(None, (about,)), "")))


def template(default: str) -> str:
    """Give settings to edit, of which none is set.

    Args:
        default: The file of all defaults. Its head, up to two empty lines, is about other places.
    """
    _, _, tables = default.partition("\n\n\n")
    return _SETTINGS_HEAD + _VALUE.sub("#", tables)


def one_line(text: str) -> str:
    """Give a text of which a part may be a stranger's, as one line that a terminal can print."""
    shown = text[:_LONGEST_LINE]
    return "".join(each if each.isprintable() else "?" for each in shown) + "..." * (len(shown) < len(text))


def on_drive(text: str) -> bytes:
    """Give a text as a file on the drive: with the line ends that every system's editor shows."""
    return text.replace("\n", "\r\n").encode()


def plain(content: bytes) -> bytes:
    """Give what counts in a text from the drive, whichever system's editor has saved it."""
    lines = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
    return b"\n".join(line.rstrip() for line in lines).rstrip(b"\n") + b"\n"
