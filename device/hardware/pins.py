"""What boards' makers call their pins, and which line of which GPIO chip each one is to the kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from device.errors import SettingsError

PI = "pinctrl-*"
"""The label of the chip behind a Raspberry Pi's header: pinctrl-bcm2835, -bcm2711 (Pi 4) or -rp1 (Pi 5), of
Linux, drivers/pinctrl/bcm/pinctrl-bcm2835.c and drivers/pinctrl/pinctrl-rp1.c."""

_ALLWINNER, _ALLWINNER_LOW_POWER = "300b000.pinctrl", "7022000.pinctrl"
"""The pin controllers of the H616 and H618, by their addresses (Linux, sun50i-h616.dtsi: `pio`, `r_pio`)."""

_FIRST_OF_LOW_POWER = ord("L")
"""Ports from PL on are the second controller's, whose lines begin anew (Linux, pinctrl-sun50i-h616-r.c)."""

_LINES_A_PORT = 32
"""Each port of an Allwinner has so many numbers, used or not (Linux, pinctrl-sunxi.h, PINS_PER_BANK)."""

_LINES_A_GROUP = 8
"""A Rockchip bank has the groups A to D of 8 pins each (Linux, drivers/gpio/gpio-rockchip.c)."""

DEVICE_TREE = Path("sys/firmware/devicetree/base")
"""The same as /proc/device-tree, but there, too, for who sees of /proc only the processes."""

CHARGED_S = 0.02
"""After so long a pin is as its pull-up holds it, also with a capacitor of 100 nF beside the button, against
its bouncing: 50 kΩ, as the chips' resistors mostly have, take some 5 ms until it counts as high."""

_NAMES = re.compile(
    r"(?P<chip>gpiochip[0-9]{1,2}):(?P<line>[0-9]{1,3})"
    r"|GPIO(?P<pi>1?[0-9]|2[0-7])"
    r"|P(?P<port>[A-M])(?P<number>[12]?[0-9]|3[01])"
    r"|GPIO(?P<bank>[0-4])_(?P<group>[A-D])(?P<pin>[0-7])"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of a GPIO chip.

    Attributes:
        chip: The chip's name, as in "gpiochip0", or a pattern of its label, as in "pinctrl-*": which number a
            chip gets is a matter of chance on some boards.
        line: The line's number on that chip, from 0.
        name: What the settings call it.
    """

    chip: str
    line: int
    name: str


def parse(text: str) -> Pin:
    """Give the pin of this name.

    Raises:
        SettingsError: It is in none of the four forms.
    """
    found = _NAMES.fullmatch(text)
    if found is None:
        raise SettingsError(
            f'{text!r} is no pin: write it as "GPIO17" on a Raspberry Pi, "PC6" or "GPIO1_C6" on an '
            'Orange Pi, or "gpiochip0:17" on any board'
        )
    if found["chip"]:
        return Pin(found["chip"], int(found["line"]), text)
    if found["pi"]:
        return Pin(PI, int(found["pi"]), text)
    if found["bank"]:
        group = ord(found["group"]) - ord("A")
        return Pin(f"gpio{found['bank']}", _LINES_A_GROUP * group + int(found["pin"]), text)
    low_power = ord(found["port"]) >= _FIRST_OF_LOW_POWER
    first = _FIRST_OF_LOW_POWER if low_power else ord("A")
    line = _LINES_A_PORT * (ord(found["port"]) - first) + int(found["number"])
    return Pin(_ALLWINNER_LOW_POWER if low_power else _ALLWINNER, line, text)


def is_pi(root: Path = Path("/")) -> bool:
    """Say whether this board is a Raspberry Pi, by the name that its device tree gives it."""
    try:
        compatible = (root / DEVICE_TREE / "compatible").read_bytes()
    except OSError:
        return False
    return any(name.startswith(b"raspberrypi,") for name in compatible.split(b"\0"))


def is_lit(key: str, red: float, green: float, blue: float) -> bool:
    """Say whether a LED that can only be on or off is on for a colour.

    Args:
        key: The setting that names its pin: "led", of one colour, or "led_red", "led_green", "led_blue".
        red: How bright red is, 0 to 1.
        green: The same of green.
        blue: The same of blue.
    """
    parts = {"led": max(red, green, blue), "led_red": red, "led_green": green, "led_blue": blue}
    return parts[key] >= 0.5
