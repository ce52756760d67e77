"""Whole runs, with the recogniser that judges them played."""

from __future__ import annotations

import json
import shutil

import pytest
import soundfile
import torch
from msgspec.structs import replace

from device.audio.sound import SAMPLE_RATE_HZ
from tests.trainer.training.made import Judge, Killed, killed_at, play_judge, same, sound, write_prepared
from trainer.claim import LOCK
from trainer.conversion.base import load_transformers
from trainer.conversion.trained import read_record
from trainer.errors import DataError
from trainer.training import finetune as module
from trainer.training.choice import Rates
from trainer.training.finetune import Data, finetune
from trainer.training.logs import logs
from trainer.training.loop import BEST, CHECKPOINT
from trainer.training.recipe import Recipe, load_recipe

RECIPE = Recipe(
    epochs=2,
    batch_size=3,
    memory="short",
    precision="float32",
    learning_rate=1e-3,
    general_share=0.3,
    blends=(0.5,),
)

pytestmark = pytest.mark.usefixtures("judge")


class Told:
    def __init__(self):
        self.said = []

    def __call__(self, what, _done):
        if what not in self.said:
            self.said.append(what)


def weights(run):
    return load_transformers(run / "model").state_dict()


@pytest.fixture
def trained(base, prepared, others, tmp_path):
    """Give what trains in a run, and what it said."""

    def train(run="run", recipe=RECIPE, general=(others,), report=None):
        told = report or Told()
        finetune(str(base), Data((prepared,), general), recipe, tmp_path / run, report=told)
        return tmp_path / run, getattr(told, "said", None)

    return train


def test_a_run_holds_the_model_and_how_it_came_about(trained, base, tmp_path):
    run, said = trained()
    record, rows = read_record(run / "model"), (run / "log.jsonl").read_text().splitlines()
    stock = load_transformers(base).state_dict()

    assert [json.loads(row)["epoch"] for row in rows] == [0, 1, 2]
    assert load_recipe(str(run / "recipe.toml")) == RECIPE
    assert {file.name.partition("-")[0] for file in run.iterdir()} == {
        ".lock", "features", "left_out.jsonl", "log.jsonl", "model", "recipe.toml",
    }  # fmt: skip
    assert record.interpolation == 0.5
    assert record.utterances == 6  # of four of the owner's and two of others; one more has no text
    assert record.validation_wer < record.stock_validation_wer == 50
    assert record.general_wer == record.stock_general_wer == 9
    assert record.short_window
    assert record.seconds > 0
    assert record.versions["torch"] == torch.__version__
    assert not same(weights(run), stock)
    assert weights(run).keys() == stock.keys()
    assert said[-3:] == ["Computing features", "Training", "Blending with stock"]


def test_who_is_learned_from_and_who_judges(trained, monkeypatch):
    seen = []
    gather = module.gather
    monkeypatch.setattr(module, "gather", lambda lot, *rest: seen.extend(lot) or gather(lot, *rest))
    trained()
    (judge,) = Judge.made

    assert [(each.text, source) for each, source in seen] == [
        *((f"number {number}", "personal") for number in range(4)),
        ("", "personal"),
        *[("heard so", "general")] * 2,  # as stock writes, not as their transcript does
    ]
    assert [each.text for each in judge.own] == ["held"]
    assert [each.text for each in judge.general] == ["HELD"]


def test_what_cannot_be_learned_from_is_said(trained):
    run, _ = trained()
    rows = [json.loads(row) for row in (run / "left_out.jsonl").read_text().splitlines()]

    assert rows == [{"id": "4", "reason": "it has no text"}]


def test_what_is_tested_in_one_folder_is_not_learned_from_in_another(trained, others, tmp_path):
    leaking = write_prepared(tmp_path / "leaking", [{"id": "leak", "text": "Never!", "split": "train"}])
    run, _ = trained(general=(others, leaking))  # the owner's test has "never"
    rows = [json.loads(row) for row in (run / "left_out.jsonl").read_text().splitlines()]

    assert {"id": "leak", "reason": "its text is held out, to judge or to test by"} in rows
    assert "leak" not in Judge.made[-1].retelling


def test_machines_judge_only_where_the_owner_says_nothing(base, prepared, tmp_path):
    spoken = [
        {"text": text, "split": split, "synthetic": True}
        for text, split in (("learned", "train"), ("made", "validation"))
    ]
    machines = write_prepared(tmp_path / "machines", spoken)
    finetune(str(base), Data((prepared, machines)), RECIPE, tmp_path / "both")
    finetune(str(base), Data((machines,)), RECIPE, tmp_path / "alone")

    assert [[each.text for each in judge.own] for judge in Judge.made] == [["held"], ["made"]]


def test_what_is_finished_is_not_trained_again(trained):
    run, _ = trained()
    before = {file: file.stat().st_mtime_ns for file in run.rglob("*") if file.name != LOCK}
    _, said = trained()

    assert said == ["Already trained"]
    assert {file: file.stat().st_mtime_ns for file in run.rglob("*") if file.name != LOCK} == before


