"""A small file that outlives the daemon: what was chosen last. A thread writes it, as disks may be slow."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from device.models.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


class KeptJson:
    """A file with a JSON object. One that cannot be used is as good as none."""

    def __init__(self, file: Path, what: str) -> None:
        """Name the file, which need not be there yet; nor its folder.

        Args:
            file: It.
            what: What is kept in it, for the log.
        """
        self._file = file
        self._what = what
        # The choice is made on the event loop. One thread: the last one stays.
        self._writer = ThreadPoolExecutor(1, file.stem)

    def read(self, *keys: str) -> tuple[str, ...] | None:
        """Give the texts that were kept under these keys, if all were."""
        try:
            kept = json.loads(self._file.read_bytes())
            values = tuple(kept[key] for key in keys)
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        return values if all(isinstance(value, str) for value in values) else None

    def keep(self, **values: Any) -> None:
        """Have values kept soon. Where that is not possible, a line in the log says so."""
        with suppress(RuntimeError):  # it is closed
            self._writer.submit(self._write, json.dumps(values))

    def close(self) -> None:
        """Return when all is kept."""
        self._writer.shutdown()

    def _write(self, content: str) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, f"{content}\n".encode())
        except OSError as error:
            log.warning("%s will be forgotten: %s: %s", self._what, self._file, error.strerror)
