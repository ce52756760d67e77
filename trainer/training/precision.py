"""Which processor trains, and in how many bits it computes."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from device.cores import fast_cores
from trainer.errors import RecipeError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from trainer.training.recipe import Recipe

_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def use_all_cores() -> None:
    """Let torch use the processor's fast cores, or as many as `OMP_NUM_THREADS` says.

    By itself it leaves some idle, and CTranslate2 sets its number whenever it loads a model.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    torch.set_num_threads(int(asked) if asked.isdecimal() and int(asked) else len(fast_cores()))


def processor() -> torch.device:
    """Give what trains: an NVIDIA or Apple GPU where there is one, or else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def precision(recipe: Recipe, device: torch.device) -> torch.dtype:
    """Give the type in which the products are computed. The weights themselves are always float32.

    Raises:
        RecipeError: This processor cannot do what the recipe asks for.
    """
    if recipe.precision == "auto":
        return torch.bfloat16 if _is_fast_in_bfloat16(device) else torch.float32
    if recipe.precision == "float16" and device.type != "cuda":
        raise RecipeError(
            'precision = "float16" needs an NVIDIA GPU, and none is here: '
            'set precision to "auto", "bfloat16" or "float32".'
        )
    return _TYPES[recipe.precision]


def _is_fast_in_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Of the instructions that multiply bfloat16, torch names these. Without them it is slower than float32.
    cpu: Any = torch.cpu
    is_fast: bool = cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()  # noqa: SLF001
    return device.type == "cpu" and is_fast


class Mixed:
    """Computes in fewer bits, and keeps small gradients from vanishing where those are float16."""

    def __init__(self, kind: torch.dtype, device: torch.device) -> None:
        """Get ready to compute in this type on this processor."""
        self._kind = kind
        self._device = device
        self.scaler = torch.amp.GradScaler(device.type, enabled=kind == torch.float16)

    def __call__(self) -> AbstractContextManager[Any]:
        """Give the context in which products are computed in fewer bits."""
        if self._kind == torch.float32:
            return nullcontext()
        return torch.autocast(self._device.type, self._kind)
