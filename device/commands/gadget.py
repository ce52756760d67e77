"""`saykey gadget`: the USB keyboard, or drive, that this device is to a host."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from device.commands import add_common
from device.hardware.gadget_status import DRIVE, Status, status
from device.hardware.udc import CONFIGURED, NOT_ATTACHED, SUSPENDED, why_none
from device.hardware.usb_gadget import down, up
from device.keyboard.reports import CAPS_LOCK_LED, NUM_LOCK_LED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

HELP = "Make this device a USB keyboard to what it is plugged into, or undo that."

EPILOG = """\
Two gadgets are made: the keyboard, which a host sees, and a drive, which `saykey drive on` shows in its
place. The drive needs the kernel's module usb_f_mass_storage; without it, this device is a keyboard alone.

The kernel's files for them are root's. To the group saykey, where there is one, root gives just those that
turn one into the other, in /sys/kernel/config/usb_gadget: saykey/UDC, saykey-drive/UDC, and of the drive's
functions/mass_storage.usb0/lun.0/file. The file that takes the keys, /dev/hidg0, is given to that group by
the udev rule that is installed with the service. Nothing survives a restart: the service runs
`saykey gadget up` each time, which does nothing where all is as it should be.

examples:
  sudo saykey gadget up          be a keyboard, also where the drive is shown
  saykey gadget status           what there is, and whether a host has taken it
  saykey gadget status --json    the same as one JSON object
  sudo saykey gadget down        be none
"""

_HOSTS = {
    CONFIGURED: "a host has taken it",
    SUSPENDED: "the host sleeps",
    NOT_ATTACHED: "no host is connected: plug it into a computer, with a cable that carries data",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the three verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("up", help="make the keyboard, unless it is there and right")
    verbs.add_parser("down", help="remove it, if it is there")
    showing = verbs.add_parser("status", help="say what there is")
    showing.add_argument("--json", action="store_true", help="print one JSON object")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; give the exit status.

    Raises:
        KeyboardError: It cannot be done.
    """
    match arguments.verb:
        case "up":
            done = "is a USB keyboard now" if up() else "was a USB keyboard already"
            print(f"This device {done}: {in_words(status())}")
        case "down":
            print("The USB keyboard is removed." if down() else "There was no USB keyboard.")
        case _:
            now = status()
            print(json.dumps(asdict(now)) if arguments.json else in_words(now))
    return 0


def in_words(now: Status) -> str:
    """Say what there is in one line."""
    if not now.controllers:
        return f"{why_none()}."
    if not now.gadget:
        return f"no keyboard on {', '.join(now.controllers)}; run: sudo saykey gadget up"
    if not now.udc:
        return "the keyboard is half made, and bound to no controller; run: sudo saykey gadget up"
    if now.bound == DRIVE:
        return ", ".join([f"the drive in place of the keyboard on {now.udc}", *_host(now)])
    parts = [f"{now.device or 'no device file'} on {now.udc}", *_host(now)]
    if now.leds is not None:
        lit = [
            name for name, bit in (("Caps Lock", CAPS_LOCK_LED), ("Num Lock", NUM_LOCK_LED)) if now.leds & bit
        ]
        parts.append(f"{' and '.join(lit) or 'no lock key'} on")
    if not now.drive:
        parts.append("no drive (sudo saykey gadget up says why)")
    return ", ".join(parts)


def _host(now: Status) -> Iterator[str]:
    yield _HOSTS.get(now.state, f"a host is configuring it ({now.state or 'state unknown'})")
    if now.state == CONFIGURED and now.speed:
        yield now.speed
