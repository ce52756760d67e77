"""How fast machines multiply matrices and read memory: this one as measured, boards as published."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from tests.bench.shapes import Rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BOARDS = (
    # Four Cortex-A53 at 1.0 GHz. One 128-bit instruction a cycle (GCC, config/arm/cortex-a53.md, by Arm):
    # FMLA does 8 operations on float32; SMULL, SMLAL and SADALP together 32 on int8, in three cycles.
    # 1.31 GB/s copied, that is read and written (tinymembench in github.com/ThomasKaiser/sbc-bench,
    # results/3E85.txt; it reads 2.3).
    Rates(
        "Raspberry Pi Zero 2 W, computed", int8=4 * 1.0e9 * 32 / 3, float32=4 * 1.0e9 * 8, memory=2 * 1.31e9
    ),
    # Four Cortex-A72 at 1.8 GHz. A 128-bit FMLA a cycle; one SMULL or SMLAL a cycle, and SADALP beside it
    # (LLVM, AArch64SchedA57.td, from Arm's optimization guide and used for the A72 too). STREAM's best
    # (sci-pi.org.uk/bench/stream.html), as much as twice 2.82 GB/s copied (sbc-bench, results/3EhG.txt).
    Rates("Raspberry Pi 4, computed", int8=4 * 1.8e9 * 16, float32=4 * 1.8e9 * 8, memory=5.56e9),
    # Four Cortex-A76 at 2.4 GHz. Two 128-bit FMLA or SDOT a cycle, of 8 and of 32 operations (LLVM,
    # AArch64SchedNeoverseN1.td, of the core with the same two pipes). One core reads 14.9 GB/s (sbc-bench,
    # results/8-NK.txt).
    Rates("Raspberry Pi 5, computed", int8=4 * 2.4e9 * 64, float32=4 * 2.4e9 * 16, memory=14.9e9),
)
"""Boards with all four cores at their peak, which no program reaches: nothing is faster than their floor."""

_UINT8, _INT8, _INT32, _FLOAT = 2, 3, 6, 1
"""ONNX's numbers of types (onnx.proto, TensorProto.DataType)."""

_ROWS = 300
"""States of 6 s: enough that a matrix is read for many."""


def measure(width: int, weights: int) -> Rates:
    """Measure one core of this machine.

    The rates of matrices are the best that onnxruntime reaches on those of a layer's feed-forward part, with
    nothing but the product: what a real program other than CTranslate2 does, not the processor's peak. That
    of memory is how fast numpy reads as many bytes as the decoder's weights, again and again: what of them
    stays in the processor's caches is read from there, as it is by the decoder.

    Args:
        width: Numbers in a state.
        weights: Bytes of the weights that the decoder reads for a token.
    """
    shapes = ((width, 4 * width), (4 * width, width))
    memory = np.ones(weights // 8, dtype=np.int64)
    return Rates(
        "this machine, one core",
        int8=max(_rate("MatMulInteger", (_UINT8, _INT8, _INT32), shape) for shape in shapes),
        float32=max(_rate("MatMul", (_FLOAT, _FLOAT, _FLOAT), shape) for shape in shapes),
        memory=memory.nbytes / best_s(memory.max),
    )


def best_s(call: Callable[[], object], times: int = 20) -> float:
    """Give the seconds of the fastest of some calls, after one that warms up."""
    call()
    durations = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        durations.append(time.perf_counter() - began)
    return min(durations)


def _rate(operator: str, types: tuple[int, int, int], shape: tuple[int, int]) -> float:
    """Give the operations a second of one product by a constant matrix."""
    left, right, _ = ({_UINT8: np.uint8, _INT8: np.int8, _FLOAT: np.float32}.get(each) for each in types)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        _product(operator, types, np.ones(shape, right)), options, providers=["CPUExecutionProvider"]
    )
    states = {"a": np.ones((_ROWS, shape[0]), left)}
    return 2 * _ROWS * shape[0] * shape[1] / best_s(lambda: session.run(None, states))


def _product(operator: str, types: tuple[int, int, int], matrix: NDArray[Any]) -> bytes:
    """Write the ONNX model of one product, in opset 13: c = a b (field numbers from onnx.proto)."""
    rows, columns = matrix.shape
    node = _field(1, b"a") + _field(1, b"b") + _field(2, b"c") + _field(4, operator.encode())
    constant = _field(1, rows) + _field(1, columns) + _field(2, types[1])
    constant += _field(8, b"b") + _field(9, matrix.tobytes())
    inputs, outputs = _value(b"a", types[0], rows), _value(b"c", types[2], columns)
    graph = _field(1, node) + _field(2, b"product") + _field(5, constant) + _field(11, inputs)
    return _field(1, 8) + _field(7, graph + _field(12, outputs)) + _field(8, _field(2, 13))


def _value(name: bytes, kind: int, columns: int) -> bytes:
    dimensions = b"".join(_field(1, _field(1, size)) for size in (_ROWS, columns))
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, dimensions)))


def _field(number: int, value: int | bytes) -> bytes:
    """Write a field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    """Write seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*written, number))
