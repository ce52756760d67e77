"""The last dictation, which can be taken back and typed again. It is kept in memory, and no other is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.outbox import BACKSPACE, Entry
from device.text.clusters import clusters
from device.text.format import format_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.keyboard.typist import Typist
    from device.outbox import Outbox
    from device.ports import Keyboard
    from device.settings import TextSettings
    from device.utterance import Utterance

_JOINT = 16
"""More characters than the end of a text has that decide how the next one is joined to it."""

_NOTHING_TO_TAKE_BACK = "there is nothing to take back"
_NOTHING_TO_REPEAT = "there is nothing to type again"
_NOT_ALL_SAID = "it cannot be typed again before all of it is recognised"
_OUT_OF_REACH = "it cannot be taken back: the computer was away since it was typed"


class Last:
    """Takes the last dictation back, exactly as far as it is typed, and types it again.

    What was typed before the host was away is out of reach: what stands before the caret there now may be
    anything.
    """

    def __init__(
        self,
        outbox: Outbox,
        typist: Typist,
        keyboard: Keyboard,
        settings: TextSettings,
        *,
        finished: Callable[[Entry], None],
    ) -> None:
        """Begin with nothing said.

        Args:
            outbox: Where the text goes, and what takes it back.
            typist: Types both.
            keyboard: Knows whether the host was away.
            settings: How texts are joined.
            finished: Called with an entry that is thrown away.
        """
        self._outbox = outbox
        self._typist = typist
        self._keyboard = keyboard
        self._settings = settings
        self._finished = finished
        self._said = self._text = ""
        self._entry: Entry | None = None
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
        return before if self._undone or self._growing else self._text[-_JOINT:] or before

    def remember(self, entry: Entry, said: str, *, undone: bool = False) -> None:
        """Take a dictation for the last one.

        Args:
            entry: Its text. When it is open, `amend` follows.
            said: What the text was made from.
            undone: It was taken back already, and is not typed.
        """
        entry.before = self.before
        self._said, self._text, self._entry, self._undone = said, entry.text, entry, undone
        self._growing = entry if entry.is_open else None

    def amend(self, entry: Entry, said: str, text: str, *, is_open: bool) -> None:
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

    def close(self, entry: Entry) -> None:
        """Note that nothing more comes of the last dictation."""
        self.amend(entry, self._said, self._text, is_open=False)

    def release(self) -> None:
        """Type what waits, and what comes, into the host that is there now: the user asks for it."""
        if self._keyboard.absences() != self._absences:
            self._absences = self._keyboard.absences()
            if self._entry:
                self._entry.leave()
        self._typist.release()

    def undo(self, unrecognised: list[Utterance]) -> str:
        """Take back what was typed of the last dictation, and throw the rest of it away.

        Args:
            unrecognised: The dictations that have no text yet. The last of them is the last dictation.

        Returns:
            Why that cannot be done, or nothing.
        """
        if unrecognised:
            newest = unrecognised[-1]
            was_undone, newest.undone = newest.undone, True
            return _NOTHING_TO_TAKE_BACK if was_undone else ""
        reason = self._undo()
        if self._eraser and self._outbox.holds(self._eraser):  # maybe since an earlier press
            self.release()
        return reason

    def again(self, unrecognised: list[Utterance]) -> str:
        """Type the last dictation again: as it was where it was taken back, else joined to itself.

        Args:
            unrecognised: The dictations that have no text yet.

        Returns:
            Why that cannot be done, or nothing.
        """
        if unrecognised and unrecognised[-1].undone:
            unrecognised[-1].undone = False
        elif self._entry is None:
            return _NOTHING_TO_REPEAT
        elif self._growing and not self._undone:
            return _NOT_ALL_SAID
        else:
            text = self._text if self._undone else format_text(self._said, self.before, self._settings)
            growing = self._growing
            entry = Entry(0, text, is_open=growing is not None)
            self.remember(entry, self._said)
            self._growing = growing
            self._outbox.put(entry)
        self.release()
        return ""

    def settled(self, entry: Entry) -> None:
        """Note that nothing more will be typed of an entry, so that it is known what to take back of it."""
        if entry in self._unsettled:
            eraser, stays = self._unsettled.pop(entry)
            # A cluster that it shares with the text before it is not all its own.
            count = clusters(entry.before + entry.typed[stays:]) - clusters(entry.before)
            eraser.text = BACKSPACE * count
            if not count:
                self._outbox.cut(eraser, typing=False)

    def _undo(self) -> str:
        entry = self._entry
        if entry is None or self._undone:
            return _NOTHING_TO_TAKE_BACK
        waits = self._outbox.holds(entry)
        is_same_host = self._keyboard.absences() == self._absences
        stays = entry.stays if is_same_host else len(entry.typed)
        if not waits and stays == len(entry.typed):
            return _OUT_OF_REACH if entry.typed else _NOTHING_TO_TAKE_BACK
        self._undone = True
        self._eraser = Entry(0, "")
        self._unsettled[entry] = self._eraser, stays
        self._outbox.put(self._eraser)
        if not waits:
            self.settled(entry)
        elif self._outbox.cut(entry, typing=self._typist.typing):
            self._finished(entry)
        return ""
