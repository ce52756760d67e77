"""Which host was chosen last, kept across restarts."""

from __future__ import annotations

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def state_folder() -> Path:
    """Give the folder for what is kept: systemd's state folder, or else the user's folder for state."""
    if state := os.environ.get("STATE_DIRECTORY"):
        return Path(state.partition(":")[0])
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "saykey"


class KeptHost:
    """A file with the address and the name of a host. A file that cannot be used is as good as none."""

    def __init__(self, file: Path) -> None:
        """Name the file, which need not be there yet; nor its folder."""
        self._file = file
        # The disk may be slow, and the choice is made on the event loop. One thread: the last one stays.
        self._writer = ThreadPoolExecutor(1, "kept-host")

    def read(self) -> tuple[str, str] | None:
        """Give the address and the name that were kept last, if any were."""
        try:
            kept = json.loads(self._file.read_bytes())
            address, name = kept["address"], kept["name"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        return (address, name) if isinstance(address, str) and isinstance(name, str) else None

    def keep(self, address: str, name: str) -> None:
        """Have them kept soon. Where that is not possible, a line in the log says so."""
        with suppress(RuntimeError):  # it is closed
            self._writer.submit(self._write, json.dumps({"address": address, "name": name}))

    def close(self) -> None:
        """Return when all is kept."""
        self._writer.shutdown()

    def _write(self, content: str) -> None:
        new = self._file.with_name(f"{self._file.name}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with new.open("w", encoding="utf-8") as file:
                file.write(f"{content}\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            log.warning("the choice of the host will be forgotten: %s: %s", self._file, error.strerror)
