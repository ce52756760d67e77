"""Which key of the kernel a key of a USB keyboard is."""

from __future__ import annotations

# hid_keyboard[] of drivers/hid/hid-input.c (Linux 6.12), usages 0x04 to 0x65, in rows of 16.
_KEYS = (
    *(0, 0, 0, 0, 30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38),
    *(50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44, 2, 3),
    *(4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26),
    *(27, 43, 43, 39, 40, 41, 51, 52, 53, 58, 59, 60, 61, 62, 63, 64),
    *(65, 66, 67, 68, 87, 88, 99, 70, 119, 110, 102, 104, 111, 107, 109, 106),
    *(105, 108, 103, 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71),
    *(72, 73, 82, 83, 86, 127),
)

KEY_OF_USAGE = {
    **{usage: key for usage, key in enumerate(_KEYS) if key},
    **dict(zip(range(0x87, 0x8C), (89, 93, 124, 92, 94), strict=True)),
    **dict(zip(range(0xE0, 0xE8), (29, 42, 56, 125, 97, 54, 100, 126), strict=True)),
}
"""The kernel's key code (linux/input-event-codes.h) of each usage of HID's page 0x07 that Saykey may send."""
