"""macOS's tables, from Unicode CLDR.

A Mac asks which shape a new keyboard has (Keyboard Setup Assistant), and by the answer it exchanges two keys:
the one below Escape and the one beside the left Shift. Each table holds for the shape in which Apple sells
that layout, and says so in its origin: ANSI for those of the United States, ISO for all others.

The right Option key stands for either. While Caps Lock is on, Shift does not undo it: small letters are out
of reach then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.keyboard.reports import LEFT_SHIFT, RIGHT_ALT
from tools.layouts.cldr import KEYBOARDS, USAGES, Source, table_of

if TYPE_CHECKING:
    from pathlib import Path

    from tools.layouts.table import Table

# A Mac's layouts are not told which of two modifier keys it was, though CLDR has names for both: the plain
# ones are those of the left.
_WITHOUT_OPTION = {0: frozenset[str](), LEFT_SHIFT: frozenset({"shiftL"})}
LEVELS = {
    **_WITHOUT_OPTION,
    RIGHT_ALT: frozenset({"optL"}),
    LEFT_SHIFT | RIGHT_ALT: frozenset({"shiftL", "optL"}),
}
"""Modifiers of a report, and CLDR's names for what is held then."""

# CLDR names a Mac's keys by their codes as on an ANSI keyboard, where code 50 is below Escape; on an ISO
# keyboard it is beside the left Shift, and code 10 below Escape.
_ISO_USAGES = {**USAGES, "E00": USAGES["B00"], "B00": USAGES["E00"]}

# Unicode Hex Input types as U.S. does; with Option held, four hexadecimal digits are a character's code.
_UNICODE_HEX = Source("unicode-hex", "Unicode Hex Input", "en", "en")

_ANSI_SOURCES = (
    Source("us", "U.S.", "en", "en"),
    Source("us-colemak", "Colemak", "en", "en/colemak"),
    Source("us-dvorak", "Dvorak", "en", "en/dvorak"),
    Source("us-intl", "U.S. International - PC", "en nl pt", "en/extended-var"),
)

# CLDR lacks Latin American, has read the dead keys of Lithuanian in a wrong encoding, and gives Slovenian and
# Serbian (Latin) y and z where their keyboards do not have them.
_ISO_SOURCES = (
    Source("at", "Austrian", "de", "de-AT"),
    Source("be", "Belgian", "fr nl de", "fr-BE"),
    Source("bg", "Bulgarian", "bg", "bg"),
    Source("br", "Brazilian - ABNT2", "pt", "pt/extended"),
    Source("by", "Belarusian", "be", "be"),
    Source("ca-fr", "Canadian - CSA", "fr", "fr-CA"),
    Source("ch-de", "Swiss German", "de", "de-CH"),
    Source("ch-fr", "Swiss French", "fr", "fr-CH"),
    Source("cz", "Czech", "cs", "cs"),
    Source("cz-qwerty", "Czech - QWERTY", "cs", "cs/qwerty"),
    Source("de", "German", "de", "de"),
    Source("dk", "Danish", "da", "da"),
    Source("es", "Spanish - ISO", "es", "es/extended"),
    Source("fi", "Finnish", "fi sv", "fi"),
    Source("fi-extended", "Finnish (extended)", "fi sv", "fi/extended"),
    Source("fr", "French", "fr", "fr"),
    Source("gb", "British", "en", "en-GB"),
    Source("gr", "Greek", "el", "el"),
    Source("hr", "Croatian - PC", "hr", "hr/var"),
    Source("hu", "Hungarian", "hu", "hu"),
    Source("ie", "Irish", "en ga", "ga"),
    Source("il", "Hebrew", "he", "he"),
    Source("is", "Icelandic", "is", "is"),
    Source("it", "Italian - Pro", "it", "it/extended"),
    Source("lv", "Latvian", "lv", "lv"),
    Source("nl", "Dutch", "nl", "nl"),
    Source("no", "Norwegian", "no", "nb"),
    Source("pl", "Polish Pro", "pl", "pl/extended"),
    Source("pt", "Portuguese", "pt", "pt-PT"),
    Source("ro", "Romanian - Standard", "ro", "ro/extended"),
    Source("rs", "Serbian", "sr", "sr"),
    Source("ru", "Russian", "ru", "ru"),
    Source("se", "Swedish - Pro", "sv", "sv/extended"),
    Source("sk", "Slovak", "sk", "sk"),
    Source("tr", "Turkish Q", "tr", "tr/qwerty-var"),
    Source("tr-f", "Turkish F", "tr", "tr"),
    Source("ua", "Ukrainian", "uk", "uk"),
)

SOURCES = (*_ANSI_SOURCES, *_ISO_SOURCES, _UNICODE_HEX)


def tables(keyboards: Path = KEYBOARDS) -> dict[str, Table]:
    """Make the tables of all layouts, by name.

    Args:
        keyboards: CLDR's folder of that name.

    Raises:
        SaykeyError: A keyboard is missing there.
    """
    return {source.name: _table_of(source, keyboards / "osx") for source in SOURCES}


def _table_of(source: Source, folder: Path) -> Table:
    levels = _WITHOUT_OPTION if source == _UNICODE_HEX else LEVELS
    if source in _ISO_SOURCES:
        return table_of(source, folder, "macOS 10.9, on a keyboard of ISO shape", levels, _ISO_USAGES)
    return table_of(source, folder, "macOS 10.9, on a keyboard of ANSI shape", levels, USAGES)
