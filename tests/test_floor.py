from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.models.check import check
from device.models.store import resolve
from device.models.weights import Variable
from tests.bench import rates
from tests.bench.floor import floors_ms, ways
from tests.bench.shapes import MOST_STATES, Rates, Shapes, Work

RATES = Rates("a machine", int8=100e9, float32=50e9, memory=5e9)


def whisper(layers: int, width: int, vocabulary: int = 51_865, n_mels: int = 80) -> Shapes:
    """Give the shapes of a Whisper as CTranslate2 names them; keys and values of cross-attention are one."""
    attention = {"linear_0": (3 * width, width), "linear_1": (width, width)}
    cross = {"linear_0": (width, width), "linear_1": (2 * width, width), "linear_2": (width, width)}
    ffn = {"linear_0": (4 * width, width), "linear_1": (width, 4 * width)}
    parts = {"encoder": {"self_attention": attention, "ffn": ffn}}
    parts["decoder"] = {**parts["encoder"], "attention": cross}
    matrices = {
        f"{side}/layer_{layer}/{part}/{name}/weight": shape
        for side, of_layer in parts.items()
        for layer in range(layers)
        for part, linears in of_layer.items()
        for name, shape in linears.items()
    }
    # Neither scales nor positions are multiplied by.
    others = {f"{name}_scale": shape[:1] for name, shape in matrices.items()} | {
        "encoder/conv1/weight": (width, n_mels, 3),
        "encoder/conv2/weight": (width, width, 3),
        "encoder/position_encodings/encodings": (1500, width),
        "decoder/embeddings/weight": (vocabulary, width),
        "decoder/position_encodings/encodings": (448, width),
    }
    return Shapes.of(Variable(name, shape, "int8") for name, shape in (matrices | others).items())


TINY = whisper(4, 384)


@pytest.mark.parametrize(
    ("layers", "width", "parameters"),
    [(4, 384, 39e6), (6, 512, 74e6), (12, 768, 244e6), (24, 1024, 769e6)],
    ids=["tiny", "base", "small", "medium"],
)
def test_the_elements_add_up_to_the_published_parameters(layers, width, parameters):
    # Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, table 1.
    shapes = whisper(layers, width)
    elements = shapes.conv1 + shapes.conv2 + shapes.encoder + shapes.memory + shapes.token
    assert elements == pytest.approx(parameters, rel=0.06)
    assert elements < parameters


def test_tiny_has_the_parameters_of_its_checkpoint():
    positions, vectors = 448 * 384, 46_848  # the encoder's positions are no parameter
    elements = TINY.conv1 + TINY.conv2 + TINY.encoder + TINY.memory + TINY.token
    assert elements + positions + vectors == 37_184_640


def test_the_encoder_of_tiny_over_30_s():
    work = TINY.encode(1500)
    assert work.int8 == 4 * 2 * 1500 * (3 + 1 + 4 + 4) * 384 * 384  # 21.2 G
    attention = 4 * 2 * (1500 * 384 * 1500 + 1500 * 1500 * 384)  # 13.8 G
    convolutions = 2 * 3000 * 384 * (80 * 3) + 2 * 1500 * 384 * (384 * 3)  # 1.9 G
    assert work.float32 == attention + convolutions
    assert work.int8 + work.float32 == pytest.approx(36.9e9, rel=0.002)


def test_the_decoder_of_tiny_reads_28_mb_of_weights_and_18_mb_of_memory_for_a_token():
    first = TINY.generate(1500, 1)
    assert first.read == pytest.approx(28.2e6 + 18.4e6, rel=0.002)
    assert first.int8 == 2 * (4 * 14 * 384 * 384 + 51_865 * 384)
    assert TINY.remember(1500).int8 == 4 * 2 * 1500 * 2 * 384 * 384


@given(st.integers(1, 1500), st.integers(1, 200))
def test_tokens_are_counted_one_by_one(memory: int, tokens: int):
    # Each token attends to the memory and to all tokens up to itself: a product for keys, one for values.
    attention = sum(4 * 2 * 2 * 384 * (memory + position) for position in range(1, tokens + 1))
    assert TINY.generate(memory, tokens).float32 == attention


@given(st.integers(1, 1500), st.integers(0, 1500), st.integers(1, 200), st.integers(0, 200))
def test_more_sound_and_more_tokens_take_longer(states: int, more: int, tokens: int, longer: int):
    for less, work in (
        (TINY.encode(states), TINY.encode(states + more)),
        (TINY.remember(states), TINY.remember(states + more)),
        (TINY.generate(states, tokens), TINY.generate(states + more, tokens + longer)),
    ):
        assert less.floor_ms(RATES) <= work.floor_ms(RATES)
        assert less.int8 <= work.int8
        assert less.float32 <= work.float32
        assert less.read <= work.read


def test_two_halves_cost_the_encoder_less_than_the_whole():
    assert 2 * TINY.encode(750).floor_ms(RATES) < TINY.encode(1500).floor_ms(RATES)


def test_the_longer_of_computing_and_reading_counts():
    assert Work(int8=100_000_000, float32=50_000_000, read=5_000).floor_ms(RATES) == pytest.approx(2.0)
    assert Work(int8=100, float32=50, read=5_000_000).floor_ms(RATES) == pytest.approx(1.0)


def test_each_way_is_cheaper_than_the_one_before_until_the_window_is_full():
    floors = [sum(floors_ms(TINY, way, 15, RATES).values()) for way in ways(5)]
    assert floors == sorted(floors, reverse=True)
    assert len(set(floors)) == 3
    assert {(way.states, way.memory) for way in ways(30)} == {(MOST_STATES, MOST_STATES)}


@pytest.mark.parametrize(
    ("operator", "types", "left", "right"),
    [("MatMulInteger", (2, 3, 6), np.uint8, np.int8), ("MatMul", (1, 1, 1), np.float32, np.float32)],
)
def test_what_is_timed_is_the_product(operator, types, left, right):
    random = np.random.default_rng(1)
    states = random.integers(0, 100, (rates._ROWS, 200)).astype(left)
    matrix = random.integers(-100, 100, (200, 33)).astype(right)
    session = onnxruntime.InferenceSession(
        rates._product(operator, types, matrix), providers=["CPUExecutionProvider"]
    )
    (product,) = session.run(None, {"a": states})
    assert np.array_equal(product, states.astype(np.int64) @ matrix.astype(np.int64))


def test_the_real_model_has_the_published_shapes(real_settings):
    model = check(resolve(real_settings.recognition))
    assert Shapes.of(model.contents.variables) == whisper(4, 384, vocabulary=51_864)
