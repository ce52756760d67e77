from __future__ import annotations

import json

from device.models.manifest import MANIFEST, read_manifest
from trainer.conversion.export import export


def test_a_manifest_of_a_model_that_was_not_trained_here_is_read(model, tmp_path):
    out = export(model, tmp_path / "out", name="stock")
    content = json.loads((out / MANIFEST).read_text())
    del content["training"], content["short_window"]
    (out / MANIFEST).write_text(json.dumps(content))
    assert read_manifest(out).training is None


def test_what_a_newer_trainer_says_is_passed_over(run, tmp_path):
    out = export(run / "model", tmp_path / "out", name="anna")
    wanted, content = read_manifest(out), json.loads((out / MANIFEST).read_text())
    content["dialect"] = content["training"]["weather"] = "fair"
    (out / MANIFEST).write_text(json.dumps(content))
    assert read_manifest(out) == wanted
