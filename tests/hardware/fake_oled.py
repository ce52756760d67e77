"""An I2C bus with a display on it, as its data sheet has it: what it is sent becomes pixels.

Source: Solomon Systech, SSD1306 (rev 1.1), 8.1.5 (I2C), 8.7 (graphic display data RAM), 10 (commands); Sino
Wealth, SH1106 (v2.3), whose memory has 132 columns of which 2 to 129 are seen, and addresses by page alone.
"""

from __future__ import annotations

import errno
import threading
from types import SimpleNamespace

COMMANDS, DATA = 0x00, 0x40
_ARGUMENTS = {
    0x20: 1,
    0x21: 2,
    0x22: 2,
    0x81: 1,
    0x8D: 1,
    0xA8: 1,
    0xAD: 1,
    0xD3: 1,
    0xD5: 1,
    0xD9: 1,
    0xDA: 1,
    0xDB: 1,
}


class FakeOled:
    """The display: its memory, whether it is lit, and whether it is plugged in.

    Attributes:
        set_ups: How often it was set up: the charge pump, without which it stays dark, was turned on.
    """

    def __init__(self, height: int = 64, address: int = 0x3C, first_column: int = 0) -> None:
        self.height, self.address, self._first = height, address, first_column
        self.is_there = True
        self.plug_in()
        self.set_ups = 0

    def plug_in(self) -> None:
        """Give it power: nothing of what it was told before is left."""
        self.is_there, self.is_on, self.has_pump = True, False, False
        self._memory = [bytearray(132) for _ in range(self.height // 8)]
        self._columns, self._pages = (0, 127), (0, self.height // 8 - 1)
        self._column = self._page = 0
        self._is_flipped = [False, False]

    def command(self, codes: list[int]) -> None:
        while codes:
            code, *codes = codes
            count = _ARGUMENTS.get(code, 0)
            arguments, codes = codes[:count], codes[count:]
            match code:
                case 0xAE | 0xAF:
                    self.is_on = code == 0xAF
                case 0x8D:
                    self.has_pump = arguments == [0x14]
                    self.set_ups += self.has_pump
                case 0x21:
                    self._columns, self._column = (arguments[0], arguments[1]), arguments[0]
                case 0x22:
                    self._pages, self._page = (arguments[0], arguments[1]), arguments[0]
                case _ if 0xB0 <= code <= 0xB7:
                    self._page, self._pages = code & 0x07, (0, len(self._memory) - 1)
                case _ if code <= 0x0F:
                    self._column = self._column & 0xF0 | code
                case _ if 0x10 <= code <= 0x1F:
                    self._column = self._column & 0x0F | (code & 0x0F) << 4

    def data(self, values: list[int]) -> None:
        last = self._columns[1] if not self._first else 131
        for value in values:
            self._memory[self._page][self._column] = value
            self._column += 1
            if self._column > last:
                self._column = self._columns[0]
                self._page = self._page + 1 if self._page < self._pages[1] else self._pages[0]

    @property
    def pixels(self) -> bytes:
        """One byte a pixel, row by row; none are lit on a display that is off."""
        lit = self.is_there and self.is_on and self.has_pump
        return bytes(
            lit and self._memory[row // 8][self._first + column] >> row % 8 & 1
            for row in range(self.height)
            for column in range(128)
        )


class FakeBus:
    """What luma uses of smbus2, with one display on bus 1.

    Attributes:
        wrote: Set at each write.
        is_opened: How many are open.
    """

    def __init__(self, oled: FakeOled) -> None:
        self.oled = oled
        self.is_opened = 0
        self.refuses: int | None = None
        self.changed = threading.Condition()
        self.module = SimpleNamespace(SMBus=self._open, i2c_msg=SimpleNamespace(write=lambda *sent: sent))

    def _open(self, number: int) -> FakeBus:
        if self.refuses or number != 1:
            code = self.refuses or errno.ENOENT
            raise OSError(code, "refused", f"/dev/i2c-{number}")
        self.is_opened += 1
        return self

    def close(self) -> None:
        self.is_opened -= 1

    def write_i2c_block_data(self, address: int, register: int, values: list[int]) -> None:
        self._send(address, [register, *values])

    def i2c_rdwr(self, message: tuple[int, list[int]]) -> None:
        self._send(*message)

    def _send(self, address: int, sent: list[int]) -> None:
        with self.changed:
            self.changed.notify_all()
            if not self.oled.is_there or address != self.oled.address:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")
            first, *values = sent
            if first == DATA:
                self.oled.data(values)
            else:
                self.oled.command(values)

    def until(self, condition) -> None:
        """Wait until it is so after a write."""
        with self.changed:
            assert self.changed.wait_for(condition, 60)
