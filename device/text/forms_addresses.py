"""E-mail addresses and those of the web, said in words. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from device.text.forms_words import alternatives, form_words

if TYPE_CHECKING:
    from device.text.forms_words import AddressWords

# Those that are dictated, not all 1,400: what is no address must not become one.
_TOP_LEVEL = (
    "com|org|net|edu|gov|mil|int|io|dev|app|ai|co|info|biz|eu|tv|me|wiki|blog|shop|online|cloud"
    "|de|at|ch|li|lu|fr|be|mc|es|cat|pt|it|nl|pl|cz|sk|hu|ro|bg|gr|se|no|dk|fi|is|ie|uk|us|ca|au|nz"
    "|in|jp|kr|cn|tw|hk|sg|br|mx|ar|cl|pe|uy|ec|za|il|tr|ua|ru"
)
_LABEL = r"[^\W_]+(?:-[^\W_]+)*"


class _Addresses:
    """Writes the addresses of one language."""

    def __init__(self, words: AddressWords) -> None:
        self._signs = [
            (re.compile(rf" ?(?:{said}) ?", re.IGNORECASE), sign) for sign, said in words.signs.items()
        ]
        self._dot = re.compile(rf" (?:{words.dot}) ", re.IGNORECASE)
        self._no_name = re.compile(alternatives(words.no_name), re.IGNORECASE)
        self._unclear = re.compile(words.unclear, re.IGNORECASE)
        self._before_name = (
            re.compile(rf"\b(?:{words.before_name})\s\Z", re.IGNORECASE) if words.before_name else None
        )
        self._kind = re.compile(rf" (?:{alternatives(words.kind)})\b", re.IGNORECASE)
        dot = rf"(?: (?:{words.dot}) |\.)"
        slash, dash, below, colon = (words.signs[sign] for sign in "/-_:")
        label = rf"{_LABEL}(?: (?:{dash}) {_LABEL})*"
        name = rf"{_LABEL}(?:(?:{dot}| (?:{dash}|{below}) |[_+]){_LABEL})*"
        end = rf"(?![\w@-]|{dot}{_LABEL})"
        host = rf"{label}(?:{dot}{label})*?{dot}(?P<top>{_TOP_LEVEL})(?:{dot}[a-z]{{2}})?{end}"
        path = rf"(?: (?:{slash}) {name})*"
        scheme = rf"(?:https?(?: (?:{colon})|:)? ?(?:(?:{slash}) (?:{slash}) |//))?"
        self._mail = re.compile(
            rf"(?<![\w.@$€£-])(?P<name>{name}) ?(?P<at>\b(?:{words.at})\b|@) ?(?P<host>{host})", re.IGNORECASE
        )
        self._web = re.compile(
            rf"(?<![\w.@/-])(?P<all>(?P<scheme>{scheme})(?P<host>{host}){path})", re.IGNORECASE
        )

    def written(self, text: str) -> str:
        """Give the text with its addresses as they are written."""
        return self._web.sub(self._web_address, self._mail.sub(self._mail_address, text))

    def _mail_address(self, match: re.Match[str]) -> str:
        name = match["name"]
        # Who says a sign within the name, or what is no common word for the @, says an address.
        is_certain = " " in name or match["at"].lower() != "at"
        if self._no_name.fullmatch(name) or not (is_certain or self._is_name(match)):
            return match[0]
        return f"{self._in_signs(name)}@{self._in_signs(match['host'])}".lower()

    def _is_name(self, match: re.Match[str]) -> bool:
        """Tell the name of an address from other words before "at", as in "the pop-up at amazon.com"."""
        name, text = match["name"], match.string
        if name.replace(".", "").isdigit():
            return False
        if self._before_name and self._before_name.search(text[: match.start()]):
            return True
        has_sign = " " in match["host"] or not name.isalnum()
        is_all = has_sign and not re.search(r"\w", text[: match.start()] + text[match.end() :])
        return (is_all or not self._before_name) and "-" not in name

    def _web_address(self, match: re.Match[str]) -> str:
        written = self._in_signs(match["all"])
        if written == match["all"]:
            return written
        first, *_ = match["host"].split(" ")
        is_marked = bool(match["scheme"]) or first.lower().startswith("www")
        is_short = len(self._in_signs(match["host"]).split(".")) == 2
        is_unclear = self._unclear.fullmatch(match["top"]) or (is_short and self._no_name.fullmatch(first))
        if not is_marked and (is_unclear or self._kind.match(match.string, match.end())):
            return match[0]
        return written.lower()

    def _in_signs(self, said: str) -> str:
        said = self._dot.sub(".", said)
        for words, sign in self._signs:
            said = words.sub(sign, said)
        return said


@cache
def _addresses(language: str) -> _Addresses | None:
    words = form_words(language)
    return _Addresses(words.addresses) if words else None


@cache
def _ending(language: str) -> re.Pattern[str] | None:
    """Give what every address has: most texts have none, and are spared the rest."""
    words = form_words(language)
    if words is None:
        return None
    return re.compile(rf"(?: (?:{words.addresses.dot}) |\.)(?:{_TOP_LEVEL})\b", re.IGNORECASE)


def write_addresses(text: str, language: str) -> str:
    """Write the addresses that were said in words; leave all else as it is.

    Args:
        text: What was recognised.
        language: The code of its language.
    """
    ending = _ending(language)
    if not ending or not ending.search(text):
        return text
    addresses = _addresses(language)
    return addresses.written(text) if addresses else text
