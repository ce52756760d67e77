from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.checks import cleaned, heard_findings, sound_findings, text_findings
from trainer.data.findings import legible
from trainer.data.sound import Facts

GOOD = Facts(16_000, 1, "PCM_16", 6.0, peak_db=-2.0, snr_db=30.0)
TEXT = "The quick brown fox jumps over the lazy dog, and runs."


def found(**measured: object) -> list[tuple[str, str]]:
    facts = dataclasses.replace(GOOD, **measured)
    return [(finding.severity.value, finding.kind) for finding in sound_findings("a.wav", facts, spoken=True)]


@pytest.mark.parametrize(
    ("measured", "finding"),
    [
        ({"duration_s": 0.99}, ("rejected", "too short")),
        ({"duration_s": 1.0}, ("flagged", "short")),
        ({"duration_s": 1.99}, ("flagged", "short")),
        ({"duration_s": 30.1}, ("rejected", "too long")),
        ({"rate_hz": 8_000}, ("flagged", "low rate")),
        ({"rate_hz": 48_000}, ("noted", "rate")),
        ({"channels": 2}, ("noted", "channels")),
        ({"subtype": "FLOAT"}, ("noted", "samples")),
        ({"subtype": "PCM_U8"}, ("flagged", "samples")),
        ({"clipped": 3}, ("flagged", "clipping")),
        ({"snr_db": 19.9}, ("flagged", "noise")),
        ({"peak_db": -61.0}, ("rejected", "no speech")),
        ({"peak_db": -3.1}, ("noted", "peak")),
        ({"peak_db": -0.9}, ("noted", "peak")),
        ({"lead_s": 1.1}, ("noted", "silence")),
        ({"tail_s": 1.1}, ("noted", "silence")),
    ],
)
def test_what_is_measured_is_judged(measured, finding):
    assert found(**measured) == [finding]


@pytest.mark.parametrize(
    "measured",
    [{}, {"duration_s": 2.0}, {"duration_s": 30.0}, {"snr_db": 20.0}, {"snr_db": None}, {"peak_db": -3.0}],
)
def test_good_sound(measured):
    assert found(**measured) == []


def test_noise_need_not_be_like_speech():
    noise = dataclasses.replace(GOOD, snr_db=0.0, peak_db=-70.0, tail_s=5.0)
    assert list(sound_findings("a.wav", noise, spoken=False)) == []


def test_a_long_recording_is_to_be_cut_by_the_command_that_does():
    (finding,) = sound_findings("my talk.wav", dataclasses.replace(GOOD, duration_s=45.0), spoken=True)
    assert finding.remedy.endswith("saykey-trainer record FOLDER --long 'my talk.wav' --text FILE")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (TEXT, []),
        (TEXT + "\n", []),
        (TEXT * 2, []),
        (TEXT * 3, [("flagged", "pace")]),
        (TEXT * 4, [("rejected", "pace")]),
        ("Yes.", [("flagged", "pace")]),
        (TEXT + "\x07", [("flagged", "characters")]),
        ("\ufeff" + TEXT, [("flagged", "characters")]),
        (TEXT + " \ud800", [("flagged", "characters")]),
        (TEXT + " soft\u00adly", [("flagged", "characters")]),
        (TEXT + " \u202egnp", [("flagged", "characters")]),
        ("<|0.00|> " + TEXT, [("rejected", "marks")]),
        (TEXT + "<|endoftext|>", [("rejected", "marks")]),
        (TEXT + " caf\ufffd", [("flagged", "characters")]),
        (TEXT + " caf\u00c3\u00a9", [("flagged", "characters")]),
        (TEXT + " it\u00e2\u20ac\u2122s", [("flagged", "characters")]),
        ("\u00c0 bient\u00f4t, \u00c2ne; \u043f\u0440\u0438\u0432\u0435\u0442, \u4f60\u597d", []),
    ],
)
def test_text_is_judged(text, kinds):
    facts = dataclasses.replace(GOOD, duration_s=6.0)
    assert [(each.severity.value, each.kind) for each in text_findings("a.wav", text, facts)] == kinds


@pytest.mark.parametrize(
    ("heard", "kinds"),
    [
        (TEXT, []),
        ("the quick brown FOX jumps over the lazy dog and runs", []),
        ("The quick brown fox jumped over the lazy dogs and ran.", [("flagged", "doubtful text")]),
        # As a model writes what it does not know: all words differ, and few characters.
        ("Thee kwick browne focks jumbs offer a lacy docks end rums.", [("flagged", "doubtful text")]),
        ("We meet again on Tuesday at half past four.", [("rejected", "mislabelled")]),
        ("", [("rejected", "no speech")]),
        ("[noise]", [("rejected", "no speech")]),
    ],
)
def test_what_is_heard_is_compared_with_the_text(heard, kinds):
    assert [(each.severity.value, each.kind) for each in heard_findings("a.wav", TEXT, heard)] == kinds


def test_brackets_may_be_read_aloud_or_not():
    text = "The first Bible (which was printed at Mainz by Gutenberg) is of 1455."
    for heard in (
        "The first Bible, which was printed at Mainz by Gutenberg, is of 1455.",
        "The first Bible is of 1455.",
    ):
        assert list(heard_findings("a.wav", text, heard)) == []


def test_speech_in_a_recording_of_noise():
    (finding,) = heard_findings("a.wav", "", "Good morning.")
    assert (finding.severity, finding.kind) == ("flagged", "no text")
    assert list(heard_findings("a.wav", "", "")) == []


@given(st.text())
def test_cleaned_text_is_one_line_that_any_file_takes(text):
    clean = cleaned(text)
    clean.encode()
    assert cleaned(clean) == clean
    assert not set(clean) & {"\n", "\r", "\t", "\0", "\x1b"}


def test_cleaned_text_has_nothing_that_nobody_sees_but_joiners():
    assert cleaned("\u200bsoft\u00adly \u202e\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") == (
        "softly \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )


@pytest.mark.parametrize("text", ["", " ", "...", "[noise]", "\x00"])
def test_text_without_words_is_no_text(text):
    assert cleaned(text) == ""


@given(st.text())
def test_findings_are_legible(text):
    shown = legible(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()
