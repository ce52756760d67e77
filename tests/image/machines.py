"""Machines to install on, and what is looked at before and after."""

from __future__ import annotations

from pathlib import Path

from tests.image.roots import Machine

INSTALLER = "/run/shared/source/image/install.sh"

CACHES_AND_LOGS = {
    "/etc/.pwd.lock",
    # What was there before the last change, kept by who changes users and groups.
    "/etc/group-",
    "/etc/gshadow-",
    "/etc/passwd-",
    "/etc/shadow-",
    "/etc/subgid-",
    "/etc/subuid-",
    # Of which libraries there are; made anew whenever one comes or goes.
    "/etc/ld.so.cache",
    "/var/cache/ldconfig/aux-cache",
    "/var/cache/apt/archives/lock",
    "/var/cache/apt/pkgcache.bin",
    "/var/cache/apt/srcpkgcache.bin",
    # Debian's questions, in the order in which packages came.
    "/var/cache/debconf/config.dat",
    "/var/cache/debconf/config.dat-old",
    "/var/cache/debconf/passwords.dat",
    "/var/cache/debconf/templates.dat",
    "/var/cache/debconf/tmp.ci",
    "/var/cache/debconf/templates.dat-old",
    # What apt and dpkg know of packages, in the order in which they came. `packages` compares that.
    "/var/lib/apt/extended_states",
    "/var/lib/apt/lists/lock",
    "/var/lib/dpkg/lock",
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/status",
    "/var/lib/dpkg/status-old",
    "/var/lib/dpkg/triggers/Lock",
    "/var/log/alternatives.log",
    "/var/log/apt/eipp.log.xz",
    "/var/log/apt/history.log",
    "/var/log/apt/term.log",
    "/var/log/dpkg.log",
}

MAIN_CONF = b"[General]\nName = Ada's board\n# mine\n\n[Policy]\nAutoEnable=true"
CONFIG_TXT = b"# mine\r\n[pi4]\narm_boost=1\n\n[cm4]\notg_mode=1\n[all]\ndtparam=audio=on\n"
ARMBIAN_ENV = b"verbosity=1\noverlays=i2c3\nuser_overlays=fan\nrootfstype=ext4\n"


def changed(machine: Machine, before: dict[str, tuple[object, ...]]) -> dict[str, object]:
    """Give what differs from before, but for caches and logs."""
    after = machine.files()
    return {
        path: (before.get(path), after.get(path))
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and path not in CACHES_AND_LOGS
    }


def packages(machine: Machine) -> list[str]:
    """List the packages, their versions and states, and which apt takes to be there for others' sake."""
    shown = "${binary:Package} ${Version} ${db:Status-Abbrev}\n"
    listed = machine.run(
        "sh", "-c", f"dpkg-query --show --showformat='{shown}'; echo auto; apt-mark showauto"
    )
    assert listed.returncode == 0, listed.stdout
    return listed.stdout.splitlines()


def write(machine: Machine, path: str, content: bytes) -> None:
    file = machine.root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def read(machine: Machine, path: str) -> bytes:
    return (machine.root / path.lstrip("/")).read_bytes()


def debian(folder: Path) -> Machine:
    """A machine of Debian 13 that is no board, with the least that Debian can be."""
    return Machine(folder, "trixie")


def raspberry_pi_os(folder: Path) -> Machine:
    """A Raspberry Pi 4 with Raspberry Pi OS (trixie) and a user, as far as the installer looks at it."""
    machine = Machine(folder, "trixie", ("bluez",))
    machine.device_tree(
        {"compatible": b"raspberrypi,4-model-b\0brcm,bcm2711\0", "model": b"Raspberry Pi 4 Model B Rev 1.4\0"}
    )
    write(machine, "/boot/firmware/config.txt", CONFIG_TXT)
    write(machine, "/boot/firmware/overlays/dwc2.dtbo", b"")
    write(machine, "/etc/bluetooth/main.conf", MAIN_CONF)
    # systemd-modules-load fails for a module that is not there.
    kernel = Path("/proc/sys/kernel/osrelease").read_text().strip()
    write(machine, f"/lib/modules/{kernel}/modules.dep", b"kernel/drivers/usb/dwc2/dwc2.ko.xz:\n")
    machine.run("useradd", "--create-home", "ada")
    return machine


def armbian(folder: Path) -> Machine:
    """An Orange Pi Zero 3 with Armbian (bookworm) whose device tree makes its USB socket a host."""
    machine = Machine(folder, "bookworm", ("bluez", "libportaudio2"))
    machine.device_tree(
        {
            "compatible": b"xunlong,orangepi-zero3\0allwinner,sun50i-h618\0",
            "model": b"OrangePi Zero3\0",
            "soc/usb@5100000/dr_mode": b"host\0",
        }
    )
    write(machine, "/etc/armbian-release", b'BOARD="orangepizero3"\n')
    write(machine, "/boot/armbianEnv.txt", ARMBIAN_ENV)
    return machine


def works(machine: Machine) -> None:
    """Look whether the service's user can do what the service does, as far as there is no board."""
    as_user = ("runuser", "-u", "saykey", "--")
    whole = machine.run(*as_user, "saykey", "model", "verify", "tiny.en")
    assert whole.stdout == "tiny.en is whole.\n"
    heard = machine.run(*as_user, "saykey", "transcribe", "/opt/saykey/app/device/demo/arctic_a0007.flac")
    assert heard.stdout.casefold() == "and you always want to see it in the superlative degree.\n"
    modules = "import gi.repository.GLib, gpiod, gpiozero, pydbus, sounddevice"
    imported = machine.run(*as_user, "sh", "-c", f"/opt/saykey/python-*/bin/python3 -c '{modules}'")
    assert (imported.returncode, imported.stdout) == (0, "")
    assert machine.run("systemctl", "is-enabled", "saykey.service").stdout == "enabled\n"
    # Nothing is compiled when the service starts, which could not keep it.
    app = machine.root / "opt/saykey/app"
    assert [
        str(file)
        for file in (machine.root / "opt/saykey" / app.readlink() / "device").rglob("*.py")
        if not list((file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"))
    ] == []
