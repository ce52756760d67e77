"""The kernel's HID function and the host behind it, as far as a keyboard's daemon can tell them (f_hid.c)."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from typing import TYPE_CHECKING

from device.hardware.udc import CONFIGURED, UdcState

if TYPE_CHECKING:
    from pathlib import Path

UDC = "fe980000.usb"


class Board:
    """A board with our gadget, and a host that fetches reports at once, unless it sleeps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fetched: list[bytes] = []
        self.is_awake = True
        self.opened = 0
        self.leds: list[int] = []
        self.error: OSError | None = None  # what opening the file raises
        self._queued: bytes | None = None
        self._is_enabled = True
        self.log = root / "dev/kmsg"  # there where we may read it
        self._changed: set[asyncio.Event] = set()
        self.looks = 0  # how often the state was looked at
        self.is_told = False  # the kernel told of a change since the last look
        self._state = ""
        self._write("sys/kernel/config/usb_gadget/saykey/UDC", f"{UDC}\n")
        self._write("sys/kernel/config/usb_gadget/saykey/functions/hid.usb0/dev", "236:0\n")
        self._write("dev/hidg0", "")
        self.tell("configured")

    def tell(self, state: str) -> None:
        """Set the state that the controller shows. Some show "configured" whatever happens."""
        self.is_told |= state != self._state
        self._state = state
        self._write(f"sys/class/udc/{UDC}/state", f"{state}\n")

    def open_state(self, udc: str, root: Path) -> State:
        """Open the state as the kernel has it: no file of a test tells of a change."""
        self.is_told = False
        return State(self, udc, root)

    async def until_looked_at(self, typing: asyncio.Task[None] | None = None) -> None:
        """Return when the keyboard has seen how things are, or the typing with it has ended."""
        until = self.looks + 2
        while self.looks < until and not (typing and typing.done()):  # noqa: ASYNC110  # what looks does not tell
            await asyncio.sleep(0.0005)

    # What the host does.

    def sleep(self, state: str = "suspended") -> None:
        self.is_awake = False
        self.tell(state)

    def wake(self) -> None:
        self.is_awake = True
        self.tell("configured")
        self.fetch()

    def let_go(self, state: str = "not attached") -> None:
        """Reset the keyboard, or pull its cable: what is queued is dropped, and nobody is told."""
        self._is_enabled = False
        if self._queued is not None and self.log.exists():
            with self.log.open("a") as log:
                log.write("3,1,2,-;configfs-gadget.saykey gadget.0: End Point Request ERROR: -108\n")
        self._queued = None
        self.tell(state)
        self._tell_pollers()

    def configure(self) -> None:
        self._is_enabled = self.is_awake = True
        self.tell("configured")
        self.is_told = True  # whatever it was before
        self._tell_pollers()

    def fetch(self) -> None:
        if self._queued is not None and self.is_awake and self._is_enabled:
            self.fetched.append(self._queued)
            self._queued = None
            self._tell_pollers()

    # What the gadget does.

    def unbind(self) -> None:
        self.let_go()
        (self.root / "dev/hidg0").unlink()

    def bind(self) -> None:
        (self.root / "dev/hidg0").touch()

    def open(self, path: Path) -> OpenFile:
        if self.error:
            raise self.error
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return OpenFile(self)

    # What the file does.

    def write(self, report: bytes) -> bool:
        if not self._is_enabled:
            raise BrokenPipeError(errno.ESHUTDOWN, "cannot send after transport endpoint shutdown")
        if self._queued is not None:
            return False
        self._queued = report
        asyncio.get_running_loop().call_soon(self.fetch)
        return True

    def is_idle(self) -> bool:
        return self._is_enabled and self._queued is None

    async def change(self, timeout_s: float) -> None:
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), timeout_s)
        finally:
            self._changed.discard(changed)

    def _tell_pollers(self) -> None:
        for changed in self._changed:
            changed.set()

    def _write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class State(UdcState):
    """The controller's state, held open."""

    def __init__(self, board: Board, udc: str, root: Path) -> None:
        super().__init__(udc, root)
        self._board = board
        self._before = ""
        self.look()

    def look(self) -> tuple[str, bool]:
        state, _ = super().look()
        board = self._board
        is_new = board.is_told and self._before == state == CONFIGURED
        self._before, board.is_told = state, False
        board.looks += 1
        return state, is_new


class OpenFile:
    """An open /dev/hidg0."""

    def __init__(self, board: Board) -> None:
        self._board = board
        board.opened += 1

    def write(self, report: bytes) -> bool:
        return self._board.write(report)

    def is_idle(self) -> bool:
        return self._board.is_idle()

    async def wait_until_idle(self, timeout_s: float) -> None:
        if not self.is_idle():
            await self._board.change(timeout_s)

    def read_leds(self) -> int | None:
        leds = self._board.leds[-1] if self._board.leds else None
        self._board.leds.clear()
        return leds

    def close(self) -> None:
        self._board.opened -= 1
