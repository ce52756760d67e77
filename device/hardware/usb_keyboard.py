"""The keyboard at the end of a USB cable: reports to the host's hands, lights back.

When a report counts as the host's: the kernel's HID function (f_hid.c) has room for one. A write queues it;
the host fetches it at its next poll, and only then can the file be written again. So the file being writable
again is the receipt, and `send` waits for it. The kernel also drops a queued report when the host lets go of
the keyboard (reset, unplugged, unbound), and tells nobody; but then writing fails with ESHUTDOWN until a host
configures the keyboard anew. A host that merely sleeps leaves the report queued: writing fails with EAGAIN,
and the host fetches it when it wakes.

While the receipt is missing, the same report is therefore written again, to hear which it is. Should it be
taken after all, because the host fetched the first one at that moment, the host gets the same report twice,
which is nothing: reports are states, and keyboards may repeat them (HID 1.11, 7.2.4). Should the link break
then, the second one is dropped, and the host has the first. No report is lost that was said to be sent, and
none is pressed twice, but for one gap: the link may break between the host's fetch and our seeing the
receipt, which is the time in which this process wakes up. Then the kernel's log tells, where we may read it;
where not, a report that was written once counts as lost.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import HostAwayError, KeyboardError
from device.hardware.gadget_status import find
from device.hardware.hid_device import HidDevice
from device.hardware.kernel_log import KernelLog
from device.hardware.led_file import LED_FILE, keep_leds, read_leds
from device.hardware.udc import CONFIGURED, GONE, SUSPENDED, UdcState
from device.keyboard.reports import ALL_UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.keyboard.reports import Report

PATIENCE_S = 0.5
"""How long a host may leave a report: fifty polls of the slowest keyboards. Then it sleeps, or is stuck."""

_ASK_AGAIN_S = 0.02
"""How often a link that is silent is asked: two polls of a host at full speed (bInterval 10)."""

_LOOK_EVERY_S = 0.1
"""How often an absent host is looked for."""

_ASLEEP = "The host sleeps or is off; wake it."
_NOBODY = "No host has the USB keyboard; plug it into a computer, with a cable that carries data."
_BROKEN = "The host let go of the USB keyboard; plug it in again."
_CHANGED = "The USB keyboard was connected anew."
_SILENT = "The host does not take keys; wake it, or plug the keyboard in again."
_UNBOUND = "The USB keyboard is not set up; run: sudo saykey gadget up"
_FORBIDDEN = (
    "This user may not write to {}; add the user to the group that owns it, saykey, and log in again."
)
_CLOSED = "The USB keyboard is closed."


def usb_keyboard() -> UsbKeyboard:
    """Give the keyboard at this board's USB socket; its host may come later.

    Raises:
        KeyboardError: This machine is no USB keyboard.
    """
    find()
    return UsbKeyboard()


class _StillQueuedError(HostAwayError):
    """The host has not fetched the report, but may do so when it wakes."""


class UsbKeyboard:
    """A `Keyboard` behind the kernel's HID function. It keeps nothing open but the controller's state."""

    def __init__(
        self, root: Path = Path("/"), *, open_device: Callable[[Path], HidDevice] = HidDevice
    ) -> None:
        """Make a keyboard; the gadget may come later.

        Args:
            root: Where /dev, /sys and /run are.
            open_device: Opens the file that takes reports.
        """
        self._root = root
        self._open_device = open_device
        self._led_file = root / LED_FILE
        self._log = KernelLog(root)
        self._link: tuple[Path, UdcState] | None = None
        self._state = ""  # of the controller, when it was last looked at
        self._is_here: bool | None = None  # whether a host takes reports; not known before the first look
        self._is_waiting = False
        self._absences = 0
        self._left: Report | None = None  # its `send` failed, and the host may still fetch it
        self._copies = 0  # of the latest report, that the kernel has queued
        self._leds = 0
        self._leds_due_s = 0.0  # when to look again what other processes were told
        self._device: HidDevice | None = None
        self._is_closed = False

    async def send(self, report: Report) -> None:
        """Hand one report to the host; return when the host has fetched it.

        Raises:
            HostAwayError: The host does not take reports. `wait_until_ready` says what became of this one.
        """
        self._left, self._copies = None, 0
        try:
            await self._deliver(report)
        except _StillQueuedError:
            self._left = report
            raise

    async def wait_until_ready(self) -> bool:
        """Return when the host has fetched a report in which no key is down.

        Returns:
            Whether the report whose `send` failed has been fetched by the host after all.

        Raises:
            HostAwayError: The keyboard was closed.
        """
        arrived = False
        # Hosts connect in several steps, some of them back: one absence, until all is settled.
        self._is_waiting, self._is_here = True, False
        try:
            while not self._is_closed:
                try:
                    if self._left is not None:
                        await self._deliver(self._left)
                        arrived, self._left = True, None
                    self._copies = 0
                    await self._deliver(ALL_UP)
                except _StillQueuedError:
                    await asyncio.sleep(_ASK_AGAIN_S)
                except HostAwayError:
                    self._left = None
                    await asyncio.sleep(_LOOK_EVERY_S)
                else:
                    self._log.dropped()  # what it told of until now is about no later report
                    return arrived
        finally:
            self._is_waiting = False
        raise HostAwayError(_CLOSED)

    def absences(self) -> int:
        """Give how often the host has gone away so far. What comes back may be another host."""
        with suppress(HostAwayError):
            self._look()
        return self._absences

    def leds(self) -> int:
        """Give the host's lock keys as the LED bits of the boot keyboard's output report (HID 1.11, B.1).

        A host tells them when it has configured a keyboard, and when they change. The kernel gives each
        report to one reader: so what is read is kept for other processes, and what they read counts here.
        """
        told = None
        with suppress(HostAwayError), self._opened() as device:
            told = device.read_leds()
        if told is not None:
            self._leds = told
            keep_leds(told, self._led_file)
        elif time.monotonic() >= self._leds_due_s:
            self._leds_due_s = time.monotonic() + _LOOK_EVERY_S
            kept = read_leds(self._led_file)
            self._leds = self._leds if kept is None else kept
        return self._leds

    def close(self) -> None:
        """Close the controller's state. Whoever waits is told that the host is away."""
        self._is_closed = True
        self._close_device()
        self._log.close()
        self._forget()

    async def _deliver(self, report: Report) -> None:
        """Queue a report, unless copies of it are queued already, and return when the host has fetched it.

        Raises:
            HostAwayError: The host has not fetched it and will not, unless it is a `_StillQueuedError`.
        """
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + PATIENCE_S
        with self._opened() as device:
            while True:
                state, is_new = self._look()
                is_queued = self._copies > 0
                if is_new:
                    # The file is writable then, whatever became of the report.
                    if is_queued and self._was_fetched():
                        return
                    raise HostAwayError(_CHANGED)
                # The loop woke because it was writable, and it is looked at again here: for some microseconds
                # the kernel shows a report that it drops as if it had been fetched.
                if is_queued and device.is_idle():
                    self._is_here = state == CONFIGURED
                    return
                if state == SUSPENDED:  # it keeps the report
                    raise _StillQueuedError(_ASLEEP) if is_queued else HostAwayError(_ASLEEP)
                if state != CONFIGURED and not is_queued:
                    raise HostAwayError(_NOBODY)
                try:
                    self._copies += device.write(report)
                except OSError as error:
                    self._miss()
                    if is_queued and self._was_fetched():
                        return
                    raise HostAwayError(_BROKEN if state == CONFIGURED else _NOBODY) from error
                if loop.time() > give_up_s:
                    self._miss()
                    raise _StillQueuedError(_SILENT) if self._copies else HostAwayError(_SILENT)
                await device.wait_until_idle(_ASK_AGAIN_S)

    def _was_fetched(self) -> bool:
        """Say what became of a report behind which the link broke, as far as anybody tells.

        A further copy is queued once the one before it has been fetched, or dropped with the link.
        """
        dropped = self._log.dropped()
        return self._copies > (1 if dropped is None else dropped)

    @contextmanager
    def _opened(self) -> Iterator[HidDevice]:
        """Give the device file, opened anew after the host was away."""
        if self._device is None:
            self._device = self._open()
        try:
            yield self._device
        except HostAwayError:
            self._close_device()
            raise

    def _open(self) -> HidDevice:
        file, _ = self._linked()
        try:
            return self._open_device(file)
        except PermissionError as error:
            raise HostAwayError(_FORBIDDEN.format(file)) from error
        except OSError as error:
            self._miss()
            self._forget()
            raise HostAwayError(_UNBOUND) from error

    def _look(self) -> tuple[str, bool]:
        """Give the controller's state and whether a host has configured us anew; count absences."""
        _, udc = self._linked()
        state, is_new = udc.look()
        if state != CONFIGURED or is_new:
            self._miss()
        # After a sleep, the host is back when it has fetched a report, so that an absence counts once.
        came = state == CONFIGURED and self._state not in ("", CONFIGURED, SUSPENDED)
        if (is_new or came or self._is_here is None) and not self._is_waiting:
            self._is_here = state == CONFIGURED
        self._state = state
        if state == GONE:
            self._forget()
        return state, is_new

    def _linked(self) -> tuple[Path, UdcState]:
        if self._is_closed:
            raise HostAwayError(_CLOSED)
        if self._link is None:
            try:
                file, udc = find(self._root)
                self._link = file, UdcState(udc, self._root)
            except KeyboardError as error:
                self._miss()
                raise HostAwayError(str(error)) from error
        return self._link

    def _close_device(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None

    def _miss(self) -> None:
        """Count an absence, once until the host is back."""
        if self._is_here:
            self._absences += 1
            self._is_here = False

    def _forget(self) -> None:
        """Find file and controller anew next time."""
        if self._link is not None:
            self._link[1].close()
        self._link, self._state = None, ""
