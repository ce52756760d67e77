"""The pairing window: nobody pairs but in it, and there only by a press of the button.

Without a display the pairing is "Just Works" (Core Specification, Vol 3 Part H, 2.3.5.1). What protects it
against somebody in the middle is only that the user opens the window and presses when the own computer asks.
LE Secure Connections protect it against who listens, so a pairing without them is refused.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from device.errors import HostError
from device.hardware.bonds import bonds, is_named
from device.pairing import GLANCE_S, Window

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from device.hardware.bluez import Bluez
    from device.hardware.hci_monitor import HciMonitor
    from device.hardware.radio import PairingRequest, Peer, Radio

log = logging.getLogger(__name__)

WINDOW_S = 120
"""How long the window stays open: time to walk to the computer and find its Bluetooth settings."""

CONFIRM_S = 30
"""How long a computer waits for the press of the button: its SMP timeout (Core Spec, Vol 3 Part H, 3.4)."""

SETTLE_S = 5
"""How long a pairing that was accepted may take to its end, and then the computer to tell its name."""

ANSWER_S = 3
"""How long a computer that has paired may leave a question open. Connection intervals are some ten of ms."""

_NOT_YET = "Bluetooth is not ready yet: try again in a moment."
_LEGACY = "{} pairs without LE Secure Connections (Bluetooth 4.2): others could listen in, so it was refused."
_NOT_PRESSED = "Nobody pressed the button for {} in time."
_GAVE_UP = "{} gave up."
_UNFINISHED = "{} did not finish the pairing: try again there."


class PairingWindow:
    """Opened by the user; closes after its time, after a successful pairing, or by the user."""

    def __init__(
        self,
        bluez: Bluez,
        tell: Callable[[Window], None],
        monitor: HciMonitor | None = None,
        *,
        window_s: float = WINDOW_S,
    ) -> None:
        """Make a window that is closed.

        Args:
            bluez: The radio.
            tell: Called at every change, and every second while the window is open.
            monitor: Tells whether who pairs has Secure Connections; without it nobody knows.
            window_s: How long the window stays open.
        """
        self._bluez, self._tell_all, self._monitor, self._window_s = bluez, tell, monitor, window_s
        self._loop: asyncio.AbstractEventLoop
        self._radio: Radio | None = None
        self._closes_s: float | None = None  # on the loop's clock; `None` while the window is closed
        self._refused = ""
        self._request: PairingRequest | None = None  # waits for the button
        self._asked_s = 0.0  # since when
        self._accepted: Peer | None = None  # for this one it was pressed, and the pairing is not over yet
        self._patience: asyncio.TimerHandle | None = None  # with the one or the other
        self._tick: asyncio.TimerHandle | None = None
        self._answer: asyncio.TimerHandle | None = None  # of the one that paired last, to what it was asked

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep time by this loop; called before all others."""
        self._loop = loop

    def stop(self) -> None:
        """Close the window, and keep time no more."""
        self.close()
        if self._answer:
            self._answer.cancel()

    @property
    def problem(self) -> str:
        """Say what is wrong with Bluetooth and what to do; empty when nothing is."""
        return _NOT_YET if self._radio is None else self._radio.problem

    @property
    def is_open(self) -> bool:
        """Say whether computers may ask to pair."""
        return self._closes_s is not None

    @property
    def state(self) -> Window:
        """Give what there is to tell now."""
        if self._closes_s is None:
            return Window(refused=self._refused)
        left_s = max(0, math.ceil(self._closes_s - self._loop.time()))
        asking = self._name(self._request.peer) if self._request else ""
        return Window(is_open=True, left_s=left_s, asking=asking, refused=self._refused)

    # By the user.

    def open(self) -> None:
        """Open the window, or begin its time anew.

        Raises:
            HostError: Bluetooth does not work.
        """
        if self.problem:
            raise HostError(self.problem)
        if self._closes_s is None:
            self._bluez.open_window()
        self._closes_s, self._refused = self._loop.time() + self._window_s, ""
        self._tell()

    def close(self) -> None:
        """Close the window, if it is open; who waits is refused."""
        if self._closes_s is not None:
            self._end()

    def confirm(self) -> bool:
        """Accept the computer that asks to pair: the button was pressed. Say whether one asked in time."""
        if self._request is None or self._loop.time() < self._asked_s + GLANCE_S:
            return False
        self._accepted = self._settle(accepts=True)
        self._patience = self._loop.call_later(SETTLE_S, self._look_what_came)
        self._tell()
        return True

    # By the radio.

    def changed(self, radio: Radio) -> None:
        """See whether Bluetooth still works, and whether the computer that was accepted is bonded now."""
        self._radio = radio
        if radio.problem and self._closes_s is not None:
            self._refused = radio.problem
            self._end()
        peer = self._accepted_now()
        # One that was bonded before shows no sign of its new bond, and one without a name may tell it yet.
        if self._accepted and not self._accepted.is_bonded and peer and peer.is_bonded and is_named(peer):
            self._succeed(peer)

    def asked(self, request: PairingRequest) -> None:
        """Let a request wait for the button; not outside the window, nor beside another one."""
        accepts_another = self._accepted is not None and self._accepted.path != request.peer.path
        if self._closes_s is None or self._request or accepts_another:
            log.info("a request to pair was refused: %s", "not alone" if self._closes_s else "no window")
            request.answer(False)  # noqa: FBT003  as a button has it: yes or no
            return
        self._settle(accepts=False)
        self._request, self._asked_s, self._refused = request, self._loop.time(), ""
        if self._monitor is not None and self._monitor.secure_connections is False:
            self._refuse(_LEGACY)
        else:
            self._patience = self._loop.call_later(CONFIRM_S, self._refuse, _NOT_PRESSED)
            self._tell()

    def cancelled(self) -> None:
        """Wait no more for the button: the computer does not either."""
        self._refuse(_GAVE_UP)

    # By time.

    def _pass_time(self) -> None:
        if self._closes_s is None or self._loop.time() < self._closes_s or self._accepted:
            self._tell()
        else:
            self._refuse(_NOT_PRESSED)
            self._end()

    def _look_what_came(self) -> None:
        """See whether the computer that was accepted is there and bonded.

        BlueZ disconnects it when the pairing fails (src/device.c, device_bonding_complete), and tells of no
        success where it was bonded before.
        """
        accepted, peer = self._accepted, self._accepted_now()
        self._settle(accepts=False)
        if peer and peer.is_bonded and peer.is_connected:
            self._succeed(peer)
        elif accepted:
            self._refused = _UNFINISHED.format(self._name(accepted))
            self._pass_time()

    def _name(self, peer: Peer) -> str:
        """Give what a peer is called among those that are paired: nobody takes the name of one of them."""
        others = [each for each in (self._radio.peers if self._radio else ()) if each.path != peer.path]
        named = bonds([*others, replace(peer, is_bonded=True)])
        return next(host.name for host, each in named if each.path == peer.path)

    def _accepted_now(self) -> Peer | None:
        if self._radio is None or self._accepted is None:
            return None
        path = self._accepted.path
        return next((peer for peer in self._radio.peers if peer.path == path), None)

    def _refuse(self, reason: str) -> None:
        """Refuse the request that waits, if one does, and tell why."""
        if self._request and (peer := self._settle(accepts=False)):
            self._refused = reason.format(self._name(peer))
            self._tell()

    def _settle(self, *, accepts: bool) -> Peer | None:
        """Answer the request that waits, if one does; wait for nothing more. Give who asked."""
        request = self._request
        if self._patience:
            self._patience.cancel()
        self._request = self._accepted = self._patience = None
        if request:
            request.answer(accepts)
        return request.peer if request else None

    def _succeed(self, peer: Peer) -> None:
        """End with the computer that is paired now."""
        self._end(paired=self._name(peer))
        if self._monitor is not None:
            asked = self._monitor.unanswered
            self._answer = self._loop.call_later(ANSWER_S, self._look_answered, peer.path, asked)

    def _look_answered(self, path: str, asked: frozenset[tuple[int, int, int]]) -> None:
        """Have a computer come again that leaves a question of the pairing's time open.

        A host with BlueZ that is about to encrypt cannot send, and drops its answers (src/shared/att.c,
        bt_att_chan_write; l2cap_sock_sendmsg() in the kernel's l2cap_sock.c). bluetoothd waits 30 s for
        them, and then ends the connection: in the middle of a text, if there is one.
        """
        if self._monitor is not None and asked & self._monitor.unanswered:
            log.info("the computer that has just paired does not answer, and is disconnected to come again")
            self._bluez.disconnect(path)

    def _end(self, paired: str = "") -> None:
        self._settle(accepts=False)
        self._closes_s = None
        self._bluez.close_window()
        self._tell(Window(paired=paired) if paired else None)

    def _tell(self, window: Window | None = None) -> None:
        """Tell what is the case, and while the window is open again in a second."""
        if self._tick:
            self._tick.cancel()
        self._tick = None if self._closes_s is None else self._loop.call_later(1, self._pass_time)
        self._tell_all(window or self.state)
