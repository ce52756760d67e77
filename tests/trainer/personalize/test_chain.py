from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from trainer.personalize.chain import Job, steps
from trainer.personalize.source import Source
from trainer.personalize.speed import Speed
from trainer.personalize.steps import keys
from trainer.synthesis.voices import Voice
from trainer.training.recipe import Recipe
from trainer.words import Word


def source(name: str, sha256: str = "") -> Source:
    return Source(Path("folder"), (name,), (), (), (), sha256)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(
        own=source("me"),
        general=(source("others"),),
        noise_folder=None,
        noise=(),
        words=(Word("Kubernetes"),),
        voices=(Voice("flite", "slt"),),
        base="tiny.en",
        base_sha256="1",
        recipe=Recipe(),
        work=tmp_path,
        name="me",
    )


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({}, ""),
        ({"name": "anna"}, "export evaluate report"),
        ({"recipe": Recipe(epochs=9)}, "finetune export conversions evaluate report"),
        (
            {"general": (source("others", "new"),)},
            "general words finetune export conversions evaluate report",
        ),
        ({"words": (Word("Zoë"),)}, "words finetune export conversions evaluate report"),
        ({"own": source("me", "new")}, "data general words finetune export conversions evaluate report"),
        ({"base": "/elsewhere/tiny"}, ""),
        ({"base_sha256": "2"}, "stock data general words finetune export conversions evaluate report"),
        ({"recipe": Recipe(seed=1)}, "data general words finetune export conversions evaluate report"),
    ],
)
def test_what_changes_is_done_anew_with_all_that_follows_and_nothing_else(job, change, anew):
    before, after = keys(steps(job)), keys(steps(dataclasses.replace(job, **change)))
    assert [name for name in before if before[name] != after[name]] == anew.split()


def test_other_noise_trains_anew(job, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.wav").touch()
    files = tuple(sorted(tmp_path.glob("*.wav")))
    noisy = dataclasses.replace(job, noise_folder=tmp_path, noise=files)
    before, after = keys(steps(job)), keys(steps(noisy))
    assert [name for name in before if before[name] != after[name]] == [
        "finetune", "export", "conversions", "evaluate", "report",
    ]  # fmt: skip
    assert noisy.noise_halves == (files[:1], files[1:])  # none is both trained and measured with


def test_steps_without_anything_to_do_are_left_out(job):
    alone = dataclasses.replace(job, general=(), words=(), voices=())
    made = steps(alone)
    assert [step.name for step in made] == [
        "stock", "data", "finetune", "export", "conversions", "evaluate", "report",
    ]  # fmt: skip
    assert keys(made)  # and nobody needs them


def test_results_lie_in_the_work_folder_and_none_is_in_another(job):
    results = [result for step in steps(job) for result in step.results]
    assert all(result.is_relative_to(job.work) for result in results)
    assert len(set(results)) == len(results)


def test_the_estimates_are_those_of_the_steps(job):
    recordings = {"data", "general"}  # there are none
    assert {step.name for step in steps(job, Speed(0.1, 0.1)) if not step.estimate_s} == recordings
    assert not any(step.estimate_s for step in steps(job))
