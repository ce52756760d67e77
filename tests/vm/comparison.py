"""What a host received, compared with what was sent to it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

# Characters that may have been on their way when the host switched its Caps Lock.
_ON_THEIR_WAY = 20

Found = dict[str, Any]
"""What came of a scenario: what was `sent`, and what was received, as the guest's host.Received has it."""


def assert_sound(typed: Found) -> None:
    """The recording is complete, Saykey said that it typed all, and no key is down."""
    assert not typed["dropped"]
    assert not typed.get("status"), typed["stderr"]
    assert not typed["down"]


def assert_exact(typed: Found) -> None:
    """It is sound, and every character arrived once."""
    assert_sound(typed)
    assert not differences(typed)


def assert_none_lost(typed: Found) -> int:
    """It is sound, and every character arrived, some of them twice.

    Returns:
        How many arrived twice.
    """
    assert_sound(typed)
    sent, text = typed["sent"], typed["text"]
    changes = [each for each in _opcodes(typed) if each[0] != "equal"]
    for kind, at, _, got_at, got_to in changes:
        assert kind == "insert", differences(typed)
        assert text[got_at:got_to] in (sent[at - 1 : at], sent[at : at + 1]), differences(typed)
    return len(changes)


def assert_caps_compensated(typed: Found) -> int:
    """The host switched its Caps Lock three times: only what was on its way then is in the other case.

    Returns:
        How many characters are.
    """
    assert_sound(typed)
    sent, text, switched = typed["sent"], typed["text"], typed["caps_at"]
    assert len(switched) == 3
    assert text.casefold() == sent.casefold()
    wrong = [at for at, (one, other) in enumerate(zip(sent, text, strict=True)) if one != other]
    assert all(any(0 <= at - start < _ON_THEIR_WAY for start in switched) for at in wrong)
    assert typed["caps"], "switched three times by the host, it is on; what Saykey switched is switched back"
    return len(wrong)


def differences(typed: Found) -> list[str]:
    """Show where what was received is not what was sent."""
    sent, text = typed["sent"], typed["text"]
    return [
        f"at {at}: {sent[max(0, at - 10) : to + 5]!r} came as {text[max(0, got_at - 10) : got_to + 5]!r}"
        for kind, at, to, got_at, got_to in _opcodes(typed)
        if kind != "equal"
    ]


def _opcodes(typed: Found) -> list[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, typed["sent"], typed["text"], autojunk=False).get_opcodes()
