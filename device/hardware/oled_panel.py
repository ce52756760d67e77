"""What is drawn on an OLED display, and how it gets there: by Pillow and luma.oled, loaded when needed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.errors import DisplayError
from device.screen import lines
from device.text.fold import fold, substitute

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

    from device.screen import View
    from device.settings import DisplaySettings

WIDTH_PX, ROW_PX = 128, 16
"""The upper 16 rows of some have another colour than the rest: the first line is just as high."""

_FONT_PX = 12

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
"""Of Debian's fonts-dejavu-core, with the letters of most of Europe. Pillow's own font has those of ASCII."""

_NOTHING = 0xE3
"""The command that does nothing (SSD1306, 10.1.21; SH1106, 22: NOP)."""


class Panel:
    """A display that is there, set up and lit."""

    def __init__(self, settings: DisplaySettings) -> None:
        """Set it up, empty.

        Args:
            settings: Which display it is, and where.

        Raises:
            DisplayError: It cannot be reached.
            Exception: It is gone, in luma's words or the kernel's. So do the other methods.
        """
        self._bus = bus_of(settings)
        from luma.oled import device  # the import above would have failed

        kind = {"ssd1306": device.ssd1306, "sh1106": device.sh1106}[settings.kind]
        try:
            self._device: Any = kind(self._bus, height=settings.height, rotate=2 * settings.upside_down)
        except BaseException:
            self._bus.cleanup()
            raise

    def draw(self, view: View) -> None:
        """Show this, and light up."""
        self._device.display(picture(view, self._device.height))
        self._device.show()

    def light(self) -> None:
        """Light up; to one that is lit this does nothing, but it fails where none is."""
        self._device.show()

    def darken(self) -> None:
        """Show nothing, and forget what was shown."""
        self._device.hide()
        self._device.clear()

    def leave(self) -> None:
        """Give the bus back."""
        self._bus.cleanup()
        vars(self._device).clear()  # luma keeps each device until the program ends, with tables of 130 kB


def bus_of(settings: DisplaySettings) -> Any:
    """Give luma's I2C interface, at which a display answers.

    Raises:
        DisplayError: There is no such bus, it is not ours to use, or nothing answers there.
    """
    try:
        from luma.core import error as luma
        from luma.core.interface.serial import i2c
        from luma.oled import device  # noqa: F401  that it is there
    except ImportError as error:
        raise DisplayError(f"the Python package {error.name} is missing; install saykey[display]") from error
    file = Path(f"/dev/i2c-{settings.bus}")
    try:
        bus = i2c(port=settings.bus, address=settings.address)
    except luma.DevicePermissionError as error:
        raise DisplayError(
            f"this user may not use {file}; run: sudo usermod -aG i2c $USER, then log in again"
        ) from error
    except luma.DeviceNotFoundError as error:
        raise DisplayError(f"{file} is not there; {_how_to_have_one(file)}") from error
    try:
        bus.command(_NOTHING)
    except (luma.Error, OSError) as error:
        bus.cleanup()
        raise DisplayError(
            f"no display answers at {settings.address} of {file} ({error}); look at its four wires, and try "
            "the other display.address"
        ) from error
    return bus


def _how_to_have_one(file: Path) -> str:
    there = sorted(path.name.removeprefix("i2c-") for path in file.parent.glob("i2c-*"))
    if there:
        return f"set display.bus to one that is: {', '.join(there)}"
    return (
        "load the kernel's module i2c-dev (modprobe i2c-dev), and turn I2C on: dtparam=i2c_arm=on in "
        "config.txt of a Raspberry Pi, an overlay on other boards"
    )


def picture(view: View, height_px: int) -> Image:
    """Draw what a display of this height shows."""
    from PIL import Image, ImageDraw

    font, is_ascii = _font()
    if is_ascii:
        about = replace(view.about, host=readable(view.about.host), text=readable(view.about.text))
        view = replace(view, detail=readable(view.detail), about=about)
    image = Image.new("1", (WIDTH_PX, height_px))
    drawing = ImageDraw.Draw(image)
    width_px = partial(font.getlength, mode=image.mode)  # without grey, letters have other widths
    for row, line in enumerate(lines(view, height_px // ROW_PX, WIDTH_PX, width_px)):
        drawing.text((0, row * ROW_PX + ROW_PX // 2), line, fill=1, font=font, anchor="lm")
    return image


def readable(text: str) -> str:
    """Write a text in ASCII, with question marks for what has no other sign there."""
    folded = fold(text)
    befores = "\0" + folded
    return "".join(
        character if character.isascii() else _instead(character, before)
        for before, character in zip(befores, folded, strict=False)
    )


def _instead(character: str, before: str) -> str:
    instead = substitute(character, before)
    return "?" if instead is None else instead


@cache
def _font() -> tuple[FreeTypeFont, bool]:
    """Give the font, and whether it has ASCII alone."""
    from PIL import ImageFont

    if FONT.exists():
        return ImageFont.truetype(str(FONT), _FONT_PX), False
    own = ImageFont.load_default(_FONT_PX)
    if not isinstance(own, ImageFont.FreeTypeFont):
        raise DisplayError("this Pillow has no FreeType; install Pillow's own wheel, or Debian's python3-pil")
    return own, True
