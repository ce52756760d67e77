"""Types one text, without a dictation around it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.hosts import OneHost
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from device.keyboard.host import Host
    from device.ports import Keyboard


async def type_text(
    text: str,
    host: Host,
    keyboard: Keyboard,
    *,
    interrupted: Callable[[Entry, bool], Awaitable[None]],
    language: str = "",
) -> Entry:
    """Type a text; return when all of it is typed and no key is down.

    Args:
        text: What to type.
        host: How the host reads keys.
        keyboard: Takes the reports.
        interrupted: Called when the host went away, and again, with True, when it is back: what is left is
            typed when the second call returns. What it raises ends the typing.
        language: Code of the language that it is in, if that is known.

    Raises:
        KeyboardError: The keyboard is broken.
    """
    outbox, entry = Outbox(), Entry(1, text, language=language)
    changed = asyncio.Event()
    done: list[Entry] = []
    typist = Typist(keyboard, OneHost(host), outbox, report_change=changed.set, finished=done.append)
    outbox.put(entry)
    typing = asyncio.create_task(typist.run())
    typing.add_done_callback(lambda _: changed.set())
    try:
        while not done and not typing.done():
            await changed.wait()
            changed.clear()
            if outbox.held:
                back = not typist.host_away
                await interrupted(entry, back)
                if back:
                    typist.release()
    finally:
        typing.cancel()
        await asyncio.wait((typing,))
    if not typing.cancelled():
        typing.result()
    return entry
