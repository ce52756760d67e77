"""A Whisper model as ONNX: encoder and decoder, with the inputs and outputs that Optimum names."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trainer.conversion.base import save_settings
from trainer.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENCODER, DECODER = "encoder_model.onnx", "decoder_model.onnx"

_PACKAGES = ("onnx", "onnxscript")
"""What torch's exporter needs beside itself."""

_FRAMES = 3000
"""Of the encoder's input: 30 s, as transformers' own encoder insists."""


def check_installed() -> None:
    """Look whether the packages that it takes are there.

    Raises:
        MissingError: One is not.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingError(f"ONNX needs {' and '.join(missing)}: run pip install {' '.join(missing)}.")


def convert(model: Any, tokenizer: Path, folder: Path) -> None:
    """Write a model as two ONNX files of float32, with all that transformers needs beside them.

    The decoder takes all tokens so far and keeps nothing between two calls.

    Args:
        model: A `WhisperForConditionalGeneration`.
        tokenizer: The folder that its tokenizer is in.
        folder: Where it goes; the folder is there.

    Raises:
        MissingError: A package is missing.
        OSError: It cannot be written.
    """
    check_installed()
    import torch

    config = model.config
    features = torch.zeros(2, config.num_mel_bins, _FRAMES)
    tokens = torch.zeros(2, 4, dtype=torch.int64)
    states = torch.zeros(2, config.max_source_positions, config.d_model)
    encoder, decoder = _parts(model)
    _export(encoder, {"input_features": (features, ("batch",))}, "last_hidden_state", folder / ENCODER)
    inputs = {
        "input_ids": (tokens, ("batch", "tokens")),
        "encoder_hidden_states": (states, ("batch", "states")),
    }
    _export(decoder, inputs, "logits", folder / DECODER)
    save_settings(model, tokenizer, folder)


def _parts(model: Any) -> tuple[Any, Any]:
    """Give encoder and decoder as functions of tensors."""
    import torch

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = model.get_encoder()

        def forward(self, input_features: torch.Tensor) -> torch.Tensor:
            return self.encoder(input_features).last_hidden_state  # type: ignore[no-any-return]

    class Decoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decoder, self.output = model.get_decoder(), model.proj_out

        def forward(self, input_ids: torch.Tensor, encoder_hidden_states: torch.Tensor) -> torch.Tensor:
            states = self.decoder(
                input_ids=input_ids, encoder_hidden_states=encoder_hidden_states, use_cache=False
            )
            return self.output(states.last_hidden_state)  # type: ignore[no-any-return]

    return Encoder().eval(), Decoder().eval()


def _export(module: Any, inputs: Mapping[str, tuple[Any, tuple[str, ...]]], output: str, file: Path) -> None:
    """Write one module.

    Args:
        module: What takes the inputs in this order.
        inputs: By name: an example, and names for the first of its dimensions, which may change.
        output: Name of what it gives.
        file: Where it goes.
    """
    import torch

    dimensions = {name for _, names in inputs.values() for name in names}
    free = {name: torch.export.Dim(name) for name in dimensions}
    shapes = tuple({axis: free[name] for axis, name in enumerate(names)} for _, names in inputs.values())
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            module,
            tuple(example for example, _ in inputs.values()),
            file,
            input_names=list(inputs),
            output_names=[output],
            dynamic_shapes=shapes,
            external_data=False,
            verbose=False,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch from warning of its own insides, and of packages that no Whisper needs."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
