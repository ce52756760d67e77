"""Moonshine tiny run by onnxruntime itself, from the weights in the package moonshine-voice.

Its own library switches off what makes onnxruntime fast (prepacked weights, the memory arena) and cannot be
told its number of threads. Decoding and tokenizer are as there (moonshine-ai/moonshine,
core/moonshine-model.cpp and core/bin-tokenizer).
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

if TYPE_CHECKING:
    from device.audio.sound import Samples

START, END = 1, 2
"""Tokens that begin and end a text."""

HEADS, HEAD_WIDTH = 8, 36
"""Shape of tiny's attention."""

TOKENS_PER_S = 6.5
"""More are no speech but a loop: the library's own limit."""

SAMPLE_RATE_HZ = 16_000


class Moonshine:
    """The model, loaded."""

    def __init__(self, threads: int) -> None:
        spec = importlib.util.find_spec("moonshine_voice")
        folder = Path(spec.origin).parent / "assets/tiny-en" if spec and spec.origin else Path()
        if not folder.is_dir():
            raise SystemExit("this moonshine-voice carries no model: pip install moonshine-voice==0.0.73")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._encoder, self._decoder = (
            onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            for name in ("encoder_model.ort", "decoder_model_merged.ort")
        )
        self._words = _words((folder / "tokenizer.bin").read_bytes())

    def recognise(self, samples: Samples) -> str:
        """Give the text of an utterance, decoded greedily."""
        mask = np.ones((1, len(samples)), np.int64)
        (states,) = self._encoder.run(None, {"input_values": samples[np.newaxis], "attention_mask": mask})
        fixed = {"encoder_hidden_states": states, "encoder_attention_mask": mask}
        tokens = self._decode(fixed, math.ceil(TOKENS_PER_S * len(samples) / SAMPLE_RATE_HZ))
        words = (self._words[token] for token in tokens)
        text = b"".join(word for word in words if not (word.startswith(b"<") and word.endswith(b">")))
        return text.decode(errors="replace").replace("▁", " ").strip()

    def _decode(self, fixed: dict[str, np.ndarray], most: int) -> list[int]:
        names = [each.name for each in self._decoder.get_outputs()]
        own = [name for name in names if ".encoder." not in name]
        empty = np.zeros((1, HEADS, 1, HEAD_WIDTH), np.float32)
        inputs = (each.name for each in self._decoder.get_inputs())
        past = {name: empty for name in inputs if name.startswith("past_key_values")}
        tokens = [START]
        while len(tokens) <= most and tokens[-1] != END:
            is_first = len(tokens) == 1
            wanted = names if is_first else own  # what it knows of the sound stays as it was
            step = {"input_ids": np.array([tokens[-1:]]), "use_cache_branch": np.array([not is_first])}
            found = dict(zip(wanted, self._decoder.run(wanted, fixed | past | step), strict=True))
            tokens.append(int(found.pop("logits")[0, -1].argmax()))
            past |= {name.replace("present", "past_key_values"): value for name, value in found.items()}
        return [token for token in tokens[1:] if token != END]


def _words(data: bytes) -> list[bytes]:
    """Read the tokenizer: each word after its length, of two bytes from 128 on."""
    words, at = [], 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128:
            length, at = length - 128 + 128 * data[at], at + 1
        words.append(data[at : at + length])
        at += length
    return words
