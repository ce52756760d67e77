from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from trainer.errors import OwnerKeyError
from trainer.flashing.password import new_password, password

if TYPE_CHECKING:
    from collections.abc import Callable


def types(*lines: str) -> tuple[Callable[[str], str], list[str]]:
    """Give somebody who types these lines, and what they are asked."""
    left, asked = list(lines), []

    def typed(what: str) -> str:
        asked.append(what)
        return left.pop(0)

    return typed, asked


def test_a_new_one_is_typed_twice_until_it_is_the_same(capsys):
    typed, asked = types("horse", "house", "horse", "horse")
    assert new_password(typed) == "horse"
    assert len(asked) == 4
    assert "They are not the same" in capsys.readouterr().err


def test_none_is_typed_once():
    typed, asked = types("")
    assert new_password(typed) == ""
    assert len(asked) == 1


def test_a_known_one_is_typed_once():
    typed, _ = types("horse")
    assert password(typed) == "horse"


@pytest.mark.parametrize("ask", [password, new_password])
@pytest.mark.parametrize(
    ("piped", "given"), [(b"horse\n", "horse"), (b"two words \r\n", "two words "), (b"\n", ""), (b"x", "x")]
)
def test_without_a_terminal_it_is_a_line_of_standard_input(monkeypatch, ask, piped, given):
    with io.TextIOWrapper(io.BytesIO(piped), encoding="utf-8", newline="") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert ask() == given


@pytest.mark.parametrize("ask", [password, new_password])
@pytest.mark.parametrize(("piped", "said"), [(b"", "There is no terminal"), (b"h\xf6rse\n", "not in UTF-8")])
def test_what_is_no_line_is_said(monkeypatch, ask, piped, said):
    with io.TextIOWrapper(io.BytesIO(piped), encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(OwnerKeyError, match=said):
            ask()


def test_a_closed_standard_input_is_said(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(OwnerKeyError, match="There is no terminal"):
        password()
