"""The Bluetooth keyboard: radio, bluetoothd, our rights, and what they do to the keys."""

from __future__ import annotations

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from device.doctor.bluetooth_conf import compare
from device.doctor.bluetooth_rights import current_groups, may_speak, sees_receipts
from device.doctor.finding import Finding, fault, ok, warning
from device.hardware.bluez_version import OLDEST, PRIVATE, bluez_version, dotted, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

LIBRARIES = {"gi": "python3-gi", "pydbus": "pydbus"}
"""What speaks D-Bus: the module, and the package that has it (the first is Debian's)."""

_DEBIANS = "usr/lib/python3/dist-packages/gi"
"""What python3-gi is, for the Python that is Debian's alone."""

DAEMONS = ("usr/libexec/bluetooth/bluetoothd", "usr/lib/bluetooth/bluetoothd", "usr/sbin/bluetoothd")
"""Where distributions have it: Debian since 12; Debian before, and Arch; others."""

_BONDS = "var/lib/bluetooth"
_KEYS = ("[LongTermKey]", "[PeripheralLongTermKey]", "[SlaveLongTermKey]")
"""What a bonded host's file has one of (BlueZ's doc/settings-storage.txt)."""

_START = "run: sudo systemctl enable --now bluetooth"


def is_there(module: str) -> bool:
    """Say whether Python finds a module."""
    return find_spec(module) is not None


def keyboard(
    is_enabled: bool,  # noqa: FBT001  # the setting itself
    root: Path = Path("/"),
    *,
    version: Callable[[], str] = bluez_version,
    has_module: Callable[[str], bool] = is_there,
    groups: Callable[[], Collection[str]] = current_groups,
) -> Iterator[Finding]:
    """Look whether this machine can be a Bluetooth keyboard, and how well.

    Args:
        is_enabled: The setting `bluetooth.enabled`.
        root: Where the file system begins.
        version: Gives what `bluetoothctl --version` prints.
        has_module: Says whether Python has a module.
        groups: Gives the names of the groups that this user is in, and "root" for root.
    """
    if not is_enabled:
        yield ok("off: bluetooth.enabled is false")
        return
    faults = [*_libraries(root, has_module), *_radio(root), *_daemon(root)]
    yield from faults
    found = parsed(version())
    if found and found < OLDEST:
        yield fault(f"BlueZ {dotted(found)} cannot keep strangers from reading what is typed", _newer())
        return
    if not may_speak(root, groups()):
        yield fault(
            "this user may not speak to bluetoothd",
            "run: sudo usermod -aG bluetooth $USER, and log in again",
        )
    elif not faults:
        yield _summary(root, found)
    yield from _private(found, _bonded(root))
    if not sees_receipts(root):
        yield warning(
            "Saykey may not see which keys have arrived (CAP_NET_RAW): a link that breaks may lose some",
            "put AmbientCapabilities=CAP_NET_RAW into its unit; it needs that at its start only",
        )
    yield from compare(root, found)


def _libraries(root: Path, has_module: Callable[[str], bool]) -> Iterator[Finding]:
    missing = [package for module, package in LIBRARIES.items() if not has_module(module)]
    if missing == [LIBRARIES["gi"]] and (root / _DEBIANS).exists():
        yield fault(
            "python3-gi is installed, but not for the Python that Saykey runs on",
            "take Debian's for both, in Saykey's folder: make clean demo PYTHON=/usr/bin/python3",
        )
    elif missing:
        yield fault(
            f"not installed: {' and '.join(missing)}",
            "run: sudo apt install python3-gi; pydbus comes with Saykey's own packages: make demo",
        )


def _radio(root: Path) -> Iterator[Finding]:
    # A connection, "hci0:64", has a folder beside its adapter's.
    adapters = [path for path in (root / "sys/class/bluetooth").glob("hci*") if ":" not in path.name]
    if not adapters:
        yield fault(
            "no Bluetooth adapter",
            "plug one in, of Bluetooth 4.0 or newer; on a Raspberry Pi, take dtoverlay=disable-bt out of "
            "config.txt, and restart",
        )
    for switch in sorted((root / "sys/class/rfkill").glob("rfkill*")):
        if _text(switch / "type") != "bluetooth":
            continue
        name = _text(switch / "name")
        if _text(switch / "hard") == "1":
            yield fault(f"{name} is switched off by a switch of this machine (rfkill)", "turn it on there")
        elif _text(switch / "soft") == "1":
            yield fault(f"{name} is blocked (rfkill)", "run: sudo rfkill unblock bluetooth")


def _daemon(root: Path) -> Iterator[Finding]:
    if not any((root / file).exists() for file in DAEMONS):
        yield fault("bluetoothd is not installed", "run: sudo apt install bluez")
    elif not any(_text(comm) == "bluetoothd" for comm in (root / "proc").glob("[0-9]*/comm")):
        yield fault("bluetoothd does not run", _START)


def _private(found: tuple[int, int] | None, bonded: int | None) -> Iterator[Finding]:
    """Warn of a BlueZ that sends what is typed to every host."""
    if found is None or found >= PRIVATE or bonded in {0, 1}:
        return
    yield warning(
        f"BlueZ {dotted(found)} sends keys to every host that is connected: Saykey disconnects all but one",
        f"{_newer()}, to change hosts without that",
    )


def _newer() -> str:
    return f"install BlueZ {dotted(PRIVATE)} or newer, as in Debian 13"


def _summary(root: Path, found: tuple[int, int] | None) -> Finding:
    bluez = f"BlueZ {dotted(found)}" if found else "BlueZ of unknown version"
    match _bonded(root):
        case None:
            return ok(f"{bluez}; saykey hosts lists who is paired")
        case 0:
            return warning(f"{bluez}; no host is paired", "run: saykey pair")
        case 1:
            return ok(f"{bluez}; one host is paired")
        case count:
            return ok(f"{bluez}; {count} hosts are paired")


def _bonded(root: Path) -> int | None:
    """Count the bonds; `None` where we may not look: bluetoothd shows its folder to root alone."""
    with suppress(OSError):
        adapters = [folder for folder in (root / _BONDS).iterdir() if folder.is_dir()]
        infos = [host / "info" for adapter in adapters for host in adapter.iterdir() if ":" in host.name]
        return sum(any(key in _text(info) for key in _KEYS) for info in infos)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
