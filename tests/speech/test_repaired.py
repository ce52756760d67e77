from __future__ import annotations

import numpy as np
import pytest

from device.audio.recording import Recording
from device.errors import ModelError
from device.speech.repaired import RepairedRecogniser
from device.speech.transcript import Segment, Transcript

RECORDING = Recording(np.zeros(16_000, np.float32), ())


def transcript(*texts):
    return Transcript(tuple(Segment(0.0, 1.0, text, -0.1, 0.0) for text in texts), 1.0, {"decode": 2.0})


class Recogniser:
    """Tells the first segment, and gives both."""

    def recognise(self, recording, report):
        report(transcript("one"))
        return transcript("one", "two")

    def anticipate(self, recording):
        return transcript("one")

    def cost_ms(self, duration_s):
        return 7 * duration_s


def shouted(text, language):
    return f"{text.upper()} {language}"


def test_each_segment_is_repaired_wherever_it_is_told():
    recogniser, told = RepairedRecogniser(Recogniser(), shouted), []
    whole = recogniser.recognise(RECORDING, told.append)
    assert whole == transcript("ONE en", "TWO en")
    assert told == [transcript("ONE en")]
    assert recogniser.anticipate(RECORDING) == transcript("ONE en")
    assert recogniser.recognise(RECORDING).text == "ONE en TWO en"
    assert recogniser.cost_ms(2) == 14


def test_what_the_recogniser_raises_is_raised():
    class Broken(Recogniser):
        def anticipate(self, recording):
            raise ModelError("broken")

    with pytest.raises(ModelError, match="broken"):
        RepairedRecogniser(Broken(), shouted).anticipate(RECORDING)


def test_where_the_repair_raises_the_text_stays_as_it_was_recognised(caplog):
    def refuse(text, language):
        raise ValueError(text)

    recogniser = RepairedRecogniser(Recogniser(), refuse)
    assert recogniser.recognise(RECORDING) == Recogniser().recognise(RECORDING, lambda _: None)
    assert "ValueError" in caplog.text
    assert "one" not in caplog.text
