"""Weights between CTranslate2's `model.bin` and transformers' Whisper, without loss in either direction.

CTranslate2 joins queries, keys and values into one matrix and gives the keys a bias of zero, where
transformers' keys have none; every other tensor only changes its name (CTranslate2,
python/ctranslate2/converters/transformers.py, `WhisperLoader`). A float16 file read and written again is the
same file.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from device.errors import ModelError
from device.models.check import MODEL
from device.models.convert import quantization
from device.models.files import unreadable
from device.models.weights import Contents, Variable, read_contents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]
    _Modules = Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]]

Float = Literal["float16", "float32"]

FLOATS: tuple[Float, ...] = get_args(Float)
"""Types of weights that can be read back: from any other the original ones cannot be had."""

_REVISION = 3
"""Version of CTranslate2's layout of Whisper (ctranslate2/specs/whisper_spec.py)."""

_NO_BIAS = "k_proj.bias"
"""What transformers' attention does not have, and CTranslate2's joined layers hold as zeros."""

_TIED = ("decoder/projection/weight", "decoder/embeddings/weight")
"""The decoder's output multiplies by its embeddings: an alias in the file, two names in transformers."""

_TIED_STATE = ("proj_out.weight", "model.decoder.embed_tokens.weight")

_LINEAR = {"weight": "weight", "bias": "bias"}
_NORM = {"gamma": "weight", "beta": "bias"}

