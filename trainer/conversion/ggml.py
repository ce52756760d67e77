"""A Whisper model as whisper.cpp's GGML file.

It runs the same weights as CTranslate2's float16 model: f16 holds them bit for bit, and q8_0 is made as
whisper.cpp's own program quantize makes it. All numbers in the file are little-endian.

Sources: whisper.cpp, `whisper_model_load` in src/whisper.cpp, models/convert-h5-to-ggml.py and
examples/quantize.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import tokenizers

from device.errors import ModelError
from device.models.check import TOKENIZER
from device.speech.features import mel_filters
from device.speech.tokens import Tokens
from trainer.conversion.weights import read_state
from trainer.conversion.whisper import config_of
from trainer.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

    Array = NDArray[Any]

Kind = Literal["f16", "q8_0"]
"""Types of weights."""

MAGIC = 0x67676D6C
"""The first number of the file: "ggml"."""

FILE_TYPES: dict[Kind, int] = {"f16": 1, "q8_0": 2007}
"""What the header says of the weights (ggml.h, `ggml_ftype`; in thousands, the version of quantisation)."""

F32, F16, Q8_0 = 0, 1, 8
"""What each tensor says of itself (ggml.h, `ggml_type`)."""

BLOCK = 32
"""Weights that share one scale in q8_0 (ggml-common.h, QK8_0)."""

_NAMES = {
    "model.": "",
    ".layers.": ".blocks.",
    "embed_positions.weight": "positional_embedding",
    "embed_tokens": "token_embedding",
    "encoder.layer_norm": "encoder.ln_post",
    "decoder.layer_norm": "decoder.ln",
    "self_attn_layer_norm": "attn_ln",
    "encoder_attn_layer_norm": "cross_attn_ln",
    "final_layer_norm": "mlp_ln",
    "self_attn.": "attn.",
    "encoder_attn.": "cross_attn.",
    "q_proj": "query",
    "k_proj": "key",
    "v_proj": "value",
    "out_proj": "out",
    "fc1": "mlp.0",
    "fc2": "mlp.2",
}
"""What of transformers' names whisper.cpp calls otherwise (convert-h5-to-ggml.py, `conv_map`)."""


def convert(folder: Path, target: Path, kind: Kind = "f16") -> None:
    """Write a model as a GGML file, whole or not at all.

    Args:
        folder: A Whisper model in CTranslate2's format, with weights of float16 or float32.
        target: The file to write.
        kind: Type of its weights.

    Raises:
        ModelError: There is no such model, its weights are no floats, or its rows cannot be made q8_0.
        OSError: The file cannot be written.
    """
    config, state = config_of(folder), read_state(folder)
    width = config["d_model"]
    if kind == "q8_0" and width % BLOCK:
        raise ModelError(f"{folder} has rows of {width} weights, which q8_0 cannot hold: use f16.")
    words = _words(folder / TOKENIZER)
    with replacing(target) as partial, partial.open("wb") as file:
        file.write(struct.pack("<12i", MAGIC, *_header(config), FILE_TYPES[kind]))
        filters = mel_filters(config["num_mel_bins"])
        file.write(struct.pack("<2i", *filters.shape) + filters.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(words)))
        file.writelines(struct.pack("<i", len(word)) + word for word in words)
        for name, values in _tensors(state):
            _write_tensor(file, name, values, kind)


def _header(config: Mapping[str, Any]) -> Iterator[int]:
    """Give whisper.cpp's `whisper_hparams` in order, but for the last."""
    yield config["vocab_size"]
    for part, positions in (("encoder", "max_source_positions"), ("decoder", "max_target_positions")):
        yield from (config[positions], config["d_model"])
        yield from (config[f"{part}_attention_heads"], config[f"{part}_layers"])
    yield config["num_mel_bins"]


def _words(file: Path) -> list[bytes]:
    """Give the bytes of every token of text; whisper.cpp names the special ones after them itself."""
    end = Tokens(file).end
    tokenizer = tokenizers.Tokenizer.from_file(str(file))
    letters = _bytes_of_letters()
    words = [tokenizer.id_to_token(number) for number in range(end)]
    if any(word is None or not letters.keys() >= set(word) for word in words):
        raise ModelError(f"{file} is not the tokenizer of a Whisper model: fetch or convert the model again.")
    return [bytes(letters[letter] for letter in word) for word in words if word is not None]


def _bytes_of_letters() -> dict[str, int]:
    """Give the byte for each letter of the vocabulary: GPT-2's, in which every byte can be seen.

    Bytes that print stand for themselves, all others for letters from U+0100 on (openai/gpt-2, encoder.py).
    """
    printed = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = (byte for byte in range(256) if byte not in printed)
    return {chr(byte): byte for byte in printed} | {chr(256 + n): byte for n, byte in enumerate(others)}


def _tensors(state: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Give all tensors by whisper.cpp's names, which has the decoder's output from its embeddings."""
    for name, values in state.items():
        if name == "proj_out.weight":
            continue
        is_bias_of_convolution = "encoder.conv" in name and name.endswith(".bias")
        for ours, theirs in _NAMES.items():
            name = name.replace(ours, theirs)  # noqa: PLW2901  # the names say what stands in the other's place
        yield name, values[:, np.newaxis] if is_bias_of_convolution else values


def _write_tensor(file: IO[bytes], name: str, values: Array, kind: str) -> None:
    """Write a tensor: vectors and positions are always float32, and convolutions never quantised."""
    if values.ndim < 2 or name.endswith((".bias", "positional_embedding")):
        number, data = F32, values.astype("<f4").tobytes()
    elif kind == "q8_0" and values.ndim == 2:
        number, data = Q8_0, _q8_0(values.astype(np.float32))
    else:
        number, data = F16, values.astype("<f2").tobytes()
    shape = values.shape[::-1]  # GGML counts dimensions from the innermost
    header = struct.pack(f"<{3 + len(shape)}i", len(shape), len(name), number, *shape)
    file.write(header + name.encode() + data)


def _q8_0(values: NDArray[np.float32]) -> bytes:
    """Quantise as ggml does, bit for bit (ggml-quants.c, `quantize_row_q8_0_ref`)."""
    blocks = values.reshape(-1, BLOCK)
    scales = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales != 0)
    # C's roundf takes halves away from zero, where numpy's takes them to the even number.
    scaled = (blocks * inverse).astype(np.float64)
    written = np.empty(len(blocks), [("scale", "<f2"), ("weights", "i1", BLOCK)])
    written["scale"] = scales[:, 0]
    written["weights"] = np.trunc(scaled + np.copysign(0.5, scaled))
    return written.tobytes()
