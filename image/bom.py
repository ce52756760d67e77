"""The bill of materials: everything in an image, with its version and its licence."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from image.programs import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from image.wheels import Wheel

STATUS = "var/lib/dpkg/status"
"""What dpkg knows of the packages that are installed."""

_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9])")
"""Where Debian has the texts of frequent licences, which older `copyright` files point to."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is in the image.

    Attributes:
        name: Its name.
        version: Its version.
        licence: As it says itself; several with commas between.
        sha256: Of the file that it came in, where it came in one.
    """

    name: str
    version: str
    licence: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """What an image is made of.

    Attributes:
        board: The board.
        saykey: Saykey's version.
        kernel: The kernel's.
        packages: Debian's that are installed.
        unpacked: Debian's of which files are used.
        wheels: Python's.
        model: The speech model.
        built: What was built from source for it, and by what.
        closed: Programs of which there is no source.
        image: Name and sha256 of the image, and its sizes in bytes.
    """

    board: str
    saykey: str
    kernel: str
    packages: list[Part]
    unpacked: list[Part]
    wheels: list[Wheel]
    model: str
    built: list[Part] = field(default_factory=list)
    closed: list[Part] = field(default_factory=list)
    image: dict[str, str | int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Give it as what JSON has."""
        return asdict(self)


def installed(status: str, copyrights: Mapping[str, str]) -> list[Part]:
    """List the packages that are installed, by their names.

    Args:
        status: dpkg's file.
        copyrights: The text of each package's `copyright`, by its name. Where one has none, another's of the
            same source counts.
    """
    packages = list(_paragraphs(status))
    by_source: dict[str, str] = {}
    for fields in packages:
        if text := copyrights.get(fields["Package"]):
            by_source.setdefault(_source(fields), text)
    return sorted(
        (
            Part(
                name, fields["Version"], licences(copyrights.get(name) or by_source.get(_source(fields), ""))
            )
            for fields in packages
            if (name := fields["Package"])
        ),
        key=lambda part: part.name,
    )


def unpacked(package: Path, copyright_text: str, sha256: str) -> Part:
    """Say what a package is that is not installed.

    Args:
        package: Its file.
        copyright_text: Its `copyright`.
        sha256: Of its file.
    """
    name, version = run("dpkg-deb", "--show", "--showformat=${Package} ${Version}", package).split()
    return Part(name, version, licences(copyright_text), sha256)


def licences(copyright_text: str) -> str:
    """Give the names of the licences in a `copyright` file (DEP-5), or of those that it points to.

    Args:
        copyright_text: The file.
    """
    found = re.findall(r"^License: *(\S.*)$", copyright_text, re.MULTILINE)
    if not re.match(r"Format:", copyright_text) or not found:
        found = _COMMON.findall(copyright_text)
    return ", ".join(dict.fromkeys(name.strip() for name in found)) or "see its copyright file"


def readable(bill: Bill) -> str:
    """Write a bill for people: a table for each kind of part."""
    lines = [
        f"Saykey {bill.saykey} for the {bill.board}",
        f"Linux {bill.kernel}",
        f"speech model {bill.model}",
    ]
    for key, value in bill.image.items():
        lines.append(f"{key} {value}")
    tables: dict[str, list[Part] | list[Wheel]] = {
        "Packages of Debian": bill.packages,
        "Packages of Debian of which files are used": bill.unpacked,
        "Packages of Python": bill.wheels,
        "Built from source": bill.built,
        "Programs without a source": bill.closed,
    }
    for title, parts in tables.items():
        if parts:
            lines += ["", f"{title} ({len(parts)})", *_table(parts)]
    return "\n".join(lines) + "\n"


def _table(parts: list[Part] | list[Wheel]) -> Iterator[str]:
    names = max(len(part.name) for part in parts)
    versions = max(len(part.version) for part in parts)
    for part in parts:
        yield f"  {part.name:<{names}}  {part.version:<{versions}}  {part.licence}".rstrip()


def _paragraphs(status: str) -> Iterator[dict[str, str]]:
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Status|Source): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status") == "install ok installed":
            yield fields


def _source(fields: Mapping[str, str]) -> str:
    """Give the name of a package's source, which is its own where none is named."""
    return fields.get("Source", fields["Package"]).partition(" ")[0]
