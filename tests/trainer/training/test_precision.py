from __future__ import annotations

import pytest
import torch

from trainer.errors import RecipeError
from trainer.training import precision as precisions
from trainer.training.precision import Mixed, precision, processor
from trainer.training.recipe import Recipe

CPU, GPU, APPLE = (torch.device(kind) for kind in ("cpu", "cuda", "mps"))


@pytest.mark.parametrize(
    ("bf16", "amx", "kind"),
    [(False, False, torch.float32), (True, False, torch.bfloat16), (False, True, torch.bfloat16)],
)
def test_a_cpu_computes_in_what_it_is_fast_in(monkeypatch, bf16, amx, kind):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)

    assert precision(Recipe(), CPU) == kind
    assert precision(Recipe(), APPLE) == torch.float32


@pytest.mark.parametrize(("has", "kind"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_computes_in_what_it_is_fast_in(monkeypatch, has, kind):
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: has and not including_emulation
    )

    assert precision(Recipe(), GPU) == kind


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_a_recipe_has_the_last_word(kind):
    for device in (CPU, GPU, APPLE):
        assert precision(Recipe(precision=kind), device) == getattr(torch, kind)
    assert precision(Recipe(precision="float16"), GPU) == torch.float16


@pytest.mark.parametrize("device", [CPU, APPLE])
def test_float16_needs_a_gpu(device):
    with pytest.raises(RecipeError, match="needs an NVIDIA GPU"):
        precision(Recipe(precision="float16"), device)


@pytest.mark.parametrize(
    ("cuda", "mps", "kind"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_fastest_processor_trains(monkeypatch, cuda, mps, kind):
    monkeypatch.setattr(precisions.torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(precisions.torch.backends.mps, "is_available", lambda: mps)

    assert processor() == torch.device(kind)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_products_are_computed_in_that_many_bits(kind):
    with Mixed(kind, CPU)():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == kind
    assert not Mixed(kind, CPU).scaler.is_enabled()
