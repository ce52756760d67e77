"""What stands on a small display, for any text and any font."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.ports import About, State
from device.screen import ELLIPSIS, View, fit, fold, lines

USB = About("usb", "de")


def monospaced(text: str) -> float:
    return 6.0 * len(text)


def narrow(text: str) -> float:
    """A font in which letters have different widths, and neighbours come closer."""
    return sum(3 + ord(letter) % 7 for letter in text) - 0.5 * max(0, len(text) - 1)


FONTS = st.sampled_from([monospaced, narrow])
WIDTHS = st.integers(60, 200)


def shown(view: View, rows: int = 4) -> list[str]:
    return lines(view, rows, 126, monospaced)


@given(
    st.builds(
        View,
        st.sampled_from(State),
        st.text(),
        st.builds(About, st.text(max_size=40), st.sampled_from(["us", "de", "unicode-hex"]), st.text()),
    ),
    st.integers(2, 8),
    WIDTHS.filter(lambda width: width >= 130),
    FONTS,
)
def test_each_row_has_a_line_and_each_line_fits(view: View, rows: int, room_px: int, width_px):
    given = lines(view, rows, room_px, width_px)
    assert len(given) == rows
    assert all(width_px(line) <= room_px for line in given)


@given(st.text(alphabet="ab c.", max_size=300), st.integers(1, 5), WIDTHS, FONTS, st.booleans())
def test_what_is_folded_is_the_beginning_or_the_end(text, rows, room_px, width_px, the_end):
    folded = fold(text, rows, room_px, width_px, the_end=the_end)
    assert len(folded) <= rows
    kept, all_of_it = "".join(folded).replace(" ", ""), "".join(text.split())
    if kept == all_of_it:
        return
    if the_end:
        assert folded[0].startswith(ELLIPSIS)
        assert all_of_it.endswith(kept.removeprefix(ELLIPSIS))
    else:
        assert folded[-1].endswith(ELLIPSIS)
        assert all_of_it.startswith(kept.removesuffix(ELLIPSIS))


def test_words_are_kept_whole_where_they_fit():
    assert fold("one two three", 3, 7 * 6, monospaced) == ["one two", "three"]
    assert fold("one two three", 2, 9 * 6, monospaced, the_end=True) == ["one", "two three"]
    assert fold("incomprehensible", 3, 6 * 6, monospaced) == ["incomp", "rehens", "ible"]
    assert fold("", 3, 60, monospaced) == []


def test_three_dots_stand_for_what_is_missing():
    assert fit("Listening", 9 * 6, monospaced) == "Listening"
    assert fit("Listening", 8 * 6, monospaced) == "Liste..."
    assert fit("Listening", 8 * 6, monospaced, the_end=True) == "...ening"


@pytest.mark.parametrize("rows", [2, 4])
def test_at_rest_it_says_who_receives_the_text(rows: int):
    given = shown(View(State.IDLE, "types into usb", USB), rows)
    assert [line for line in given if line] == ["Ready", "USB, de"]
    assert (given[0], given[-1]) == ("Ready", "USB, de")


def test_a_long_name_is_cut_and_its_layout_is_not():
    assert shown(View(State.IDLE, "", About("Anna's very own tablet", "ru")))[-1] == "Anna's very ow..., ru"


def test_the_language_is_shown_behind_the_layout():
    about = About("Anna's very own tablet", "de", language="auto de")
    assert shown(View(State.IDLE, "", about))[-1] == "Anna'..., de, auto de"
    assert shown(View(State.IDLE, "", About("usb", "us", language="en")))[-1] == "USB, us, en"


def test_a_problem_has_all_the_room():
    given = shown(View(State.ERROR, "there is no microphone; plug one in", USB))
    assert given == ["There is no", "microphone; plug one", "in", ""]
    assert shown(View(State.ERROR, "", USB))[0] == "Error"


def test_the_last_words_are_shown_and_a_small_display_needs_the_row_of_the_host_for_them():
    view = View(State.TYPING, "", About("usb", "us", "I would like to order two small coffees, please"))
    assert shown(view) == ["Typing", "...like to order two", "small coffees, please", "USB, us"]
    assert shown(view, 2) == ["Typing", "...ll coffees, please"]


def test_a_sentence_about_the_state_is_shown():
    assert shown(View(State.WAITING, "7 characters wait", USB)) == [
        "Text waits",
        "7 characters wait",
        "",
        "USB, de",
    ]


@pytest.mark.parametrize("state", [State.DRIVE, State.INSTALLING, State.STARTING])
def test_where_nothing_is_typed_there_is_no_host_and_no_text(state: State):
    given = shown(View(state, "", About("usb", "us", "private words")))
    assert [line for line in given if line] == [state.value.capitalize()]


@pytest.mark.parametrize("state", State)
def test_each_state_has_words_that_fit(state: State):
    title = shown(View(state))[0]
    assert title[0].isupper()
    assert ELLIPSIS not in title


def test_a_name_stays_in_its_row():
    assert shown(View(State.IDLE, "", About("Anna's\ntablet", "us")))[-1] == "Anna's tablet, us"


@pytest.mark.parametrize("state", [State.CONFIRM, State.PAIRING])
def test_who_is_asked_sees_what_for_and_not_the_text(state: State):
    view = View(state, "Mallory wants to pair", About("usb", "us", "private words"))
    assert shown(view)[1:] == ["Mallory wants to pair", "", "USB, us"]
