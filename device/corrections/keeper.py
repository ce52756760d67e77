"""What becomes of a correction: compared, sealed and written, in a thread of its own beside the dictation."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from device.corrections.content import VERSION, Correction, encode, flac
from device.corrections.same import is_same
from device.corrections.sealed import seal
from device.corrections.store import Limits, Store
from device.corrections.watch import Watch
from device.corrections.words import NO_KEY, counted
from device.errors import CorrectionError, SaykeyError
from device.models.files import other_owner
from device.models.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from device.corrections.watch import SpokenAgain
    from device.recordings import Recorded
    from device.settings import CorrectionsSettings

log = logging.getLogger(__name__)

TIDY_S = 3600.0
"""So often what is kept is held to the limits: a day ends while the device runs, too."""


class Corrections:
    """Keeps what was taken back and spoken again, where its user wants that. Used on the event loop only.

    Without the user's consent, or an owner's key, no sound is ever held.
    """

    def __init__(
        self,
        settings: CorrectionsSettings,
        *,
        store: Store | None = None,
        trust: Trust | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nothing heard; nothing is written, or deleted, before `start`.

        Args:
            settings: Whether the user wants it, and its limits.
            store: Where it is kept; without, where such things are kept.
            trust: Whose key it is sealed to; without, the owner's.
            clock: Gives seconds.
        """
        self._keeps = settings.keep
        self._limits = Limits.of(settings)
        self._store = store or Store()
        self._trust = trust or Trust()
        self._clock = clock
        self._watch: Watch | None = None
        self._writer = ThreadPoolExecutor(1, "corrections")  # it starts no thread before there is work
        self._forgotten = 0  # so often: what was heard before the last time is not written any more
        self._timer: asyncio.TimerHandle | None = None
        self._next_tidy: asyncio.TimerHandle | None = None
        self._is_told = False

    async def start(self) -> None:
        """Hold what was kept to the limits, or delete it, where the user does not want it any more."""
        if await asyncio.to_thread(self._begin):
            self._watch = Watch()
        if self._keeps:
            self._tidy_later()

    def recorded(self, number: int, recorded: Recorded) -> None:
        """Take note of the recording of a dictation."""
        if self._watch:
            self._watch.recorded(number, recorded.recording, recorded.released_s)
            self._set_timer()

    def typed(self, number: int, text: str, *, is_pure: bool) -> None:
        """Take note that nothing more comes of a dictation; the arguments are those of `Watch.typed`."""
        if self._watch:
            self._keep(self._watch.typed(number, text, self._clock(), is_pure=is_pure))

    def taken_back(self, number: int) -> None:
        """Take note that the dictation of this number was taken back."""
        if self._watch:
            self._watch.undone(number, self._clock())
            self._set_timer()

    def brought_back(self, number: int) -> None:
        """Take note that the dictation of this number is typed again as it was before it was taken back."""
        if self._watch:
            self._watch.restored(number, self._clock())
            self._set_timer()

    async def forget(self) -> int:
        """Delete all that is kept, and all that is held in memory; say how many were kept.

        Raises:
            CorrectionError: They cannot be deleted.
        """
        if self._watch:
            self._watch.forget()
            self._set_timer()
        self._forgotten += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, self._store.forget)
        except OSError as error:
            raise undeletable(self._store, error) from error
        except RuntimeError as error:
            raise CorrectionError("Saykey is stopping: delete them once more when it runs again.") from error

    async def stop(self) -> None:
        """Return when all is written that was certain; what was not is forgotten."""
        for timer in filter(None, (self._timer, self._next_tidy)):
            timer.cancel()
        self._watch = None
        await asyncio.to_thread(self._writer.shutdown)

    def _keep(self, certain: SpokenAgain | None) -> None:
        if certain:
            with suppress(RuntimeError):  # there is no memory for its thread: the next one writes this, too
                self._writer.submit(self._write, certain, self._forgotten)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._watch and self._watch.held:
            delay_s = self._watch.due_s - self._clock()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, delay_s), self._pass)

    def _pass(self) -> None:
        if self._watch:
            self._keep(self._watch.passed(self._clock()))

    def _tidy_later(self) -> None:
        self._next_tidy = asyncio.get_running_loop().call_later(TIDY_S, self._tidy_now)

    def _tidy_now(self) -> None:
        self._writer.submit(self._tidy)
        self._tidy_later()

    # In the thread. What was said is in no message of these.

    def _begin(self) -> bool:
        """Tidy up; say whether anything can be kept from now on."""
        try:
            if self._keeps:
                self._store.tidy(self._limits)
            elif count := self._store.forget():
                log.info("%s deleted, since corrections.keep is false", counted(count))
        except OSError as error:
            self._tell(error)
        return self._keeps and self._has_key()

    def _tidy(self) -> None:
        try:
            self._store.tidy(self._limits)
        except OSError as error:
            self._tell(error)

    def _write(self, certain: SpokenAgain, forgotten: int) -> None:
        try:
            content = content_of(certain, self._store.today())
            key = self._trust.key()  # it may have been forgotten meanwhile
            if content and key and forgotten == self._forgotten:
                self._store.add(seal(content, key), self._limits)
        except Exception as error:  # noqa: BLE001  it shall not be kept: its traceback holds what was said
            self._tell(error)

    def _has_key(self) -> bool:
        try:
            if self._trust.key():
                return True
        except SaykeyError as error:
            self._tell(error)
            return False
        log.warning("corrections are not kept: %s", NO_KEY)
        return False

    def _tell(self, error: Exception) -> None:
        """Say once why nothing is kept. A library's message might quote what was said; ours do not."""
        if not self._is_told:
            self._is_told = True
            why = error.strerror if isinstance(error, OSError) else None
            if isinstance(error, SaykeyError):
                why = str(error)
            log.warning("corrections cannot be kept or deleted: %s", why or type(error).__name__)


def undeletable(store: Store, error: OSError) -> CorrectionError:
    """Give the error to raise where what is kept cannot be deleted."""
    owner = other_owner(store.folder)
    remedy = f"run it with sudo -u {owner} before it" if owner else "check the disk"
    return CorrectionError(f"{store.folder} cannot be emptied ({error.strerror}): {remedy}.")


def content_of(certain: SpokenAgain, day: date) -> bytes:
    """Give what is kept of dictations that were taken back and spoken again; nothing if they do not fit."""
    stays = certain.stays
    undone = [
        each
        for each in certain.undone
        # In the sound of another one is a command, too, which the text that stays does not say.
        if each.is_pure and is_same(each.text, stays.text, each.speech_s, stays.speech_s)
    ]
    if not undone:
        return b""
    return encode(
        Correction(
            version=VERSION,
            day=day.isoformat(),
            text=stays.text,
            undone=tuple(flac(each.sound) for each in undone),
            stays=flac(stays.sound) if stays.is_pure else b"",
        )
    )
