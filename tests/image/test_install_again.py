"""The installer cut off, called again after an update, and beside what its owner and others do."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.image.machines import (
    CONFIG_TXT,
    INSTALLER,
    MAIN_CONF,
    changed,
    debian,
    packages,
    raspberry_pi_os,
    read,
    works,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.roots import Machine

pytestmark = pytest.mark.image


@pytest.mark.parametrize("seed", range(4))
def test_cut_off_at_any_moment_it_is_completed_or_undone(folder: Path, seed: int):
    chance = random.Random(seed)
    machine = raspberry_pi_os(folder)
    before, had = machine.files(), packages(machine)
    for _ in range(chance.randint(1, 3)):
        cut_off(machine, chance)
    if chance.random() < 0.5:
        machine.install()
        works(machine)
        assert "Nothing was changed" in machine.install()
    cut_off(machine, chance, "--uninstall", "--purge")
    machine.install("--uninstall", "--purge")
    assert changed(machine, before) == {}
    assert packages(machine) == had


def cut_off(machine: Machine, chance: random.Random, *options: str) -> None:
    """Start the installer, and kill all of its processes a moment after one of the lines that it says."""
    running = machine.start(INSTALLER, *options)
    assert running.stdout is not None
    for _, _line in zip(range(chance.randint(0, 30)), running.stdout, strict=False):
        pass
    try:
        running.wait(chance.uniform(0, 8))
    except subprocess.TimeoutExpired:
        running.kill()
    running.stdout.read()  # until the last of them has ended
    running.stdout.close()
    running.wait()


def test_an_update_changes_and_restarts_what_is_new(folder: Path):
    machine = raspberry_pi_os(folder)
    before, had = machine.files(), packages(machine)
    machine.install()
    installed = machine.files()

    unit = machine.source / "systemd/saykey-take.service"
    unit.write_text(unit.read_text() + "# newer\n")
    said, calls = update(machine)
    assert "    write /etc/systemd/system/saykey-take.service\n" in said
    assert set(changed(machine, installed)) == {"/etc/systemd/system/saykey-take.service"}
    assert calls == ["daemon-reload", "--quiet is-active saykey.service", "restart saykey.service"]

    conf = machine.source / "systemd/bluetooth/main.conf"
    conf.write_text(conf.read_text().replace("KeySize = 16", "KeySize = 15"))
    said, calls = update(machine)
    assert calls == ["try-restart bluetooth.service"]
    assert read(machine, "/etc/bluetooth/main.conf").count(b"# >>> saykey") == 1
    assert b"KeySize = 15\n" in read(machine, "/etc/bluetooth/main.conf")

    (machine.source / "device/__init__.py").write_text('"""Newer."""\n\n__version__ = "9.9.9"\n')
    said, calls = update(machine)
    assert "Saykey 9.9.9 is installed." in said
    assert calls == ["--quiet is-active saykey.service", "restart saykey.service"]
    assert machine.run("saykey", "--version").stdout == "saykey 9.9.9\n"
    assert len(list((machine.root / "opt/saykey").glob("app-*"))) == 1

    said, calls = update(machine)
    assert "Nothing was changed" in said
    assert calls == []
    machine.install("--uninstall", "--purge")
    assert changed(machine, before) == {}
    assert packages(machine) == had


FAKE_SYSTEMCTL = """#!/bin/sh
case "$*" in
  *is-enabled*) exec /usr/bin/systemctl "$@" ;;
  *) echo "$*" >> /run/shared/fakes/calls ;;
esac
"""


def update(machine: Machine) -> tuple[str, list[str]]:
    """Run the installer where a systemd seems to run, and give what was asked of that, too."""
    fakes = machine.source.parent / "fakes"
    fakes.mkdir(exist_ok=True)
    (fakes / "systemctl").write_text(FAKE_SYSTEMCTL)
    (fakes / "systemctl").chmod(0o755)
    (fakes / "calls").write_text("")
    done = machine.run(
        "sh",
        "-c",
        f"mkdir -p /run/systemd/system && PATH=/run/shared/fakes:$PATH {INSTALLER}",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout, (fakes / "calls").read_text().splitlines()


def test_what_the_owner_changed_meanwhile_stays_theirs(folder: Path):
    machine = raspberry_pi_os(folder)
    had = packages(machine)
    machine.install()
    for path, ours in (("/boot/firmware/config.txt", CONFIG_TXT), ("/etc/bluetooth/main.conf", MAIN_CONF)):
        write(machine, path, read(machine, path) + b"# added later\n")
        assert read(machine, path).startswith(ours)
    write(machine, "/etc/saykey.toml", read(machine, "/etc/saykey.toml") + b'[keyboard]\nlayout = "de"\n')
    machine.run("apt-get", "-y", "install", "minisign")  # which makes it one that they asked for

    said = machine.install("--uninstall")
    assert "  /etc/saykey.toml\n" in said
    assert b'layout = "de"' in read(machine, "/etc/saykey.toml")
    assert read(machine, "/boot/firmware/config.txt") == CONFIG_TXT + b"# added later\n"
    assert read(machine, "/etc/bluetooth/main.conf") == MAIN_CONF + b"\n# added later\n"
    more = {line.split()[0].partition(":")[0] for line in set(packages(machine)) - set(had)}
    assert more == {"minisign", "libsodium23"}

    machine.install("--uninstall", "--purge")
    assert not (machine.root / "etc/saykey.toml").exists()
    assert not (machine.root / "var/lib/saykey").exists()


def test_the_user_who_installs_may_speak_with_the_service(folder: Path):
    machine = raspberry_pi_os(folder)
    before = machine.files()
    done = machine.run("env", "SUDO_USER=ada", INSTALLER)
    assert "put ada into the group saykey" in done.stdout
    assert "saykey" in machine.run("id", "-nG", "ada").stdout.split()
    machine.install("--uninstall")
    assert "saykey" not in machine.run("id", "-nG", "ada").stdout.split()
    machine.install("--uninstall", "--purge")
    assert changed(machine, before) == {}


def test_what_another_hand_installed_is_not_taken_for_ours(folder: Path):
    machine = debian(folder)
    write(machine, "/etc/systemd/system/saykey.service", b"[Service]\nExecStart=true\n")
    write(machine, "/etc/saykey.toml", b"[keyboard]\n")
    (machine.root / "usr/local/bin/saykey").symlink_to("/srv/saykey")
    before = machine.files()
    machine.install()
    assert b"ExecStart=saykey run" in read(machine, "/etc/systemd/system/saykey.service")
    machine.install("--uninstall", "--purge")
    assert changed(machine, before) == {}

    write(machine, "/opt/saykey/README.md", b"a clone of theirs")
    done = machine.run(INSTALLER)
    assert done.returncode == 1
    assert "/opt/saykey is there, and was not made by this: move it elsewhere" in done.stdout
    assert read(machine, "/opt/saykey/README.md") == b"a clone of theirs"


def test_pairings_that_are_newer_go_and_older_stay(folder: Path):
    machine = raspberry_pi_os(folder)
    adapter = "/var/lib/bluetooth/00:00:00:00:00:01"
    write(machine, f"{adapter}/00:00:00:00:00:0A/info", b"[General]\n")
    before = machine.files()
    machine.install()
    write(machine, f"{adapter}/00:00:00:00:00:0B/info", b"[General]\n")
    assert "/var/lib/bluetooth" in machine.install("--uninstall")
    assert read(machine, f"{adapter}/00:00:00:00:00:0B/info")
    machine.install("--uninstall", "--purge")
    assert changed(machine, before) == {}
