"""The comma before the last item of an English list. Pure.

Whether "A, B and C" is a list no rule can tell for certain: "she stood there, cold and hungry" is none. So
only lists are touched whose items look alike, and those of more than three.
"""

from __future__ import annotations

import re

# What begins a sentence and is no item of a list: "However, John and Mary left."
_LEADS_IN = re.compile(
    r"(?:after|although|as|at|because|before|by|despite|during|even|for|from|if|in|now|of|on|once|since|so|through"
    r"|to|today|tomorrow|tonight|under|unless|until|well|what|when|where|while|with|within|without|yes|yesterday|no"
    r"|\w+ly|\w+day|however|instead|also|then|first|second|third|next|last|here|there|thanks|hello|hi|hey|dear"
    r"|meanwhile|otherwise|therefore|furthermore|besides|still|indeed|please|sorry|okay|ok|right|look|listen)\b",
    re.IGNORECASE,
)
_JOINS = "'\N{RIGHT SINGLE QUOTATION MARK}-"
_WORD = rf"[^\W\d_][\w{_JOINS}]*"
# None of these stands in a short item of a list; with one of them it is a clause.
_CLAUSE = (
    r"(?:I|you|he|she|it|we|they|who|which|that|this|there|is|are|was|were|be|been|am|has|have|had|do|does|did|will"
    r"|would|can|could|shall|should|may|might|must|not|and|or|but|so|then|if|when|while|because|said|says|too|please"
    r"|yes|no|well|oh)\b"
)
_DETERMINER = r"(?:the|an?|my|your|his|her|its|our|their|some|two|three|four|five|six|\d+)"
_SHORT = rf"(?!{_CLAUSE})(?:{_DETERMINER} )?(?!{_CLAUSE}){_WORD}(?: (?!{_CLAUSE}){_WORD})?"
_ALIKE = (
    rf"{_DETERMINER} (?!{_CLAUSE}){_WORD}(?: (?!{_CLAUSE}){_WORD})?",
    r"(?-i:[A-Z][a-z]+)",
    r"[a-z]+(?<!s)s(?<!\bas)(?<!\bis)(?<!\bthis)",
    r"[a-z]+ing",
    r"\d[\d.,]*(?<=\d)",
)
# An item is taken whole: "the cat" could be read as two words too, which doubles the ways with each item.
_LISTS = tuple(
    re.compile(
        rf"(?<![\w{_JOINS}])(?P<items>(?>{item})(?:, (?>{item})){more})(?P<comma>,?)"
        rf"(?P<last> (?:and|or) (?>{item}))(?![\w{_JOINS}])",
        re.IGNORECASE,
    )
    for item, more in (*((item, "+") for item in _ALIKE), (_SHORT, "{2,}"))
)
_SENTENCE = re.compile(r"[.!?:;\n][\"”\N{RIGHT SINGLE QUOTATION MARK})]*\s+")


def with_oxford_commas(text: str) -> str:
    """Put a comma before the last item of each list."""
    return _written(text, ",")


def without_oxford_commas(text: str) -> str:
    """Leave it out."""
    return _written(text, "")


def _written(text: str, comma: str) -> str:
    for pattern in _LISTS:
        text = pattern.sub(
            lambda match: match[0] if _is_no_list(match) else f"{match['items']}{comma}{match['last']}", text
        )
    return text


def _is_no_list(match: re.Match[str]) -> bool:
    """Say whether what stands before the first comma may lead into the sentence."""
    before = match.string[: match.start()]
    sentence = _SENTENCE.split(before)[-1].lstrip(" \"“'(")
    clause = sentence.rpartition(",")[2].lstrip()
    return not sentence or bool(_LEADS_IN.match(clause))
