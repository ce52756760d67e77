from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.flashing.drive import (
    Drive,
    linux_mounts,
    linux_volumes,
    mac_volumes,
    read_drive,
    volumes,
    windows_volumes,
)

MOUNTS = rb"""sysfs /sys sysfs rw,nosuid 0 0
/dev/sda2 / ext4 rw 0 0
/dev/sda1 /boot/efi vfat rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /media/ada/SAYKEY vfat rw,nosuid 0 0
/dev/sdc1 /media/ada/ada's\040\134stick\011of\0122026 vfat rw 0 0
/dev/sdb /mnt/again vfat rw,nosuid 0 0
"""


def test_linux_volumes_are_the_fat_ones_each_disk_once_with_the_names_as_they_are():
    assert linux_volumes(linux_mounts(MOUNTS)) == [
        Path("/boot/efi"),
        Path("/mnt/again"),
        Path("/media/ada/ada's \\stick\tof\n2026"),
    ]


@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1).filter(lambda n: n != "."))
def test_every_name_survives_linuxs_escapes(name):
    escaped = name.encode()
    for letter in b"\\ \t\n":  # what the kernel escapes (fs/proc_namespace.c, mangle); the backslash first
        escaped = escaped.replace(bytes([letter]), b"\\%03o" % letter)
    [mount] = linux_mounts(b"/dev/sdb /media/%b vfat rw 0 0\n" % escaped)
    assert mount.target == Path("/media", name)


def test_macos_volumes_are_the_folders_of_one_folder(tmp_path):
    for name in ("Macintosh HD", "SAYKEY"):
        (tmp_path / name).mkdir()
    (tmp_path / ".DS_Store").touch()
    assert mac_volumes(tmp_path) == [tmp_path / "Macintosh HD", tmp_path / "SAYKEY"]


class Kernel32:
    """Windows with a floppy drive A, disks C and D, a stick E, a DVD F, and a share Z."""

    def __init__(self):
        self.kinds = {"A:\\": 2, "C:\\": 3, "D:\\": 3, "E:\\": 2, "F:\\": 5, "Z:\\": 4}

    def GetLogicalDrives(self):  # noqa: N802
        return sum(1 << ord(root[0]) - ord("A") for root in self.kinds)

    def GetDriveTypeW(self, root):  # noqa: N802
        return self.kinds[root]


def test_windows_volumes_are_the_drives_that_can_be_taken_out():
    assert windows_volumes(Kernel32()) == [Path("A:\\"), Path("E:\\")]


def test_windows_is_asked_on_windows(monkeypatch):
    class Windll:
        kernel32 = Kernel32()

    monkeypatch.setattr("ctypes.windll", Windll, raising=False)
    assert volumes("win32") == [Path("A:\\"), Path("E:\\")]


@pytest.mark.skipif(sys.platform != "linux", reason="this is no Linux")
def test_this_linux_lists_its_own():
    assert Path("/proc") in {mount.target for mount in linux_mounts()}
    assert Path("/proc") not in volumes()


@pytest.mark.parametrize(
    ("content", "version", "serial", "key"),
    [
        (
            b"Saykey\r\nVersion: 0.1.0\r\nSerial: 1f:2\r\nKey: 0123456789ABCDEF\r\n",
            "0.1.0",
            "1f:2",
            "0123456789ABCDEF",
        ),
        (b"\xef\xbb\xbfSaykey\nVersion:0.2\nKey: none yet\n", "0.2", "", None),
        (b"Saykey 1\n", "", "", None),
        (b"Saykey\n" + b"\xff" * 9000, "", "", None),
    ],
)
def test_a_devices_drive_is_known_by_its_info(tmp_path, content, version, serial, key):
    (tmp_path / "INFO.TXT").write_bytes(content)
    assert read_drive(tmp_path) == Drive(tmp_path, version, serial, key)


@pytest.mark.parametrize(
    "content", [b"", b"UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\n", b"\nSaykey\n"]
)
def test_other_drives_are_none_of_ours(tmp_path, content):
    (tmp_path / "INFO.TXT").write_bytes(content)
    assert read_drive(tmp_path) is None


def test_what_would_control_the_terminal_is_left_out(tmp_path):
    info = "Saykey\nVersion: \x1b]0;x\x07\x1b[2J0.2\nKey: \u202eAB\x9b\x00C\n"
    (tmp_path / "INFO.TXT").write_text(info, encoding="utf-8")
    assert read_drive(tmp_path) == Drive(tmp_path, "]0;x[2J0.2", "", "ABC")


def test_what_cannot_be_read_is_none_either(tmp_path):
    assert read_drive(tmp_path) is None
    (tmp_path / "INFO.TXT").mkdir()
    assert read_drive(tmp_path) is None
