"""The report descriptor of the keyboard, which tells the host what is in its reports (HID 1.11, 6.2.2).

It is that of the boot keyboard (HID 1.11, appendices B.1 and E.6), so that firmware understands the reports
without reading it, with one difference: key usages go up to 0xFF. The specification's 0x65 would leave out
keys that Brazilian (0x87), Japanese (0x87 to 0x8B) and Korean (0x90, 0x91) keyboards have.
"""

from __future__ import annotations

REPORT_LENGTH = 8
"""Bytes of an input report: modifiers, a reserved byte, six keys (HID 1.11, B.1)."""

PACKET_LENGTH = 16
"""Bytes that the endpoint takes at most. A report that filled it would be followed by an empty packet, which
the host fetches at its next poll (USB 2.0, 5.8.3): half the rate, and a time in which the host has the report
though the kernel says that it was not fetched (f_hid.c; seen in the lab by the kernel's tracepoints)."""

REVISION = 0x0100
"""The device's release number (bcdDevice). Hosts keep what they learnt of a device by it: raise it with
every change of the descriptor."""

REPORT_DESCRIPTOR = bytes((
    0x05, 0x01,        # Usage Page (Generic Desktop)
    0x09, 0x06,        # Usage (Keyboard)
    0xA1, 0x01,        # Collection (Application)

    # First byte of the input report: a bit for each modifier.
    0x05, 0x07,        #   Usage Page (Keyboard/Keypad)
    0x19, 0xE0,        #   Usage Minimum (Left Control)
    0x29, 0xE7,        #   Usage Maximum (Right GUI)
    0x15, 0x00,        #   Logical Minimum (0)
    0x25, 0x01,        #   Logical Maximum (1)
    0x75, 0x01,        #   Report Size (1 bit)
    0x95, 0x08,        #   Report Count (8)
    0x81, 0x02,        #   Input (Data, Variable, Absolute)

    # Second byte: reserved for the makers of keyboards, always 0.
    0x95, 0x01,        #   Report Count (1)
    0x75, 0x08,        #   Report Size (8 bits)
    0x81, 0x01,        #   Input (Constant)

    # The output report, one byte: five bits for lights, from Num Lock to Kana, and three that mean nothing.
    0x95, 0x05,        #   Report Count (5)
    0x75, 0x01,        #   Report Size (1 bit)
    0x05, 0x08,        #   Usage Page (LEDs)
    0x19, 0x01,        #   Usage Minimum (Num Lock)
    0x29, 0x05,        #   Usage Maximum (Kana)
    0x91, 0x02,        #   Output (Data, Variable, Absolute)
    0x95, 0x01,        #   Report Count (1)
    0x75, 0x03,        #   Report Size (3 bits)
    0x91, 0x01,        #   Output (Constant)

    # Third to eighth byte of the input report: the usages of the keys that are down.
    0x95, 0x06,        #   Report Count (6)
    0x75, 0x08,        #   Report Size (8 bits)
    0x15, 0x00,        #   Logical Minimum (0)
    0x26, 0xFF, 0x00,  #   Logical Maximum (255), in two bytes since it is signed: 0x25 0xFF would be -1
    0x05, 0x07,        #   Usage Page (Keyboard/Keypad)
    0x19, 0x00,        #   Usage Minimum (none)
    0x29, 0xFF,        #   Usage Maximum (255), in one byte since usages have no sign
    0x81, 0x00,        #   Input (Data, Array)

    0xC0,              # End Collection
))  # fmt: skip
"""The report descriptor. Items are a tag, type and size in one byte, and then their value, little-endian."""
