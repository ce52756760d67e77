"""Sends the reports that type the outbox, through stops, cancellation and hosts that go away."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from device.errors import HostAwayError, KeyboardError
from device.keyboard.plan import let_go, plan, press
from device.keyboard.reports import ALL_UP

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.keyboard.layout import Layout
    from device.keyboard.reports import Keystroke, Report
    from device.outbox import Entry, Outbox
    from device.ports import Keyboard

GRACE_S = 1.0
"""How long a cancelled typist waits for the report in flight, and then for its all-zero report."""

RETRY_S = 0.2
"""Pause after a host that said it was ready refused a report."""


class Typist:
    """Types the outbox, one entry after another.

    A key counts as pressed when the keyboard took the report that presses it. A report that was not taken
    is sent again later: no character is lost and none is doubled. When the host goes away, the outbox is
    held, so that typing goes on at the user's press and nothing lands in a lock screen.

    Attributes:
        typing: Reports are being sent.
        host_away: The host does not take reports; it is being waited for.
    """

    def __init__(
        self,
        keyboard: Keyboard,
        layout: Layout,
        outbox: Outbox,
        *,
        report_change: Callable[[], None],
        finished: Callable[[Entry], None],
    ) -> None:
        """Make a typist that does nothing until `run`.

        Args:
            keyboard: Takes the reports.
            layout: How the host reads keys.
            outbox: Where the text comes from.
            report_change: Called when `typing`, `host_away` or the outbox's hold changed through the typist.
            finished: Called when an entry is done and no key is down any more.
        """
        self.typing = False
        self.host_away = False
        self._keyboard = keyboard
        self._layout = layout
        self._outbox = outbox
        self._report_change = report_change
        self._finished = finished
        self._now: Report | None = None  # what the host believes to be down, where that is known

    async def run(self) -> None:
        """Type until cancelled. A last all-zero report is tried in any case.

        Raises:
            KeyboardError: The keyboard is broken, not just away. The text stays in the outbox.
        """
        try:
            while True:
                if self.host_away:
                    await self._wait_for_host()
                await self._type_uninterrupted(await self._outbox.next())
        finally:
            with suppress(KeyboardError, TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await self._let_go()

    def stop(self) -> None:
        """Stop typing at once and keep the rest: after the report in flight only keys go up."""
        self._outbox.hold()

    async def _type_uninterrupted(self, entry: Entry) -> None:
        """Type an entry in a task of its own, since a cancelled report might have been taken or not."""
        typing = asyncio.create_task(self._type(entry))
        try:
            await asyncio.shield(typing)
        except asyncio.CancelledError:
            self.stop()
            with suppress(KeyboardError, TimeoutError):
                await asyncio.wait_for(typing, GRACE_S)
            raise

    async def _type(self, entry: Entry) -> None:
        self.typing = True
        self._report_change()
        complete = False
        try:
            complete = await self._type_rest(entry)
            if complete:
                self._outbox.finish(entry)
            await self._let_go()
        except HostAwayError:
            self.host_away = True
            self._outbox.hold()
        finally:
            self.typing = False
            if complete:
                self._finished(entry)
            self._report_change()

    async def _type_rest(self, entry: Entry) -> bool:
        """Type what is left of an entry; say whether that was all of it, or it was stopped."""
        for step in islice(plan(entry.text, self._layout), entry.done, None):
            for keystroke in step.keystrokes[entry.keys_done :]:
                if not await self._press(keystroke, entry):
                    return False
            entry.settle(step.instead)
        return True

    async def _press(self, keystroke: Keystroke, entry: Entry) -> bool:
        """Press a key; say whether it was pressed, or typing was stopped before."""
        now = self._now
        if now is None:
            await self._send(now := ALL_UP)
        for each in press(now, keystroke):
            if not self._outbox.may_type(entry):
                return False
            await self._send(each)
        entry.press(time.monotonic())
        return True

    async def _let_go(self) -> None:
        for each in let_go(self._now or ALL_UP):
            await self._send(each)

    async def _wait_for_host(self) -> None:
        while self.host_away:
            await self._keyboard.wait_until_ready()
            try:
                # At once, not at the user's press: a host that slept goes on repeating the key it saw last.
                await self._send(ALL_UP)
            except HostAwayError:
                await asyncio.sleep(RETRY_S)
            else:
                self.host_away = False
        # A press while the host was away was not meant for whatever the host shows now.
        self._outbox.hold()
        self._report_change()

    async def _send(self, each: Report) -> None:
        self._now = None
        await self._keyboard.send(each)
        self._now = each