_PARTS = {
    "encoder": {"conv1": (("conv1",), _LINEAR), "conv2": (("conv2",), _LINEAR)},
    "decoder": {"embeddings": (("embed_tokens",), {"weight": "weight"})},
}
_BOTH = {
    "position_encodings": (("embed_positions",), {"encodings": "weight"}),
    "layer_norm": (("layer_norm",), _NORM),
}
_LAYER = {
    "self_attention/layer_norm": (("self_attn_layer_norm",), _NORM),
    "self_attention/linear_0": (("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), _LINEAR),
    "self_attention/linear_1": (("self_attn.out_proj",), _LINEAR),
    "ffn/layer_norm": (("final_layer_norm",), _NORM),
    "ffn/linear_0": (("fc1",), _LINEAR),
    "ffn/linear_1": (("fc2",), _LINEAR),
}
_CROSS = {
    "attention/layer_norm": (("encoder_attn_layer_norm",), _NORM),
    "attention/linear_0": (("encoder_attn.q_proj",), _LINEAR),
    "attention/linear_1": (("encoder_attn.k_proj", "encoder_attn.v_proj"), _LINEAR),
    "attention/linear_2": (("encoder_attn.out_proj",), _LINEAR),
}


def read_state(folder: Path) -> dict[str, Array]:
    """Read the weights of a CTranslate2 model by transformers' names, in the type that they have in the file.

    Args:
        folder: A Whisper model in CTranslate2's format, of float16 or float32.

    Returns:
        The state dict of a `WhisperForConditionalGeneration`; its tied tensors are one array.

    Raises:
        ModelError: The file is damaged or of another kind, or its weights are no floats.
    """
    contents = read_floats(folder)
    variables = {variable.name: variable for variable in contents.variables if variable.shape}
    state: dict[str, Array] = {}
    for name, sources in _joined(count_layers(contents)):
        if name not in variables:
            raise _other(folder, f"{name} is missing")
        array = _read(folder / MODEL, variables.pop(name))
        parts = zip(sources, np.split(array, len(sources)), strict=True)
        # A bias for the keys would be no loss: what is added to every score alike, softmax takes away.
        state |= {source: values for source, values in parts if not source.endswith(_NO_BIAS)}
    if variables:
        raise _other(folder, f"{min(variables)} is no part of it")
    state[_TIED_STATE[0]] = state[_TIED_STATE[1]]
    return state


def read_floats(folder: Path) -> Contents:
    """Read the table of contents of a Whisper model whose weights can be had back.

    Raises:
        ModelError: The file is damaged or of another kind, or its weights are no floats.
    """
    contents = read_contents(folder / MODEL)
    if contents.kind != "WhisperSpec":
        raise ModelError(f"{folder} is a model of another kind ({contents.kind}): Saykey needs Whisper.")
    found = quantization(contents)
    if found not in FLOATS:
        raise ModelError(
            f"The weights of {folder} are {found}, from which the original ones cannot be had back: "
            "name the float16 model that it was made from."
        )
    return contents


def count_layers(contents: Contents) -> dict[str, int]:
    """Count the layers of the "encoder" and of the "decoder" of a CTranslate2 model."""
    names = (variable.name for variable in contents.variables if "/layer_" in variable.name)
    ends = Counter(name.partition("/")[0] for name in names if name.endswith("/ffn/linear_1/weight"))
    return {part: ends[part] for part in _PARTS}


def read_scalars(folder: Path) -> dict[str, Array]:
    """Read what a CTranslate2 model says of itself in single numbers: its heads, its activation, ...

    Raises:
        ModelError: The file is damaged.
    """
    contents = read_contents(folder / MODEL)
    scalars = (variable for variable in contents.variables if not variable.shape)
    return {variable.name: _read(folder / MODEL, variable) for variable in scalars}


def write_model(
    state: Mapping[str, Any],
    config: Mapping[str, Any],
    source: Path | None,
    target: Path,
    kind: Float = "float16",
) -> None:
    """Write weights as CTranslate2's `model.bin`.

    Args:
        state: The state dict of a `WhisperForConditionalGeneration`: numpy's arrays or torch's tensors on the
            CPU, of float16 or float32.
        config: Its `WhisperConfig` as a dict: layers and heads.
        source: The CTranslate2 model that it comes from, whose scalars it keeps; without, they are those
            that the installed CTranslate2 gives a new model.
        target: The file to write.
        kind: Type of the weights in it.

    Raises:
        ModelError: A tensor is missing, is of no Whisper model, or has values that this type cannot hold.
        OSError: The file cannot be written.
    """
    scalars = read_scalars(source) if source else _new_scalars(config)
    layers = {part: int(config[f"{part}_layers"]) for part in _PARTS}
    arrays = scalars | {name: _join(state, sources, kind) for name, sources in _joined(layers)}
    _check_whole(state, layers)
    named = [(Variable(name, array.shape, array.dtype.name), array) for name, array in sorted(arrays.items())]
    contents = Contents("WhisperSpec", _REVISION, tuple(variable for variable, _ in named), (_TIED,))
    with target.open("wb") as file:
        file.write(contents.head())
        for variable, array in named:
            file.write(variable.header())
            file.write(array.astype(array.dtype.newbyteorder("<")).tobytes())
        file.write(contents.tail())


def _joined(layers: Mapping[str, int]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each tensor of CTranslate2 with those of transformers that are joined in it."""
    for part, own in _PARTS.items():
        yield from _tensors(f"{part}/", f"model.{part}.", own | _BOTH)
        layer = _LAYER | (_CROSS if part == "decoder" else {})
        for number in range(layers[part]):
            yield from _tensors(f"{part}/layer_{number}/", f"model.{part}.layers.{number}.", layer)


def _tensors(prefix: str, state_prefix: str, modules: _Modules) -> Iterator[tuple[str, tuple[str, ...]]]:
    for module, (sources, kinds) in modules.items():
        for kind, state_kind in kinds.items():
            yield (
                f"{prefix}{module}/{kind}",
                tuple(f"{state_prefix}{source}.{state_kind}" for source in sources),
            )


def _join(state: Mapping[str, Any], sources: tuple[str, ...], kind: Float) -> Array:
    """Give one tensor of CTranslate2."""
    return np.concatenate([_float(state, name, kind) for name in sources])


def _check_whole(state: Mapping[str, Any], layers: Mapping[str, int]) -> None:
    """Look whether all of a state has its place in CTranslate2's file.

    Raises:
        ModelError: A tensor has none, or the two tied ones differ.
    """
    output, embeddings = (state.get(name) for name in _TIED_STATE)
    if output is not None and not np.array_equal(np.asarray(output), np.asarray(embeddings)):
        raise ModelError(f"{_TIED_STATE[0]} is not {_TIED_STATE[1]}, as it is in every Whisper model.")
    known = {name for _, sources in _joined(layers) for name in sources if not name.endswith(_NO_BIAS)}
    if others := state.keys() - known - {_TIED_STATE[0]}:
        raise ModelError(
            f"The model has the tensor {min(others)}, which no Whisper model has: merge adapters."
        )


def _float(state: Mapping[str, Any], name: str, kind: Float) -> Array:
    if name.endswith(_NO_BIAS):
        return np.zeros_like(_float(state, name.replace("k_proj", "v_proj"), kind))
    if name not in state:
        raise ModelError(f"The model lacks the tensor {name}: it is damaged, or no Whisper model.")
    with np.errstate(over="ignore"):
        values: Array = np.asarray(state[name]).astype(kind)
    if not np.isfinite(values).all():
        raise ModelError(f"The tensor {name} has values that {kind} cannot hold: train at a lower rate.")
    return values


def _new_scalars(config: Mapping[str, Any]) -> dict[str, Array]:
    """Give what CTranslate2 writes of a model in single numbers."""
    from ctranslate2.specs import WhisperSpec

    sizes = (config[f"{part}_{size}"] for part in _PARTS for size in ("layers", "attention_heads"))
    scalars = WhisperSpec(*sizes).variables()
    return {
        name: np.asarray(value, np.int8 if isinstance(value, bool) else None)
        for name, value in scalars.items()
        if value is not None
    }


def _read(file: Path, variable: Variable) -> Array:
    kind = np.dtype(variable.type).newbyteorder("<")
    try:
        array = np.fromfile(file, kind, variable.size // kind.itemsize, offset=variable.offset)
    except OSError as error:
        raise unreadable(file, error) from error
    return array.astype(variable.type, copy=False).reshape(variable.shape)


def _other(folder: Path, what: str) -> ModelError:
    return ModelError(f"{folder} is no Whisper model that can be trained ({what}): name another.")
