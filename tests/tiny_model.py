"""A Whisper model of random weights that CTranslate2 itself writes: 80 KB, for tests that need some model.

Also in Whisper's own sizes, for what depends on the shapes alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH, HEADS, MELS = 16, 2, 80

SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|transcribe|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]


@dataclass(frozen=True, slots=True)
class Size:
    """The shapes of a model: encoder and decoder have the same (Whisper, model card)."""

    width: int
    heads: int
    layers: int = 1
    vocabulary: int = 0  # at least


MULTILINGUAL = Size(WIDTH, HEADS, vocabulary=51_865)
"""By so many tokens a model is known for a multilingual one."""

SIZES = {
    "tiny": Size(384, 6, 4, 51_865),
    "base": Size(512, 8, 6, 51_865),
    "small": Size(768, 12, 12, 51_865),
}


def write(
    folder: Path,
    *,
    seed: int = 0,
    dtype: str = "float16",
    size: Size | None = None,
    languages: Sequence[str] = (),
) -> Path:
    """Write a whole model folder as CTranslate2's converter would; give the folder.

    Args:
        folder: It.
        seed: Of the weights.
        dtype: Their type.
        size: Of the model.
        languages: Codes of those that it knows beside English, if it is of a multilingual size.
    """
    folder.mkdir(parents=True)
    size = size or Size(WIDTH, HEADS)
    special = SPECIAL + [f"<|{code}|>" for code in languages]
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens += [""] if languages else []  # by which CTranslate2 knows a multilingual one
    tokens += [f"word{number}" for number in range(size.vocabulary - len(tokens) - len(special))]
    tokens += special
    spec = whisper_spec(len(tokens), seed, size)
    spec.config.lang_ids = [tokens.index(f"<|{code}|>") for code in ("en", *languages)]
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize(quantization=dtype)
    spec.save(str(folder))
    tokenizer(tokens, special).save(str(folder / "tokenizer.json"))
    return folder


def tokenizer(tokens: list[str], special: Sequence[str] = SPECIAL) -> Tokenizer:
    """Give a tokenizer that spells every text in bytes."""
    letters = {token: number for number, token in enumerate(tokens) if token not in special}
    new = Tokenizer(models.BPE(letters, []))
    new.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    new.decoder = decoders.ByteLevel()
    new.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    return new


def whisper_spec(vocabulary: int, seed: int, size: Size | None = None) -> Any:
    """Give CTranslate2's own description of a model with random weights, by default of one layer each."""
    random = np.random.default_rng(seed)
    size = size or Size(WIDTH, HEADS)
    width = size.width

    def weights(*shape: int) -> NDArray[np.float32]:
        return (random.standard_normal(shape) * 0.2).astype(np.float32)

    def linear(spec: Any, rows: int, columns: int = width) -> None:
        spec.weight, spec.bias = weights(rows, columns), weights(rows)

    def norm(spec: Any) -> None:
        spec.gamma, spec.beta = 1 + weights(width), weights(width)

    def layer(spec: Any) -> None:
        linear(spec.self_attention.linear[0], 3 * width)
        linear(spec.self_attention.linear[1], width)
        linear(spec.ffn.linear_0, 4 * width)
        linear(spec.ffn.linear_1, width, 4 * width)
        norm(spec.self_attention.layer_norm)
        norm(spec.ffn.layer_norm)

    spec = WhisperSpec(size.layers, size.heads, size.layers, size.heads)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(width, MELS, 3), weights(width)
    encoder.conv2.weight, encoder.conv2.bias = weights(width, width, 3), weights(width)
    encoder.position_encodings.encodings = weights(1500, width)
    decoder.position_encodings.encodings = weights(448, width)
    decoder.embeddings.weight = weights(vocabulary, width)
    decoder.projection.weight = decoder.embeddings.weight
    for encoder_layer, decoder_layer in zip(encoder.layer, decoder.layer, strict=True):
        layer(encoder_layer)
        layer(decoder_layer)
        cross = decoder_layer.attention
        linear(cross.linear[0], width)
        linear(cross.linear[1], 2 * width)
        linear(cross.linear[2], width)
        norm(cross.layer_norm)
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = []
    spec.config.alignment_heads = [(0, 0)]
    return spec
