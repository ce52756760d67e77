from __future__ import annotations

from pathlib import Path

from trainer.dataset import Utterance
from trainer.evaluation.results import CLEAN, Evaluation, Model, Result
from trainer.evaluation.scores import score
from trainer.evaluation.trials import plan
from trainer.personalize import measure as subject
from trainer.personalize.measure import measure
from trainer.progress import silent

HEARD = {"stock": "a b x", "tuned": "a b c", "tuned float16": "a b c", "tuned int8_float32": "a y x"}
"""What each model makes of "a b c"."""


def evaluate(models, utterances, _settings, *, personal, noise=(), tiers_db=(10,), words=(), report=silent):
    """Stand in for what recognises."""
    results = [
        Result(
            model=name, set=each.utterance.set, role=each.role, tier=tier, id=each.utterance.id, audio="",
            speaker="", reference=each.utterance.text, text=HEARD[name] if each.utterance.text else "",
            duration_s=1.0, seconds=0.1,
        )
        for each in plan(utterances, personal, tiers_db)
        for tier in (CLEAN, *map(str, each.tiers_db))
        for name, _ in models
    ]  # fmt: skip
    report("Recognising", 1.0)
    scores, comparisons = score(results)
    made = tuple(
        Model(name, str(folder), "int8", 1, short_window=False, real_time_factor=0.1)
        for name, folder in models
    )
    return Evaluation(made, tuple(results), tuple(scores), tuple(comparisons), ())


def measured(monkeypatch, *sets: str, synthetic: bool = False) -> Evaluation:
    monkeypatch.setattr(subject, "evaluate", evaluate)
    utterances = [
        Utterance(
            f"{name}{number}",
            Path("x"),
            "" if name == "fan" else "a b c",
            name,
            "",
            "test",
            synthetic and not number,
        )
        for name in sets
        for number in range(3)
    ]
    models = {name: Path(name) for name in HEARD}
    return measure(models, utterances, personal="me", noise=(), words=(), report=silent)


def test_conversions_are_compared_with_stock_on_the_owners_clean_recordings_alone(monkeypatch):
    found = measured(monkeypatch, "me", "others", "fan")
    assert [model.name for model in found.models] == list(HEARD)
    errors = {(one.model, one.set, one.tier): one.errors for one in found.comparisons}
    assert errors == {
        ("tuned", "me", "clean"): 0,
        ("tuned", "me", "10"): 0,
        ("tuned", "others", "clean"): 0,
        ("tuned", "others", "10"): 0,
        ("tuned float16", "me", "clean"): 0,
        ("tuned int8_float32", "me", "clean"): 6,
    }
    assert {one.stock_errors for one in found.comparisons} == {3}
    named = [(one.model, one.set, one.tier) for one in found.scores]
    assert len(named) == len(set(named))
    assert {name for name in named if "float" in name[0]} == {
        ("tuned float16", "me", "clean"),
        ("tuned int8_float32", "me", "clean"),
    }


def test_without_the_owners_recordings_only_tuned_is_measured(monkeypatch):
    assert [model.name for model in measured(monkeypatch, "others").models] == ["stock", "tuned"]


def test_machines_may_speak_in_the_owners_set(monkeypatch):
    found = measured(monkeypatch, "me", synthetic=True)
    assert {one.words for one in found.comparisons if one.model == "tuned float16"} == {6}
