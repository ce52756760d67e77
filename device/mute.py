"""The mute: while it is on, the microphone is closed, so that nothing can be heard."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from device.events import MicrophoneClosed, MicrophoneLost

if TYPE_CHECKING:
    from pathlib import Path

    from device.events import Post
    from device.ports import Microphone

log = logging.getLogger(__name__)

FILE = "muted"
"""Its name in the service's folder in /run, which outlives the daemon and not the power."""

_RETRY_S = 1.0
"""Time between two tries to open a microphone for which there is no memory."""


class Mute:
    """Whether the user wants not to be heard. Outlives dictations, and with a file the daemon, too."""

    def __init__(self, file: Path | None = None) -> None:
        """Take what is kept.

        Args:
            file: Is there while it is on. Where its folder is not there, or none is given, nothing is kept.
        """
        self._file = file
        try:
            self._is_on = file is not None and file.stat() is not None
        except OSError:
            self._is_on = False

    @property
    def is_on(self) -> bool:
        """Whether the microphone is to be closed."""
        return self._is_on

    def turn(self, *, on: bool) -> None:
        """Turn it on or off, and keep that as far as it can be kept."""
        self._is_on = on
        if self._file is None:
            return
        try:
            if on:
                self._file.touch()
            else:
                self._file.unlink(missing_ok=True)
        except FileNotFoundError:  # no service has a folder here
            pass
        except OSError as error:
            log.warning("whether it is muted is forgotten when Saykey ends: %s", error)


class MicrophoneSwitch:
    """Opens the microphone, and closes it while it is muted. Used on the event loop only.

    Attributes:
        is_open: What the microphone tells counts. Not until the next opening, where it was on the queue still
            when the mute began.
    """

    def __init__(self, microphone: Microphone, mute: Mute, post: Post) -> None:
        """Leave it closed until `start`.

        Args:
            microphone: The microphone.
            mute: Whether it is to be closed.
            post: Puts on the queue what the microphone tells.
        """
        self.is_open = False
        self._microphone = microphone
        self._mute = mute
        self._post = post
        self._is_started = False
        self._closing: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Open the microphone, unless it is muted."""
        self._is_started = True
        self._look()

    def turn(self, *, on: bool) -> None:
        """Mute it, or end that. No sound counts from now on; until it is closed takes up to a second."""
        self._mute.turn(on=on)
        if on and self.is_open:
            self.is_open = False
            self._try_no_more()
            self._closing = asyncio.create_task(self._close())
        self._look()

    def closed(self) -> None:
        """Take note of `MicrophoneClosed`; open it again where it is not muted any more."""
        self._closing = None
        self._look()

    async def until_closed(self) -> None:
        """Return when a microphone that is being closed is closed."""
        if self._closing:
            await asyncio.shield(self._closing)

    async def stop(self) -> None:
        """Close it for good. Never raises."""
        self._is_started = self.is_open = False
        self._try_no_more()
        await self.until_closed()
        await self._why_not_closed()

    def _look(self) -> None:
        if self._is_started and not (self._mute.is_on or self.is_open or self._closing):
            self.is_open = True
            self._open()

    def _open(self) -> None:
        try:
            self._microphone.start(self._post)
        except RuntimeError as error:
            self._post(MicrophoneLost(f"the microphone cannot be opened ({error}); it is tried again"))
            self._retry = asyncio.get_running_loop().call_later(_RETRY_S, self._open)

    def _try_no_more(self) -> None:
        if self._retry:
            self._retry.cancel()

    async def _close(self) -> None:
        self._post(MicrophoneClosed(await self._why_not_closed()))

    async def _why_not_closed(self) -> str:
        """Close it; give why that failed, or nothing."""
        try:
            try:
                await asyncio.to_thread(self._microphone.stop)
            except RuntimeError:  # there is no memory for another thread
                self._microphone.stop()
        except Exception as error:  # noqa: BLE001  whatever comes up, it can be opened again, and all else closed
            reason = f"the microphone cannot be closed ({type(error).__name__}): what it hears is thrown away"
            log.error("%s", reason)  # noqa: TRY400  it is explained
            return reason
        return ""
