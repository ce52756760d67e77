"""Stories of dictations, told by their numbers; what each leaves is what was taken back and what stayed."""

from __future__ import annotations

import math

import pytest

from device.corrections.watch import (
    AGAIN_WITHIN_S,
    LONGEST_S,
    TYPED_WITHIN_S,
    UNDONE_WITHIN_S,
    Watch,
)
from tests.corrections.made import MISHEARD, OTHER, SAID, recording


class Story:
    """Dictations a few seconds apart."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.now_s = 100.0
        self.certain = []
        self.count = 0

    def hear(self, length_s=2.0, number=None):
        self.count = number or self.count + 1
        self.now_s += length_s
        self.watch.recorded(self.count, recording(length_s), self.now_s)
        return self.count

    def type(self, text, number=None, *, is_pure=True):
        self.now_s += 1
        self._note(self.watch.typed(number or self.count, text, self.now_s, is_pure=is_pure))

    def say(self, text, **how):
        number = self.hear(**how)
        self.type(text)
        return number

    def undo(self, number=None):
        self.now_s += 1
        self.watch.undone(number or self.count, self.now_s)

    def again(self, number=None):
        self.now_s += 1
        self.watch.restored(number or self.count, self.now_s)

    def wait(self, seconds):
        """Let time pass, as the timer has it."""
        until_s = self.now_s + seconds
        while self.watch.due_s <= until_s:
            self.now_s = max(self.now_s, self.watch.due_s)
            self._note(self.watch.passed(self.now_s))
        self.now_s = until_s

    @property
    def told(self):
        return [([each.text for each in one.undone], one.stays.text) for one in self.certain]

    def _note(self, certain):
        if certain:
            self.certain.append(certain)


@pytest.fixture
def story():
    return Story()


def test_what_is_said_again_and_stays_is_certain_after_its_time(story):
    story.say(MISHEARD)
    story.undo()
    story.say(SAID)
    assert story.told == []
    story.wait(UNDONE_WITHIN_S)
    assert story.told == [([MISHEARD], SAID)]
    assert story.watch.held == 0
    assert story.watch.due_s == math.inf


def test_or_once_another_one_is_typed_since_only_the_last_one_can_be_taken_back(story):
    story.say(MISHEARD)
    story.undo()
    story.say(SAID)
    story.say(OTHER)
    assert story.told == [([MISHEARD], SAID)]
    story.undo()
    story.say("Tomorrow it is going to snow.")
    story.wait(600)
    assert story.told[1:] == [([OTHER], "Tomorrow it is going to snow.")]


def test_what_is_taken_back_in_turn_is_another_try_at_the_one_that_stays(story):
    for text in (MISHEARD, "Ice cream."):
        story.say(text)
        story.undo()
    story.say(SAID)
    story.wait(600)
    assert story.told == [([MISHEARD, "Ice cream."], SAID)]


def test_what_is_never_said_again_is_forgotten(story):
    for text in (MISHEARD, SAID):
        story.say(text)
        story.undo()
    assert story.watch.held == 2
    story.wait(AGAIN_WITHIN_S + LONGEST_S)
    assert story.watch.held == 0
    story.say(SAID)
    story.wait(600)
    assert story.told == []


def test_what_comes_too_late_is_something_else(story):
    story.say(MISHEARD)
    story.undo()
    story.now_s += AGAIN_WITHIN_S + 0.1  # the timer is late, as on a busy board
    story.say(SAID)
    story.wait(600)
    assert story.told == []


def test_what_began_in_time_may_be_long(story):
    story.say(MISHEARD)
    story.undo()
    story.wait(AGAIN_WITHIN_S - 1)
    story.say(SAID, length_s=LONGEST_S)
    story.wait(600)
    assert story.told == [([MISHEARD], SAID)]


def test_what_is_taken_back_late_is_no_correction_any_more(story):
    story.say(MISHEARD)
    story.wait(UNDONE_WITHIN_S)
    assert story.watch.held == 0
    story.undo()
    story.say(SAID)
    story.wait(600)
    assert story.told == []


def test_what_is_typed_again_as_it_was_stays(story):
    story.say(MISHEARD)
    story.undo()
    story.again()
    story.say(SAID)
    story.wait(600)
    assert story.told == []


def test_what_is_typed_again_may_be_the_correction_of_one_before(story):
    story.say(MISHEARD)
    story.undo()
    story.say(SAID)
    story.undo()
    story.again()
    story.wait(600)
    assert story.told == [([MISHEARD], SAID)]


def test_what_is_taken_back_before_it_is_typed_counts_too(story):
    first = story.hear()
    story.undo(first)
    second = story.hear()
    story.type(MISHEARD, first)
    story.type(SAID, second)
    story.wait(600)
    assert story.told == [([MISHEARD], SAID)]


def test_even_before_its_recording_is_over(story):
    story.undo(1)
    story.say(MISHEARD)
    story.say(SAID)
    story.wait(600)
    assert story.told == [([MISHEARD], SAID)]


def test_a_command_in_between_is_no_dictation(story):
    story.say(MISHEARD)
    undoing = story.hear()
    story.undo(1)
    story.type("", undoing)
    story.say(SAID)
    story.wait(600)
    assert story.told == [([MISHEARD], SAID)]


def test_a_repetition_that_is_taken_back_is_none(story):
    story.say(SAID)
    story.watch.undone(0, story.now_s)
    story.say(MISHEARD)
    story.wait(600)
    assert story.told == []


@pytest.mark.parametrize("lengths_s", [(LONGEST_S + 1, 2), (2, LONGEST_S + 1)])
def test_what_is_too_long_to_learn_from_is_not_held(story, lengths_s):
    for text, length_s in zip((MISHEARD, SAID), lengths_s, strict=True):
        story.say(text, length_s=length_s)
        story.undo()
    story.again()
    story.say(OTHER)
    story.wait(600)
    assert story.told == []


def test_no_more_than_eight_sounds_are_ever_held_nor_for_long(story):
    for _ in range(20):
        story.say(MISHEARD)
        story.undo()
    for _ in range(20):
        story.hear()
        assert story.watch.held <= 8
    story.wait(TYPED_WITHIN_S + AGAIN_WITHIN_S + LONGEST_S)
    assert story.watch.held == 0


def test_sound_whose_text_does_not_come_is_not_held(story):
    story.hear()
    story.wait(TYPED_WITHIN_S)
    assert story.watch.held == 0
    story.type(MISHEARD)
    story.undo()
    story.say(SAID)
    story.wait(600)
    assert story.told == []


def test_what_was_forgotten_is_in_no_correction(story):
    story.say(MISHEARD)
    story.undo()
    underway = story.hear()
    story.watch.forget()
    assert story.watch.held == 0
    story.type(SAID, underway)
    story.wait(600)
    assert story.told == []


def test_a_copy_is_held_not_the_room_for_the_longest_recording(story):
    heard = recording()
    story.watch.recorded(1, heard, 1.0)
    assert story.watch._untyped[0].sound.base is None
    assert story.watch._untyped[0].sound.nbytes == heard.samples.nbytes / 2


def test_what_was_said_is_not_shown(story):
    story.say("a private word")
    story.undo()
    story.say("a private world")
    story.wait(600)
    assert "private" not in repr(story.certain)
    assert "array" not in repr(story.certain)
