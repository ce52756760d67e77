"""What of a model is trained: all weights, some, or adapters beside them; and what comes of it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from trainer.errors import MissingError, RecipeError
from trainer.training.precision import precision, processor

if TYPE_CHECKING:
    from trainer.training.recipe import Recipe

State = dict[str, torch.Tensor]
"""Weights by transformers' names for a whole model without adapters."""


def check(recipe: Recipe) -> None:
    """Make sure that this machine can train so, before anything is read or heard for it.

    Raises:
        RecipeError: It lacks the processor.
        MissingError: It lacks the package for 4-bit weights.
    """
    precision(recipe, processor())
    if recipe.strategy == "qlora":
        _bitsandbytes()


def prepare(model: Any, recipe: Recipe) -> None:
    """Set what is trained: freeze the rest, and put adapters in where the recipe asks for them.

    Raises:
        RecipeError: The model has fewer layers than shall be frozen, or nothing is left to train.
        MissingError: The package for 4-bit weights is not installed.
    """
    _freeze(model, recipe)
    if recipe.strategy == "qlora":
        _quantise(model, recipe)
    if recipe.strategy != "full":
        _adapt(model, recipe)
    for layer in (*model.get_encoder().layers, *model.get_decoder().layers):
        layer.dropout = recipe.dropout
    model.train()
    if not trained(model):
        raise RecipeError("The recipe freezes the whole model: set frozen_layers or parts otherwise.")


def trained(model: Any) -> dict[str, nn.Parameter]:
    """Give the parameters that are trained, by name."""
    return {name: each for name, each in model.named_parameters() if each.requires_grad}


def merged(model: Any, stock: State) -> State:
    """Give the weights of the model with its adapters worked in, on the CPU.

    Args:
        model: The model.
        stock: The weights that it began with: those that 4 bits stand for are taken from here.
    """
    result = {name: weight.clone() for name, weight in stock.items()}
    for name, module in model.named_modules():
        if hasattr(module, "get_delta_weight"):  # peft's, around a linear layer
            result[f"{name}.weight"] += _on_cpu(module.get_delta_weight("default"))
    for name, each in model.named_parameters(remove_duplicate=False):
        if name in result and each.requires_grad:
            result[name] = _on_cpu(each)
    return result


def own_state(model: Any) -> State:
    """Give a copy of the weights of a model that has no adapters yet, on the CPU."""
    return {name: _on_cpu(each) for name, each in model.state_dict().items()}


def _on_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """Give a copy of it as float32 on the CPU."""
    return tensor.detach().to("cpu", torch.float32, copy=True)


def _freeze(model: Any, recipe: Recipe) -> None:
    encoder, decoder = model.get_encoder(), model.get_decoder()
    if recipe.frozen_layers > len(encoder.layers):
        raise RecipeError(
            f"frozen_layers is {recipe.frozen_layers}, but the encoder has {len(encoder.layers)} layers."
        )
    model.requires_grad_(requires_grad=recipe.strategy == "full")
    for part, name in ((encoder, "encoder"), (decoder, "decoder")):
        if recipe.parts not in {"all", name}:
            part.requires_grad_(requires_grad=False)
        part.embed_positions.requires_grad_(requires_grad=False)  # short speech would move only the first
    if not recipe.embeddings:
        decoder.embed_tokens.requires_grad_(requires_grad=False)
    if recipe.frozen_layers:
        for module in (encoder.conv1, encoder.conv2, *encoder.layers[: recipe.frozen_layers]):
            module.requires_grad_(requires_grad=False)


def _adapt(model: Any, recipe: Recipe) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    lora = recipe.lora
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(model, recipe),
    )
    torch.manual_seed(recipe.seed)  # the adapters begin with chance
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="peft")
        inject_adapter_in_model(config, model)


def _targets(model: Any, recipe: Recipe) -> list[str]:
    """Give the names of the layers that get adapters."""
    frozen = tuple(f"model.encoder.layers.{index}." for index in range(recipe.frozen_layers))
    parts = ("encoder", "decoder") if recipe.parts == "all" else (recipe.parts,)
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and name.rpartition(".")[2] in recipe.lora.layers
        and name.startswith(tuple(f"model.{part}." for part in parts))
        and not name.startswith(frozen or "-")
    ]
    if not names:
        raise RecipeError("lora.layers and frozen_layers leave no layer to adapt.")
    return names


def _quantise(model: Any, recipe: Recipe) -> None:
    """Put NormalFloat weights of 4 bits in the place of the linear layers' own (Dettmers et al., 2023).

    They become 4 bits when the model is moved to its processor, be it the CPU.
    """
    bitsandbytes, kind = _bitsandbytes(), precision(recipe, processor())
    for parent in list(model.modules()):
        for name, module in parent.named_children():
            if isinstance(module, nn.Linear) and name != "proj_out":
                small = bitsandbytes.nn.Linear4bit(
                    module.in_features,
                    module.out_features,
                    bias=module.bias is not None,
                    compute_dtype=kind,
                    quant_type="nf4",
                )
                small.load_state_dict(module.state_dict())
                setattr(parent, name, small.requires_grad_(requires_grad=False))


def _bitsandbytes() -> Any:
    """Give the package for 4-bit weights, which runs on a CPU as well as on a GPU."""
    try:
        import bitsandbytes
    except ImportError as error:
        raise MissingError(
            'strategy = "qlora" needs bitsandbytes, which is not installed: pip install bitsandbytes, or set '
            'strategy to "lora", which gives the same adapters, and fits into most memories for tiny, base '
            "and small."
        ) from error
    return bitsandbytes
