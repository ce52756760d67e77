"""Nothing that carries what was said shows it, should it ever reach a log or a traceback."""

from __future__ import annotations

import pytest

from device.events import Recognised
from device.outbox import Entry
from device.speech.engine import Decoded
from device.speech.transcript import Segment, Transcript
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
        Utterance(1, 0.0, TRANSCRIPT, text=SAID),
    ],
    ids=lambda carrier: type(carrier).__name__,
)
def test_what_was_said_is_not_shown(carrier):
    assert "private" not in repr(carrier)
