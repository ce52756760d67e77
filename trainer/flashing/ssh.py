"""Flashing through SSH: the device's own command installs what comes to it through the pipe."""

from __future__ import annotations

import errno
import subprocess
from typing import TYPE_CHECKING, BinaryIO

from device.kept_host import SERVICE_STATE
from trainer.errors import FlashError, MissingError

if TYPE_CHECKING:
    from trainer.flashing.parcel import Parcel
    from trainer.flashing.screen import Screen
    from trainer.progress import Report

_BLOCK = 1 << 20

_GONE = (errno.EPIPE, errno.EINVAL)
"""What writing to a program that has ended gives, on Windows the second."""

_UNREACHED, _NO_PROGRAM, _NO_SUDO = 255, 127, 77
"""Exit statuses: of ssh itself (ssh(1)), of a shell that finds no such program (POSIX), and of `_AS_SERVICE`
(EX_NOPERM in sysexits.h); saykey's own are 0 to 2, and 130."""

_AS_SERVICE = """\
as=; if [ -d {state} ] && [ "$(id -un)" != saykey ]; then \
as="sudo -n -u saykey"; $as saykey --version >/dev/null || exit {no_sudo}; fi; """
"""What a shell does before the words that begin with `$as`: the models of a service are its user's."""


def flash_by_ssh(parcel: Parcel, host: str, screen: Screen) -> None:
    """Have a device install a bundle. What it prints there is printed here.

    It is one connection, so that a password is asked for once.

    Args:
        parcel: The bundle; the device is told to trust its key first, where that is the owner's.
        host: As `ssh` takes it: a name of its settings, or USER@ADDRESS.
        screen: Shows how much has been sent.

    Raises:
        FlashError: The bundle cannot be read, or the host cannot be reached, or refuses.
        MissingError: There is no ssh here.
    """
    with _opened(parcel) as bundle:
        installing = started(host, _words(parcel))
        try:
            with screen.copying() as report:
                all_sent = _send(bundle, parcel, installing, report)
        except BaseException:
            installing.kill()
            installing.wait()
            raise
    if all_sent:
        screen.say(f"{host} checks and installs the model.")
    ended(
        host,
        installing,
        instead=f"Copy {parcel.file_name} there, and run it there: "
        f"sudo -u saykey saykey model install - < {parcel.file_name}",
    )


def _words(parcel: Parcel) -> str:
    """Give what the login's shell is to do, whichever shell that is."""
    words = "$as saykey model install -"
    if parcel.key is not None:  # its letters mean nothing to a shell
        words = f"$as saykey key trust {parcel.key.text} && {words}"
    return as_service(words)


def as_service(words: str) -> str:
    """Give words for the login's shell, whichever that is, that run as the service's user if there is one.

    Args:
        words: What is to be run, with `$as` before each command, and no quotes.
    """
    return f"sh -c '{_AS_SERVICE.format(state=SERVICE_STATE, no_sudo=_NO_SUDO)}{words}'"


def started(host: str, words: str, *, answers: bool = False) -> subprocess.Popen[bytes]:
    """Have words run on a host, with a pipe to them.

    Args:
        host: As `ssh` takes it.
        words: As `as_service` gives them.
        answers: What they write comes back by a pipe, and is not printed here.

    Raises:
        FlashError: This can be no host, or ssh cannot be started.
        MissingError: There is no ssh here.
    """
    if not host or host.startswith("-"):
        raise FlashError(f"{host!r} can be no host: name it as ssh takes it, as in pi@saykey.local.")
    back = subprocess.PIPE if answers else None
    try:
        return subprocess.Popen(["ssh", host, words], stdin=subprocess.PIPE, stdout=back)  # noqa: S603, S607  # PATH's ssh
    except FileNotFoundError as error:
        raise MissingError("ssh is not installed: install OpenSSH's client.") from error
    except OSError as error:
        raise FlashError(f"ssh cannot be started ({error.strerror}).") from error


def _send(bundle: BinaryIO, parcel: Parcel, process: subprocess.Popen[bytes], report: Report) -> bool:
    """Write the bundle into the pipe, as far as it is taken; say whether that was all of it.

    Who refuses says why, and its status tells.
    """
    what, sent = f"Sending {parcel.file_name}", 0
    pipe = process.stdin
    assert pipe is not None  # noqa: S101  # it was asked for
    try:
        with pipe:
            while block := bundle.read(_BLOCK):
                pipe.write(block)
                sent += len(block)
                report(what, sent / parcel.size)  # not before: ssh may ask for a password
    except OSError as error:
        if error.errno not in _GONE:
            raise FlashError(f"{parcel.file} cannot be sent ({error.strerror or error}).") from error
        return False
    return True


def _opened(parcel: Parcel) -> BinaryIO:
    try:
        return parcel.file.open("rb")
    except OSError as error:
        raise FlashError(f"{parcel.file} cannot be read ({error.strerror}).") from error


def ended(host: str, process: subprocess.Popen[bytes], *, instead: str) -> None:
    """Wait until what `started` gave has ended.

    Args:
        host: Where it ran.
        process: It.
        instead: What to do where it may not run as the service's user.

    Raises:
        FlashError: It did not end well.
    """
    status = process.wait()
    if status == _UNREACHED:
        raise FlashError(f"{host} cannot be reached by ssh: try what ssh {host} says.")
    if status == _NO_PROGRAM:
        raise FlashError(
            f"There is no command saykey on {host}: it must be in the PATH of who logs in there."
        )
    if status == _NO_SUDO:
        raise FlashError(
            f"On {host}, Saykey is a service, and who logs in there may not be its user by sudo without a "
            f"password: see above why. {instead}"
        )
    if status:
        raise FlashError(f"{host} has refused: see above why.")