@pytest.mark.parametrize("said", ["Training", "Reading recordings"])
def test_a_later_training_that_was_broken_off_leaves_nothing_beside_the_finished_model(trained, said):
    run, _ = trained()
    whole, recipe = weights(run), (run / "recipe.toml").read_bytes()

    def dying(what, done):
        if what == said and done > 0.6:
            raise Killed

    with pytest.raises(Killed):
        trained(recipe=replace(RECIPE, epochs=5), report=dying)
    assert (run / "recipe.toml").read_bytes() != recipe
    _, again = trained()

    assert again == ["Already trained"]
    assert same(weights(run), whole)
    assert (run / "recipe.toml").read_bytes() == recipe
    assert not any(file.exists() for file in (run / "log.jsonl", run / CHECKPOINT, run / BEST))


def test_a_folder_with_something_else_is_left_alone(trained, tmp_path):
    mine = tmp_path / "run" / "model" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(DataError, match="run holds something else: name a new folder with --out"):
        trained()

    assert [file.name for file in (tmp_path / "run").iterdir()] == ["model"]
    assert mine.read_text() == "mine"


def test_what_no_epoch_came_to_does_not_count_as_learned_from(base, prepared, tmp_path):
    several = write_prepared(
        tmp_path / "several", [{"text": f"theirs {number}", "split": "train"} for number in range(9)]
    )
    run = tmp_path / "run"
    finetune(str(base), Data((prepared,), (several,)), replace(RECIPE, general_share=0.2, soup=1), run)

    assert read_record(run / "model").utterances == 4 + 2  # one of theirs in each of two epochs


def test_the_log_of_each_training_is_kept_until_another_begins(trained):
    run, _ = trained(recipe=replace(RECIPE, soup=3))
    kept = {file.relative_to(run).as_posix() for file in run.glob("member-*/*")}

    assert kept == {"member-2/log.jsonl", "member-3/log.jsonl"}
    assert [len(file.read_text().splitlines()) for file in logs(run)] == [3, 3, 3]
    trained(recipe=replace(RECIPE, soup=2))
    assert logs(run) == [run / "log.jsonl", run / "member-2" / "log.jsonl"]


def test_two_trainings_killed_in_the_second_go_on_to_the_same_mean(trained):
    recipe = replace(RECIPE, soup=2)
    whole, _ = trained("whole", recipe)

    def dying(what, done):
        if what == "Training, 2 of 2" and done > 0.5:
            raise Killed

    with pytest.raises(Killed):
        trained("killed", recipe, report=dying)
    killed, said = trained("killed", recipe)

    assert said[0].startswith("Going on")
    assert same(weights(killed), weights(whole))
    assert read_record(killed / "model").utterances == read_record(whole / "model").utterances
    assert [file.relative_to(killed) for file in logs(killed)] == [
        file.relative_to(whole) for file in logs(whole)
    ]


def test_another_recipe_starts_afresh_from_the_same_features(trained):
    run, _ = trained()
    _, said = trained(recipe=replace(RECIPE, seed=1))
    other, _ = trained(run="other", recipe=replace(RECIPE, seed=1))

    assert said[0] == "Starting afresh: another recipe, base or data"
    assert "Computing features" not in said
    assert same(weights(run), weights(other))
    assert read_record(run / "model").recipe["seed"] == 1


def test_other_recordings_start_afresh_though_their_sizes_are_the_same(trained, prepared, tmp_path):
    run, _ = trained()
    (features,) = run.glob("features-*")
    wave = 0.9 * sound(16_000, 77).astype(float) / 32_768
    size = (prepared / "audio/0.flac").stat().st_size
    soundfile.write(prepared / "audio/0.flac", wave, SAMPLE_RATE_HZ, subtype="PCM_16")
    with (prepared / "audio/0.flac").open("ab") as file:
        file.write(bytes(max(0, size - file.tell())))
    _, said = trained()

    assert said[0].startswith("Starting afresh")
    assert "Computing features" in said
    assert [features] != list(run.glob("features-*"))
    assert len(list(run.glob("features-*"))) == 1


def test_another_text_starts_afresh(trained, prepared):
    trained()
    manifest = prepared / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("number 2", "number two"))
    _, said = trained()

    assert said[0].startswith("Starting afresh")
    assert "Computing features" not in said  # it is the same sound


def test_killed_it_goes_on_and_gives_the_same_model(trained):
    whole, _ = trained("whole")
    with pytest.raises(Killed):
        trained("killed", report=killed_at(4))
    told = Told()
    killed, _ = trained("killed", report=told)

    assert told.said[0] == "Going on in epoch 2"
    assert same(weights(killed), weights(whole))
    assert Judge.made[-1].retelling == []  # that was kept
    assert {file.name for file in killed.iterdir()} == {file.name for file in whole.iterdir()}


