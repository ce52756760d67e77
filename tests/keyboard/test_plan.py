from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.keyboard.dry_run import dry_run
from device.keyboard.host import host_of
from device.keyboard.layout import Layout, layout_named
from device.keyboard.pace import PACES
from device.keyboard.plan import Situation, plan
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED, NUM_LOCK_LED, Keystroke
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost

US = host_of(KeyboardSettings(unicode=False))
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
PACE = st.sampled_from([*PACES.values()])


def at(pace, host=US):
    return replace(host, pace=PACES[pace])


def host_text(text, host=US):
    virtual = VirtualHost()
    for report in dry_run(text, host)[0]:
        virtual.receive(report)
        virtual.tick(0.01)
    assert not virtual.keys_down
    return virtual.text


def steps(text, host=US, now=Situation()):  # noqa: B008  a frozen value
    return [plan(each, text[index - 1 : index], host, now) for index, each in enumerate(text)]


def sent(text, pace):
    return [report[:3].hex() for report in dry_run(text, at(pace))[0][1:]]


@given(ASCII, PACE)
def test_ascii_arrives_exactly_at_any_pace(text, pace):
    assert host_text(text, replace(US, pace=pace)) == text


@given(st.text())
def test_any_text_arrives_as_the_plan_promises(text):
    planned = steps(text)
    assert "".join(step.character for step in planned) == text
    assert host_text(text) == "".join(step.instead or "" for step in planned)


@given(st.text(), PACE)
def test_no_report_presses_two_keys_or_another_key_with_other_modifiers(text, pace):
    reports, _ = dry_run(text, replace(US, pace=pace))
    assert reports[-1:] == [ALL_UP]
    for before, after in pairwise([ALL_UP, *reports]):
        assert not any(after[3:])
        assert after[1] == 0
        if before[2] and after[2] != before[2]:
            # A key that comes up or rolls into the next one.
            assert before[0] == after[0] or after == ALL_UP
        if pace.modifiers_apart:
            assert before[0] == after[0] or before[2] == after[2] == 0
        if not pace.rolls:
            assert not (before[2] and after[2])


def test_slowly_modifiers_have_reports_of_their_own_and_stay_over_the_letters_that_share_them():
    assert sent("ABc", "remote") == [
        "020000", "020004", "020000", "020005", "020000", "000000", "000006", "000000",
    ]  # fmt: skip


def test_normally_modifiers_come_with_their_key():
    assert sent("aBc", "normal") == ["000004", "000000", "020005", "000000", "000006", "000000"]
    assert sent("AB", "normal") == ["020004", "020000", "020005", "000000"]


def test_fast_a_key_comes_up_in_the_report_of_the_next_where_that_is_safe():
    assert sent("abBB", "fast") == [
        "000004", "000005", "000000", "020005", "020000", "020005", "000000",
    ]  # fmt: skip


@pytest.mark.parametrize("pace", PACES)
def test_a_double_letter_is_released_in_between(pace):
    assert sent("ll", pace) == ["00000f", "000000", "00000f", "000000"]


def test_nothing_to_type_is_one_report_that_lets_go():
    assert dry_run("", US)[0] == [ALL_UP]


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
    assert [step.instead for step in steps(text)] == typed


def test_control_characters_are_typed_where_they_are_allowed():
    virtual = VirtualHost()
    for report in dry_run("ax\b\nb", host_of(KeyboardSettings(), controls="\b\n"))[0]:
        virtual.receive(report)
    assert virtual.text == "a\nb"


# Caps Lock and Num Lock.

CAPS, NUM = Situation(CAPS_LOCK_LED), Situation(NUM_LOCK_LED)


def layout(keys, with_caps=None, name="test", languages=("en",)):
    strokes = {character: (Keystroke(usage),) for character, usage in keys.items()}
    capsed = {character: usage and (Keystroke(usage),) for character, usage in (with_caps or {}).items()}
    return Layout(name, "Test", languages, "here", strokes, {key: keys or () for key, keys in capsed.items()})


def test_a_letter_that_caps_lock_leaves_within_reach_is_typed_as_it_then_must_be():
    [step] = steps("a", replace(US, layout=layout({"a": 4}, {"a": 5})), CAPS)
    assert step.keystrokes == (Keystroke(5),)
    assert step.situation == CAPS


def test_a_letter_that_caps_lock_makes_impossible_needs_it_off():
    [step] = steps("a", replace(US, layout=layout({"a": 4}, {"a": None})), CAPS)
    assert step.keystrokes == (Keystroke(4),)
    assert step.situation == Situation()


def test_a_letter_that_needs_a_stuck_caps_lock_off_is_refused():
    [step] = steps("a", replace(US, layout=layout({"a": 4}, {"a": None})), replace(CAPS, stuck=CAPS_LOCK_LED))
    assert step.instead is None


