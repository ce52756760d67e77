"""What of a model is trained, and what comes of it."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch
from msgspec.structs import replace

from tests.trainer.training.made import CPU, LORA, batches, learner, same
from trainer.errors import MissingError, RecipeError
from trainer.training import whisper
from trainer.training.adapters import merged, own_state, prepare, trained
from trainer.training.learner import Learner
from trainer.training.precision import Mixed
from trainer.training.recipe import Recipe

SAID = [("personal", "yes", 8_000), ("personal", "no, not so", 16_000)]
LAYERS = ("q_proj", "fc1")
HAS_4_BITS = importlib.util.find_spec("bitsandbytes") is not None


@pytest.fixture
def batch(tmp_path, base):
    return batches(tmp_path, base, Recipe(memory="short"), SAID).make([0, 1], 1, 0)


def is_in(part):
    return lambda name: name.startswith(f"model.{part}.") and "embed" not in name


@pytest.mark.parametrize(
    ("recipe", "learns"),
    [
        (Recipe(), lambda name: "embed" not in name),
        (Recipe(embeddings=True), lambda name: "embed_positions" not in name),
        (Recipe(parts="encoder"), is_in("encoder")),
        (Recipe(parts="decoder"), is_in("decoder")),
        (Recipe(parts="decoder", frozen_layers=2), is_in("decoder")),
        (
            Recipe(frozen_layers=1),
            lambda name: "embed" not in name and "conv" not in name and "encoder.layers.0" not in name,
        ),
        (
            Recipe(strategy="lora", lora=replace(LORA, layers=("q_proj", "fc1")), frozen_layers=1),
            lambda name: (
                "lora" in name and ("q_proj" in name or "fc1" in name) and "encoder.layers.0" not in name
            ),
        ),
        (
            Recipe(strategy="lora", lora=LORA, parts="decoder"),
            lambda name: "lora" in name and ".decoder." in name,
        ),
    ],
)
def test_what_is_trained(model, recipe, learns):
    prepare(model, recipe)

    names = {name for name, _ in model.named_parameters() if learns(name)}
    assert names
    assert trained(model).keys() == names


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(frozen_layers=1, memory="short"),
        Recipe(parts="decoder", memory="short"),
        Recipe(parts="encoder", memory="spliced", average=0.9),
        Recipe(embeddings=True, memory="short", weight_decay=0.1),
        Recipe(strategy="lora", lora=LORA, memory="short", weight_decay=0.1),
    ],
)
def test_what_is_frozen_does_not_move_at_all(base, batch, recipe):
    learns, stock, model = learner(base, recipe)
    moving = {name.replace(".base_layer", "") for name in trained(model)}
    if recipe.strategy == "lora":
        moving = {f"{name.partition('.lora_')[0]}.weight" for name in moving}
    if recipe.embeddings:
        moving.add("proj_out.weight")
    learns.begin_epoch()
    for number in range(3):
        learns.step(batch, 1e-2, number, number)
    state = learns.state()

    assert state.keys() == stock.keys()
    for name, each in state.items():
        assert torch.equal(each, stock[name]) != (name in moving), name
    assert torch.equal(state["proj_out.weight"], state["model.decoder.embed_tokens.weight"])


def test_adapters_begin_at_nothing_and_the_same(base):
    recipe = Recipe(strategy="lora", lora=LORA)
    one, stock, _ = learner(base, recipe)
    torch.manual_seed(5)
    other, _, _ = learner(base, recipe)
    third, _, _ = learner(base, replace(recipe, seed=1))

    assert same(one.state(), stock)
    assert same(one.tensors(), other.tensors())
    assert not same(one.tensors(), third.tensors())


def test_merged_weights_are_those_of_the_base_and_the_product_of_the_adapters(base, batch):
    recipe = Recipe(strategy="lora", lora=replace(LORA, rank=3, alpha=5), memory="short")
    learns, stock, model = learner(base, recipe)
    for number in range(4):
        learns.step(batch, 1e-2, number, number)
    weights = {name: each.detach() for name, each in trained(model).items()}
    state = learns.state()

    for name in (each.partition(".lora_A")[0] for each in weights if ".lora_A" in each):
        down, up = (weights[f"{name}.lora_{side}.default.weight"] for side in "AB")
        torch.testing.assert_close(state[f"{name}.weight"], stock[f"{name}.weight"] + up @ down * 5 / 3)
        assert not torch.equal(state[f"{name}.weight"], stock[f"{name}.weight"])


def scores(model, batch):
    model.eval()
    with torch.no_grad():
        return whisper.logits(
            model, whisper.decode(model, whisper.encode(model, batch.mel), None, batch.tokens)
        )


def test_the_merged_model_says_what_the_adapted_one_says(base, batch, model):
    learns, _, adapted = learner(base, Recipe(strategy="lora", lora=LORA, memory="short"))
    for number in range(4):
        learns.step(batch, 1e-2, number, number)
    before = scores(model, batch)
    model.load_state_dict(learns.state())

    torch.testing.assert_close(scores(model, batch), scores(adapted, batch), rtol=0, atol=1e-4)
    assert not torch.allclose(before, scores(model, batch), rtol=0, atol=1e-2)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(frozen_layers=3), "frozen_layers is 3, but the encoder has 2 layers"),
        (Recipe(strategy="lora", parts="encoder", frozen_layers=2), "leave no layer to adapt"),
    ],
)
def test_a_recipe_that_does_not_fit_is_explained(model, recipe, message):
    with pytest.raises(RecipeError, match=message):
        prepare(model, recipe)


def test_weights_of_4_bits_need_a_package_that_is_named(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(MissingError, match=r"pip install bitsandbytes, or set strategy to .lora."):
        prepare(model, Recipe(strategy="qlora"))


@pytest.mark.skipif(not HAS_4_BITS, reason="bitsandbytes is not installed")
@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_adapters_learn_beside_4_bits_and_go_into_the_original_weights(base, batch, model, kind):
    recipe = Recipe(
        strategy="qlora",
        memory="spliced",
        precision=kind,
        lora=replace(LORA, rank=8, alpha=32, layers=LAYERS),
    )
    stock = own_state(model)
    prepare(model, recipe)
    model.to(CPU)
    learns = Learner(model, stock, None, recipe, Mixed(getattr(torch, kind), CPU))
    small = model.model.encoder.layers[0].self_attn.k_proj.weight
    assert small.dtype == torch.uint8
    assert small.numel() == 16 * 16 // 2
    assert same(learns.state(), stock)  # and not what is left of it in 4 bits

    learns.begin_epoch()
    losses = [learns.step(batch, 1e-2, number, number) for number in range(30)]

    assert losses[-1] < 0.6 * losses[0]
    weights = {name: each.detach() for name, each in trained(model).items()}
    adapted = {name.partition(".lora_")[0] for name in weights}
    state = merged(model, stock)
    for name, each in state.items():
        owner = name.removesuffix(".weight")
        if owner in adapted:
            down, up = (weights[f"{owner}.lora_{side}.default.weight"] for side in "AB")
            torch.testing.assert_close(each, stock[name] + up @ down * 4)
        else:
            assert torch.equal(each, stock[name])
