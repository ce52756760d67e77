"""A button and LEDs at the pins of any board whose kernel has them: gpiod (libgpiod 2)."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from gpiod import EdgeEvent, LineSettings
from gpiod.line import Bias, Clock, Direction, Edge, Value

from device.errors import PinError
from device.events import ButtonMoved
from device.hardware.gpio_chips import KernelChips, claim, refused
from device.hardware.pins import CHARGED_S, is_lit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.events import Post
    from device.hardware.gpio_chips import Chips, Request
    from device.hardware.pins import Pin

log = logging.getLogger(__name__)

_BUTTON = LineSettings(
    direction=Direction.INPUT,
    edge_detection=Edge.BOTH,
    bias=Bias.PULL_UP,  # the button connects it to ground
    active_low=True,
    event_clock=Clock.MONOTONIC,
)


class GpioButton:
    """A button between a pin and ground."""

    def __init__(self, pin: Pin, chips: Chips | None = None) -> None:
        """Make a button that nobody watches yet.

        Args:
            pin: Where it is.
            chips: The chips that there are; by default the kernel's.
        """
        self._pin = pin
        self._chips = chips or KernelChips()
        self._watched: Request | None = None
        self._post: Post | None = None

    def start(self, post: Post) -> None:
        """Begin to watch the pin.

        Raises:
            PinError: It is taken, is not there, or is not ours to use.
        """
        self._watched = claim(self._pin, _BUTTON, self._chips)
        self._post = post
        asyncio.get_running_loop().add_reader(self._watched.fd, self._read)

    def stop(self) -> None:
        """Stop watching and give the pin back."""
        if self._watched:
            asyncio.get_running_loop().remove_reader(self._watched.fd)
            self._watched.release()
        self._watched = self._post = None

    def is_held(self) -> bool:
        """Say whether it is down now, also before `start`.

        Raises:
            PinError: The pin is taken, is not there, or is not ours to use.
        """
        if self._watched:
            return self._watched.get_value(self._pin.line) is Value.ACTIVE
        request = claim(self._pin, _BUTTON, self._chips)
        try:
            time.sleep(CHARGED_S)
            return request.get_value(self._pin.line) is Value.ACTIVE
        finally:
            request.release()

    def _read(self) -> None:
        if self._watched is None or self._post is None:
            return
        try:
            events = self._watched.read_edge_events()
        except OSError as error:  # a chip that is gone stays readable for ever
            log.error("%s", refused(self._pin, self._pin.chip, error))  # noqa: TRY400  it is explained
            asyncio.get_running_loop().remove_reader(self._watched.fd)
            return
        for event in events:
            pressed = event.event_type is EdgeEvent.Type.RISING_EDGE
            self._post(ButtonMoved(pressed, event.timestamp_ns / 1e9))


class Lamp:
    """LEDs that are on or off."""

    def __init__(self, pins: Mapping[str, Pin], *, active_high: bool, chips: Chips | None = None) -> None:
        """Take the pins, with all LEDs dark.

        Args:
            pins: Where each is, by the setting's name: led, led_red, led_green, led_blue.
            active_high: A high level lights them.
            chips: The chips that there are; by default the kernel's.

        Raises:
            PinError: A pin is taken, is not there, or is not ours to use.
        """
        dark = LineSettings(
            direction=Direction.OUTPUT, active_low=not active_high, output_value=Value.INACTIVE
        )
        self._pins = dict(pins)
        self._requests: dict[str, Request] = {}
        try:
            for key, pin in self._pins.items():
                self._requests[key] = claim(pin, dark, chips or KernelChips())
        except PinError:
            self.close()
            raise

    def set(self, red: float, green: float, blue: float) -> None:
        """Show a colour, of which each part is 0 to 1.

        Raises:
            PinError: The chip is gone.
        """
        for key, request in self._requests.items():
            lit = Value.ACTIVE if is_lit(key, red, green, blue) else Value.INACTIVE
            try:
                request.set_value(self._pins[key].line, lit)
            except OSError as error:
                raise refused(self._pins[key], self._pins[key].chip, error) from error

    def close(self) -> None:
        """Turn the LEDs off, and give the pins back: some chips keep the last level for ever."""
        with suppress(PinError):
            self.set(0, 0, 0)
        for request in self._requests.values():
            request.release()
        self._requests.clear()
