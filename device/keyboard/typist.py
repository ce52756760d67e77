"""Sends the reports that type the outbox, through stops, cancellation and hosts that go away."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from device.errors import HostAwayError, KeyboardError
from device.keyboard.locks import Locks
from device.keyboard.plan import Situation, let_go, plan, press
from device.keyboard.reports import ALL_UP

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.keyboard.plan import Step
    from device.keyboard.reports import Keystroke, Report
    from device.outbox import Entry, Outbox
    from device.ports import Hosts, Keyboard

GRACE_S = 1.0
"""How long a cancelled typist waits for the character under way, and then for its all-zero report."""

RETRY_S = 0.2
"""Pause after a host that said it was ready refused a report."""


class Typist:
    """Types the outbox, one entry after another.

    A key counts as pressed when the keyboard took the report that presses it. A report that was not taken
    is sent again later: no character is lost and none is doubled. When the host goes away, the outbox is
    held, so that typing goes on at the user's press and nothing lands in a lock screen.

    A character that takes several keys is finished before typing stops: what is left of a dead key or of a
    code would change what the user types next. Lock keys and layouts that were switched are switched back
    whenever typing ends, also while more is to come of an entry. All of that comes before it turns to another
    host that the user chose. Of that one nothing is known but how it reads keys: what was cut in two because
    the host before it went away begins anew there. The host may read keys otherwise for each language: it is
    turned from one to the other between entries, and never within one.

    Attributes:
        typing: Reports are being sent.
        host_away: The host does not take reports; it is being waited for.
    """

    def __init__(
        self,
        keyboard: Keyboard,
        hosts: Hosts,
        outbox: Outbox,
        *,
        report_change: Callable[[], None],
        finished: Callable[[Entry], None],
    ) -> None:
        """Make a typist that does nothing until `run`.

        Args:
            keyboard: Takes the reports.
            hosts: Know how the host reads keys that is typed into.
            outbox: Where the text comes from.
            report_change: Called when `typing`, `host_away` or the outbox's hold changed through the typist.
            finished: Called when an entry is done and no key is down any more.
        """
        self.typing = False
        self.host_away = False
        self._keyboard = keyboard
        self._hosts = hosts
        self._host = self._described = hosts.host()
        self._name = hosts.name
        self._language = ""  # of the entry that was typed last
        self._outbox = outbox
        self._report_change = report_change
        self._finished = finished
        self._now: Report | None = None  # what the host believes to be down, where that is known
        self._due_s = 0.0  # when the next report may be sent
        self._step: Step | None = None  # the character under way
        self._begun_before = False  # it was begun where the user has perhaps left since
        self._begun_elsewhere = False  # it was begun at another host
        self._in_doubt: Callable[[], None] | None = None  # to be called if the last report arrived after all
        self._in_other = False  # the host's other layout is active
        self._locks = Locks(keyboard, self._host.system, self._press, self._let_go)
        self._absences = keyboard.absences()  # when the user last asked for typing
        self._is_to_turn = False  # the user asked for typing into a host that may be another one

    async def run(self) -> None:
        """Type until cancelled. A last all-zero report is tried in any case.

        Raises:
            KeyboardError: The keyboard is broken, not just away. The text stays in the outbox.
        """
        try:
            while True:
                if self.host_away:
                    await self._wait_for_host()
                entry = await self._outbox.next()
                if not self._is_same_host():
                    continue
                if self._is_to_turn:
                    self._turn()  # which may have thrown the entry away
                else:
                    await self._type_uninterrupted(entry)
        finally:
            with suppress(KeyboardError, TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await self._let_go()

    def release(self) -> None:
        """Type what waits, and what comes, into the host that is there now: the user asks for it."""
        self._is_to_turn |= self._keyboard.absences() != self._absences
        self._absences = self._keyboard.absences()
        self._outbox.release()
        if not (self.typing or self.host_away):
            self._turn()

    def stop(self) -> None:
        """Stop typing and keep the rest: after the character under way only keys go up."""
        self._outbox.hold()

    def _is_same_host(self) -> bool:
        """Hold the outbox when the host was away since the user's press: it may be another one now."""
        if self._keyboard.absences() == self._absences:
            return True
        self.host_away = True
        self._outbox.hold()
        self._report_change()
        return False

    def _turn(self) -> None:
        """Turn to the host that is there now."""
        if self._is_to_turn:
            self._outbox.leave()
            self._begun_before = True
        self._is_to_turn = False
        self._described = self._hosts.host()
        self._host = self._described.speaking(self._language)
        self._locks = Locks(self._keyboard, self._host.system, self._press, self._let_go)
        if self._hosts.name != self._name:
            self._name = self._hosts.name
            self._begun_elsewhere = True
            self._in_other = False
            self._now = None

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
            await self._speak(entry)
            await self._type_rest(entry)
            await self._restore()
            complete = not (entry.pending or entry.rests)  # it may have been amended meanwhile
            if complete:
                if self._is_to_turn:
                    entry.leave()  # it ended where the user has left
                self._outbox.finish(entry)
            await self._let_go()
        except HostAwayError:
            self.host_away = True
            self._locks.forget()
            self._outbox.hold()
        finally:
            self.typing = False
            if complete:
                self._finished(entry)
            self._report_change()

    async def _speak(self, entry: Entry) -> None:
        """Type in the entry's language from here on, unless it was begun in another one."""
        if entry.language != self._language and not entry.is_begun:
            await self._restore()  # by the keys that have switched it
            self._language = entry.language
            self._host = self._described.speaking(entry.language)

    async def _type_rest(self, entry: Entry) -> None:
        """Type what is left of an entry, unless it is stopped."""
        while step := self._step_under_way(entry) or await self._next_step(entry):
            has_arrived = self._begun_before and entry.keys_done == len(step.keystrokes)
            for keystroke in step.keystrokes[entry.keys_done :]:
                await self._press(keystroke, lambda: entry.press(time.monotonic()))
            entry.settle(step.character, step.instead)
            if has_arrived:
                entry.leave()  # it stands where the keys before it do

    async def _next_step(self, entry: Entry) -> Step | None:
        may_type = entry.pending and self._outbox.may_type(entry) and self._is_same_host()
        if not may_type or self._is_to_turn:
            return None
        self._step = await self._prepared(entry)
        self._begun_before = self._begun_elsewhere = False
        return self._step

    def _step_under_way(self, entry: Entry) -> Step | None:
        """Give what was begun before the host went away, unless it has to begin anew."""
        step = self._step if entry.keys_done else None
        counts_only_whole = step and (step.is_held or self._begun_elsewhere)
        if step and counts_only_whole and entry.keys_done < len(step.keystrokes):
            entry.keys_done = 0
            return None
        return step

    async def _prepared(self, entry: Entry) -> Step:
        """Plan the next character, and bring the host into the situation that it needs."""
        before, character = entry.dealt[-1:], entry.next
        while True:
            now = Situation(self._keyboard.leds(), self._in_other, self._locks.stuck)
            step = plan(character, before, self._host, now)
            if step.situation.in_other != self._in_other:
                await self._switch_layout()
            if await self._locks.set(step.situation.leds ^ now.leds):
                return step

    async def _switch_layout(self) -> None:
        await self._press(self._host.toggle, self._note_switch)
        await self._let_go()

    def _note_switch(self) -> None:
        self._in_other = not self._in_other

    async def _restore(self) -> None:
        """Give the host back the layout and the lock keys that it had."""
        if self._in_other:
            await self._switch_layout()
        await self._locks.restore()

    async def _press(self, keystroke: Keystroke, pressed: Callable[[], None] = lambda: None) -> None:
        """Press a key; call `pressed` when the host has it, which may be when it wakes."""
        if self._now is None:
            await self._send(ALL_UP)
        reports = list(press(self._now or ALL_UP, keystroke, self._host.pace))
        for number, each in enumerate(reports, 1):
            self._in_doubt = pressed if number == len(reports) else None
            await self._send(each)
        self._in_doubt = None
        pressed()

    async def _let_go(self) -> None:
        if self._now == ALL_UP:
            return
        for each in let_go(self._now or ALL_UP, self._host.pace):
            await self._send(each)

    async def _wait_for_host(self) -> None:
        while self.host_away:
            arrived = await self._keyboard.wait_until_ready()
            if arrived and self._in_doubt:
                self._in_doubt()
            self._in_doubt = None
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
        wait_s = self._due_s - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._due_s = time.monotonic() + self._host.pace.interval_ms / 1000
        self._now = None
        await self._keyboard.send(each)
        self._now = each
