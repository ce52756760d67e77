"""The last dictation, which can be taken back and typed again. It is kept in memory, and no other is.

Only while the last one grows, the one before it is kept too: what comes may ask for that to be taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.outbox import BACKSPACE, Entry
from device.text.body import KEYS, Body
from device.text.clusters import clusters
from device.wording import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.keyboard.typist import Typist
    from device.outbox import Outbox
    from device.ports import Keyboard
    from device.settings import Settings
    from device.utterance import Utterance

_JOINT = 16
"""More characters than the end of a text has that decide how the next one is joined to it."""

_NOTHING: tuple[Body, str, Entry | None, bool, int] = Body(), "", None, False, 0

_NOTHING_TO_TAKE_BACK = "there is nothing to take back"
_NOTHING_TO_REPEAT = "there is nothing to type again"
_NOT_ALL_SAID = "it cannot be typed again before all of it is recognised"
_OUT_OF_REACH = "it cannot be taken back: the computer was away since it was typed"
_BEHIND_KEY = "it cannot be taken back: it ended with a key"


class Last:
    """Takes the last dictation back, exactly as far as it is typed, and types it again.

    What was typed before the host was away is out of reach: what stands before the caret there now may be
    anything, and the host another one. So is what was left to take back when it went away.

    Attributes:
        taken_back: Called with the number of a dictation when it is taken back.
        brought_back: Called with it when that dictation is typed again as it was before.
    """

    def __init__(
        self,
        outbox: Outbox,
        typist: Typist,
        keyboard: Keyboard,
        settings: Settings,
        *,
        finished: Callable[[Entry], None],
    ) -> None:
        """Begin with nothing said.

        Args:
            outbox: Where the text goes, and what takes it back.
            typist: Types both.
            keyboard: Knows whether the host was away.
            settings: How text is written.
            finished: Called with an entry that is thrown away.
        """
        self._outbox = outbox
        self._typist = typist
        self._keyboard = keyboard
        self._settings = settings
        self._finished = finished
        self.taken_back: Callable[[int], object] = lambda _: None
        self.brought_back: Callable[[int], object] = lambda _: None
        self._number = 0  # of the dictation that is the last text; none where that is the repetition of one
        self._said, self._text = Body(), ""
        self._entry: Entry | None = None
        # The one before the one that grows.
        self._former = _NOTHING
        self._growing: Entry | None = None  # what its dictation knows it by, while more may come
        self._undone = False
        self._eraser: Entry | None = None
        self._unsettled: dict[Entry, tuple[Entry, int]] = {}  # its eraser, and the characters out of reach
        self._absences = keyboard.absences()  # when the user last asked for typing

    @property
    def before(self) -> str:
        """What the next text is joined to: the end of the text before it.

        While more may come of the last dictation, the next text is that dictation's, from its beginning.
        """
        before = self._entry.before if self._entry else ""
        if self._entry and self._undone and not self._growing:  # behind a key it goes on where that led
            return (before + self._entry.typed[: self._entry.stays])[-_JOINT:]
        return before if self._growing else self._text[-_JOINT:] or before

    def remember(self, entry: Entry, said: Body, *, undone: bool = False) -> None:
        """Take a dictation for the last one.

        Args:
            entry: Its text. When it is open, `amend` follows.
            said: What the text was made from.
            undone: It was taken back already, and is not typed.
        """
        entry.before = self.before
        if entry.is_open and entry.dictation:
            self._former = self._said, self._text, self._entry, self._undone, self._number
        if entry.dictation or not self._undone:
            self._number = entry.dictation
        self._said, self._text, self._entry, self._undone = said, entry.text, entry, undone
        self._growing = entry if entry.is_open else None

    def amend(self, entry: Entry, said: Body, text: str, *, is_open: bool) -> None:
        """Say what the last dictation is from now on, and have it typed so, unless it was taken back.

        Args:
            entry: As it was remembered.
            said: What the text was made from.
            text: All of its text.
            is_open: More may come.
        """
        if self._entry and entry is self._growing:
            self._said, self._text, self._growing = said, text, entry if is_open else None
            self._outbox.amend(self._entry, text, is_open=is_open)
        if not self._growing:
            self._former = _NOTHING

    def close(self, entry: Entry) -> None:
        """Note that nothing more comes of the last dictation."""
        self.amend(entry, self._said, self._text, is_open=False)

    def withdraw(self, entry: Entry) -> bool:
        """Take back what is typed of the last dictation, while more may come: it is none.

        The one before it is the last one again.

        Args:
            entry: As it was remembered.

        Returns:
            Whether the user had taken it back, and not brought it back since.
        """
        was_undone = self._undone
        if self._entry and entry is self._growing:
            self._entry.dictation = 0
            self._outbox.amend(self._entry, "", is_open=False)
            self._said, self._text, self._entry, self._undone, self._number = self._former
            self._growing, self._former = None, _NOTHING
        return was_undone

    def release(self) -> None:
        """Type what waits, and what comes, into the host that is there now: the user asks for it."""
        if self._keyboard.absences() != self._absences:
            self._absences = self._keyboard.absences()
            for entry in (self._entry, self._former[2]):
                if entry:
                    entry.leave()
        self._typist.release()

    def undo(self, unrecognised: list[Utterance], *, by_press: bool = True) -> str:
        """Take back what was typed of the last dictation, and throw the rest of it away.

        Args:
            unrecognised: The dictations that have no text yet. The last of them is the last dictation.
            by_press: The user asks for it just now: what waits is typed into the host that is there.

        Returns:
            Why that cannot be done, or nothing.
        """
        if unrecognised:
            newest = unrecognised[-1]
            was_undone, newest.undone = newest.undone, True
            self.taken_back(newest.number)
            return _NOTHING_TO_TAKE_BACK if was_undone else ""
        reason = self._undo()
        if by_press and self._eraser and self._outbox.holds(self._eraser):  # maybe since an earlier press
            self.release()
        return reason

    def again(self, unrecognised: list[Utterance], *, by_press: bool = True) -> str:
        """Type the last dictation again: as it was where it was taken back, else joined to itself.

        Keys that no Backspace takes back are not pressed a second time.

        Args:
            unrecognised: The dictations that have no text yet.
            by_press: As for `undo`.

        Returns:
            Why that cannot be done, or nothing.
        """
        if unrecognised and unrecognised[-1].undone:
            unrecognised[-1].undone = False
            self.brought_back(unrecognised[-1].number)
        elif self._entry is None:
            return _NOTHING_TO_REPEAT
        elif self._growing and not self._undone:
            return _NOT_ALL_SAID
        else:
            if self._undone:
                self.brought_back(self._number)
            text = self._text_again(self._entry)
            if not (text or self._growing):
                return _NOTHING_TO_REPEAT
            growing = self._growing
            entry = Entry(0, text, language=self._entry.language, is_open=growing is not None)
            self.remember(entry, self._said)
            self._growing = growing
            self._outbox.put(entry)
        if by_press:
            self.release()
        return ""

    def settled(self, entry: Entry) -> None:
        """Note that nothing more will be typed of an entry, so that it is known what to take back of it."""
        if entry in self._unsettled:
            eraser, stays = self._unsettled.pop(entry)
            stays = max(stays, entry.stays)  # a key may have been under way
            # A cluster that it shares with the text before it is not all its own.
            count = clusters(entry.before + entry.typed[stays:]) - clusters(entry.before)
            eraser.text = BACKSPACE * count
            if not count:
                self._outbox.cut(eraser, typing=False)

    def _text_again(self, entry: Entry) -> str:
        """Give what is typed again: what was taken back, or all that can be."""
        if not self._undone:
            return write(self._said.without_keys, self.before, self._settings)
        pressed = max(map(entry.dealt.rfind, KEYS))
        return self._text[pressed + 1 :]

    def _undo(self) -> str:
        entry = self._entry
        if entry is None or self._undone:
            return _NOTHING_TO_TAKE_BACK
        waits = self._outbox.holds(entry)
        is_same_host = self._keyboard.absences() == self._absences
        stays = entry.stays if is_same_host else len(entry.typed)
        if not waits and stays == len(entry.typed):
            if not entry.typed:
                return _NOTHING_TO_TAKE_BACK
            return _BEHIND_KEY if is_same_host and entry.typed[-1] in KEYS else _OUT_OF_REACH
        self._undone = True
        self.taken_back(self._number)
        self._eraser = Entry(0, "", language=entry.language)
        self._unsettled[entry] = self._eraser, stays
        self._outbox.put(self._eraser)
        if not waits:
            self.settled(entry)
        elif self._outbox.cut(entry, typing=self._typist.typing):
            self._finished(entry)
        return ""
