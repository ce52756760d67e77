"""Broken and forged bundles, one after another: does the reader do anything but take or refuse them?

    python -m tests.bench.fuzz_bundle --minutes 10 [--seed 0]

Changes small bundles at random (bits, cuts, blocks, headers, members, the index signed anew with lies in it)
and reads random bytes. A find is any error but BundleError; a file outside of the folder, or one that is no
plain file; more than 4 MB of memory; a bundle that is taken though its signature or a sum is wrong by
py-minisign and hashlib. Prints how many of each kind were taken and refused, and by how many different
sentences. Exits with 1 after a find, which it keeps as a file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import shutil
import stat
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, cast

from minisign import Signature
from rich.console import Console
from rich.table import Table

from device.errors import BundleError
from device.models.bundle import open_bundle
from tests.bench.broken_bundles import KINDS
from tests.bundles import OWNER, Pipe, public

if TYPE_CHECKING:
    from typing import BinaryIO

MOST_MEMORY = 4 << 20
"""Bytes that Python may hold at a time to read a bundle of a few kilobytes."""

_DETAILS = re.compile(
    r"\d+|'.*'|\(.*\)|^.*(?= in the bundle |is in the)| (has|lacks|key|after|trusts|for|lists) [\w.]+"
)
"""What differs between two cases of one sentence."""


class FoundError(AssertionError):
    """The reader did what it must not do."""


class Fuzz:
    """Reads one broken bundle after another.

    Attributes:
        counts: How often each kind was taken or refused.
        sentences: How often each sentence was the reason, figures and names left out.
        content: The last bundle.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        """Take a folder that is empty, and a seed on which all but the keys depends."""
        self.counts: Counter[tuple[str, str]] = Counter()
        self.sentences: Counter[str] = Counter()
        self.content = b""
        self._folder = folder
        self._random = random.Random(seed)

    def once(self, kind: str) -> str:
        """Break a bundle, and read it; give "taken" or "refused".

        Raises:
            FoundError: The reader did what it must not do.
        """
        self.content = KINDS[kind](self._random)
        target = self._folder / "target"
        target.mkdir()
        try:
            result = self._read(target)
            self._check_files(target, result)
        finally:
            shutil.rmtree(target)
        self.counts[kind, result] += 1
        return result

    def _read(self, target: Path) -> str:
        stream = cast("BinaryIO", Pipe(self.content, self._random.choice((1 << 20, 700, 64))))
        tracemalloc.start()
        try:
            open_bundle(stream, public()).unpack(target, lambda _what, _done: None)
        except BundleError as error:
            self.sentences[_DETAILS.sub("…", str(error))] += 1
            return "refused"
        except Exception as error:
            raise FoundError(f"{type(error).__name__}: {error}") from error
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            if peak > MOST_MEMORY:
                raise FoundError(f"{peak} bytes of memory")  # it is the worse of the two
        return "taken"

    def _check_files(self, target: Path, result: str) -> None:
        if [path.name for path in self._folder.iterdir()] != ["target"]:
            raise FoundError("something is outside of the folder")
        files = {path.name: path for path in target.iterdir()}
        if not all(stat.S_ISREG(path.lstat().st_mode) for path in files.values()):
            raise FoundError("there is something that is no plain file")
        if result == "taken":
            content = {name: path.read_bytes() for name, path in files.items()}
            index, signature = content.pop("bundle.json"), content.pop("bundle.minisig")
            # Nobody vouches for the comment in the first line.
            _, *signed = signature.splitlines()
            OWNER.public_key.verify(
                index, Signature.from_bytes(b"\n".join((b"untrusted comment: ", *signed)))
            )
            sums = {name: hashlib.sha256(part).hexdigest() for name, part in content.items()}
            if sums != {name: part["sha256"] for name, part in json.loads(index)["parts"].items()}:
                raise FoundError("a part is not what the index says")


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    ends_at = time.monotonic() + 60 * arguments.minutes
    kinds = sorted(KINDS)
    finds = tries = 0
    with tempfile.TemporaryDirectory(prefix="saykey-", dir=memory()) as folder:
        fuzz = Fuzz(Path(folder), arguments.seed)
        while time.monotonic() < ends_at:
            name = kinds[tries % len(kinds)]
            tries += 1
            try:
                fuzz.once(name)
            except Exception as error:  # noqa: BLE001  # a wrong signature that was taken is one, too
                finds += 1
                kept = Path(tempfile.gettempdir(), f"find-{arguments.seed}-{tries}.saykey")
                kept.write_bytes(fuzz.content)
                print(f"FOUND, {name}: {error} (kept as {kept})")
    _show(fuzz, kinds)
    print(f"{tries} bundles, {len(fuzz.sentences)} sentences, {finds} finds")
    return int(finds > 0)


def memory() -> Path | None:
    """Give a folder in memory, on which nothing has to be waited for, or `None`."""
    folder = Path("/dev/shm")  # noqa: S108  # where Linux has it
    return folder if folder.is_dir() else None


def _show(fuzz: Fuzz, kinds: list[str]) -> None:
    table = Table("what was done", "tried", "taken", "refused")
    for name in kinds:
        taken, refused = fuzz.counts[name, "taken"], fuzz.counts[name, "refused"]
        table.add_row(name, str(taken + refused), str(taken), str(refused))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
