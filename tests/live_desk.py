"""A desk on which text is typed before all of it is recognised, and while the user still speaks."""

from __future__ import annotations

from msgspec.structs import replace

from device.audio.sound import WINDOW_MS
from device.ports import State
from device.settings import FormsSettings, KeyboardSettings
from device.speech.pieces import HANGOVER_MS
from tests.parts import SETTINGS, TAIL, Desk, TimedButton, with_button

QUIET = round(HANGOVER_MS / WINDOW_MS)
"""Windows of silence after which what was said is recognised ahead of time."""

GESTURES = with_button(double_press="undo", triple_press="again")


def typing_ahead(base):
    """Have text typed while the user speaks, any character, as it was said, and as fast as the loop can."""
    return replace(
        base,
        recognition=replace(base.recognition, type_while_speaking=True),
        keyboard=KeyboardSettings(os="linux", pace=0),
        text=replace(base.text, typography="keep"),
        forms=FormsSettings(**dict.fromkeys(FormsSettings.__struct_fields__, False)),
    )


AHEAD = typing_ahead(SETTINGS)
AHEAD_GESTURES = typing_ahead(GESTURES)


class LiveDesk(Desk):
    """A desk on which a recording is recognised piece by piece, and before its end."""

    def __init__(self, *script, settings=SETTINGS):
        super().__init__(*script, settings=settings, button=TimedButton())

    def hold(self):
        """Press for so long that it is no double press."""
        self.button.press()
        self.button.rest(0.5)

    async def understand(self, *texts):
        """Speak on, and fall silent when this is what the recogniser understands so far."""
        for text in texts:
            asked = len(self.recogniser.anticipated)
            self.recogniser.ahead.append(text)
            self.microphone.speak()
            self.microphone.hear(QUIET)
            await self.until(lambda asked=asked: len(self.recogniser.anticipated) > asked)
            if self.recogniser.ahead_gate.is_set():
                await self.recognised()

    def let_go(self):
        self.button.release()
        self.microphone.hear(TAIL + 1)

    async def begin_in_pieces(self, text):
        """Say something long, and wait until the first piece of it stands at the host."""
        self.say()
        await self.until_typed(text)
        await self.until_shown(State.RECOGNISING)

    async def end(self):
        """Have the next piece recognised, and wait until that dictation is over."""
        self.recogniser.next_piece.release()
        await self.until_finished(len(self.finished) + 1)

    async def undo(self):
        await self.gesture(2)

    async def again(self):
        await self.gesture(3)

    async def gesture(self, presses):
        self.button.taps(presses)
        self.button.rest()
        await self.settled()

    async def settled(self):
        """Wait until nothing more is typed without the user."""
        await self.acted()
        await self.until(lambda: not self.dictation._typing)
        await self.acted()

    def finish_of(self, number):
        """Give the one finished dictation with this number."""
        (utterance,) = (each for each in self.finished if each.number == number)
        return utterance
