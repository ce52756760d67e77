from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ModelError
from device.models.weights import TYPES, Contents, Variable, read_contents

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)


@st.composite
def contents(draw) -> Contents:
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    variables = [Variable(name, draw(SHAPES), draw(st.sampled_from(list(TYPES)))) for name in names]
    aliases = draw(st.lists(st.tuples(NAMES, st.sampled_from(names)), max_size=2)) if names else []
    return Contents(draw(NAMES), draw(st.integers(0, 9)), tuple(variables), tuple(aliases))


def written(content: Contents) -> bytes:
    body = b"".join(variable.header() + bytes(variable.size) for variable in content.variables)
    return content.head() + body + content.tail()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights") / "model.bin"


def without_offsets(content: Contents) -> list[tuple[object, ...]]:
    return [(variable.name, variable.shape, variable.type) for variable in content.variables]


@given(contents())
def test_what_is_written_is_read_back(file: Path, content: Contents):
    data = written(content)
    file.write_bytes(data)
    found = read_contents(file)
    assert (found.kind, found.revision, found.aliases) == (content.kind, content.revision, content.aliases)
    assert without_offsets(found) == without_offsets(content)
    assert found.size == len(data)


@given(contents(), st.data())
def test_every_cut_is_noticed(file: Path, content: Contents, data: st.DataObject):
    whole = written(content)
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ModelError, match=r"model\.bin"):
        read_contents(file)


@given(contents(), st.data())
def test_any_damage_is_a_model_error_or_harmless(file: Path, content: Contents, data: st.DataObject):
    damaged = bytearray(written(content))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(damaged)
    try:
        found = read_contents(file)
    except ModelError:
        return
    assert found.size == len(damaged)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(file: Path, data: bytes):
    file.write_bytes(data)
    with pytest.raises(ModelError):
        read_contents(file)


def test_a_file_of_ctranslate2_is_read(model: Path):
    found = read_contents(model / "model.bin")
    shapes = {variable.name: variable.shape for variable in found.variables}
    assert found.kind == "WhisperSpec"
    assert shapes["encoder/conv1/weight"] == (16, 80, 3)
    assert shapes["encoder/num_heads"] == ()
    assert found.aliases == (("decoder/projection/weight", "decoder/embeddings/weight"),)
    assert found.size == (model / "model.bin").stat().st_size


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"PK\x03\x04", "no CTranslate2 model"),
        (struct.pack("<I", 7), "newer CTranslate2"),
        (b"", "0 bytes"),
    ],
)
def test_other_files_are_named(file: Path, start: bytes, said: str):
    file.write_bytes(start)
    with pytest.raises(ModelError, match=said):
        read_contents(file)


def test_bytes_after_the_end_are_noticed(model: Path):
    with (model / "model.bin").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ModelError, match="4 bytes follow"):
        read_contents(model / "model.bin")
