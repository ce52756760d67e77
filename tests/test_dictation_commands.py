"""Commands that are spoken, through the whole path: what is taken back, repeated and pressed, and when."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from device.keyboard.host import CONTROLS, host_of
from device.keyboard.layout import SYSTEMS, layouts
from device.keyboard.plan import Situation, plan
from device.ports import State
from device.settings import KeyboardSettings
from tests.live_desk import AHEAD, AHEAD_GESTURES, GESTURES, LiveDesk

ENTER, TAB, ESCAPE = 0x28, 0x2B, 0x29
"""Usages of the keyboard page (HID Usage Tables)."""


def allowing(settings=GESTURES, **modes):
    return replace(settings, commands=replace(settings.commands, **modes))


KEYS = allowing(
    new_line="strict", press_enter="strict", press_tab="strict", press_escape="strict", punctuation="strict"
)
LINUX = replace(
    GESTURES, keyboard=KeyboardSettings(os="linux"), text=replace(GESTURES.text, typography="keep")
)


def presses(desk, usage):
    """Count how often a key was pressed."""
    return sum(report[2] == usage for report in desk.host.reports)


async def dictate(desk, *passages):
    """Say something with pauses in it, and wait for what comes of it."""
    for _ in passages[1:]:
        desk.recogniser.next_piece.release()
    utterance = await desk.dictate()
    await desk.settled()
    return utterance


# Scratch that.


async def test_scratch_that_takes_back_the_dictation_before_and_no_more():
    async with LiveDesk("One.", "Two, you know!", "Scratch that.", "scratch that", "Three.") as desk:
        for _ in range(3):
            await dictate(desk)
        assert State.NOTHING_HEARD not in desk.indicator.states
        await dictate(desk)
        assert desk.indicator.shown[-1] == (State.ERROR, "there is nothing to take back")
        assert desk.host.text == "One."
        await dictate(desk)
    assert desk.host.text == "One. Three."
    assert [utterance.text for utterance in desk.finished][2:4] == ["", ""]


@pytest.mark.parametrize(
    "said",
    [
        "Na\u00efve caf\u00e9.",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
        "x\u0308y \U0001f44d\U0001f3fd",
        "\u201cQuoted\u201d \u2014 so\u2026",
    ],
)
@pytest.mark.parametrize("settings", [GESTURES, LINUX], ids=["other", "linux"])
async def test_scratch_that_is_exact_for_any_character(said, settings):
    async with LiveDesk("Before.", said, "Scratch that.", settings=settings) as desk:
        for _ in range(3):
            await dictate(desk)
    assert desk.host.text == "Before."


async def test_what_follows_scratch_that_is_typed_in_its_place():
    async with LiveDesk("One.", "Two", ("Scratch that.", "Three."), "four") as desk:
        await dictate(desk)
        await dictate(desk)
        await dictate(desk, "Scratch that.", "Three.")
        await dictate(desk)
    assert desk.host.text == "One. Three. Four"


async def test_scratch_that_while_the_dictation_before_is_typed_throws_its_rest_away():
    async with LiveDesk("Before.", "Something long.", ("", "Scratch that.")) as desk:
        await dictate(desk)
        desk.recogniser.gate.clear()
        desk.say()
        await desk.acted()
        desk.say()
        await desk.acted()
        desk.keyboard.brake_after(9)
        desk.recogniser.gate.set()
        await desk.until_braked()
        desk.recogniser.next_piece.release()
        await desk.recognised()
        desk.keyboard.go_on()
        await desk.until_finished(3)
        await desk.settled()
    assert desk.host.text == "Before."
    assert desk.finish_of(2).undone


async def test_scratch_that_takes_back_only_what_was_said_before_it_in_the_same_dictation():
    async with LiveDesk(("Hello.", "There.", "Scratch that.", "You."), "Again.") as desk:
        await desk.begin_in_pieces("Hello.")
        desk.recogniser.next_piece.release()
        await desk.until_typed("Hello. There.")
        desk.recogniser.next_piece.release()
        await desk.until_typed("Hello.")
        await desk.end()
        await desk.settled()
        assert desk.host.text == "Hello. You."
        await dictate(desk)
    assert desk.host.text == "Hello. You. Again."


async def test_what_the_user_took_back_by_the_button_is_not_done_any_more():
    async with LiveDesk("One.", "Two.", "Scratch that.", settings=GESTURES) as desk:
        await dictate(desk)
        await dictate(desk)
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(3)
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.recogniser.gate.set()
        await desk.until_finished(3)
        await desk.settled()
    assert desk.host.text == "One. Two."


async def test_what_was_taken_back_by_voice_comes_back_by_the_button():
    async with LiveDesk("One.", "Two.", "Scratch that.", settings=GESTURES) as desk:
        for _ in range(3):
            await dictate(desk)
        await desk.again()
        assert desk.host.text == "One. Two."


async def test_when_it_is_off_it_is_text():
    async with LiveDesk("One.", "Scratch that.", settings=allowing(scratch_that="off")) as desk:
        await dictate(desk)
        await dictate(desk)
    assert desk.host.text == "One. Scratch that."


# Type that again.


async def test_type_that_again_repeats_the_dictation_before():
    async with LiveDesk("Ha.", "Type that again.", "so", "type that again") as desk:
        await dictate(desk)
        await dictate(desk)
        await dictate(desk)
        await dictate(desk)
    assert desk.host.text == "Ha. Ha. So so"


async def test_type_that_again_with_nothing_said_before_is_told():
    async with LiveDesk("Type that again.") as desk:
        await dictate(desk)
        assert desk.indicator.shown[-1] == (State.ERROR, "there is nothing to type again")
    assert desk.host.text == ""


async def test_what_is_typed_again_acts_no_second_time():
    async with LiveDesk("One.", "Two.", ("Scratch that.", "Three."), "Type that again.") as desk:
        await dictate(desk)
        await dictate(desk)
        await dictate(desk, "Scratch that.", "Three.")
        await dictate(desk)
    assert desk.host.text == "One. Three. Three."


# Before all of it is recognised.


async def test_nothing_is_done_on_what_only_seems_to_be_said():
    async with LiveDesk("One.", "Scratch the paint.", settings=AHEAD) as desk:
        await dictate(desk)
        desk.hold()
        await desk.understand(*["Scratch that."] * 3)
        await desk.settled()
        assert desk.host.text == "One."
        desk.let_go()
        await desk.until_finished(2)
    assert desk.host.text == "One. Scratch the paint."


async def test_the_beginning_of_a_command_is_not_typed_as_text():
    async with LiveDesk("One.", "Scratch that.", settings=AHEAD) as desk:
        await dictate(desk)
        reports = len(desk.host.reports)
        desk.hold()
        await desk.understand("Scratch", "Scratch", "Scratch that", "Scratch that")
        await desk.settled()
        assert len(desk.host.reports) == reports
        desk.let_go()
        await desk.until_finished(2)
        await desk.until_typed("")
    assert desk.host.text == ""


async def test_what_was_taken_for_text_at_first_goes_before_the_command_acts():
    async with LiveDesk("One.", "Two.", "Scratch that.", settings=AHEAD) as desk:
        await dictate(desk)
        await dictate(desk)
        desk.hold()
        await desk.understand("Scratched it", "Scratched it all")
        await desk.until_typed("One. Two. Scratched it")
        desk.let_go()
        await desk.until_finished(3)
    assert desk.host.text == "One."


async def test_a_command_acts_where_its_dictation_was_taken_back_and_brought_back():
    async with LiveDesk("One.", ("Scratch that.", "Two."), settings=AHEAD_GESTURES) as desk:
        await dictate(desk)
        desk.hold()
        await desk.understand("Hello there", "Hello there you")
        await desk.until_typed("One. Hello there")
        desk.recogniser.gate.clear()
        desk.let_go()
        await desk.until_recognising(2)
        await desk.undo()
        await desk.again()
        assert desk.host.text == "One. Hello there"
        desk.recogniser.next_piece.release()
        desk.recogniser.gate.set()
        await desk.until_finished(2)
        await desk.settled()
    assert desk.host.text == "Two."


async def test_what_a_command_would_take_back_is_out_of_reach_once_the_host_was_away():
    script = ("One.", "Scratch that.", "Two.")
    async with LiveDesk(*script, settings=AHEAD) as desk:
        await dictate(desk)
        desk.hold()
        await desk.understand("Scratched it", "Scratched it all")
        await desk.until_typed("One. Scratched it")
        desk.recogniser.gate.clear()
        desk.let_go()
        await desk.until_recognising(2)
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        desk.hold()  # into the host that is there now
        await desk.acted()
        desk.recogniser.gate.set()
        await desk.until_finished(2)
        desk.let_go()
        await desk.until_finished(3)
        await desk.settled()
        assert any("away" in detail for _, detail in desk.indicator.shown)
    assert desk.host.text == "One. Scratched it"


# Keys.


async def test_keys_are_text_until_they_are_wanted():
    async with LiveDesk(("Hello", "press enter"), ("press tab", "you")) as desk:
        await dictate(desk, "Hello", "press enter")
        await dictate(desk, "press tab", "you")
        assert presses(desk, ENTER) == presses(desk, TAB) == 0
    assert desk.host.text == "Hello press enter press tab you"


async def test_a_key_is_pressed_only_when_all_is_recognised():
    async with LiveDesk(("Hello", "press enter", "you", "press escape"), settings=KEYS) as desk:
        await desk.begin_in_pieces("Hello")
        for _ in range(2):
            desk.recogniser.next_piece.release()
        await desk.until(lambda: desk.recogniser.pieces == 3)
        await desk.acted()
        assert presses(desk, ENTER) == 0
        assert desk.host.text == "Hello"
        await desk.end()
        assert presses(desk, ESCAPE) == 1
    assert desk.host.text == "Hello\nYou"


async def test_what_stands_before_a_key_is_out_of_reach():
    script = (
        ("Hello.", "press enter", "you"),
        "scratch that",
        "scratch that",
        ("so", "press tab"),
        "scratch that",
    )
    async with LiveDesk(*script, settings=KEYS) as desk:
        await dictate(desk, "Hello.", "press enter", "you")
        assert desk.host.text == "Hello.\nYou"
        await dictate(desk)
        await dictate(desk)
        assert desk.indicator.shown[-1][1] == "there is nothing to take back"
        await dictate(desk, "so", "press tab")
        await dictate(desk)
        assert desk.indicator.shown[-1][1] == "it cannot be taken back: it ended with a key"
    assert desk.host.text == "Hello.\nSo\t"


async def test_what_replaces_what_was_said_behind_a_key_begins_behind_the_key():
    script = ("One,", ("yes", "press enter", "no"), "scratch that", "maybe")
    async with LiveDesk(*script, settings=KEYS) as desk:
        await dictate(desk)
        await dictate(desk, "yes", "press enter", "no")
        await dictate(desk)
        await dictate(desk)
    assert desk.host.text == "One, yes\nMaybe"


async def test_a_line_break_behind_a_key_is_taken_back_with_its_line():
    settings = replace(LINUX, commands=KEYS.commands)
    async with LiveDesk(
        ("yes", "press enter"), ("new line", "caf\u00e9"), "scratch that", settings=settings
    ) as desk:
        await dictate(desk, "yes", "press enter")
        await dictate(desk, "new line", "caf\u00e9")
        assert desk.host.text == "Yes\n\nCaf\u00e9"
        await dictate(desk)
    assert desk.host.text == "Yes\n"


async def test_a_line_break_can_be_taken_back():
    async with LiveDesk("Before.", ("one", "new line", "two"), "scratch that", settings=KEYS) as desk:
        await dictate(desk)
        await dictate(desk, "one", "new line", "two")
        assert desk.host.text == "Before. One\nTwo"
        await dictate(desk)
    assert desk.host.text == "Before."


async def test_keys_are_not_pressed_again_with_the_text():
    async with LiveDesk(
        ("Yes", "press enter"), "type that again", ("no", "press enter", "so"), settings=KEYS
    ) as desk:
        await dictate(desk, "Yes", "press enter")
        await dictate(desk)
        assert presses(desk, ENTER) == 1
        await dictate(desk, "no", "press enter", "so")
        assert desk.host.text == "Yes\nYes no\nSo"
        await desk.undo()
        assert desk.host.text == "Yes\nYes no\n"
        await desk.again()
        assert desk.host.text == "Yes\nYes no\nSo"
        assert presses(desk, ENTER) == 2


async def test_a_dictation_is_joined_to_the_one_before_by_its_first_mark():
    async with LiveDesk("one", ("comma", "two"), ("open bracket",), "three") as desk:
        await dictate(desk)
        await dictate(desk, "comma", "two")
        await dictate(desk)
        await dictate(desk)
    assert desk.host.text == "One, two (three"


@pytest.mark.parametrize("system", SYSTEMS)
def test_keys_are_the_same_in_every_layout_of_every_system(system):
    for layout in layouts(system):
        host = host_of(KeyboardSettings(os=system, layout=layout), controls="".join(CONTROLS))
        for control, keystroke in CONTROLS.items():
            step = plan(control, "a", host, Situation())
            assert (step.instead, step.keystrokes) == (control, (keystroke,)), layout
