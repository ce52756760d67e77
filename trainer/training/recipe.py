"""Recipes: how a model is trained, as a TOML file, and flags that override single keys of it."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from trainer.augmentation.settings import AugmentSettings
from trainer.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST = 2**32 - 1
"""What is more is a slip, or has no end."""

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=_MOST)]
Count0 = Annotated[int, Meta(ge=0, le=_MOST)]
Positive = Annotated[float, Meta(gt=0, le=_MOST)]
NotNegative = Annotated[float, Meta(ge=0, le=_MOST)]

Linear = Literal["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
"""Linear layers of Whisper's blocks, by transformers' names."""


class LoraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Adapters of low rank (Hu et al., LoRA, 2021).

    Attributes:
        rank: Of the adapters.
        alpha: Their output is multiplied by alpha / rank.
        dropout: Share of their input that is left out in training.
        layers: Where they are put.
    """

    rank: Count = 32
    alpha: Count = 64
    dropout: Share = 0.05
    layers: tuple[Linear, ...] = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model is trained.

    Attributes:
        strategy: "full" trains the weights, "lora" adapters of low rank beside them, "qlora" the same beside
            weights of 4 bits (Dettmers et al., QLoRA, 2023), which needs the package bitsandbytes.
        parts: "encoder" or "decoder" trains that half of the model alone, "all" both.
        frozen_layers: So many of the encoder's first layers stay as they are, its convolutions with them.
        embeddings: Train the embeddings of the tokens too, which are also the last layer: more than half of
            tiny's weights. Only with the strategy "full".
        memory: What the decoder attends to in training: "spliced", the speech with the states of silence
            behind it, as the device does; "short", the speech alone, so that the device may do without;
            "mixed", batches of both; "whole", 30 s, as Whisper was trained, at many times the cost.
        learning_rate: The highest; it rises over `warmup_share` of the steps and falls to zero.
        warmup_share: Part of all steps.
        epochs: How often each utterance is seen at most.
        patience: Stop after so many epochs without a better word error rate on the validation split.
        batch_size: Utterances in a step.
        weight_decay: Of AdamW (Loshchilov and Hutter, 2019).
        max_grad_norm: Longer gradients are cut to this length.
        label_smoothing: Probability that is spread over all tokens (Szegedy et al., 2016).
        dropout: Share of the blocks' outputs that is left out.
        average: Decay of a running mean of the weights that takes their place in the end; 0 for none
            (Polyak and Juditsky, 1992).
        time_masks: Stretches of up to 0.2 s that are blanked in a second of speech (Park et al.,
            SpecAugment, 2019).
        band_masks: Stretches of up to 15 mel bands that are blanked in an utterance.
        general_share: Share of the utterances of an epoch that are of other people's speech, as far as
            there is any: what keeps the model from forgetting them.
        synthetic_share: The same of speech that machines spoke.
        distillation: How much each token that stock would give anyway is kept as stock has it, rather than
            learned (Hinton et al., Distilling the knowledge in a neural network, 2015). At 1 the model learns
            from what stock gets wrong alone.
        timestamps_share: Utterances whose text is framed by its times, so that the model does not forget
            them.
        soup: So many trainings, each with another seed, whose weights are averaged (Wortsman et al., Model
            soups, 2022): what one learns by chance, the others do not.
        blends: The final weights are the best of these mixtures of stock (0) and trained (1), by the
            validation split (Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
        tolerance: Points of word error rate by which general speech may become worse on validation.
        precision: "float32", "bfloat16" or "float16"; "auto" takes what the hardware is fast in.
        gradient_checkpointing: Compute the layers' inner values twice rather than keep them: less memory.
        seed: All chance comes from it.
        lora: Of the strategies "lora" and "qlora".
        augment: How speech is made harder, if there is such a table; an empty one does it by these defaults.
    """

    strategy: Literal["full", "lora", "qlora"] = "full"
    parts: Literal["all", "encoder", "decoder"] = "all"
    frozen_layers: Count0 = 0
    embeddings: bool = False
    memory: Literal["spliced", "short", "mixed", "whole"] = "spliced"
    learning_rate: Positive = 2e-5
    warmup_share: Share = 0.1
    epochs: Count = 6
    patience: Count = 3
    batch_size: Count = 8
    weight_decay: NotNegative = 0.0
    max_grad_norm: Positive = 1.0
    label_smoothing: Share = 0.0
    dropout: Share = 0.0
    average: Share = 0.0
    time_masks: NotNegative = 0.0
    band_masks: Count0 = 0
    general_share: Annotated[float, Meta(ge=0, le=0.9)] = 0.2
    synthetic_share: Annotated[float, Meta(ge=0, le=0.9)] = 0.3
    distillation: Share = 0.0
    timestamps_share: Share = 0.1
    soup: Count = 1
    blends: tuple[Share, ...] = (0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
    tolerance: NotNegative = 0.5
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    gradient_checkpointing: bool = False
    seed: Count0 = 0
    lora: LoraSettings = LoraSettings()
    augment: AugmentSettings | None = None

    def __post_init__(self) -> None:
        if not self.blends:
            raise ValueError("blends is empty: give at least 1.0")
        if self.general_share + self.synthetic_share > 0.9:
            raise ValueError("general_share and synthetic_share leave less than a tenth for the owner")
        if self.embeddings and (self.strategy != "full" or self.parts == "encoder"):
            raise ValueError('embeddings are the decoder\'s, and trained with the strategy "full" alone')


def recipe_names() -> list[str]:
    """Give the names of the recipes that come with the trainer."""
    files = resources.files("trainer.recipes").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def summary(name: str) -> str:
    """Give what one of these recipes is for: the first sentence of the comment that it begins with."""
    text = (resources.files("trainer.recipes") / f"{name}.toml").read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("#").strip() for line in takewhile(_is_comment, text.splitlines()))
    return comment.partition(". ")[0].removesuffix(".") + "."


def _is_comment(line: str) -> bool:
    return line.startswith("#")


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        name: One of `recipe_names()`, or the path of a TOML file.
        overrides: Keys with a value each, as in "epochs=3" or "lora.rank=8"; the value is written as in TOML.

    Raises:
        RecipeError: There is no such recipe, or a key or value of it is wrong.
    """
    table, source = _table(name)
    for override in overrides:
        _override(table, override)
    try:
        return msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{source}: {_explained(str(error), overrides)}") from error


def as_toml(recipe: Recipe) -> str:
    """Give a recipe as the text of a file."""
    plain = msgspec.to_builtins(recipe)
    if plain["augment"] is None:
        del plain["augment"]  # TOML has no word for nothing
    return msgspec.toml.encode(plain).decode()


def _table(name: str) -> tuple[dict[str, Any], str]:
    if name in recipe_names():
        file = resources.files("trainer.recipes") / f"{name}.toml"
        return tomllib.loads(file.read_text(encoding="utf-8")), f"The recipe {name}"
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8")), name
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        known = ", ".join(recipe_names())
        raise RecipeError(f"There is no recipe '{name}': name a file, or one of {known}.") from error
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{name} cannot be read ({error}): correct it.") from error


def _override(table: dict[str, Any], override: str) -> None:
    key, found, text = override.partition("=")
    if not found:
        raise RecipeError(f"'{override}' sets nothing: write KEY=VALUE, as in epochs=3.")
    *tables, last = key.strip().split(".")
    for name in tables:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise RecipeError(f"'{override}': {name} has no keys.")
        table = inner
    table[last] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a word needs no quotes here


def _explained(error: str, overrides: Iterable[str]) -> str:
    unknown = error.split("`")[1] if "unknown field" in error else ""
    near = difflib.get_close_matches(unknown, _keys(Recipe) | _keys(LoraSettings) | _keys(AugmentSettings), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    where = f" (with {', '.join(overrides)})" if overrides else ""
    return f"{error}{hint}{where}. saykey-trainer finetune --help lists the keys."


def _keys(struct: type[msgspec.Struct]) -> set[str]:
    return set(struct.__struct_fields__)
