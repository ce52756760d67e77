from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from trainer.dataset import load_manifest
from trainer.evaluation.rates import normalised
from trainer.files import replacing_folder
from trainer.personalize import words as subject
from trainer.personalize.words import LEARNED, MEASURED, MEASURED_PER_WORD, PER_WORD, held_out, speak
from trainer.progress import silent
from trainer.sentences import carriers
from trainer.synthesis.voices import Voice
from trainer.words import Word

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [Word("Kubernetes"), Word("Zoë")]
VOICES = [Voice("flite", name) for name in "abcd"]


@pytest.fixture(autouse=True)
def _nobody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what would be said, and who would say it, without a program that speaks."""

    def synthesize(words, target, *, voices, per_word, seed, report=silent):
        texts = [text for word in words for text in carriers(word, per_word, seed)]
        rows = [
            {"audio": f"{number}.flac", "text": text, "speaker": voices[number % len(voices)].label}
            for number, text in enumerate(texts)
        ]
        with replacing_folder(target) as folder:
            for row in rows:
                (folder / row["audio"]).touch()
            lines = (json.dumps(row | {"synthetic": True, "split": "train"}) + "\n" for row in rows)
            (folder / "manifest.jsonl").write_text("".join(lines))
        return len(rows)

    monkeypatch.setattr(subject, "synthesize", synthesize)


def test_every_fourth_voice_of_a_program_is_held_out():
    voices = [Voice("espeak-ng", str(number)) for number in range(9)] + [Voice("piper", "joe")]
    learning, measuring = held_out(voices)
    assert [voice.name for voice in measuring] == ["3", "7"]
    assert learning + measuring != []
    assert set(learning) | set(measuring) == set(voices)


def test_of_few_voices_the_last_is_held_out_and_of_one_none():
    assert held_out(VOICES[:2]) == (VOICES[:1], VOICES[1:2])
    assert held_out(VOICES[:1]) == (VOICES[:1], [])


def test_what_is_measured_is_said_by_other_voices_in_other_sentences(tmp_path: Path):
    speak(WORDS, VOICES, {}, tmp_path / "words", 0, silent)
    learned, measured = (load_manifest(tmp_path / "words" / name) for name in (LEARNED, MEASURED))
    assert {each.split for each in measured} == {"test"}
    assert {each.split for each in learned} == {"train"}
    assert len(measured) == MEASURED_PER_WORD * len(WORDS)
    assert PER_WORD * len(WORDS) - len(measured) <= len(learned) <= PER_WORD * len(WORDS)
    assert not {each.speaker for each in learned} & {each.speaker for each in measured}
    assert not {each.text for each in learned} & {each.text for each in measured}


def test_sentences_that_the_owner_has_recorded_stay_on_their_side(tmp_path: Path):
    tested, taught = carriers(WORDS[0], 10, 0)[:2], carriers(WORDS[1], MEASURED_PER_WORD, 1)[:1]
    known = {normalised(text): "test" for text in tested} | {normalised(text): "train" for text in taught}
    speak(WORDS, VOICES, known, tmp_path / "words", 0, silent)
    learned, measured = (
        {each.text for each in load_manifest(tmp_path / "words" / name)} for name in (LEARNED, MEASURED)
    )
    assert not learned & set(tested)
    assert not measured & set(taught)


def test_with_one_voice_nothing_is_measured(tmp_path: Path):
    speak(WORDS, VOICES[:1], {}, tmp_path / "words", 0, silent)
    assert [path.name for path in (tmp_path / "words").iterdir()] == [LEARNED]
