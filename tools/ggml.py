"""Converts a Whisper model of CTranslate2 to whisper.cpp's GGML file: `python -m tools.ggml FOLDER OUT.bin`.

Both then run the same weights: f16 holds a float16 model bit for bit, and q8_0 is made as whisper.cpp's own
program quantize makes it. All numbers in the file are little-endian.

Sources: whisper.cpp, `whisper_model_load` in src/whisper.cpp, models/convert-h5-to-ggml.py and
examples/quantize; CTranslate2, python/ctranslate2/converters/transformers.py, for its order of weights.
"""

# ruff: noqa: T201  commands print: that is what they are for

from __future__ import annotations

import argparse
import os
import struct
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers

from device.errors import ModelError, SaykeyError
from device.models.check import TOKENIZER, ModelFiles, check
from device.models.convert import quantization
from device.speech.features import mel_filters
from device.speech.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from numpy.typing import NDArray

    Array = NDArray[Any]

MAGIC = 0x67676D6C
"""The first number of the file: "ggml"."""

FILE_TYPES = {"f16": 1, "q8_0": 2007}
"""What the header says of the weights (ggml.h, `ggml_ftype`; in thousands, the version of quantisation)."""

F32, F16, Q8_0 = 0, 1, 8
"""What each tensor says of itself (ggml.h, `ggml_type`)."""

BLOCK = 32
"""Weights that share one scale in q8_0 (ggml-common.h, QK8_0)."""


def convert(folder: Path, target: Path, kind: str = "f16") -> None:
    """Write a model as a GGML file, whole or not at all.

    Args:
        folder: A Whisper model in CTranslate2's format, with weights of float16 or float32.
        target: The file to write.
        kind: One of `FILE_TYPES`.

    Raises:
        ModelError: There is no such model, its weights are no floats, or its rows cannot be made q8_0.
        OSError: The file cannot be written.
    """
    model = check(folder)
    found = quantization(model.contents)
    if found not in {"float16", "float32"}:
        raise ModelError(
            f"The weights of {folder} are {found}, from which the original ones cannot be had back: "
            "name the float16 model that it was made from."
        )
    weights = _Weights(model)
    if kind == "q8_0" and weights.width % BLOCK:
        raise ModelError(f"{folder} has rows of {weights.width} weights, which q8_0 cannot hold: use f16.")
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            _write(file, weights, model, kind)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink()
            raise


class _Weights:
    """Reads the variables of a model one at a time."""

    def __init__(self, model: ModelFiles) -> None:
        self._file = model.weights
        self._variables = {variable.name: variable for variable in model.contents.variables}
        self.width = self["decoder/embeddings/weight"].shape[1]

    def __getitem__(self, name: str) -> Array:
        variable = self._variables.get(name)
        if variable is None:
            raise ModelError(f"{self._file} lacks {name}: it is damaged, or no Whisper model.")
        with self._file.open("rb") as file:
            file.seek(variable.offset)
            data = file.read(variable.size)
        return np.frombuffer(data, np.dtype(variable.type).newbyteorder("<")).reshape(variable.shape)

    def layers(self, part: str) -> int:
        """Count the layers of "encoder" or "decoder"."""
        last = "/ffn/linear_1/weight"
        return sum(name.startswith(f"{part}/layer_") and name.endswith(last) for name in self._variables)


def _write(file: IO[bytes], weights: _Weights, model: ModelFiles, kind: str) -> None:
    file.write(struct.pack("<12i", MAGIC, *_header(weights, model, kind)))
    filters = mel_filters(model.n_mels)
    file.write(struct.pack("<2i", *filters.shape) + filters.astype("<f4").tobytes())
    words = _words(model.folder / TOKENIZER)
    file.write(struct.pack("<i", len(words)))
    file.writelines(struct.pack("<i", len(word)) + word for word in words)
    for name, values in _tensors(weights):
        _write_tensor(file, name, values, kind)


def _header(weights: _Weights, model: ModelFiles, kind: str) -> Iterator[int]:
    """Give whisper.cpp's `whisper_hparams` in order."""
    yield model.tokens
    for part in ("encoder", "decoder"):
        positions, width = weights[f"{part}/position_encodings/encodings"].shape
        yield from (positions, width, int(weights[f"{part}/num_heads"]), weights.layers(part))
    yield from (model.n_mels, FILE_TYPES[kind])


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


def _tensors(weights: _Weights) -> Iterator[tuple[str, Array]]:
    """Give all tensors by whisper.cpp's names."""
    for number in (1, 2):
        yield f"encoder.conv{number}.weight", weights[f"encoder/conv{number}/weight"]
        yield f"encoder.conv{number}.bias", weights[f"encoder/conv{number}/bias"][:, np.newaxis]
    yield "decoder.token_embedding.weight", weights["decoder/embeddings/weight"]
    for part, norm in (("encoder", "ln_post"), ("decoder", "ln")):
        yield f"{part}.positional_embedding", weights[f"{part}/position_encodings/encodings"]
        yield from _norm(weights, f"{part}/layer_norm", f"{part}.{norm}")
        for number in range(weights.layers(part)):
            yield from _layer(weights, f"{part}/layer_{number}", f"{part}.blocks.{number}")


def _layer(weights: _Weights, source: str, target: str) -> Iterator[tuple[str, Array]]:
    queries_keys_values = ("query", "key", "value")
    yield from _norm(weights, f"{source}/self_attention/layer_norm", f"{target}.attn_ln")
    yield from _split(weights, f"{source}/self_attention/linear_0", f"{target}.attn", queries_keys_values)
    yield from _split(weights, f"{source}/self_attention/linear_1", f"{target}.attn", ("out",))
    if target.startswith("decoder"):
        yield from _norm(weights, f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
        for number, names in enumerate((("query",), ("key", "value"), ("out",))):
            yield from _split(weights, f"{source}/attention/linear_{number}", f"{target}.cross_attn", names)
    yield from _norm(weights, f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
    yield from _split(weights, f"{source}/ffn/linear_0", f"{target}.mlp", ("0",))
    yield from _split(weights, f"{source}/ffn/linear_1", f"{target}.mlp", ("2",))


def _norm(weights: _Weights, source: str, target: str) -> Iterator[tuple[str, Array]]:
    yield f"{target}.weight", weights[f"{source}/gamma"]
    yield f"{target}.bias", weights[f"{source}/beta"]


def _split(weights: _Weights, source: str, target: str, names: Sequence[str]) -> Iterator[tuple[str, Array]]:
    """Give the layers that CTranslate2 joins into one; it adds a bias of zero to keys, which have none."""
    for kind in ("weight", "bias"):
        for name, values in zip(names, np.split(weights[f"{source}/{kind}"], len(names)), strict=True):
            if (name, kind) != ("key", "bias"):
                yield f"{target}.{name}.{kind}", values


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.ggml", description=__doc__)
    parser.add_argument("model", type=Path, metavar="FOLDER", help="a Whisper model of CTranslate2, float16")
    parser.add_argument("out", type=Path, metavar="OUT.bin", help="the file to write")
    parser.add_argument("--type", choices=FILE_TYPES, default="f16", help="type of the weights (f16)")
    chosen = parser.parse_args(arguments)
    try:
        convert(chosen.model, chosen.out, chosen.type)
    except SaykeyError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{chosen.out} cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
