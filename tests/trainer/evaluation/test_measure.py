from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device.errors import SoundError
from device.settings import Settings, TextSettings
from tests.parts import ScriptedRecogniser, SignDetector
from trainer.dataset import Utterance
from trainer.evaluation.measure import Bench
from trainer.evaluation.noise import Noises
from trainer.evaluation.trials import Trial
from trainer.progress import silent

RATE_HZ = 16_000


@pytest.fixture
def spoken(tmp_path: Path) -> Utterance:
    """Two seconds, of which the detector hears speech in the second."""
    sound = np.repeat([-0.001, 0.1], RATE_HZ)
    soundfile.write(tmp_path / "1.wav", sound, RATE_HZ, subtype="FLOAT")
    return Utterance("1", tmp_path / "1.wav", "What was said.", "mine", "me")


def bench(**models: ScriptedRecogniser) -> Bench:
    return Bench(SignDetector(), models, Settings(text=TextSettings(typography="ascii")), Noises())


def test_the_text_is_what_would_be_typed(spoken):
    stock, tuned = ScriptedRecogniser("what\N{LEFT DOUBLE QUOTATION MARK}  was"), ScriptedRecogniser("")
    first, second = bench(stock=stock, tuned=tuned).measure([Trial(spoken, "personal")], silent)
    assert (first.model, first.text, second.model, second.text) == ("stock", 'What" was', "tuned", "")
    assert (first.set, first.role, first.tier, first.id) == ("mine", "personal", "clean", "1")
    assert (first.reference, first.speaker, first.audio) == ("What was said.", "me", str(spoken.path))
    assert first.duration_s == 2
    assert first.seconds > 0


def test_a_recording_is_named_for_whoever_stands_elsewhere(spoken, monkeypatch):
    monkeypatch.chdir(spoken.path.parent)
    here = replace(spoken, path=Path(spoken.path.name))
    (result,) = bench(stock=ScriptedRecogniser("")).measure([Trial(here, "personal")], silent)
    assert result.audio == str(spoken.path)


def test_a_file_whose_name_is_no_unicode_can_be_kept(spoken):
    named = replace(spoken, path=spoken.path.with_name("gr\udcfcn.wav"))
    try:
        spoken.path.rename(named.path)
    except OSError:
        pytest.skip("this system takes no such name")
    (result,) = bench(stock=ScriptedRecogniser("")).measure([Trial(named, "personal")], silent)
    assert result.audio.endswith(r"gr\udcfcn.wav")


def test_all_models_hear_the_same_noise_louder_from_tier_to_tier(spoken):
    stock, tuned = ScriptedRecogniser(*"abc"), ScriptedRecogniser(*"abc")
    results = bench(stock=stock, tuned=tuned).measure([Trial(spoken, "personal", (20, 5))], silent)
    assert [(each.tier, each.model) for each in results] == [
        (tier, model) for tier in ("clean", "20", "5") for model in ("stock", "tuned")
    ]
    for ours, theirs in zip(stock.recordings, tuned.recordings, strict=True):
        assert np.array_equal(ours.samples, theirs.samples)
    clean, faint, loud = (recording.samples[: 2 * RATE_HZ] for recording in stock.recordings)
    power = [float(np.mean((each - clean).astype(float) ** 2)) for each in (faint, loud)]
    # The second that is spoken counts, not its margins and the silence before: its power is 0.01.
    assert [10 * np.log10(0.01 / each) for each in power] == pytest.approx([20, 5], abs=0.3)


def test_noise_is_the_same_the_next_time(spoken):
    heard = []
    for _ in range(2):
        recogniser = ScriptedRecogniser("a", "b")
        bench(stock=recogniser).measure([Trial(spoken, "personal", (10,))], silent)
        heard.append(recogniser.recordings[1].samples)
    assert np.array_equal(*heard)


def test_progress_is_told(spoken):
    told: list[float] = []
    trials = [Trial(spoken, "personal")] * 4
    bench(stock=ScriptedRecogniser(*"abcd")).measure(trials, lambda _, done: told.append(done))
    assert told == [0, 0.25, 0.5, 0.75, 1]


def test_a_file_that_is_cut_short_is_named(spoken):
    spoken.path.write_bytes(spoken.path.read_bytes()[:5000])
    with pytest.raises(SoundError, match=r"1\.wav: is cut short"):
        bench(stock=ScriptedRecogniser("a")).measure([Trial(spoken, "personal")], silent)