def test_where_the_caps_lock_key_is_another_it_is_not_pressed():
    colemak = replace(host_of(KeyboardSettings(os="linux", layout="us-colemak")))
    assert not colemak.layout.caps_lock_key
    off, on = steps("\u2603", colemak), steps("\u2603", colemak, CAPS)
    assert (off[0].instead, on[0].instead) == ("\u2603", None)


# By code.

LINUX = host_of(KeyboardSettings(os="linux"))
HEX = layout({digit: 0x30 + index for index, digit in enumerate("0123456789abcdef")}, name="unicode-hex")


def keys_of(step):
    return [(key.modifiers, key.usage) for key in step.keystrokes]


def test_linux_takes_hexadecimal_codes_after_ctrl_shift_u():
    [step] = steps("\u20ac", LINUX)
    assert keys_of(step) == [(3, 0x18), (0, 0x1F), (0, 0x27), (0, 0x04), (0, 0x06), (0, 0x2C)]
    assert step.instead == "\u20ac"
    assert not step.is_held


def test_linux_takes_digits_that_need_shift_with_ctrl_and_shift_down_until_the_end():
    french = replace(LINUX, layout=layout_named("linux", "fr"))
    [step] = steps("\u6f22", french)
    assert keys_of(step) == [(3, 0x18), (3, 0x23), (3, 0x09), (3, 0x1F), (3, 0x1F), (0, 0)]
    assert step.is_held


def test_linux_needs_caps_lock_off_for_codes():
    [step] = steps("\u20ac", LINUX, CAPS)
    assert step.situation == Situation()


def test_windows_takes_decimal_codes_on_the_keypad_with_num_lock_on():
    windows = replace(LINUX, system="windows", layout=layout({}))
    [step] = steps("\u20ac", windows)
    assert keys_of(step) == [(4, 0x62), (4, 0x59), (4, 0x5A), (4, 0x60), (0, 0)]
    assert step.situation == NUM
    assert step.is_held


def test_windows_has_codes_only_for_the_code_page_of_the_layouts_language():
    czech = replace(LINUX, system="windows", layout=layout({"o": 4}, languages=("cs",)))
    known, unknown = steps("\u0159\u00f5", czech)
    assert keys_of(known)[:4] == [(4, 0x62), (4, 0x5A), (4, 0x5C), (4, 0x60)]  # 0248 in Windows-1250
    assert unknown.instead == "o"
    [beyond] = steps("\u2603", czech)
    assert beyond.instead is None


def test_windows_without_num_lock_that_follows_takes_the_nearest():
    windows = replace(LINUX, system="windows", layout=layout({"e": 4}))
    [step] = steps("\u00e9", windows, Situation(stuck=NUM_LOCK_LED))
    assert step.instead == "e"


def test_a_mac_takes_utf_16_with_option_when_its_layout_is_unicode_hex():
    [step] = steps("\U0001f600", replace(LINUX, system="macos", layout=HEX))
    *digits, end = keys_of(step)
    assert [modifiers for modifiers, _ in digits] == [0x40] * 8
    assert [f"{usage - 0x30:x}" for _, usage in digits] == list("d83dde00")
    assert end == (0, 0)
    [step] = steps("\U0001f600", replace(LINUX, system="macos", layout=layout({"a": 4})))
    assert step.instead is None


@pytest.mark.parametrize("system", ["other", "ios", "android"])
def test_other_systems_have_no_codes(system):
    [step] = steps("\u20ac", replace(LINUX, system=system))
    assert step.instead == "EUR"


def test_codes_can_be_switched_off():
    [step] = steps("\u20ac", replace(LINUX, by_code=False))
    assert step.instead == "EUR"


def test_a_layout_without_latin_letters_cannot_enter_codes():
    assert steps("\u20ac", replace(LINUX, layout=layout({"\u0430": 4})))[0].instead is None


# Two layouts.

CYRILLIC = layout({"\u0430": 4, " ": 0x2C}, name="ru")
TWO = replace(US, layout=CYRILLIC, other=US.layout, toggle=Keystroke(0, 6))


def test_what_the_first_layout_lacks_is_typed_in_the_other():
    assert [step.situation.in_other for step in steps("\u0430a", TWO)] == [False, True]
    assert [step.instead for step in steps("\u20ac\u0416", TWO)] == ["EUR", None]


def test_the_active_layout_is_kept_for_what_both_have():
    for in_other in (False, True):
        [step] = steps(" ", TWO, Situation(in_other=in_other))
        assert step.situation.in_other == in_other


def test_layouts_are_switched_as_seldom_as_can_be_and_back_at_the_end():
    reports, record = dry_run("\u0430 a a \u0430a", TWO)
    assert sum(report[:3].hex() == "060000" for report in reports) == 4
    assert record.typed == 8
