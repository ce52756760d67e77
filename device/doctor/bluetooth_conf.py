"""The settings of bluetoothd, held to those that a keyboard wants (systemd/bluetooth/main.conf)."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

from device.doctor.finding import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONF = "etc/bluetooth/main.conf"

ONE_CHANNEL = (5, 67)
"""The first BlueZ with one ATT channel unless told otherwise (its commit ab3ff0d2c); before, three."""

WANTED: dict[tuple[str, str], tuple[str, str]] = {
    ("General", "ControllerMode"): ("le", "the device can be found over classic Bluetooth too"),
    ("General", "DeviceID"): (
        "usb:1D6B:0104:0100",
        "hosts take it for another make of keyboard than over USB",
    ),
    ("General", "JustWorksRepairing"): ("confirm", "a host that has forgotten Saykey cannot pair again"),
    ("LE", "MinConnectionInterval"): ("12", "typing may be slower or less regular"),
    ("LE", "MaxConnectionInterval"): ("12", "typing may be slower or less regular"),
    ("GATT", "Channels"): ("1", "the arrival of keys may go unseen"),
    ("GATT", "KeySize"): ("16", "hosts may use short keys"),
    ("GATT", "Cache"): ("yes", "bluetoothd stores the services of passers-by"),
}
"""By section and key: the value, and what comes of another one."""

FORBIDDEN: dict[tuple[str, str], tuple[str, str]] = {
    ("General", "JustWorksRepairing"): (
        "always",
        "whoever uses a paired host's address pairs without your button",
    ),
    ("General", "AlwaysPairable"): ("true", "hosts can pair while Saykey does not run"),
    ("General", "SecureConnections"): ("only", "no host can pair: the device has no display"),
}
"""By section and key: the value that must not be, and what comes of it."""

_ADVICE = (
    "copy Saykey's systemd/bluetooth/main.conf to /etc/bluetooth/main.conf, "
    "and run: sudo systemctl restart bluetooth"
)


def compare(root: Path, version: tuple[int, int] | None) -> Iterator[Finding]:
    """Say what comes of the settings that differ from ours, in one warning.

    Args:
        root: Where the file system begins.
        version: BlueZ's, for its defaults; `None` if unknown.
    """
    if not (root / CONF).parent.is_dir():
        return  # bluetoothd is not installed
    try:
        found = _read(root / CONF)
    except (configparser.Error, UnicodeDecodeError):
        yield warning(f"/{CONF} cannot be understood, so bluetoothd ignores it", _ADVICE)
        return
    if version and version >= ONE_CHANNEL:
        found.setdefault(("GATT", "Channels"), "1")
    effects = {}
    for place, (value, effect) in WANTED.items():
        if found.get(place, "").casefold() != value.casefold():
            effects[place] = effect
    for place, (value, effect) in FORBIDDEN.items():
        if found.get(place, "").casefold() == value:
            effects[place] = effect
    if effects:
        keys_by_effect: dict[str, list[str]] = {}
        for (_, key), effect in effects.items():
            keys_by_effect.setdefault(effect, []).append(key)
        told = "; ".join(f"{effect} ({', '.join(keys)})" for effect, keys in keys_by_effect.items())
        yield warning(f"/{CONF} differs from Saykey's: {told}", _ADVICE)


def _read(file: Path) -> dict[tuple[str, str], str]:
    """Read as GLib does: only # begins a comment, keys keep their case, the last of several counts."""
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#",), strict=False, empty_lines_in_values=False
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file, encoding="utf-8")
    return {
        (section, key): value.strip() for section in parser.sections() for key, value in parser.items(section)
    }
