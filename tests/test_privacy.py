"""Nothing that carries what was said shows it, should it ever reach a log or a traceback."""

from __future__ import annotations

import pytest

from device.events import Recognised
from device.outbox import Entry
from device.settings import Settings
from device.speech.engine import Decoded
from device.speech.transcript import Segment, Transcript
from device.text.commands import read
from device.text.grammar import Grammar, grammar_of
from device.text.phrases import Heard
from device.text.words import words_of
from device.utterance import Utterance

SAID = "a private word"
TRANSCRIPT = Transcript((Segment(0.0, 1.0, SAID, -0.1, 0.0),), 1.0)


@pytest.mark.parametrize(
    "carrier",
    [
        TRANSCRIPT,
        Recognised(1, TRANSCRIPT),
        Entry(1, SAID),
        Decoded(SAID, (1, 2, 3), -0.1, 0.0, capped=False),
        words_of(SAID),
        Heard.of(TRANSCRIPT.segments, Grammar(), is_open=False),
        read(TRANSCRIPT.segments, grammar_of("en"), Settings()),
        Utterance(1, 0.0, TRANSCRIPT, text=SAID),
    ],
    ids=lambda carrier: type(carrier).__name__,
)
def test_what_was_said_is_not_shown(carrier):
    assert "private" not in repr(carrier)
