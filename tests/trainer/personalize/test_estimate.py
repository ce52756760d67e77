from __future__ import annotations

from msgspec.structs import replace

from trainer.personalize.estimate import Work, estimates
from trainer.personalize.source import Amount
from trainer.personalize.speed import Speed
from trainer.training.recipe import Recipe

NOTHING = dict.fromkeys(("train", "validation", "test"), Amount())
OWN = {"train": Amount(288, 923), "validation": Amount(32, 103), "test": Amount(120, 386)}
GENERAL = {"train": Amount(10, 130), "validation": Amount(9, 129), "test": Amount(154, 1118)}
WORK = Work(OWN, GENERAL, Amount(15, 134), 0)
RECIPE = Recipe(epochs=5)
SPEED = Speed(0.03, 0.04)


def test_the_time_of_training_goes_with_the_epochs_and_the_speed():
    once = estimates(WORK, RECIPE, SPEED)
    twice = estimates(WORK, replace(RECIPE, epochs=10), SPEED)
    slower = estimates(WORK, RECIPE, Speed(0.06, 0.04))
    assert 1.5 * once["finetune"] < twice["finetune"] < 2 * once["finetune"]
    assert once["finetune"] < slower["finetune"] < 2 * once["finetune"]
    assert {name for name in once if once[name] != twice[name]} == {"finetune"}


def test_an_hours_plan_is_no_minutes_plan():
    assert 200 < estimates(WORK, RECIPE, SPEED)["finetune"] < 400  # of 17 minutes: 52 s an epoch in all
    assert 300 < estimates(WORK, RECIPE, SPEED)["evaluate"] < 600


def test_what_is_not_there_takes_no_time():
    without = estimates(Work(OWN, NOTHING, Amount(), 0), RECIPE, SPEED)
    assert without["general"] == without["words"] == 0
    everything = estimates(WORK, RECIPE, SPEED)
    assert all(without[name] < everything[name] for name in ("finetune", "evaluate"))


def test_words_take_time_to_be_said_learned_and_measured():
    before, after = estimates(WORK, RECIPE, SPEED), estimates(WORK._replace(words=20), RECIPE, SPEED)
    assert {name for name in after if after[name] > before[name]} == {"words", "finetune", "evaluate"}
