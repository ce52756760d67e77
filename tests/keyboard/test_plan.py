from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.keyboard.layout import layout_named
from device.keyboard.plan import plan, reports
from device.keyboard.reports import ALL_UP
from device.simulation.virtual_host import VirtualHost

US = layout_named("us")
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


def host_text(text):
    host = VirtualHost()
    for report in reports(text, US):
        host.receive(report)
        host.tick(0.01)
    assert not host.keys_down
    return host.text


@given(ASCII)
def test_ascii_arrives_exactly(text):
    assert host_text(text) == text


@given(st.text())
def test_any_text_arrives_as_the_plan_promises(text):
    steps = list(plan(text, US))
    assert "".join(step.character for step in steps) == text
    assert host_text(text) == "".join(step.instead or "" for step in steps)


@given(st.text())
def test_each_report_changes_one_key_or_the_modifiers_and_the_last_lets_go(text):
    sent = [ALL_UP, *reports(text, US)]
    assert sent[-1] == ALL_UP
    for before, after in pairwise(sent):
        down = [usage for usage in after[2:] if usage]
        assert len(down) <= 1
        assert after[1] == 0
        key_moved = before[2:] != after[2:]
        assert not (key_moved and before[0] != after[0])
        assert not (any(before[2:]) and down)


def test_shift_is_held_over_the_letters_that_share_it():
    assert [report[:3].hex() for report in reports("ABc", US)] == [
        "020000",
        "020004",
        "020000",
        "020005",
        "020000",
        "000000",
        "000006",
        "000000",
    ]


def test_a_double_letter_is_released_in_between():
    assert [report[2] for report in reports("ll", US)] == [0x0F, 0, 0x0F, 0]


def test_nothing_to_type_is_one_report_that_lets_go():
    assert list(reports("", US)) == [ALL_UP]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("caf\u00e9", ["c", "a", "f", "e"]),
        ("1\u00bd", ["1", " 1/2"]),
        ("10\u207b\u00b2", ["1", "0", "^-", "2"]),
        ("ok \U0001f44d", ["o", "k", " ", None]),
        ("a\nb", ["a", " ", "b"]),
        ("a\x08", ["a", None]),
    ],
)
def test_what_the_layout_lacks_is_substituted_or_refused(text, typed):
    assert [step.instead for step in plan(text, US)] == typed


def test_enter_is_typed_when_the_layout_has_it():
    host = VirtualHost()
    for report in reports("a\nb", layout_named("us", controls="\n")):
        host.receive(report)
    assert host.text == "a\nb"
