"""The work that Whisper's shapes demand: operations and bytes, counted from the file of weights. Pure.

A multiplication and its addition are two operations. Counted are the products of matrices, as CTranslate2
runs an int8 model: layers and vocabulary in int8, convolutions and attention in float32. What stands between
them (normalisation, softmax, GELU, quantisation) and the log-mel spectrogram are left out, as are the prompt
and what activations take of memory: a floor has to lie below.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.models.weights import Variable

STATES_PER_S = 50
"""The encoder's states in a second of sound: frames of 10 ms, of which the second convolution joins two."""

MOST_STATES = 1500
"""Those of Whisper's window of 30 s."""

_FLOAT32 = 4
"""Bytes of a float32: the cached keys and values, and the weights of the convolutions."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a machine can do in a second.

    Attributes:
        name: The machine.
        int8: Operations on int8, products of matrices.
        float32: The same on float32.
        memory: Bytes that it reads.
    """

    name: str
    int8: float
    float32: float
    memory: float


@dataclass(frozen=True, slots=True)
class Work:
    """Some work.

    Attributes:
        int8: Operations on int8.
        float32: Operations on float32.
        read: Bytes read.
    """

    int8: int
    float32: int
    read: int

    def floor_ms(self, rates: Rates) -> float:
        """Give the least milliseconds that it takes: computing and reading overlap, and the longer counts."""
        computing = self.int8 / rates.int8 + self.float32 / rates.float32
        return 1000 * max(computing, self.read / rates.memory)


@dataclass(frozen=True, slots=True)
class Shapes:
    """What the count needs to know of a model.

    Attributes:
        conv1: Elements of the first convolution, which runs twice for a state.
        conv2: Elements of the second.
        width: Numbers in a state (Whisper's n_audio_state and n_text_state).
        encoder_layers: Layers of the encoder.
        decoder_layers: Layers of the decoder.
        encoder: Elements of the encoder's layers, all used for each state.
        memory: Elements of the matrices that make cross-attention's keys and values, used for each state.
        token: Elements of all else in the decoder, used for each token: layers and vocabulary.
    """

    conv1: int
    conv2: int
    width: int
    encoder_layers: int
    decoder_layers: int
    encoder: int
    memory: int
    token: int

    @classmethod
    def of(cls, variables: Iterable[Variable]) -> Shapes:
        """Read them from a file's table of contents (`device.models.weights.read_contents`)."""
        shapes = {variable.name: variable.shape for variable in variables}

        def elements(pattern: str) -> int:
            return sum(math.prod(shape) for name, shape in shapes.items() if re.fullmatch(pattern, name))

        def layers(side: str) -> int:
            return sum(bool(re.fullmatch(side + r"/layer_\d+/ffn/linear_0/weight", name)) for name in shapes)

        memory = elements(r"decoder/layer_\d+/attention/linear_1/weight")
        return cls(
            conv1=elements("encoder/conv1/weight"),
            conv2=elements("encoder/conv2/weight"),
            width=shapes["decoder/embeddings/weight"][1],
            encoder_layers=layers("encoder"),
            decoder_layers=layers("decoder"),
            encoder=elements(r"encoder/layer_\d+/.+/weight"),
            memory=memory,
            # The vocabulary's projection is its embedding, transposed.
            token=elements(r"decoder/layer_\d+/.+/weight") - memory + elements("decoder/embeddings/weight"),
        )

    def encode(self, states: int) -> Work:
        """Count the encoder over so many states: two products of states with states a layer are attention."""
        convolutions = 2 * (2 * self.conv1 + self.conv2) * states
        attention = self.encoder_layers * 4 * self.width * states**2
        return Work(
            int8=2 * self.encoder * states,
            float32=convolutions + attention,
            read=self.encoder + _FLOAT32 * (self.conv1 + self.conv2),
        )

    def remember(self, memory: int) -> Work:
        """Count cross-attention's keys and values over a memory of so many states: once an utterance."""
        return Work(int8=2 * self.memory * memory, float32=0, read=self.memory)

    def generate(self, memory: int, tokens: int) -> Work:
        """Count so many tokens, one after the other: each reads all weights, and all keys and values."""
        remembered = tokens * memory + tokens * (tokens + 1) // 2
        attention = 2 * self.decoder_layers * self.width * remembered
        return Work(
            int8=2 * self.token * tokens,
            float32=2 * attention,
            read=self.token * tokens + _FLOAT32 * attention,
        )
