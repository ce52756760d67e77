"""Another machine, to which a program called `ssh` leads: it runs the words in a shell, as sshd does."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from tests.saykey import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_SSH = """\
#!/bin/sh
echo "$@" >> {log}
shift
PATH={far}:$PATH
export PATH
exec sh -c "$*"
"""

_GIO = """\
#!/bin/sh
[ "$1 $2" = "mount --eject" ] && mv "$3" "$3.away" && {far}/saykey drive take "$3.away"
mv "$3.away" "$3"
"""

_SAYKEY = """\
#!/bin/sh
PYTHONPATH={root} STATE_DIRECTORY={state} exec {python} -m device.cli "$@"
"""


class Far:
    """The machine.

    Attributes:
        state: What `saykey` keeps there.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put `ssh` in the PATH, and on the other side nothing yet."""
        self._log = folder / "ssh.log"
        self._near, self._far = folder / "near", folder / "far"
        self.state = folder / "state"
        for each in (self._near, self._far, self.state):
            each.mkdir()
        self.write_ssh(_SSH)
        monkeypatch.setenv("PATH", f"{self._near}{os.pathsep}{os.environ['PATH']}")

    @property
    def calls(self) -> list[str]:
        """The arguments of each call of `ssh`."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    @property
    def ran(self) -> list[str]:
        """What `saykey` was told there, where one is installed that notes it in `{state}/ran`."""
        file = self.state / "ran"
        return file.read_text().splitlines() if file.exists() else []

    def write(self, name: str, script: str) -> None:
        """Install a program there."""
        _write(self._far / name, script)

    def write_ssh(self, script: str) -> None:
        """Have another `ssh`."""
        _write(self._near / "ssh", script.format(log=_quoted(self._log), far=_quoted(self._far)))

    def write_gio(self) -> None:
        """Have a `gio` whose drives are the folders that the machine takes what was dropped from."""
        _write(self._near / "gio", _GIO.format(far=_quoted(self._far)))

    def install(self, script: str = _SAYKEY) -> None:
        """Install `saykey` there: the real one, or another."""
        quoted = {"root": _quoted(ROOT), "state": _quoted(self.state), "python": _quoted(sys.executable)}
        _write(self._far / "saykey", script.format(**quoted))


def _write(file: Path, script: str) -> None:
    file.write_text(script)
    file.chmod(0o755)


def _quoted(path: object) -> str:
    return shlex.quote(str(path))
