from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.corrections.hand_over import hand_over, handed_over
from device.corrections.store import Limits, Store, kept_as
from device.errors import CorrectionError
from tests.bundles import Pipe

PLENTY = Limits(1 << 30, 30)


@settings(max_examples=20)  # each waits for the disk
@given(contents=st.lists(st.binary(max_size=2000), max_size=5, unique=True))
def test_what_goes_out_arrives_whole_and_what_is_named_is_deleted(tmp_path_factory, contents):
    store = Store(tmp_path_factory.mktemp("state") / "corrections")
    for content in contents:
        store.add(content, PLENTY)
    out = io.BytesIO()
    assert hand_over(store, out, io.BytesIO()) == 0
    assert len(store.kept()) == len(contents)
    arrived = dict(handed_over(io.BufferedReader(Pipe(out.getvalue()))))
    assert sorted(arrived.values()) == sorted(contents)
    named = "".join(f"{name}\n" for name in list(arrived)[1:])
    assert hand_over(store, io.BytesIO(), io.BytesIO(named.encode())) == max(0, len(contents) - 1)
    assert [each.name for each in store.kept()] == list(arrived)[:1]


@given(st.data())
def test_what_is_cut_short_is_told(data):
    name = f"2026-01-31-{'0' * 32}.sealed"
    whole = f"{name} 5\nhello\n".encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(CorrectionError, match="cut short"):
        list(handed_over(io.BytesIO(cut)))
    assert list(handed_over(io.BytesIO(whole))) == [(name, b"hello")]


@pytest.mark.parametrize("line", [b"../x 5\n", b"Welcome to saykey!\n", b"\xff\n", b"x" * 1000])
def test_what_is_something_else_is_told(line):
    with pytest.raises(CorrectionError):
        list(handed_over(io.BytesIO(line)))


def test_what_says_that_it_is_too_long_is_not_waited_for():
    with pytest.raises(CorrectionError):
        list(handed_over(io.BytesIO(f"2026-01-31-{'0' * 32}.sealed {1 << 40}\n".encode())))


@given(st.text())
def test_only_our_names_are_names(name):
    kept = kept_as(name, 0)
    assert kept is None or kept.name == name
