"""Being a drive: shown to the host, taken back when it is ejected, and shown again with what came of it.

The image stays on the disk until all that was dropped on it has been taken. So it is still there at the next
start when the power went meanwhile, and is taken then (`take_left_over`).
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from device.drive.image import FatImage
from device.drive.kept import DRIVE
from device.drive.take import Taken, take
from device.drive.words import result
from device.errors import DriveError
from device.events import ButtonMoved, StopRequested
from device.models.install import install as install_bundle
from device.ports import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

    from device.drive.kept import Kept
    from device.drive.take import Install
    from device.events import Event
    from device.models.signature import PublicKey
    from device.ports import Button, Drive, Indicator

log = logging.getLogger(__name__)

T = TypeVar("T")

_GIVEN_UP = (
    "What was dropped was thrown away, since the device did not come to its end with it: "
    "drop it again, one file at a time."
)

CONFIRM_S = 60.0
"""How long the device asks whether a key is its owner's."""

_BOUNCE_S = 0.1
"""So soon after the button moved, no hand moves it again: a press then is its contact's, which bounces."""

_STEPS = 10
"""So often the indicator is told how far a long job is: displays are slow, and a log is read."""


async def serve_drive(  # noqa: PLR0913  the parts, and what a test wants otherwise
    drive: Drive,
    kept: Kept,
    button: Button,
    indicator: Indicator,
    leave: asyncio.Event,
    *,
    install: Install = install_bundle,
) -> None:
    """Be a drive until nothing new has been dropped on it.

    Being cancelled, it leaves what was dropped for the next start.

    Args:
        drive: What the host sees.
        kept: What the device keeps.
        button: Confirms a key.
        indicator: Shows what is done.
        leave: Ends it too, once what has been dropped is taken.
        install: Takes in a bundle.

    Raises:
        DriveError: The drive cannot be made, shown or hidden.
        asyncio.CancelledError: The button asked to stop, as that of a terminal can.
    """
    async with _Taker(kept, button, indicator, install).watching() as taker:
        taken = Taken()
        try:
            while True:
                image = await wholly(partial(kept.make_image, taken.refused))
                await wholly(partial(drive.show, image.path))
                indicator.show(State.DRIVE, "eject it on the computer when you are done")
                await _first(drive.until_returned(), leave.wait())
                await wholly(drive.hide)
                taken = await taker.take(image, taken.refused)
                if leave.is_set() or not taken.sentences:
                    break
        finally:
            drive.close()
        kept.discard_image()


async def take_left_over(  # noqa: PLR0913  the parts, and what a test wants otherwise
    drive: Drive,
    kept: Kept,
    button: Button,
    indicator: Indicator,
    *,
    asks: bool,
    install: Install = install_bundle,
) -> None:
    """Take what was dropped on a drive that the device was when it was cut off; the host sees nothing of it.

    Args:
        drive: What the host sees.
        kept: What the device keeps.
        button: Confirms a key.
        indicator: Shows what is done.
        asks: Ask whether a key is its owner's. Who plugs in a keyboard and presses its button wants to
            dictate, and would answer a question that a computer before has put there.
        install: Takes in a bundle.

    Raises:
        asyncio.CancelledError: The button asked to stop, as that of a terminal can.
    """
    try:
        drive.close()
    except DriveError as error:  # what was dropped can be taken all the same
        log.warning("%s", error)
    if kept.try_again(DRIVE):
        async with _Taker(kept, button, indicator, install, asks=asks).watching() as taker:
            await taker.take(FatImage(kept.image))
    else:
        with suppress(OSError):
            kept.keep_result(result((_GIVEN_UP,), ""))
        log.error("drive: %s", _GIVEN_UP)
    kept.discard_image()


class _Taker:
    """Takes in a thread of its own, and asks the user in between."""

    def __init__(
        self, kept: Kept, button: Button, indicator: Indicator, install: Install, *, asks: bool = True
    ) -> None:
        self._kept, self._button, self._indicator, self._install = kept, button, indicator, install
        self._asks = asks
        self._loop = asyncio.get_running_loop()
        self._pressed = asyncio.Event()
        self._asked_s = self._moved_s = -math.inf
        self._is_over = False
        self._told: tuple[str, int] | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[_Taker]:
        """Watch the button in the block. If it asks to stop, the block is cancelled."""
        serving = asyncio.current_task()

        def act(event: Event) -> None:
            match event:
                case ButtonMoved(pressed, at_s):
                    if pressed and at_s >= max(self._asked_s, self._moved_s + _BOUNCE_S):
                        self._pressed.set()
                    self._moved_s = at_s
                case StopRequested() if serving:
                    serving.cancel()

        def post(event: Event) -> None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(act, event)

        self._button.start(post)
        try:
            yield self
        finally:
            self._is_over = True
            self._button.stop()

    async def take(self, image: FatImage, shown: Mapping[str, bytes] | None = None) -> Taken:
        """Take what was dropped."""
        taken = await asyncio.to_thread(
            take, image, self._kept, self._confirm, self._tell, shown=shown, install=self._install
        )
        log.info("drive: %s", taken.about if taken.sentences else "nothing new")
        return taken

    def _tell(self, what: str, done: float) -> None:
        """Show what is done with a bundle. Called in the thread."""
        told = (what, int(done * _STEPS))
        if told != self._told:
            self._told = told
            self._show(State.INSTALLING, f"{what} {done:.0%}")

    def _show(self, state: State, detail: str) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._indicator.show, state, detail)

    def _confirm(self, key: PublicKey) -> bool:
        """Ask in the thread that takes.

        Raises:
            concurrent.futures.CancelledError: The daemon stops.
            RuntimeError: It has stopped.
        """
        if not self._asks:
            return False
        asking = self._ask(key)
        try:
            future = asyncio.run_coroutine_threadsafe(asking, self._loop)
        except RuntimeError:
            asking.close()
            raise
        return future.result()

    async def _ask(self, key: PublicKey) -> bool:
        if self._is_over:  # and left there for the next start
            raise asyncio.CancelledError
        self._pressed.clear()  # only a press from now on counts
        self._asked_s = time.monotonic()
        # All of it, too: whoever makes a key chooses its id.
        self._indicator.show(State.CONFIRM, f"press the button if the key {key.id} is yours: {key.text}")
        try:
            async with asyncio.timeout(CONFIRM_S):
                await self._pressed.wait()
        except TimeoutError:
            return False
        return True


async def wholly(work: Callable[[], T]) -> T:
    """Work in a thread; being cancelled, end with it and not beside it.

    Args:
        work: What is done. What it raises is raised.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
    return working.result()


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for whichever is over first.

    Raises:
        SaykeyError: It is over because it failed.
    """
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
