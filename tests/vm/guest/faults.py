"""What happens to a USB keyboard while it types: pulled out, refused, put to sleep."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from wait import until

_USB_DEVICES = Path("/sys/bus/usb/devices")


class Fault(Protocol):
    """Something that happens to the keyboard and passes."""

    def strike(self) -> None:
        """Let it happen."""

    def mend(self) -> None:
        """Let it pass."""


class Unplugged:
    """The gadget is unbound from its controller, as when the cable is pulled, and bound again."""

    def __init__(self, gadget: Path) -> None:
        self._udc = gadget / "UDC"

    def strike(self) -> None:
        """Pull it out."""
        self._name = self._udc.read_text().strip()
        self._udc.write_text("\n")

    def mend(self) -> None:
        """Plug it in."""
        self._udc.write_text(self._name)


class Deauthorised:
    """The host lets go of the device, and takes it again (its kernel's `authorized`)."""

    def __init__(self, product: str) -> None:
        self._product = product

    def strike(self) -> None:
        """Let go of it."""
        self._device = usb_device(self._product)
        (self._device / "authorized").write_text("0")

    def mend(self) -> None:
        """Take it again."""
        (self._device / "authorized").write_text("1")


class Suspended:
    """The host suspends the device, and resumes it (its kernel's runtime power management)."""

    def __init__(self, product: str) -> None:
        self._product = product

    def strike(self) -> None:
        """Suspend it: the host's kernel does so at the next moment in which no key is down."""
        self._power = usb_device(self._product) / "power"
        # With no delay it would try once only.
        (self._power / "autosuspend_delay_ms").write_text("1")
        (self._power / "control").write_text("auto")
        until(lambda: self._status() == "suspended")

    def mend(self) -> None:
        """Resume it."""
        (self._power / "control").write_text("on")
        until(lambda: self._status() == "active")

    def _status(self) -> str:
        return (self._power / "runtime_status").read_text().strip()


def usb_device(product: str) -> Path:
    """Give the host's folder of the device with this product string."""
    for file in _USB_DEVICES.glob("*/product"):
        if file.read_text().strip() == product:
            return file.parent
    raise LookupError(f"the host sees no USB device {product!r}")