def test_texts_of_others_that_are_damaged_are_heard_again(trained):
    whole, _ = trained("whole")
    with pytest.raises(Killed):
        trained("killed", report=killed_at(2))
    retold = whole.parent / "killed" / module.RETOLD
    retold.write_bytes(retold.read_bytes()[:2])
    killed, said = trained("killed")

    assert said[0].startswith("Going on")
    assert same(weights(killed), weights(whole))


def test_killed_before_the_first_checkpoint_it_begins_without_a_word(trained):
    def dying(what, _done):
        if what == "Computing features":
            raise Killed

    with pytest.raises(Killed):
        trained(report=dying)
    _, said = trained()

    assert said[0] == "Reading recordings"


@pytest.mark.parametrize("when", ["Blending with stock", "the model is there"])
def test_killed_in_the_end_it_ends(trained, monkeypatch, tmp_path, when):
    whole, _ = trained("whole")

    def dying(what, _done):
        if what == when:
            raise Killed

    if when == "the model is there":
        train = module._train

        def then_dying(*arguments):
            train(*arguments)
            raise Killed

        monkeypatch.setattr(module, "_train", then_dying)
    with pytest.raises(Killed):
        trained("killed", report=dying)
    assert (tmp_path / "killed" / CHECKPOINT).exists()
    monkeypatch.undo()
    play_judge(monkeypatch)
    killed, said = trained("killed")

    assert same(weights(killed), weights(whole))
    assert not (killed / CHECKPOINT).exists()
    assert not (killed / BEST).exists()
    assert ("Training" in said) == (when == "Blending with stock")


def test_a_damaged_record_is_trained_again(trained):
    run, _ = trained()
    (run / "model" / "training.json").write_text("{")
    _, said = trained()

    assert "Training" in said
    assert read_record(run / "model").interpolation == 0.5


def test_nothing_is_left_of_a_model_that_could_not_be_written(trained, monkeypatch, tmp_path):
    run, _ = trained()
    before = weights(run)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "save_transformers", full)
    with pytest.raises(OSError, match="No space left"):
        trained(recipe=replace(RECIPE, seed=1))

    assert same(weights(run), before)
    assert (run / CHECKPOINT).exists()  # the same command goes on from there
    assert [file.name for file in run.glob(".*")] == [LOCK]


@pytest.mark.parametrize(
    ("memory", "wers", "share", "expected"),
    [
        ("short", (4.0, 4.3), 1.0, (True, 4.3)),
        ("short", (4.0, 4.5), 1.0, (False, 4.0)),
        ("mixed", (4.0, 4.3), 1.0, (True, 4.3)),
        ("mixed", (4.0, 4.5), 1.0, (False, 4.0)),
        ("spliced", (4.0, 4.0), 1.0, (False, 4.0)),
        ("short", (4.0, 4.0), 0.0, (False, 4.0)),
    ],
)
def test_silence_is_given_up_where_it_makes_no_difference(memory, wers, share, expected):
    from trainer.training.blend import Blend

    rates = {short: Rates(wer, 10**6) for short, wer in zip((False, True), wers, strict=True)}

    class Told:
        def measure(self, _state, *, short):
            return rates[short]

    blend = Blend(share, {}, rates[memory == "short" and bool(share)])
    found, rate = module._window(blend, Told(), Recipe(memory=memory))

    assert (found, rate.wer) == expected


@pytest.mark.parametrize("split", ["train", "validation"])
def test_data_without_a_split_is_named(base, prepared, tmp_path, split):
    manifest = prepared / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace(f'"split": "{split}"', '"split": "test"'))

    with pytest.raises(DataError, match=f"prepared has .*split {split}.*saykey-trainer audit"):
        finetune(str(base), Data((prepared,)), RECIPE, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_general_speech_of_no_use_is_named(base, prepared, others, tmp_path):
    manifest = others / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("train", "test").replace("validation", "test"))

    with pytest.raises(DataError, match="others has no recording with the split train or validation"):
        finetune(str(base), Data((prepared,), (others,)), RECIPE, tmp_path / "run")


def test_noise_makes_another_training(base, prepared, tmp_path):
    noise = tmp_path / "fan.wav"
    soundfile.write(noise, sound(16_000, 5), SAMPLE_RATE_HZ)
    recipe = load_recipe("personal", ["epochs=1", "memory=short", "augment.clean_share=0"])
    run = tmp_path / "run"
    finetune(str(base), Data((prepared,)), recipe, run)
    told = Told()
    finetune(str(base), Data((prepared,), noise=(noise,)), recipe, run, report=told)

    assert told.said[0].startswith("Starting afresh")
    shutil.rmtree(run)


def test_adapters_are_in_the_weights(base, prepared, tmp_path):
    recipe = replace(RECIPE, strategy="lora", blends=(1.0,), learning_rate=1e-2)
    finetune(str(base), Data((prepared,)), recipe, tmp_path / "run")

    assert not any("lora" in name or "base_layer" in name for name in weights(tmp_path / "run"))
    assert not same(weights(tmp_path / "run"), load_transformers(base).state_dict())
