"""Windows' tables, from Unicode CLDR.

Each layout is the one that Windows 10 gives to a new user of its language. CLDR says for each key what Caps
Lock does to it: on some layouts it shifts the digits too, on others it gives capital letters with accents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.keyboard.reports import LEFT_SHIFT, RIGHT_ALT
from tools.layouts.cldr import KEYBOARDS, USAGES, Source, table_of

if TYPE_CHECKING:
    from pathlib import Path

    from tools.layouts.table import Table

LEVELS = {
    0: frozenset[str](),
    LEFT_SHIFT: frozenset({"shiftL"}),
    RIGHT_ALT: frozenset({"altR"}),
    LEFT_SHIFT | RIGHT_ALT: frozenset({"shiftL", "altR"}),
}
"""Modifiers of a report, and CLDR's names for what is held then."""

# CLDR lacks Colemak, which Windows has had since 2024.
SOURCES = (
    Source("be", "Belgian French", "fr nl de", "fr-BE"),
    Source("bg", "Bulgarian", "bg", "bg"),
    Source("br", "Portuguese (Brazil ABNT2)", "pt", "pt/var"),
    Source("by", "Belarusian", "be", "be"),
    Source("ca-fr", "Canadian French", "fr", "fr-CA/var"),
    Source("ch-de", "Swiss German", "de", "de-CH"),
    Source("ch-fr", "Swiss French", "fr", "fr-CH"),
    Source("cz", "Czech", "cs", "cs"),
    Source("cz-qwerty", "Czech (QWERTY)", "cs", "cs/qwerty"),
    Source("de", "German", "de", "de"),
    Source("dk", "Danish", "da", "da"),
    Source("ee", "Estonian", "et", "et"),
    Source("es", "Spanish", "es", "es"),
    Source("fi", "Finnish", "fi sv", "fi"),
    Source("fr", "French", "fr", "fr"),
    Source("gb", "United Kingdom", "en", "en-GB"),
    Source("gr", "Greek", "el", "el"),
    Source("hr", "Croatian", "hr", "sl"),  # Croatia and Slovenia share one, KBDCR.DLL
    Source("hu", "Hungarian", "hu", "hu"),
    Source("ie", "Irish", "en ga", "ga"),
    Source("il", "Hebrew (Standard)", "he", "he/extended"),
    Source("is", "Icelandic", "is", "is"),
    Source("it", "Italian", "it", "it"),
    Source("latam", "Latin American", "es", "es-419"),
    Source("lt", "Lithuanian", "lt", "lt"),
    Source("lv", "Latvian (Standard)", "lv", "lv/extended"),
    Source("nl", "Dutch", "nl", "nl"),
    Source("no", "Norwegian", "no", "nb"),
    Source("pl", "Polish (Programmers)", "pl", "pl/extended"),
    Source("pt", "Portuguese", "pt", "pt-PT"),
    Source("ro", "Romanian (Standard)", "ro", "ro"),
    Source("rs", "Serbian (Cyrillic)", "sr", "sr"),
    Source("rs-latin", "Serbian (Latin)", "sr-Latn", "sr-Latn"),
    Source("ru", "Russian", "ru", "ru"),
    Source("se", "Swedish", "sv", "sv"),
    Source("si", "Slovenian", "sl", "sl"),
    Source("sk", "Slovak", "sk", "sk"),
    Source("tr", "Turkish Q", "tr", "tr"),
    Source("tr-f", "Turkish F", "tr", "tr/legacy"),
    Source("ua", "Ukrainian (Enhanced)", "uk", "uk/extended"),
    Source("us", "US", "en", "en"),
    Source("us-dvorak", "United States-Dvorak", "en", "en/dvorak"),
    Source("us-intl", "United States-International", "en nl pt", "en/extended"),
)


def tables(keyboards: Path = KEYBOARDS) -> dict[str, Table]:
    """Make the tables of all layouts, by name.

    Args:
        keyboards: CLDR's folder of that name.

    Raises:
        SaykeyError: A keyboard is missing there.
    """
    folder = keyboards / "windows"
    return {source.name: table_of(source, folder, "Windows 10", LEVELS, USAGES) for source in SOURCES}
