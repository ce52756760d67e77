"""Which host was chosen last, kept across restarts."""

from __future__ import annotations

import os
from pathlib import Path

from device.kept_json import KeptJson

SERVICE_STATE = Path("/var/lib/saykey")
"""What the service keeps, where it is installed. It is the service's user's, and its group may read it."""


def service_folder(own: str) -> Path | None:
    """Give the service's state folder: for the service itself, and for every command where there is one.

    So `saykey model list` tells of the models that the service has, whoever asks.

    Args:
        own: The environment variable by which users name a folder of their own, which then counts instead.
    """
    if state := os.environ.get("STATE_DIRECTORY"):
        return Path(state.partition(":")[0])
    return None if os.environ.get(own) or not SERVICE_STATE.is_dir() else SERVICE_STATE


def state_folder() -> Path:
    """Give the folder for what is kept: the service's state folder, or else the user's folder for state."""
    if folder := service_folder("XDG_STATE_HOME"):
        return folder
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "saykey"


class KeptHost:
    """A file with the address and the name of a host. A file that cannot be used is as good as none."""

    def __init__(self, file: Path) -> None:
        """Name the file, which need not be there yet; nor its folder."""
        self._kept = KeptJson(file, "the choice of the host")

    def read(self) -> tuple[str, str] | None:
        """Give the address and the name that were kept last, if any were."""
        if kept := self._kept.read("address", "name"):
            address, name = kept
            return address, name
        return None

    def keep(self, address: str, name: str) -> None:
        """Have them kept soon. Where that is not possible, a line in the log says so."""
        self._kept.keep(address=address, name=name)

    def close(self) -> None:
        """Return when all is kept."""
        self._kept.close()
