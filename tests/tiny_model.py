"""A Whisper model of random weights that CTranslate2 itself writes: 80 KB, for tests that need some model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

if TYPE_CHECKING:
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


def write(folder: Path, *, seed: int = 0, dtype: str = "float16") -> Path:
    """Write a whole model folder as CTranslate2's converter would; give the folder."""
    folder.mkdir(parents=True)
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *SPECIAL]
    spec = whisper_spec(len(tokens), seed)
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize(quantization=dtype)
    spec.save(str(folder))
    tokenizer(tokens).save(str(folder / "tokenizer.json"))
    return folder


def tokenizer(tokens: list[str]) -> Tokenizer:
    """Give a tokenizer that spells every text in bytes."""
    letters = {token: number for number, token in enumerate(tokens) if token not in SPECIAL}
    new = Tokenizer(models.BPE(letters, []))
    new.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    new.decoder = decoders.ByteLevel()
    new.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    return new


def whisper_spec(vocabulary: int, seed: int) -> Any:
    """Give CTranslate2's own description of a model with one layer each and random weights."""
    random = np.random.default_rng(seed)

    def weights(*shape: int) -> NDArray[np.float32]:
        return (random.standard_normal(shape) * 0.2).astype(np.float32)

    def linear(spec: Any, rows: int, columns: int = WIDTH) -> None:
        spec.weight, spec.bias = weights(rows, columns), weights(rows)

    def norm(spec: Any) -> None:
        spec.gamma, spec.beta = 1 + weights(WIDTH), weights(WIDTH)

    def layer(spec: Any) -> None:
        linear(spec.self_attention.linear[0], 3 * WIDTH)
        linear(spec.self_attention.linear[1], WIDTH)
        linear(spec.ffn.linear_0, 4 * WIDTH)
        linear(spec.ffn.linear_1, WIDTH, 4 * WIDTH)
        norm(spec.self_attention.layer_norm)
        norm(spec.ffn.layer_norm)

    spec = WhisperSpec(1, HEADS, 1, HEADS)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(WIDTH, MELS, 3), weights(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = weights(WIDTH, WIDTH, 3), weights(WIDTH)
    encoder.position_encodings.encodings = weights(1500, WIDTH)
    decoder.position_encodings.encodings = weights(448, WIDTH)
    decoder.embeddings.weight = weights(vocabulary, WIDTH)
    decoder.projection.weight = decoder.embeddings.weight
    layer(encoder.layer[0])
    layer(decoder.layer[0])
    cross = decoder.layer[0].attention
    linear(cross.linear[0], WIDTH)
    linear(cross.linear[1], 2 * WIDTH)
    linear(cross.linear[2], WIDTH)
    for spec_of_norm in (cross.layer_norm, encoder.layer_norm, decoder.layer_norm):
        norm(spec_of_norm)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = []
    spec.config.alignment_heads = [(0, 0)]
    return spec
