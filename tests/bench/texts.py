"""The characters and texts that layouts are tried with, and the command that makes exemplars.toml.

    python -m tests.bench.texts --cldr FOLDER [--check]

FOLDER is Unicode CLDR's, as Debian's unicode-cldr-core puts it into /usr/share/unicode/cldr.
"""

# ruff: noqa: RUF001  typographic on purpose

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from device.keyboard.layout import SYSTEMS, layout_named, layouts

if TYPE_CHECKING:
    from collections.abc import Iterable

EXEMPLARS = Path(__file__).with_name("exemplars.toml")
CLDR = Path("/usr/share/unicode/cldr")

ASCII = "".join(map(chr, range(0x20, 0x7F)))
PUNCTUATION = "’‘“”„«»–—…·¿¡§°"
EURO = "€"
EMOJI = "😀😂😊😍🎉👍🔥🚀✅❤"

TYPOGRAPHIC = {
    "en": "“It’s 5–10 °C,” she said — ‘colder than §3 allows’ … the ½-litre café flask cost €4.",
    "de": "„Es sind 5–10 °C“, sagte sie – ‚kälter, als § 3 erlaubt‘ … die ½-Liter-Flasche kostet 4 €.",
    "fr": "«\u202fIl fait 5–10 °C\u202f», dit-elle — l’œuvre coûte 4\u00a0€… À Noël, ça ira, n° 3.",
    "es": "«¿Hace 5–10 °C?», dijo ella —¡más frío que en el n.º 3!—… la “niña” pagó 4 €.",
}
"""A sentence of each language as a book prints it."""

PROSE = {
    "en": "The quick text arrives as it was spoken, with every naïve accent and each comma in its place.",
    "de": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, und Übermut tut selten gut.",
    "fr": "Voix ambiguë d’un cœur qui, au zéphyr, préfère les jattes de kiwis ; où êtes-vous, François ?",
    "es": "El pingüino Wenceslao hizo kilómetros bajo la lluvia y el frío; añoraba a su perro: ¿dónde está?",
}

PLAIN = (
    'if (x[i] != "a\\b" && n >= 0x1F) { y = ~z ^ `w` | 100 % 7; } // @todo #42',
    "Write to ann.smith+news@example.org or call +49 (30) 123-456; it costs $9.99 <plus> 19 %.",
)


def letters(languages: Iterable[str]) -> str:
    """Give the letters of languages, small and capital, by CLDR's main exemplar characters."""
    return "".join(sorted({each for language in languages for each in _exemplars()[language]}))


@cache
def _exemplars() -> dict[str, str]:
    found: dict[str, str] = tomllib.loads(EXEMPLARS.read_text(encoding="utf-8"))["letters"]
    return found


def mixed(language: str, characters: int = 2000) -> str:
    """Give a text of prose, typography, code and addresses, of so many characters."""
    sentences = " ".join((PROSE[language], TYPOGRAPHIC[language], *PLAIN, ""))
    return "".join(islice(cycle(sentences), characters))


def written(cldr: Path) -> str:
    """Give the text of exemplars.toml for all languages of all layouts.

    Raises:
        OSError: CLDR is not there.
    """
    known = {
        language for system in SYSTEMS for name in layouts(system) for language in _languages(system, name)
    }
    release = re.search(r'cldrVersion CDATA #FIXED "(\d+)"', (cldr / "common/dtd/ldml.dtd").read_text())
    return "\n".join(
        (
            "# Made by `python -m tests.bench.texts`. Do not edit.",
            "# The letters among each language's main exemplar characters, and their capitals.",
            f'origin = "Unicode CLDR {release[1] if release else "?"}, common/main"',
            "",
            "[letters]",
            *(f'{language} = "{_letters_of(language, cldr)}"' for language in sorted(known)),
            "",
        )
    )


def _languages(system: str, name: str) -> tuple[str, ...]:
    return layout_named(system, name).languages


def _letters_of(language: str, cldr: Path) -> str:
    path = cldr / "common/main" / f"{language.replace('-', '_')}.xml"
    root = ET.parse(path).getroot()  # noqa: S314  the Unicode Consortium's file, put there by who runs this
    found = next(each for each in root.iter("exemplarCharacters") if "type" not in each.attrib)
    # Clusters such as {ch} are typed letter by letter, and escapes stand for combining accents.
    small = {each for each in re.sub(r"\\u[0-9A-Fa-f]{4}", "", found.text or "") if each.isalpha()}
    return "".join(sorted(small | {each.upper() for each in small if len(each.upper()) == 1}))


def main() -> int:
    """Write exemplars.toml, or say whether it is as it would be made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cldr", type=Path, default=CLDR, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    arguments = parser.parse_args()
    text = written(arguments.cldr)
    if arguments.check:
        return int(EXEMPLARS.read_text(encoding="utf-8") != text)
    EXEMPLARS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
