"""Characters as people count them."""

from __future__ import annotations


def clusters(text: str) -> int:
    """Count the grapheme clusters of a text (Unicode Standard Annex 29): one Backspace deletes one.

    A carriage return is a key of its own here, and of no cluster with the line feed behind it.
    """
    if text.isascii():
        return len(text)
    # Its tables take 10 MB of memory: most texts do without.
    from wcwidth import iter_graphemes

    return sum(1 for _ in iter_graphemes(text.replace("\r", "\n")))


def last_cluster(text: str) -> str:
    """Give the last grapheme cluster of a text that has one: what one Backspace deletes.

    Args:
        text: Without carriage returns.
    """
    if text[-2:].isascii():
        return text[-1]
    from wcwidth import iter_graphemes_reverse

    return next(iter_graphemes_reverse(text))
