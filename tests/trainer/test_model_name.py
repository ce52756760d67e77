from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from device.errors import ModelError
from device.models.bundle import parse_index
from device.models.store import Store
from tests.bundles import encoded, index_of
from trainer.model_name import check_name, name_of


@given(st.text())
@example("previous")
@example("Anna\N{SNOWMAN}" * 30)
def test_whatever_the_set_is_called_the_model_gets_a_name_that_it_can_have(text: str):
    check_name(name_of(text))


@given(st.from_regex(r"[A-Za-z0-9._-]{50,60}", fullmatch=True) | st.text())
def test_a_name_that_is_allowed_can_be_had_in_a_bundle_and_in_a_store(name: str):
    try:
        check_name(name)
    except ModelError:
        return
    parse_index(encoded(index_of(name=name)))
    Store(Path("store")).folder(name)
    Store(Path("store")).folder(f"{name}-01234567")


@pytest.mark.parametrize("name", ["", "a" * 56, "current", "previous", "a b", "../a", "-a", "a\n"])
def test_another_is_refused_with_what_to_do(name: str):
    with pytest.raises(
        ModelError, match="cannot be the name of a model: give another with --name, of up to 55"
    ):
        check_name(name)
