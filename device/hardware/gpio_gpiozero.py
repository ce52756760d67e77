"""A button and LEDs at the pins of a Raspberry Pi: gpiozero."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from gpiozero import Device, DigitalInputDevice, DigitalOutputDevice

from device.errors import PinError
from device.events import ButtonMoved
from device.hardware.pins import CHARGED_S, is_lit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from device.events import Post
    from device.hardware.pins import Pin

T = TypeVar("T")


class GpioButton:
    """A button between a pin and ground."""

    def __init__(self, pin: Pin) -> None:
        """Make a button that nobody watches yet."""
        self._pin = pin
        self._watched: DigitalInputDevice | None = None
        self._post: Post | None = None

    def start(self, post: Post) -> None:
        """Begin to watch the pin, in the library's own thread.

        Raises:
            PinError: It is taken, is not there, or is not ours to use.
        """
        self._post = post
        self._watched = self._opened()
        self._watched.when_activated = lambda: self._moved(pressed=True)
        self._watched.when_deactivated = lambda: self._moved(pressed=False)

    def stop(self) -> None:
        """Stop watching and give the pin back."""
        self._post = None  # the library's thread may be about to call
        if self._watched:
            self._watched.close()
        self._watched = None

    def is_held(self) -> bool:
        """Say whether it is down now, also before `start`.

        Raises:
            PinError: The pin is taken, is not there, or is not ours to use.
        """
        if self._watched:
            return bool(self._watched.is_active)
        with self._opened() as device:
            time.sleep(CHARGED_S)
            return bool(device.is_active)

    def _opened(self) -> DigitalInputDevice:
        # No bounce_time: the dictation debounces, and knows of every edge.
        return _opened(self._pin, partial(DigitalInputDevice, pull_up=True))

    def _moved(self, *, pressed: bool) -> None:
        post, device, now_s = self._post, self._watched, time.monotonic()
        if post is None or device is None:
            return
        # The library knows from the kernel when it was, but gives only how long ago.
        since_s = (device.active_time if pressed else device.inactive_time) or 0.0
        post(ButtonMoved(pressed, now_s - max(0.0, since_s)))


class Lamp:
    """LEDs that are on or off."""

    def __init__(self, pins: Mapping[str, Pin], *, active_high: bool) -> None:
        """Take the pins, with all LEDs dark.

        Args:
            pins: Where each is, by the setting's name: led, led_red, led_green, led_blue.
            active_high: A high level lights them.

        Raises:
            PinError: A pin is taken, is not there, or is not ours to use.
        """
        self._leds: dict[str, DigitalOutputDevice] = {}
        led = partial(DigitalOutputDevice, active_high=active_high)
        try:
            for key, pin in pins.items():
                self._leds[key] = _opened(pin, led)
        except PinError:
            self.close()
            raise

    def set(self, red: float, green: float, blue: float) -> None:
        """Show a colour, of which each part is 0 to 1.

        Raises:
            PinError: The chip is gone.
        """
        for key, led in self._leds.items():
            try:
                led.value = is_lit(key, red, green, blue)
            except Exception as error:  # lgpio and the others each have their own
                raise PinError(f"{key} cannot be lit: {str(error) or type(error).__name__}") from error

    def close(self) -> None:
        """Turn the LEDs off, and give the pins back."""
        with suppress(PinError):
            self.set(0, 0, 0)
        for led in self._leds.values():
            with suppress(Exception):  # as above
                led.close()
        self._leds.clear()


def has_library() -> bool:
    """Say whether gpiozero can ask the kernel for pins: by lgpio, which Debian 13 has not."""
    return Device.pin_factory is not None or find_spec("lgpio") is not None


def _opened(pin: Pin, device: Callable[[str], T]) -> T:
    """Open a pin as a device of the library."""
    # Without it the library tries others, one of which writes to the chip behind the kernel's back.
    os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
    # lgpio makes a pipe in the folder in which it is started, or in this one.
    os.environ.setdefault("LG_WD", os.environ.get("RUNTIME_DIRECTORY") or tempfile.gettempdir())
    try:
        return device(f"GPIO{pin.line}")
    except Exception as error:  # lgpio and the others each have their own
        why = str(error) or type(error).__name__
        raise PinError(f"{pin.name} cannot be used: {why}; saykey doctor knows more") from error
