from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from trainer.conversion.trained import evaluated_rates, rates, read_evaluation, read_record
from trainer.errors import DataError
from trainer.evaluation.results import Evaluation, Model, Score, save


def scored(model: str, name: str, tier: str, wer: float | None) -> Score:
    return Score(model, name, "personal", tier, 10, wer, None, None, None, 0, 0)


def model(name: str, quantization: str) -> Model:
    return Model(
        name, "", quantization, 0, short_window=False, real_time_factor=0.1, sha256=f"{name} {quantization}"
    )


EVALUATION = Evaluation(
    models=(model("stock", "int8"), model("tuned", "int8"), model("tuned float16", "float16")),
    results=(),
    scores=(
        scored("stock", "anna", "clean", 5.5),
        scored("tuned", "anna", "clean", 3.5),
        scored("tuned float16", "anna", "clean", 3.4),
        scored("tuned", "anna", "10", 9.0),
        scored("tuned", "noise", "clean", None),
    ),
    comparisons=(),
    words=(),
)


def test_the_rates_of_training_are_named(run):
    record = read_record(run / "model")
    assert record is not None
    assert rates(record) == {
        "validation": 3.5,
        "stock validation": 4.65,
        "general validation": 6.1,
        "stock general validation": 6.0,
    }


def test_what_was_not_measured_is_left_out(run):
    file = run / "model" / "training.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"general_wer": None}))
    record = read_record(run / "model")
    assert record is not None
    assert "general validation" not in rates(record)


def test_a_model_may_have_no_record(model):
    assert read_record(model) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"base": 1}'])
def test_a_damaged_record_is_named(run, content):
    (run / "model" / "training.json").write_text(content)
    with pytest.raises(DataError, match=r"training\.json cannot be read"):
        read_record(run / "model")


def test_the_rates_of_an_evaluation_are_those_of_the_same_weights():
    assert evaluated_rates(EVALUATION, "tuned int8") == {"stock anna": 5.5, "anna": 3.5}
    assert evaluated_rates(EVALUATION, "tuned float16 float16") == {"stock anna": 5.5, "anna": 3.4}
    assert evaluated_rates(EVALUATION, "of another training") == {}


def test_the_rates_of_another_model_are_not_those_of_stock():
    models = (replace(EVALUATION.models[0], name="base.en"), *EVALUATION.models[1:])
    scores = (replace(EVALUATION.scores[0], model="base.en"), *EVALUATION.scores[1:])
    against = replace(EVALUATION, models=models, scores=scores)
    assert evaluated_rates(against, "tuned int8") == {"anna": 3.5}


def test_an_evaluation_is_found_in_the_run_and_in_the_work_folder(run):
    assert read_evaluation(run / "model") is None
    save(EVALUATION, run.parent)
    assert read_evaluation(run / "model") == EVALUATION
    save(EVALUATION, run)
    assert read_evaluation(run / "model") == EVALUATION
