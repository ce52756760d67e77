from __future__ import annotations

import stat
from pathlib import Path, PureWindowsPath

import pytest

from trainer.flashing.eject import eject, run

SOURCE = "/dev/sdb1"
PLACE = Path("/media/ada/SAYKEY")
GIO = ["gio", "mount", "--eject", str(PLACE)]
UNMOUNT = ["udisksctl", "unmount", "--no-user-interaction", "--block-device", SOURCE]
UDISKS = "org.freedesktop.UDisks2"
BLOCK = "/org/freedesktop/UDisks2/block_devices/sdb1"
DRIVE = "/org/freedesktop/UDisks2/drives/Saykey_12"
ASK = ["busctl", "get-property", UDISKS, BLOCK, f"{UDISKS}.Block", "Drive"]
CALL = ["busctl", "call", UDISKS, DRIVE, f"{UDISKS}.Drive", "Eject", "a{sv}", "0"]
EJECT = ["eject", SOURCE]


class Programs:
    """Programs that print what they are told to; the others are not installed."""

    def __init__(self, **printed: str) -> None:
        self.printed = printed
        self.run: list[list[str]] = []

    def __call__(self, command):
        self.run.append(list(command))
        return self.printed.get(command[0])


@pytest.mark.parametrize(
    ("printed", "done", "tried"),
    [
        ({"gio": ""}, True, [GIO]),
        ({"udisksctl": "", "busctl": f'o "{DRIVE}"\n'}, True, [GIO, UNMOUNT, ASK, CALL]),
        ({"busctl": "nonsense", "eject": ""}, True, [GIO, UNMOUNT, ASK, EJECT]),
        ({"eject": ""}, True, [GIO, UNMOUNT, ASK, EJECT]),
        ({}, False, [GIO, UNMOUNT, ASK, EJECT]),
    ],
)
def test_on_linux_the_first_way_that_works_is_taken(printed, done, tried):
    programs = Programs(**printed)
    assert eject(PLACE, "linux", programs, SOURCE) is done
    assert programs.run == tried


def test_on_linux_what_no_disk_is_mounted_at_is_left_to_the_desktop(tmp_path):
    programs = Programs(eject="")
    assert not eject(tmp_path, "linux", programs)
    assert programs.run == [["gio", "mount", "--eject", str(tmp_path)]]


def test_on_macos_diskutil_ejects():
    programs = Programs(diskutil="Disk ejected")
    assert eject(Path("/Volumes/SAYKEY"), "darwin", programs)
    assert programs.run == [["diskutil", "eject", "/Volumes/SAYKEY"]]
    assert not eject(Path("/Volumes/SAYKEY"), "darwin", Programs())


def test_on_windows_the_shell_ejects_and_is_waited_for():
    programs = Programs(powershell="")
    assert eject(PureWindowsPath("E:\\"), "win32", programs)
    [command] = programs.run
    assert command[0] == "powershell"
    assert "ParseName('E:')" in command[-1]
    assert "InvokeVerb('Eject')" in command[-1]
    assert "Test-Path 'E:\\INFO.TXT'" in command[-1]
    assert not eject(PureWindowsPath("E:\\"), "win32", Programs())


@pytest.mark.parametrize("path", ["\\\\server\\share\\", "SAYKEY", "\\SAYKEY", "1:\\"])
def test_on_windows_what_has_no_letter_is_left_to_the_user(path):
    programs = Programs(powershell="")
    assert not eject(PureWindowsPath(path), "win32", programs)
    assert programs.run == []


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("echo hello", "hello\n"),
        ("cat", ""),
        ("exit 3", None),
        ("printf '\\377'", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_programs_are_run_without_a_shell_and_without_our_input(tmp_path, script, printed):
    program = tmp_path / "a program; with $(signs)"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert run([str(program)]) == printed
    assert run([str(tmp_path / "missing")]) is None
