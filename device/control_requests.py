"""What the running daemon can be asked through its control socket, and how: the client's side."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from device.errors import ControlError, HostError

if TYPE_CHECKING:
    from collections.abc import Generator

SOCKET = "control"
"""The socket's name in its folder."""

SERVICE_FOLDER = Path("/run/saykey")
"""Where the service has it."""

LONGEST_LINE = 4096
"""Bytes in a request: three times two names, each at its longest, and every letter escaped."""

PATIENCE_S = 5.0
"""How long either side waits for the other: both answer at once, and tell an open window every second."""


class List(msgspec.Struct, tag_field="do", tag="hosts", forbid_unknown_fields=True):
    """Asks which hosts there are."""


class Use(msgspec.Struct, tag_field="do", tag="use", forbid_unknown_fields=True):
    """Asks to type into the host of this name."""

    name: str


class Next(msgspec.Struct, tag_field="do", tag="next", forbid_unknown_fields=True):
    """Asks to type into the next host."""


class Pair(msgspec.Struct, tag_field="do", tag="pair", forbid_unknown_fields=True):
    """Asks to open the pairing window, and to be told of it until it closes."""


class Forget(msgspec.Struct, tag_field="do", tag="forget", forbid_unknown_fields=True):
    """Asks to take the bond of the host of this name away."""

    name: str


class Rename(msgspec.Struct, tag_field="do", tag="rename", forbid_unknown_fields=True):
    """Asks to call a host otherwise."""

    name: str
    to: str


class Status(msgspec.Struct, tag_field="do", tag="status", forbid_unknown_fields=True):
    """Asks what is the case."""


class DriveOn(msgspec.Struct, tag_field="do", tag="drive-on", forbid_unknown_fields=True):
    """Asks to be a drive in the place of the keyboard, once what was said is typed."""


class DriveOff(msgspec.Struct, tag_field="do", tag="drive-off", forbid_unknown_fields=True):
    """Asks to be the keyboard again, once what was dropped on the drive is taken."""


class Reload(msgspec.Struct, tag_field="do", tag="reload", forbid_unknown_fields=True):
    """Asks to go on with the model that is in use now, and the settings as they are now."""


class Mute(msgspec.Struct, tag_field="do", tag="mute", forbid_unknown_fields=True):
    """Asks to mute the microphone, or to end that. The answer comes when it is closed."""

    on: bool


class HandsFree(msgspec.Struct, tag_field="do", tag="hands-free", forbid_unknown_fields=True):
    """Asks to let dictations begin by themselves, or to end that."""

    on: bool


class ForgetCorrections(msgspec.Struct, tag_field="do", tag="forget-corrections", forbid_unknown_fields=True):
    """Asks to delete all corrections, those in memory among them. The answer comes when they are deleted."""


class Speak(msgspec.Struct, tag_field="do", tag="speak", forbid_unknown_fields=True):
    """Asks to take a language for the one that is spoken; without, which one that is."""

    language: str = ""


Request = (
    List
    | Use
    | Next
    | Pair
    | Forget
    | Rename
    | Status
    | DriveOn
    | DriveOff
    | Reload
    | Mute
    | HandsFree
    | ForgetCorrections
    | Speak
)


def folders() -> list[Path]:
    """Give where the socket may be, the best first: as systemd says, or the user's own and the service's."""
    if given := os.environ.get("RUNTIME_DIRECTORY", ""):
        return [Path(given.split(":")[0])]  # systemd.exec(5) joins several by colons
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    return [Path(own) / "saykey", SERVICE_FOLDER] if own else [SERVICE_FOLDER]


def ask(request: Request) -> dict[str, Any]:
    """Ask the daemon something that has one answer.

    Raises:
        HostError: It cannot be done.
        ControlError: No daemon runs, it does not answer, or this user may not ask it.
    """
    with closing(follow(request)) as answers:
        for answer in answers:
            return answer
    raise ControlError("Saykey ended without an answer; what it says: journalctl -u saykey")


def follow(request: Request) -> Generator[dict[str, Any], None, None]:
    """Ask the daemon something, and give its answers until it has no more.

    Raises:
        HostError: It cannot be done.
        ControlError: No daemon runs, it does not answer, or this user may not ask it.
    """
    with _connected() as channel, channel.makefile("rb") as lines:
        try:
            channel.sendall(msgspec.json.encode(request) + b"\n")
            for line in lines:
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer:
                    raise HostError(answer["error"])
                yield answer
        except TimeoutError as error:
            raise ControlError("Saykey does not answer: see journalctl -u saykey, or restart it.") from error
        except (OSError, ValueError) as error:
            raise ControlError("Saykey was stopped meanwhile: see journalctl -u saykey.") from error


def _connected() -> socket.socket:
    forbidden: Path | None = None
    for folder in folders():
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        channel.settimeout(PATIENCE_S)
        try:
            channel.connect(str(folder / SOCKET))
        except PermissionError:
            forbidden = folder / SOCKET
        except OSError:  # no such file, or nobody behind it
            pass
        else:
            return channel
        channel.close()
    if forbidden:
        raise ControlError(
            f"This user may not speak with Saykey ({forbidden}): add the user to the group that owns it, "
            "saykey, and log in again; or use sudo."
        )
    raise ControlError("Saykey does not run: start it with sudo systemctl start saykey, or saykey run.")
