"""Permissions, memory: what this machine has, and what we may do with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from device.doctor.finding import Finding, fault, ok, warning
from device.errors import ModelError
from device.kept_host import SERVICE_STATE
from device.models.check import MODEL
from device.models.store import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.settings import RecognitionSettings

    Access = Callable[[Path, int], bool]
    """Says whether we may read, write or enter: `os.access`."""

DEV, MEMINFO = Path("/dev"), Path("/proc/meminfo")
"""Where the kernel shows what there is."""

TOLD = Path("/run/saykey-told")
"""What the card image's own scripts had to tell at this start, a line for each: what became of the data
partition, where it was not whole, and what was not taken from the boot partition."""

_BASE_MB, _MB_A_WEIGHT_MB = 200, 1.5
"""Measured on tiny.en: 252 MB at the most, of which 57 are its 39 MB of weights in memory."""


def permissions(
    store: Path, dev: Path = DEV, access: Access = os.access, *, is_root: bool | None = None
) -> Iterator[Finding]:
    """Look whether models can be stored and microphones opened, and that we may do no more than that."""
    findings = []
    if os.geteuid() == 0 if is_root is None else is_root:
        findings.append(warning("Saykey runs as root", "run it as a user: it needs no more rights than that"))
    # Not Path.exists, which raises in a folder that is closed to us.
    folder = next(path for path in (store, *store.absolute().parents) if os.path.exists(path))  # noqa: PTH110
    if folder.is_relative_to(SERVICE_STATE):
        if not access(folder, os.R_OK | os.X_OK):
            findings.append(
                warning(
                    f"this user may not see the service's models in {folder}",
                    "run: sudo usermod -aG saykey $USER, then log in again",
                )
            )
    elif not access(folder, os.W_OK | os.X_OK):
        findings.append(
            warning(
                f"this user may not write to {folder}, so no model can be fetched",
                f"run: sudo chown -R $USER {folder}, or set recognition.store to another folder",
            )
        )
    closed = [
        node.name for node in sorted((dev / "snd").glob("pcm*c")) if not access(node, os.R_OK | os.W_OK)
    ]
    if closed:
        findings.append(
            warning(
                f"this user may not open the microphones {', '.join(closed)}",
                "run: sudo usermod -aG audio $USER, then log in again",
            )
        )
    yield from findings or [ok(f"models can be stored in {store}, microphones opened")]


def card(told: Path = TOLD) -> Iterator[Finding]:
    """Tell what was lost with the card's data partition, and what was not taken from the other one."""
    if told.exists():
        for line in told.read_text(encoding="utf-8").splitlines():
            found, advice = line.rstrip("."), "where it comes again, the card is worn out: use a new one"
            if "data partition" not in line:
                found, _, advice = found.partition(". ")
            yield warning(found, advice)


def memory(
    settings: RecognitionSettings, meminfo: Path = MEMINFO, cpus: int | None = None
) -> Iterator[Finding]:
    """Hold what the model needs to what this machine has."""
    sizes_kb = dict(line.split(":") for line in meminfo.read_text().splitlines())
    total_mb, free_mb = (int(sizes_kb[name].split()[0]) * 1024 / 1e6 for name in ("MemTotal", "MemAvailable"))
    cpus = cpus or len(os.sched_getaffinity(0))
    found = f"{free_mb:.0f} of {total_mb:.0f} MB free, {cpus} CPU{'s' * (cpus > 1)}"
    try:
        weights_mb = (resolve(settings) / MODEL).stat().st_size / 1e6
    except (ModelError, OSError):
        yield ok(found)
        return
    needed_mb = _BASE_MB + _MB_A_WEIGHT_MB * weights_mb
    found += f"; the model needs about {needed_mb:.0f} MB"
    if total_mb < needed_mb:
        yield fault(found, "use a smaller model: saykey model fetch tiny.en")
    elif free_mb < needed_mb:
        yield warning(found, "end other programs, or use a smaller model")
    else:
        yield ok(found)
    if settings.threads > cpus:
        yield warning(f"recognition.threads is {settings.threads}, but there are {cpus} CPUs", "set it to 0")


def _line(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return "unknown"
