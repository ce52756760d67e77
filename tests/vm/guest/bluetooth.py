"""Bluetooth in the guest: a controller at the end of a wire, the system bus, and bluetoothd.

The controller is attached as on most boards, by the kernel's hci_uart speaking H4.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from peers import adapter, connected, wait_for_connected
from wait import until

if TYPE_CHECKING:
    from collections.abc import Callable

_MODULES = (
    *("virtio_console", "hci_uart", "uhid", "hid-generic", "evdev"),
    # What pairing computes with.
    *("algif_hash", "algif_skcipher", "cmac", "ccm", "ecdh_generic"),
)
_WIRE = Path("/dev/hvc0")
_CONTROLLER = Path("/sys/class/bluetooth/hci0")
_DAEMON = "/usr/libexec/bluetooth/bluetoothd"


class Bluetooth:
    """The radio and all that serves it.

    Args:
        config: bluetoothd's main.conf.
    """

    def __init__(self, config: Path) -> None:
        subprocess.run(["modprobe", "-a", *_MODULES], check=True)
        Path("/run/dbus").mkdir(exist_ok=True)
        subprocess.run(["dbus-uuidgen", "--ensure=/etc/machine-id"], check=True)
        subprocess.run(["dbus-daemon", "--system", "--fork"], check=True)
        self._config = config
        self._wire: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None

    def attach(self) -> None:
        """Give the kernel its controller."""
        until(_WIRE.exists)
        self._wire = subprocess.Popen(["btattach", "-B", str(_WIRE), "-P", "h4"])
        until(_CONTROLLER.exists)

    def detach(self) -> None:
        """Take the controller away, as when its USB stick is pulled out."""
        assert self._wire is not None
        self._wire.terminate()
        self._wire.wait()
        until(lambda: not _CONTROLLER.exists())

    def start(self) -> None:
        """Start bluetoothd; return when it has the adapter, and that is powered."""
        self._daemon = subprocess.Popen([_DAEMON, "-n", "-f", str(self._config)])
        until(lambda: adapter().get("Powered"))

    def kill(self) -> None:
        """End bluetoothd without a chance to do anything more."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait()

    def orders(self) -> dict[str, Callable[..., object]]:
        """Give what a test may do to it, as `serve` takes it."""
        return {
            "attach": self.attach,
            "detach": self.detach,
            "start": self.start,
            "kill": self.kill,
            "adapter": adapter,
            "connected": connected,
            "wait_for_connected": wait_for_connected,
        }
