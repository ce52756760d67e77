"""The installer on running Debians: what was there before is there after, and what it refuses.

Each machine is a root file system of Debian's own packages, without a network. systemd does not run in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.machines import (
    ARMBIAN_ENV,
    CONFIG_TXT,
    INSTALLER,
    MAIN_CONF,
    armbian,
    changed,
    debian,
    packages,
    raspberry_pi_os,
    read,
    works,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.image.roots import Machine

pytestmark = pytest.mark.image


def looks_right_on_debian(machine: Machine, said: str) -> None:
    assert "This is no board that Saykey knows" in said
    assert not (machine.root / "etc/saykey.toml").exists()


def looks_right_on_raspberry_pi_os(machine: Machine, said: str) -> None:
    assert "sudo reboot" in said
    assert "the button joins GPIO17 with ground" in said
    config = read(machine, "/boot/firmware/config.txt")
    assert config.startswith(CONFIG_TXT)
    assert config.endswith(b"\n[all]\ndtoverlay=dwc2,dr_mode=peripheral\n# <<< saykey\n")
    assert read(machine, "/etc/bluetooth/main.conf").startswith(MAIN_CONF + b"\n# >>> saykey")
    # What BlueZ reads files with finds the owner's values, and ours.
    asked = """
from gi.repository import GLib
file = GLib.KeyFile()
file.load_from_file("/etc/bluetooth/main.conf", GLib.KeyFileFlags.NONE)
wanted = ("General", "Name"), ("General", "ControllerMode"), ("GATT", "Channels")
print([file.get_string(*each) for each in wanted])
"""
    assert machine.run("/usr/bin/python3", "-c", asked).stdout == "[\"Ada's board\", 'le', '1']\n"
    assert read(machine, "/etc/modules-load.d/saykey.conf") == b"dwc2\n"
    assert 'button = "GPIO17"\n' in read(machine, "/etc/saykey.toml").decode()


def looks_right_on_armbian(machine: Machine, said: str) -> None:
    assert "sudo reboot" in said
    assert read(machine, "/boot/armbianEnv.txt") == ARMBIAN_ENV.replace(b"=fan", b"=fan saykey-usb-device")
    read_back = machine.run("dtc", "-q", "-I", "dtb", "/boot/overlay-user/saykey-usb-device.dtbo").stdout
    assert 'target-path = "/soc/usb@5100000";' in read_back
    assert 'dr_mode = "peripheral";' in read_back


KINDS = pytest.mark.parametrize(
    ("make", "looks_right"),
    [
        pytest.param(debian, looks_right_on_debian, id="debian"),
        pytest.param(raspberry_pi_os, looks_right_on_raspberry_pi_os, id="raspberry-pi-os"),
        pytest.param(armbian, looks_right_on_armbian, id="armbian"),
    ],
)


@KINDS
def test_what_was_there_before_is_there_after(
    folder: Path, make: Callable[[Path], Machine], looks_right: Callable[[Machine, str], None]
):
    machine = make(folder)
    before, had = machine.files(), packages(machine)

    would = machine.install("--dry-run")
    assert "would install Debian's packages" in would
    assert "would write /etc/systemd/system/saykey.service" in would
    assert changed(machine, before) == {}

    said = machine.install()
    looks_right(machine, said)
    works(machine)
    installed, has = machine.files(), packages(machine)

    said = machine.install()
    assert "Nothing was changed" in said
    assert (changed(machine, installed), packages(machine)) == ({}, has)
    assert "Nothing would be changed" in machine.install("--dry-run")

    would = machine.install("--uninstall", "--dry-run")
    assert "would remove /opt/saykey" in would
    assert (changed(machine, installed), packages(machine)) == ({}, has)

    said = machine.install("--uninstall")
    assert "/var/lib/saykey" in said
    left = {path for path in changed(machine, before) if not path.startswith("/var/lib/saykey")}
    assert left == {"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"}
    assert packages(machine) == had

    machine.install("--uninstall", "--purge")
    assert changed(machine, before) == {}
    assert "Nothing of Saykey's installer is here" in machine.install("--uninstall")


# What it refuses.


def test_without_a_network_it_says_so_and_goes_on_where_it_was(folder: Path):
    machine = debian(folder)
    before, had = machine.files(), packages(machine)
    done = machine.run("env", "PIP_FIND_LINKS=/nowhere", INSTALLER)
    assert done.returncode == 1
    assert "Python's packages cannot be installed: is this machine connected to the Internet?" in done.stdout
    assert "Stopped at: Python's packages. Run it again to go on from there" in done.stdout
    assert "install Debian's packages" not in machine.install()
    machine.install("--uninstall", "--purge")
    assert (changed(machine, before), packages(machine)) == ({}, had)

    for file in (machine.root / "var/cache/apt/archives").glob("minisign*"):
        file.unlink()
    done = machine.run(INSTALLER)
    assert done.returncode == 1
    assert "Debian's packages cannot be installed: is this machine connected to the Internet?" in done.stdout


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("mount -t tmpfs -o size=50m small /opt", "900 MB are needed in /opt, and 50 MB are free there"),
        ("mount --bind /etc/hostname /etc/os-release", "Saykey is installed on Debian 12 or 13"),
        ("exec setpriv --reuid=65534 --clear-groups", "only root can do this: sudo"),
        ("exec 8>/run/saykey-install.lock; flock 8", "it runs already, in another terminal"),
    ],
    ids=["no-room", "another-release", "not-root", "twice"],
)
def test_what_cannot_be_is_said_before_anything_is_changed(folder: Path, spoilt: str, says: str):
    machine = debian(folder)
    before = machine.files()
    joined = f"{spoilt} {INSTALLER}" if spoilt.startswith("exec setpriv") else f"{spoilt}; {INSTALLER}"
    done = machine.run("sh", "-c", joined)
    assert done.returncode == 1
    assert says in done.stdout
    assert changed(machine, before) == {}
