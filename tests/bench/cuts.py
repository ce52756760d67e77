"""The power is cut at random moments while another model is put in use: is one in use that works?

    python -m tests.bench.cuts [--cuts 200] [--seed 0] [--real 3]

In a virtual machine with a stock kernel, the device's own code installs models from signed bundles, switches
to one that is there, goes back to the one before, and gives one up after three failed starts, on ext4. Its
process is killed and the file system shut down as it is: what was not synchronised is gone. Half of the
moments are uniform over the time that it takes. The others lie just before a step, a change of a folder or a
synchronisation, uniform over the steps; there, the kernel has just written its journal half of the times.
Then it is mounted again; the model in use and the one before are held to their sums, the one in use is tried,
and what came to nothing is done again. The models are tiny ones of random weights; --real adds cuts with
tiny.en, each of which takes minutes. Prints how often what was hit, and exits with 1 when once no model that
passes its self-test was in use.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from device.models.store import resolve
from device.settings import RecognitionSettings
from tests.vm import lab
from tests.vm.cutting import cut_real, cut_tiny

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S, _TINY_S, _REAL_S = 600, 60, 900
"""Limits for the start and for each cut, on a busy machine."""


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cuts", type=int, default=200, help="cuts with tiny models of random weights")
    parser.add_argument("--real", type=int, default=0, help="cuts with tiny.en")
    parser.add_argument("--seed", type=int, default=0, help="chooses the moments")
    arguments = parser.parse_args()
    if reason := lab.lacking():
        sys.exit(reason)
    failed = False
    for title, cuts in _cut(arguments):
        failed |= show(title, cuts)
    return int(failed)


def _cut(arguments: argparse.Namespace) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with tempfile.TemporaryDirectory(prefix="saykey-cuts-") as scratch:
        if count := arguments.cuts:
            (share := Path(scratch, "tiny")).mkdir()
            limit_s = _START_S + _TINY_S * count
            yield "tiny models", cut_tiny(share, cuts=count, seed=arguments.seed, limit_s=limit_s)["cuts"]
        if count := arguments.real:
            (share := Path(scratch, "real")).mkdir()
            models = resolve(RecognitionSettings(model="tiny.en")).parent
            limit_s = _START_S + _REAL_S * count
            yield "tiny.en", cut_real(share, models, cuts=count, seed=arguments.seed, limit_s=limit_s)["cuts"]


def show(title: str, cuts: list[dict[str, Any]]) -> bool:
    """Print what was hit and what was in use afterwards; say whether something was wrong once."""
    console = Console()
    table = Table("cut during", "after", "cuts", "old in use", "new in use", "wrong", box=None, title=title)
    hit = Counter((cut["kind"], cut["phase"]) for cut in cuts)
    for kind, phase in sorted(hit):
        these = [cut for cut in cuts if (cut["kind"], cut["phase"]) == (kind, phase)]
        table.add_row(kind, phase, *_counted(these))
    table.add_section()
    table.add_row("all", "", *_counted(cuts))
    console.print(table)
    steps = sum(bool(cut["step"]) for cut in cuts)
    console.print(f"{len(cuts) - steps} at moments uniform over time, {steps} before steps uniform over them")
    wrong = [cut for cut in cuts if cut["wrong"]]
    for cut in wrong:
        console.print(f"{cut['kind']}, {cut['phase']}: {cut['wrong']}", highlight=False)
    return bool(wrong)


def _counted(cuts: list[dict[str, Any]]) -> list[str]:
    active = Counter(cut["active"] for cut in cuts)
    return [
        str(count)
        for count in (len(cuts), active["old"], active["new"], sum(bool(cut["wrong"]) for cut in cuts))
    ]


if __name__ == "__main__":
    sys.exit(main())
