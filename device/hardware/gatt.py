"""What the keyboard offers over Bluetooth Low Energy: HID over GATT, as data.

Everything is protected: a computer without a bond can neither read, write nor subscribe (HOGP 1.0, 7.1).
BlueZ has no flag for a protected write without response, so that such characteristics also allow the write
with response, which protects both.
"""

from __future__ import annotations

from dataclasses import dataclass

from device.keyboard.descriptor import REPORT_DESCRIPTOR

INPUT = "input"
"""The input report: the keys (HIDS 1.0, 2.5)."""

OUTPUT = "output"
"""The output report: the lock keys' lights (HIDS 1.0, 2.5)."""

BOOT_INPUT = "boot input"
"""The input report for hosts in boot protocol mode, such as firmware (HIDS 1.0, 2.7)."""

BOOT_OUTPUT = "boot output"
"""The output report for hosts in boot protocol mode (HIDS 1.0, 2.8)."""

PROTOCOL_MODE = "protocol mode"
"""Which of the two input reports the host wants, one byte: 0 boot, 1 report (HIDS 1.0, 2.4)."""

CONTROL_POINT = "control point"
"""Where the host says that it sleeps, one byte: 0 suspend, 1 exit suspend (HIDS 1.0, 2.11)."""

BATTERY_LEVEL = "battery level"
"""The battery's charge in percent, one byte (BAS 1.0, 3.1)."""

REPORT_ID = 1
"""The report ID of both reports. A notification does not carry it: the characteristic stands for it."""

_READ = ("encrypt-read",)
_WRITE = ("encrypt-write", "write-without-response")
_NOTIFY = ("encrypt-read", "encrypt-notify")
"""BlueZ knows `encrypt-notify` since 5.62 and refuses the whole application before. A plain `notify` would
let anybody subscribe there."""

_COLLECTION = 6
"""Bytes before the first item of the keyboard's collection. A report ID counts from where it stands
(HID 1.11, 6.2.2.7)."""

REPORT_MAP = (
    REPORT_DESCRIPTOR[:_COLLECTION]
    + bytes((0x85, REPORT_ID))  # Report ID (1)
    + REPORT_DESCRIPTOR[_COLLECTION:]
)
"""The report descriptor of USB, with the report ID by which the Report Reference descriptors name
its reports."""

_HID_INFORMATION = bytes((
    0x11, 0x01,  # bcdHID: HID 1.11
    0x00,        # bCountryCode: not made for one country
    0x03,        # Flags: RemoteWake (1), NormallyConnectable (2)
))  # fmt: skip
"""HIDS 1.0, 2.10."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor of a characteristic.

    Attributes:
        uuid: Its type.
        flags: Who may do what with it, in BlueZ's words.
        value: What it says.
    """

    uuid: str
    flags: tuple[str, ...]
    value: bytes


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A characteristic.

    Attributes:
        key: Which one it is, since two may have one type.
        uuid: Its type.
        flags: Who may do what with it, in BlueZ's words.
        value: What a host reads there at first. What a host writes has as many bytes.
        notifies: Whether hosts subscribe to it.
        descriptors: Its descriptors, without that of the subscription, which BlueZ adds.
    """

    key: str
    uuid: str
    flags: tuple[str, ...]
    value: bytes
    notifies: bool = False
    descriptors: tuple[Descriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A primary service.

    Attributes:
        uuid: Its type.
        characteristics: In the order of their handles.
    """

    uuid: str
    characteristics: tuple[Characteristic, ...]


def uuid_of(number: int) -> str:
    """Write an assigned number as a UUID (Bluetooth Core 5.4, vol. 3, part B, 2.5.1)."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


HID = uuid_of(0x1812)
"""The type of the Human Interface Device service."""


def services(battery: int | None) -> tuple[Service, ...]:
    """Give the services.

    Args:
        battery: The battery's charge in percent; none where there is no battery to ask.
    """
    if battery is None:
        return (_HID_SERVICE,)
    level = Characteristic(BATTERY_LEVEL, uuid_of(0x2A19), _READ, bytes((battery,)))
    return _HID_SERVICE, Service(uuid_of(0x180F), (level,))


def _report_reference(kind: int) -> tuple[Descriptor, ...]:
    """Give the descriptor that says which report a characteristic is (HIDS 1.0, 2.5.3.1)."""
    return (Descriptor(uuid_of(0x2908), _READ, bytes((REPORT_ID, kind))),)


_INPUT_REPORT, _OUTPUT_REPORT = 1, 2

_HID_SERVICE = Service(
    HID,
    (
        Characteristic(PROTOCOL_MODE, uuid_of(0x2A4E), _READ + _WRITE, bytes((1,))),
        Characteristic("information", uuid_of(0x2A4A), _READ, _HID_INFORMATION),
        Characteristic("report map", uuid_of(0x2A4B), _READ, REPORT_MAP),
        Characteristic(CONTROL_POINT, uuid_of(0x2A4C), _WRITE, bytes(1)),
        Characteristic(
            INPUT,
            uuid_of(0x2A4D),
            _NOTIFY,
            bytes(8),
            notifies=True,
            descriptors=_report_reference(_INPUT_REPORT),
        ),
        Characteristic(
            OUTPUT, uuid_of(0x2A4D), _READ + _WRITE, bytes(1), descriptors=_report_reference(_OUTPUT_REPORT)
        ),
        Characteristic(BOOT_INPUT, uuid_of(0x2A22), _NOTIFY, bytes(8), notifies=True),
        Characteristic(BOOT_OUTPUT, uuid_of(0x2A32), _READ + _WRITE, bytes(1)),
    ),
)
