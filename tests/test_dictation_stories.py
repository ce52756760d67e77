"""Any dictations, understood one way and another, with presses and unplugging in between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from tests.live_desk import AHEAD_GESTURES, LiveDesk
from tests.parts import TAIL


@dataclass
class Said:
    """One dictation, and what happens meanwhile.

    Attributes:
        ahead: What is understood of it before the release.
        pieces: What it is recognised as, piece by piece.
        acts: What happens after each of both, when so many turns of the loop have passed.
        in_hurry: The next dictation begins before this one is recognised.
    """

    ahead: list[str]
    pieces: tuple[str, ...]
    acts: list[tuple[str, int]]
    in_hurry: bool

    @property
    def text(self):
        return " ".join(filter(None, self.pieces))


# Of clusters and keys of every kind, and the same at the beginning of a sentence.
WORDS = [
    "One",
    "Two.",
    "\u00c9t\u00e9",
    "\U0001f44d\U0001f3fd",
    "\u2764\ufe0f",
    "1\u2154",
    "\u6f22",
    "Q\u0308",
]
WORDS_SAID = st.lists(st.sampled_from(WORDS), max_size=4)
TEXT = WORDS_SAID.map(" ".join)


def acts(*kinds):
    return st.lists(st.tuples(st.sampled_from(["", *kinds]), st.integers(0, 40)), max_size=8)


@st.composite
def said_as_announced(draw):
    """Give a dictation that is understood from the first as in the end: what stands may be out of reach."""
    pieces = draw(st.lists(WORDS_SAID, min_size=1, max_size=3))
    words = [word for piece in pieces for word in piece]
    ahead = draw(st.lists(st.integers(0, len(words)), max_size=3))
    return Said(
        [" ".join(words[:count]) for count in ahead],
        tuple(map(" ".join, pieces)),
        draw(acts("tap", "tap", "unplug", "plug in")),
        draw(st.booleans()),
    )


said_otherwise = st.builds(
    Said,
    st.lists(TEXT, max_size=4),
    st.lists(TEXT, min_size=1, max_size=3).map(tuple),
    acts("tap"),
    st.booleans(),
)
said_and_taken_back = st.builds(
    Said,
    st.lists(TEXT, max_size=4),
    st.lists(TEXT.filter(bool), min_size=1, max_size=3).map(tuple),
    acts("tap", "undo", "undo"),
    st.booleans(),
)


class Story:
    """Dictations on a desk, as the user sees them.

    Attributes:
        standing: What should stand at the host in the end, dictation by dictation.
    """

    def __init__(self, dictations):
        self.dictations = dictations
        self.desk = LiveDesk(*(each.pieces for each in dictations), settings=AHEAD_GESTURES)
        self.standing = []
        self._acts = iter(())
        self._owed = 0  # pieces that are not recognised yet

    async def happen(self):
        async with self.desk as desk:
            for said in self.dictations:
                await self._dictate(said)
            await self._end()
            assert desk.host.text == " ".join(filter(None, self.standing))
            assert [each.number for each in self._by_number] == list(range(1, len(desk.finished) + 1))
            texts = [each.transcript.text.split() for each in self._by_number]
            assert list(filter(None, texts)) == [each.text.split() for each in self.dictations if each.text]
            assert desk.recogniser.done == len(self.dictations)
            assert not desk.host.keys_down

    @property
    def _by_number(self):
        return sorted(self.desk.finished, key=lambda each: each.number)

    async def _dictate(self, said):
        self._acts = iter(said.acts)
        if not self._owed:
            await self.desk.recognised()
        await self.desk.settled()  # or the press would stop the typing
        self.desk.hold()
        for text in [] if self._owed else said.ahead:
            await self.desk.understand(text)
            await self._act(held=True)
        self.desk.microphone.speak()
        self.desk.let_go()
        self.standing.append(said.text)
        self._owed += len(said.pieces) - 1
        await self._recognised(0)
        await self._act()
        while self._owed and not said.in_hurry:
            await self._recognised(1)
            await self._act()

    async def _recognised(self, pieces):
        """Have so many more pieces recognised, and all that can be without another one."""
        desk = self.desk
        self._owed -= pieces
        for _ in range(pieces):
            desk.recogniser.next_piece.release()
        if not self._owed:
            await desk.recognised()
        else:
            await desk.until(lambda: desk.recogniser.pieces == self._due)
            await desk.acted()

    @property
    def _due(self):
        """How many pieces are recognised before one waits for its turn."""
        due = 0
        said = [len(each.pieces) - 1 for each in self.dictations[: len(self.standing)]]
        left = sum(said) - self._owed
        for more in said:
            due += 1 + min(more, left)
            left -= more
            if left < 0:
                break
        return due

    async def _act(self, *, held=False):
        act, turns = next(self._acts, ("", 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        match act:
            case "unplug":
                self.desk.keyboard.unplug()
            case "plug in":
                self.desk.keyboard.plug_in()
            case "tap" if not held:
                self._tap()
            case "undo" if not held:
                self.desk.button.taps(2)
                self.desk.button.rest()
                self.standing[-1] = ""
        await self.desk.acted()

    def _tap(self):
        """Stop the typing, or have it go on, or record nothing."""
        self.desk.button.tap()
        self.desk.microphone.hear(TAIL + 1)
        self.desk.button.rest()

    async def _end(self):
        """Have all recognised and typed, with as many presses as it takes."""
        desk = self.desk
        desk.keyboard.plug_in()
        for _ in range(self._owed):
            desk.recogniser.next_piece.release()
        for _ in range(4):
            await desk.recognised()
            await desk.until(lambda: not desk.dictation._typist.host_away)
            await desk.settled()
            self._tap()
        await desk.recognised()
        await desk.settled()


async def tell(dictations):
    await Story(dictations).happen()


@example_settings(deadline=None, max_examples=40)
@given(st.lists(said_otherwise, min_size=1, max_size=3))
def test_in_the_end_the_host_shows_the_final_texts(dictations):
    asyncio.run(tell(dictations))


@example_settings(deadline=None, max_examples=40)
@given(st.lists(said_and_taken_back, min_size=1, max_size=3))
def test_in_the_end_nothing_is_left_of_what_was_taken_back(dictations):
    asyncio.run(tell(dictations))


@example_settings(deadline=None, max_examples=40)
@given(st.lists(said_as_announced(), min_size=1, max_size=3))
def test_no_unplugging_loses_or_doubles_anything(dictations):
    asyncio.run(tell(dictations))
