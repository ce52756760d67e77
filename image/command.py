"""The command `image/build`: the steps from Debian's packages to a card image."""

from __future__ import annotations

import argparse
import fcntl
import json
import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from image import boards, bom, boot_loader, contents, debian, programs, system
from image.card import Card, make_card
from image.errors import BuildError
from image.progress import step
from image.recipe import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from image.boards import Board

NEEDED_GB = 4
"""Free space for the largest that lies there at one time: root file systems, partitions, disk."""

_EPILOG = """\
examples:
  image/build pi-4                          build/image/saykey-pi-4.img.xz, and what is in it
  image/build orange-pi-zero-3 --out ~/cards
  image/build orange-pi-5 --closed ~/Downloads/rk3588_ddr_lp4_2112MHz_lp5_2400MHz_v1.18.bin
  TMPDIR=/dev/shm image/build pi-4          faster, where there are 2 GB of memory to spare
  xz -dc build/image/saykey-pi-4.img.xz | sudo dd of=/dev/sdX bs=4M conv=fsync status=progress

It takes some minutes, most of them the first time: what all boards have is kept in the folder. Delete the
folder to have Debian's newest packages.

boards: """


def main(arguments: Sequence[str] | None = None) -> int:
    """Build an image; give the exit status: 0 done, 1 an error that was explained, 2 a wrong call."""
    parser = argparse.ArgumentParser(
        prog="image/build",
        description="Build a card image for a board, with a bill of materials.",
        epilog=_EPILOG + ", ".join(boards.names()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("board", metavar="BOARD", help="a board, or a file like those in device/boards")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=PROJECT / "build/image",
        help="where the image goes, and what later builds use again (build/image)",
    )
    parser.add_argument(
        "--closed",
        metavar="FILE",
        type=Path,
        help="the program without a source that an Orange Pi 5 needs; without it, this says where to get it",
    )
    called = parser.parse_args(arguments)
    try:
        build(called.board, called.out.expanduser().absolute(), called.closed)
    except BuildError as error:
        print(f"image/build: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build(name: str, out: Path, closed: Path | None = None) -> Path:
    """Build a board's image, and give its file.

    Args:
        name: The board's name, or its file.
        out: Where it goes: the image, and beside it its sha256, its bill of materials and its list of files.
        closed: The program without a source, where the board needs one.

    Raises:
        BuildError: It cannot be built.
    """
    board = boot_loader.with_closed(boards.board_of(name), closed)
    if missing := programs.lacking():
        raise BuildError(f"Programs are missing: run sudo apt install {' '.join(missing)}")
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out), TemporaryDirectory(prefix="building.", dir=out) as work:
        if (free := shutil.disk_usage(out).free) < NEEDED_GB * 10**9:
            raise BuildError(
                f"{out} has {free / 1e9:.1f} GB left, and {NEEDED_GB} are needed: name another --out."
            )
        card = _card(board, out / "cache", Path(work))
        image = out / f"saykey-{board.name}.img.xz"
        with step("compressing"):
            compressed = Path(work) / image.name
            _compress(card.disk, compressed)
        _finish(card, compressed, image)
    print(f"{image}: {image.stat().st_size / 1e6:.0f} MB")  # noqa: T201  what the command is for
    return image


def _card(board: Board, cache: Path, work: Path) -> Card:
    with step("Debian's packages"):
        base = debian.fetch(cache)
    with step("Saykey and its model"):
        common = system.make(base, cache)
    return make_card(board, base, common, cache, work)


def _finish(card: Card, compressed: Path, image: Path) -> None:
    """Write what goes beside the image, and then the image itself."""
    total = contents.sha256_of(compressed)
    stated: dict[str, str | int] = {
        "name": image.name,
        "sha256": total,
        "bytes": compressed.stat().st_size,
        "disk_sha256": contents.sha256_of(card.disk),
        "disk_bytes": card.disk.stat().st_size,
    }
    bill = replace(card.bill, image=stated)
    stem = str(image).removesuffix(".img.xz")
    Path(f"{stem}.bom.json").write_text(json.dumps(bill.as_dict(), indent=1) + "\n", encoding="utf-8")
    Path(f"{stem}.bom.txt").write_text(bom.readable(bill), encoding="utf-8")
    Path(f"{stem}.list").write_text(contents.as_text(card.entries), encoding="utf-8")
    compressed.rename(image)
    Path(f"{stem}.sha256").write_text(f"{total}  {image.name}\n", encoding="utf-8")


def _compress(disk: Path, compressed: Path) -> None:
    # In blocks, whose size decides what is written; the number of threads does not, as long as it is not one.
    words = ["--keep", "--threads=2", "--block-size=16MiB", "-6", "--suffix=.xz"]
    programs.run("xz", *words, disk)
    disk.with_name(f"{disk.name}.xz").rename(compressed)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Wait until no other build uses the folder; what one that was killed has left there goes."""
    with (out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for place in (out, out / "cache", *out.glob("cache/*/")):
            for left in place.glob("building.*"):
                shutil.rmtree(left)
        yield
