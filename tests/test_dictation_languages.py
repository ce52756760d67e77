"""Languages on the whole path: what is recorded is spoken in one, and typed through its layout."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as changed

from device.app import host_described
from device.errors import ModelError
from device.events import Then
from device.gestures import Gesture
from device.hosts import OneHost
from device.ports import State
from device.settings import LanguageSettings, RecognitionSettings
from device.simulation.virtual_host import VirtualHost
from tests.parts import PATIENCE_S, SETTINGS, Desk, ScriptedRecogniser, TimedButton, with_button
from tests.switchboard import HostsDesk

if TYPE_CHECKING:
    from device.speech.transcript import Transcript

SPOKEN = changed(
    with_button(double_press="next_language", triple_press="next_model"),
    recognition=RecognitionSettings(languages=["en", "de"]),
    languages={"de": LanguageSettings(layout="de")},
)

ON_GERMAN_KEYS = str.maketrans("yzYZ", "zyZY")
"""What a computer on which the German layout is set reads of keys that are typed through the US one."""


class LanguageRecogniser(ScriptedRecogniser):
    """Recognises in the language of the recording; where that is to be heard, in German."""

    def recognise(self, recording, report=lambda _: None) -> Transcript:
        found = super().recognise(recording, report)
        code = "de" if recording.language == "auto" else recording.language
        return replace(found, segments=tuple(replace(each, language=code) for each in found.segments))


class SpeakingDesk(Desk):
    """A desk at which several languages are spoken."""

    def __init__(self, *script, settings=SPOKEN, next_model=None):
        self._next_model = next_model
        self._script = script
        super().__init__(*script, settings=settings, button=TimedButton())

    @property
    def parts(self):
        self.recogniser = LanguageRecogniser(*self._script)
        host = OneHost(host_described(self.settings, self.settings.keyboard))
        return replace(super().parts, recogniser=self.recogniser, hosts=host, next_model=self._next_model)

    async def gesture(self, presses):
        self.button.taps(presses)
        self.button.rest()
        await self.acted()


async def test_a_double_press_speaks_the_next_language():
    async with SpeakingDesk("lazy", "lazy", "lazy") as desk:
        for language in ("en", "de", "en"):
            await desk.dictate()
            assert desk.recogniser.recordings[-1].language == language
            assert desk.finished[-1].transcript.language == language
            await desk.gesture(2)
        shown = [detail for state, detail in desk.indicator.shown if state is State.IDLE and detail]
        assert shown == ["the language is de", "the language is en", "the language is de"]


async def test_each_dictation_is_typed_through_the_layout_of_its_language():
    async with SpeakingDesk("lazy", "lazy", "lazy") as desk:
        await desk.dictate()
        await desk.gesture(2)
        await desk.dictate()
        await desk.gesture(2)
        await desk.dictate()
        # This computer stays with the US layout: what is typed through the German one looks like this there.
        assert desk.host.text == "Lazy " + "lazy".translate(ON_GERMAN_KEYS) + " lazy"


async def test_a_dictation_that_waits_keeps_its_language_and_its_layout():
    async with SpeakingDesk("lazy", "lazy") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        await desk.gesture(2)  # while the first one is still being recognised
        desk.say()
        desk.recogniser.gate.set()
        await desk.until_finished(2)
        assert [each.transcript.language for each in desk.finished] == ["en", "de"]
        assert desk.host.text == "Lazy " + "lazy".translate(ON_GERMAN_KEYS)


async def test_what_is_being_said_when_the_language_is_changed_is_in_the_new_one():
    async with SpeakingDesk("lazy") as desk:
        desk.button.press()
        desk.microphone.speak()
        await desk.acted()
        desk.dictation._gesture(Gesture.SETTLE)
        desk.dictation._gesture(Gesture.NEXT_LANGUAGE)  # by a button of its own
        desk.microphone.speak()
        desk.button.release()
        desk.microphone.hear(4)
        desk.button.rest()
        await desk.until_finished(1)
        assert desk.finished[0].transcript.language == "de"


async def test_a_language_that_was_heard_decides_the_layout():
    settings = changed(SPOKEN, recognition=RecognitionSettings(language="auto", languages=["en", "de"]))
    async with SpeakingDesk("lazy", settings=settings) as desk:
        await desk.dictate()
        assert desk.recogniser.recordings[0].language == "auto"
        assert desk.dictation.languages.name == "auto de"
        assert desk.host.text == "Lazy".translate(ON_GERMAN_KEYS)


async def test_where_there_is_one_language_a_press_says_so():
    async with SpeakingDesk(settings=changed(SPOKEN, recognition=RecognitionSettings())) as desk:
        await desk.gesture(2)
        assert any("recognition.languages" in detail for _, detail in desk.indicator.shown)


async def test_a_computer_far_away_is_typed_into_through_the_layout_of_the_language_too():
    class TwoDesk(HostsDesk):
        @cached_property
        def hosts(self):
            board = super().hosts
            described = host_described(SPOKEN, SPOKEN.keyboard)
            board._reads = [described, replace(board._reads[1], languages=described.languages)]
            return board

        @property
        def parts(self):
            self.recogniser = LanguageRecogniser("lazy", "lazy")
            return replace(super().parts, recogniser=self.recogniser)

    async with TwoDesk(settings=SPOKEN) as desk:
        desk.hosts.use("tablet")
        desk.dictation.speak("de")
        await desk.dictate()
        desk.hosts.use("usb")
        await desk.dictate()
        assert desk.tablet.text == "Lazy"  # on which the German layout is set
        assert desk.host.text.strip() == "lazy".translate(ON_GERMAN_KEYS)


# The model.


async def test_a_triple_press_begins_anew_with_the_next_model_once_all_is_typed():
    chosen = threading.Event()

    def next_model():
        chosen.set()
        return "base"

    desk = SpeakingDesk("one", next_model=next_model)
    async with asyncio.timeout(PATIENCE_S):
        desk.recogniser.gate.clear()
        loop = asyncio.get_running_loop()
        desk.recogniser.tell = lambda: loop.call_soon_threadsafe(desk._changed.set) and None
        desk.start(desk.dictation.run(ready=desk._changed.set))
        await desk.until(lambda: desk.indicator.shown)
        desk.say()
        await desk.until_recognising(1)
        await desk.gesture(3)
        await asyncio.to_thread(chosen.wait)
        await desk.until(
            lambda: desk.dictation._status._notice == (State.IDLE, "changes to the speech model base")
        )
        assert not desk.task.done()  # what was said is not recognised yet
        desk.recogniser.gate.set()
        assert await desk.task is Then.RELOAD
        assert desk.host.text == "One"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModelError("there is no other speech model"), "there is no other speech model"),
        (OSError("the disk"), "the speech model cannot be changed (OSError)"),
    ],
)
async def test_a_model_that_cannot_be_changed_is_told_and_dictation_goes_on(error, told):
    def next_model():
        raise error

    async with SpeakingDesk("one", next_model=next_model) as desk:
        await desk.gesture(3)
        await desk.until_shown(State.ERROR)
        assert desk.indicator.shown[-1][1] == told
        await desk.dictate()
        assert desk.host.text == "One"


async def test_where_no_model_can_be_chosen_a_press_says_so():
    async with SpeakingDesk() as desk:
        await desk.gesture(3)
        await desk.until_shown(State.ERROR)


@pytest.mark.parametrize("presses", [2, 3])
async def test_a_gesture_records_nothing(presses):
    async with SpeakingDesk() as desk:
        await desk.gesture(presses)
        await desk.recognised()
        assert not desk.recogniser.recordings


def test_a_host_without_a_layout_of_the_language_is_typed_into_as_always():
    described = host_described(SPOKEN, SPOKEN.keyboard)
    assert described.speaking("fr") is described
    assert described.speaking("de").layout.name == "de"
    assert VirtualHost.described_by(SETTINGS.keyboard).layout == described.layout.name
