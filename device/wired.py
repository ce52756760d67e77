"""The composition root's part for what is wired: settings to buttons, LEDs and a display."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from device.boards.board import this_board
from device.buttons import Buttons
from device.errors import PinError
from device.gestures import Gesture
from device.hardware.board_led import BoardLamp, find
from device.hardware.pins import PI, is_pi, parse
from device.indicator import LampIndicator
from device.settings import BOARD
from device.simulation.terminal import TerminalButton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from device.hardware.oled import Oled
    from device.hardware.pins import Pin
    from device.indicator import Lamp
    from device.ports import Button
    from device.settings import DisplaySettings, GpioSettings

log = logging.getLogger(__name__)

_FURTHER = {
    "undo": Gesture.UNDO,
    "next_host": Gesture.NEXT_HOST,
    "next_language": Gesture.NEXT_LANGUAGE,
    "next_model": Gesture.NEXT_MODEL,
    "mute": Gesture.MUTE,
    "hands_free": Gesture.HANDS_FREE,
}


def button_of(gpio: GpioSettings, root: Path = Path("/")) -> Callable[[], Button]:
    """Give what makes the button, with the further ones beside it.

    Where no pin is the button's, a key of the terminal is the button.

    Raises:
        PinError: There is no library for the pins.
    """
    pins = _pins(gpio, ("button", *_FURTHER))
    if not pins:
        return TerminalButton
    at, _ = _library(pins.values(), root)

    def button() -> Button:
        to_talk = at(pins["button"]) if "button" in pins else TerminalButton()
        return Buttons(to_talk, {asks: at(pins[key]) for key, asks in _FURTHER.items() if key in pins})

    return button


def check_button(gpio: GpioSettings) -> None:
    """Look whether this board has the pin that is to be the button's, without touching it.

    Raises:
        PinError: It has none of that name.
    """
    if gpio.button:
        from device.hardware import gpio_chips

        gpio_chips.find(parse(gpio.button), gpio_chips.KernelChips())


@contextmanager
def lights_of(gpio: GpioSettings, root: Path = Path("/")) -> Iterator[list[LampIndicator]]:
    """Give the LEDs for the block, as far as they can be used; they are dark after it."""
    lights: list[LampIndicator] = []
    for make in (_wired_lamp, _own_lamp):
        try:
            lamp = make(gpio, root)
        except PinError as error:  # who sees no LED can dictate all the same
            log.warning("no LED is lit: %s", error)
        else:
            lights += [LampIndicator(lamp)] if lamp else []
    try:
        yield lights
    finally:
        for light in lights:
            light.close()


@contextmanager
def display_of(settings: DisplaySettings) -> Iterator[Oled | None]:
    """Give the display for the block, where there is to be one; it is dark after it."""
    if not settings.kind:
        yield None
        return
    from device.hardware.oled import Oled

    display = Oled(settings)
    try:
        yield display
    finally:
        display.close()


def _wired_lamp(gpio: GpioSettings, root: Path) -> Lamp | None:
    keys = ("led", "led_red", "led_green", "led_blue")
    pins = _pins(gpio, keys[1:] if gpio.led == BOARD else keys)
    if not pins:
        return None
    _, lamp_at = _library(pins.values(), root)
    lamp: Lamp = lamp_at(pins, active_high=gpio.active_high)
    return lamp


def _own_lamp(gpio: GpioSettings, root: Path) -> Lamp | None:
    board = this_board(root) if gpio.led == BOARD else None
    folder = find(board.own_leds, root) if board else None
    return BoardLamp(folder) if folder else None


def _pins(gpio: GpioSettings, keys: Iterable[str]) -> dict[str, Pin]:
    """Give the pins that are set, of these keys."""
    return {key: parse(name) for key in keys if (name := getattr(gpio, key))}


def _library(pins: Iterable[Pin], root: Path) -> tuple[Callable[[Pin], Button], Callable[..., Lamp]]:
    """Give what makes buttons and LEDs of these pins."""
    try:
        if is_pi(root) and all(pin.chip == PI for pin in pins):
            from device.hardware import gpio_gpiozero

            if gpio_gpiozero.has_library():
                return gpio_gpiozero.GpioButton, gpio_gpiozero.Lamp
        from device.hardware import gpio_gpiod
    except ImportError as error:
        raise PinError(f"no pin can be used without {error.name}; install saykey[hardware]") from error
    return gpio_gpiod.GpioButton, gpio_gpiod.Lamp
