"""The keys of a recipe, with what they mean, taken from where they are defined: so help never goes stale."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from trainer.augmentation.settings import AugmentSettings
from trainer.training.recipe import LoraSettings, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLES: dict[str, type[msgspec.Struct]] = {"lora": LoraSettings, "augment": AugmentSettings}
"""The keys of a recipe that have keys of their own."""


class Key(NamedTuple):
    """A key of a recipe.

    Attributes:
        name: As flags name it: "epochs", "lora.rank".
        default: Its value where a recipe does not have it, as written in TOML.
        meaning: What it does.
    """

    name: str
    default: str
    meaning: str


def keys(struct: type[msgspec.Struct] = Recipe, prefix: str = "") -> Iterator[Key]:
    """Give all keys of a recipe, in the order of their definition, each table's after its own."""
    meanings = _meanings(struct)
    for field in msgspec.structs.fields(struct):
        if field.name in _TABLES:
            yield from keys(_TABLES[field.name], f"{field.name}.")
        else:
            yield Key(prefix + field.name, _as_toml(field.default), meanings[field.name])


def listed() -> str:
    """Give all keys as text, of lines that a terminal of 80 columns holds."""
    return "\n".join(
        f"  {key.name} = {key.default}\n" + textwrap.indent(textwrap.fill(key.meaning, 66), 6 * " ")
        for key in keys()
    )


def _meanings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Read the attributes of a docstring in Google's style."""
    text = inspect.cleandoc(struct.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^(\w+): (.*(?:\n +.*)*)", textwrap.dedent(text), re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in found}


def _as_toml(value: Any) -> str:
    return json.dumps(value)  # for numbers, truth, text and lists the same
