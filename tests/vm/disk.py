"""A disk with Debian on which Saykey is installed as on a board, and a guest that boots it whole."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from device.models.store import Store
from tests.vm import lab
from tests.vm.debian import COMPILE, SITE, debian, within

_HERE = Path(__file__).parent
_LAUNCHER = """\
#!/usr/bin/python3
import sys

sys.path.insert(0, "/opt/saykey/lib")

from device.cli import main

sys.exit(main())
"""
_UNITS = "etc/systemd/system"
_PLACES = {
    "*.service": _UNITS,
    "since254/saykey.service.d/*.conf": f"{_UNITS}/saykey.service.d",
    "sysusers.d/*.conf": "etc/sysusers.d",
    "tmpfiles.d/*.conf": "etc/tmpfiles.d",
    "udev/*.rules": "etc/udev/rules.d",
}
"""Where each of the files in systemd/ goes, as its README has it."""

_MEMORY_MB = 1536
_KERNEL_LINE = (
    "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off cryptomgr.notests no_timer_check tsc=reliable "
    "random.trust_cpu=on rdinit=/init systemd.show_status=no systemd.mask=getty-static.service"
)


def boot(work: Path, share: Path, *, model: Path, settings: str, dropped: str, limit_s: float) -> lab.Result:
    """Install Saykey on a disk, boot it, and run guest/appliance.py in it to its end.

    Args:
        work: An empty folder.
        share: A folder of this machine that the guest has as /share.
        model: The folder of the model that is in use.
        settings: What is in /etc/saykey.toml.
        dropped: What is in SAYKEY.TOML on its boot partition.
        limit_s: When the guest is stopped.
    """
    base = debian()
    root = work / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", base / "root", root], check=True)
    _install(root, model)
    (root / "etc/saykey.toml").write_text(settings)
    qemu = [
        *(*lab.machine(base, _MEMORY_MB, counted=True), "-append", _KERNEL_LINE),
        *("-drive", f"file={_packed(root)},format=raw,if=virtio,cache=unsafe"),
        *("-drive", f"file={_boot_partition(work, dropped)},format=raw,if=virtio,cache=unsafe"),
        *(*lab.shared("project", lab.PROJECT, read_only=True), *lab.shared("share", share)),
    ]
    return lab.boot(qemu, share / "log", limit_s)


def _install(root: Path, model: Path) -> None:
    """Do what docs/service.md says."""
    package = root / SITE / "device"
    shutil.copytree(lab.PROJECT / "device", package, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", package], check=True)
    within(root, *COMPILE, f"/{SITE}/device")
    launcher = root / "usr/local/bin/saykey"
    launcher.write_text(_LAUNCHER)
    launcher.chmod(0o755)
    for pattern, place in _PLACES.items():
        _copy(lab.PROJECT / "systemd", pattern, root / place)
    _copy(_HERE / "guest/units", "*.service", root / _UNITS)
    _copy(_HERE / "guest/units", "sysusers.d/*.conf", root / "etc/sysusers.d")
    for name in ("fstab", "modules-load.d/board.conf"):
        shutil.copyfile(_HERE / "guest/units" / name, root / "etc" / name)
    (root / "etc/hostname").write_text("saykey\n")
    for folder in ("boot/firmware", "project", "share"):
        (root / folder).mkdir(parents=True)
    (root / "etc/machine-id").write_text("5a" * 16 + "\n")
    within(root, "systemd-sysusers")
    wanted = root / _UNITS / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    for name in ("saykey.service", "board.service", "lab.service"):
        (wanted / name).symlink_to(f"/{_UNITS}/{name}")
    for folder in ("etc", "var"):  # systemd has nothing to bring up to date (systemd-update-done.service(8))
        (root / folder / ".updated").touch()
    state = root / "var/lib/saykey"
    store = Store(state / "models")
    shutil.copytree(model, store.root / model.name)
    store.point_to(model.name)
    within(root, "chown", "-Rh", "saykey:saykey", "/var/lib/saykey")


def _copy(source: Path, pattern: str, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for file in source.glob(pattern):
        shutil.copyfile(file, place / file.name)
        (place / file.name).chmod(0o644)


def _packed(root: Path) -> Path:
    """Give a file system with all of it, and room for more."""
    disk = root.with_name("disk")
    used = subprocess.run(["du", "-sm", root], check=True, capture_output=True, text=True).stdout
    size = f"{int(int(used.split()[0]) * 1.2) + 128}M"
    without_journal = ["-O", "^has_journal", "-E", "lazy_itable_init=1"]
    subprocess.run(["mke2fs", "-q", "-t", "ext4", *without_journal, "-d", root, disk, size], check=True)
    shutil.rmtree(root)
    return disk


def _boot_partition(work: Path, dropped: str) -> Path:
    disk = work / "boot"
    subprocess.run(["mformat", "-C", "-i", disk, "-T", "65536", "-v", "SAYKEY", "::"], check=True)
    subprocess.run(["mmd", "-i", disk, "::saykey"], check=True)
    write = ["mcopy", "-i", disk, "-", "::saykey/SAYKEY.TOML"]
    subprocess.run(write, input=dropped, text=True, check=True)
    return disk
