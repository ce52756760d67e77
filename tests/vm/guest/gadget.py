"""A keyboard of a few lines of configfs, and what makes the emulated controller behave as a real one."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

GADGETS = Path("/sys/kernel/config/usb_gadget")
CONTROLLER = "dummy_udc.0"

# Boot keyboard without LEDs: modifiers, a reserved byte, six keys (HID 1.11, appendix B.1).
_KEYBOARD = "05010906a101050719e029e71500250175019508810295017508810395067508150025650507190029658100c0"
# Eight bytes of a kind that no host's program listens to.
_NOTHING = "0600ff0901a1010901150026ff00750895088102c0"


def make_keyboard(gadget: Path, product: str) -> Path:
    """Make a keyboard and bind it; give the file that takes its reports."""
    for name, value in {
        "idVendor": "0x1d6b",
        "idProduct": "0x0104",
        "strings/0x409/product": product,
        "configs/c.1/MaxPower": "100",
    }.items():
        (gadget / name).parent.mkdir(parents=True, exist_ok=True)
        (gadget / name).write_text(value)
    function = _add(gadget, "hid.usb0", _KEYBOARD)
    (gadget / "UDC").write_text(CONTROLLER)
    return device_of(function)


def device_of(function: Path) -> Path:
    """Give the file that takes the reports of a HID function."""
    return Path("/dev/hidg" + (function / "dev").read_text().strip().rpartition(":")[2])


def add_plug(gadget: Path) -> Path:
    """Add a second HID function to a gadget that is bound, before the first; give its file.

    dummy_hcd has a FIFO of one report for all endpoints together, and calls a report sent that is in it:
    pulled out at that moment, the device never learns that it was lost. A real controller calls it sent when
    the host has acknowledged it. So the FIFO is kept full by a function that no program of the host reads;
    the keyboard's reports then go the other way, to the host at its next poll or not at all.
    """
    (gadget / "UDC").write_text("\n")
    links = [link for link in (gadget / "configs/c.1").iterdir() if link.is_symlink()]
    for link in links:
        link.unlink()
    plug = _add(gadget, "hid.plug", _NOTHING)
    for link in links:
        link.symlink_to(gadget / "functions" / link.name)
    (gadget / "UDC").write_text(CONTROLLER)
    return device_of(plug)


def keep_plugged(file: Path) -> None:
    """Fill the FIFO, and again whenever a host has configured the gadget anew. Never returns.

    One report is in the FIFO; a second would wait for it, and the kernel log its loss when the host goes.
    """
    device = os.open(file, os.O_RDWR | os.O_NONBLOCK)
    is_configured, is_gone = select.poll(), select.poll()
    is_configured.register(device, select.POLLOUT)
    is_gone.register(device, select.POLLIN)  # reading would fail
    while True:
        is_configured.poll()
        try:
            os.write(device, bytes(8))
        except OSError:
            continue  # no longer
        is_gone.poll()


def _add(gadget: Path, name: str, descriptor: str) -> Path:
    function = gadget / "functions" / name
    function.mkdir()
    (function / "report_length").write_text("8")
    (function / "no_out_endpoint").write_text("1")
    (function / "report_desc").write_bytes(bytes.fromhex(descriptor))
    (gadget / "configs/c.1" / name).symlink_to(function)
    return function


if __name__ == "__main__":
    # It must be first, each time.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
    keep_plugged(Path(sys.argv[1]))
