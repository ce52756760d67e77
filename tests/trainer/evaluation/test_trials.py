from __future__ import annotations

from pathlib import Path

from trainer.dataset import Utterance
from trainer.evaluation.trials import GENERAL_UNDER_NOISE, TIERS_DB, plan


def said(name: str, text: str = "one two", of: str = "mine", *, synthetic: bool = False) -> Utterance:
    return Utterance(name, Path(name), text, of, "", synthetic=synthetic)


def test_each_recording_stands_for_what_it_is():
    utterances = [
        said("1"),
        said("2", of="others"),
        said("3", of="made", synthetic=True),
        said("4", "", of="hiss"),
        said("5", "[noise]", of="mine"),
    ]
    trials = plan(utterances, "mine", TIERS_DB)
    assert [trial.utterance for trial in trials] == utterances
    assert [trial.role for trial in trials] == ["personal", "general", "words", "silence", "silence"]
    assert [trial.tiers_db for trial in trials] == [TIERS_DB, TIERS_DB, (), (), ()]


def test_the_only_set_is_the_owners():
    assert [trial.role for trial in plan([said("1"), said("2", "", "hiss")], None, ())] == [
        "personal",
        "silence",
    ]
    two = plan([said("1"), said("2", of="others")], None, ())
    assert [trial.role for trial in two] == ["general", "general"]


def test_noise_is_for_the_owner_and_a_sample_of_the_others_that_stays_the_same():
    others = [said(f"g{number}", of="others") for number in range(100)]
    mine = [said(f"m{number}") for number in range(60)]

    def noisy(utterances: list[Utterance]) -> set[str]:
        return {each.utterance.id for each in plan(utterances, "mine", TIERS_DB) if each.tiers_db}

    first = noisy([*others, *mine])
    assert len(first) == GENERAL_UNDER_NOISE + 60
    assert first == noisy([*mine, *reversed(others)])
    assert {name for name in first if name != "g0"} <= noisy([*others[1:], *mine])


def test_without_tiers_nothing_is_under_noise():
    assert plan([said("1")], "mine", ())[0].tiers_db == ()
