"""Silero VAD 5 and 6 as numpy computes it (github.com/snakers4/silero-vad, its model for 16 kHz).

A short-time Fourier transform, four convolutions over its frames, a recurrent cell and a sigmoid. The tests
hold it to onnxruntime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from device.audio.sound import WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from device.audio.sound import Samples

    Matrix = NDArray[np.float32]

CONTEXT = 64
"""Samples of the window before that are wanted in front of each (silero-vad, OnnxWrapper)."""

_FFT, _HOP, _PAD = 256, 128, 64
"""Samples in a frame, from one frame to the next, and mirrored behind the last."""

_UNITS = 128
"""Numbers that the recurrent cell remembers, twice."""

_SHAPES = {
    "model.stft.forward_basis_buffer": (2 * (_FFT // 2 + 1), 1, _FFT),
    "model.encoder.0.reparam_conv.weight": (128, _FFT // 2 + 1, 3),
    "model.encoder.0.reparam_conv.bias": (128,),
    "model.encoder.1.reparam_conv.weight": (64, 128, 3),
    "model.encoder.1.reparam_conv.bias": (64,),
    "model.encoder.2.reparam_conv.weight": (64, 64, 3),
    "model.encoder.2.reparam_conv.bias": (64,),
    "model.encoder.3.reparam_conv.weight": (_UNITS, 64, 3),
    "model.encoder.3.reparam_conv.bias": (_UNITS,),
    "model.decoder.rnn.weight_ih": (4 * _UNITS, _UNITS),
    "model.decoder.rnn.weight_hh": (4 * _UNITS, _UNITS),
    "model.decoder.rnn.bias_ih": (4 * _UNITS,),
    "model.decoder.rnn.bias_hh": (4 * _UNITS,),
    "model.decoder.decoder.2.weight": (1, _UNITS, 1),
    "model.decoder.decoder.2.bias": (1,),
}
"""The network's weights: another version of it would have others."""


class Silero:
    """The network, and what it remembers of the windows before.

    Raises:
        ValueError: The weights are of another network.
    """

    def __init__(self, weights: Mapping[str, Matrix]) -> None:
        """Take the weights over, each laid out as it is multiplied.

        Args:
            weights: By their names in the ONNX file.
        """
        shapes = {name: weights[name].shape for name in _SHAPES if name in weights}
        if shapes != _SHAPES:
            raise ValueError("these are the weights of another network")
        real, imaginary = np.split(weights["model.stft.forward_basis_buffer"][:, 0], 2)
        self._real, self._imaginary = real.T.copy(), imaginary.T.copy()
        self._sound = np.zeros(CONTEXT + WINDOW + _PAD, np.float32)
        self._frames = sliding_window_view(self._sound, _FFT)[::_HOP]
        layers = [
            [weights[f"model.encoder.{number}.reparam_conv.{part}"] for part in ("weight", "bias")]
            for number in range(4)
        ]
        self._convolutions = [
            _Convolution(*layer, frames=frames, stride=stride)
            for layer, frames, stride in zip(layers, (4, 4, 2, 1), (1, 2, 2, 1), strict=True)
        ]
        cell = [weights[f"model.decoder.rnn.{part}"] for part in ("weight_ih", "weight_hh")]
        self._cell = np.hstack(cell).T.copy()
        self._cell_bias = weights["model.decoder.rnn.bias_ih"] + weights["model.decoder.rnn.bias_hh"]
        self._output = weights["model.decoder.decoder.2.weight"].reshape(_UNITS).copy()
        self._output_bias = float(weights["model.decoder.decoder.2.bias"][0])
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._hidden = self._memory = np.zeros(_UNITS, np.float32)

    def probability(self, sound: Samples) -> float:
        """Give the probability of speech in the next window, which has the `CONTEXT` before it in front."""
        self._sound[:-_PAD] = sound
        self._sound[-_PAD:] = sound[-2 : -2 - _PAD : -1]
        encoded: Matrix = np.sqrt((self._frames @ self._real) ** 2 + (self._frames @ self._imaginary) ** 2)
        for convolution in self._convolutions:
            encoded = convolution(encoded)
        gates = np.concatenate((encoded[0], self._hidden)) @ self._cell + self._cell_bias
        entry, keeping, new, exit_ = gates.reshape(4, _UNITS)
        self._memory = _sigmoid(keeping) * self._memory + _sigmoid(entry) * np.tanh(new)
        self._hidden = _sigmoid(exit_) * np.tanh(self._memory)
        return float(_sigmoid(np.maximum(self._hidden, 0) @ self._output + self._output_bias))


class _Convolution:
    """A convolution over three frames, silence before the first and behind the last, then rectified."""

    def __init__(self, weight: Matrix, bias: Matrix, *, frames: int, stride: int) -> None:
        self._weight = weight.reshape(len(weight), -1).T.copy()
        self._bias = bias.copy()  # not a view that keeps the whole file in memory
        self._padded = np.zeros((1 + frames + 1, weight.shape[1]), np.float32)
        self._triples = sliding_window_view(self._padded, 3, axis=0)[::stride]

    def __call__(self, frames: Matrix) -> Matrix:
        self._padded[1:-1] = frames
        columns = self._triples.reshape(len(self._triples), -1)
        result: Matrix = np.maximum(columns @ self._weight + self._bias, 0)
        return result


def _sigmoid(x: Matrix) -> Matrix:
    # 1 / (1 + exp(-x)) without the overflow of large ones.
    result: Matrix = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result
