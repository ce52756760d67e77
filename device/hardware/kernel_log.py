"""What the kernel writes into its log about reports that it drops; nowhere else does it say so."""

from __future__ import annotations

import os
from pathlib import Path

KERNEL_LOG = Path("dev/kmsg")

_DROPPED = b"End Point Request ERROR"
"""f_hid.c, f_hidg_req_complete: a report was queued, and no host has fetched it."""

_LONGEST_RECORD = 8192
"""A read gives one record, and fails when it does not fit (the kernel's Documentation/ABI, dev-kmsg)."""


class KernelLog:
    """The kernel's log from now on, where this process may read it: root may, or who has CAP_SYSLOG."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._fd: int | None = None
        try:
            self._fd = os.open(root / KERNEL_LOG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:
            self.close()

    def dropped(self) -> int | None:
        """Give how many reports were dropped since this was last asked; `None` where nobody tells."""
        if self._fd is None:
            return None
        dropped = 0
        try:
            while record := os.read(self._fd, _LONGEST_RECORD):
                dropped += _DROPPED in record
        except BlockingIOError:
            return dropped
        except OSError:  # records were overwritten before they were read
            return None
        return dropped

    def close(self) -> None:
        """Close the log."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
