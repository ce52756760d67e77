from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.boards.board import board_named, boards
from device.cli import _parser
from device.control_requests import SERVICE_FOLDER
from device.hardware.gadget_status import GADGETS, HID, NAME
from device.hardware.led_file import LED_FILE
from device.hardware.usb_gadget import GROUP
from device.kept_host import SERVICE_STATE
from device.models import self_test
from device.models.starts import MOST_FAILURES
from device.running import _LOADED_WITHIN_S
from tests.systemd.units import FOLDER, UNITS, Unit, allowed_calls, read, words

if TYPE_CHECKING:
    from collections.abc import Mapping

DAEMON, GADGET, TAKE, FAILED = (
    "saykey.service",
    "saykey-gadget.service",
    "saykey-take.service",
    "saykey-failed.service",
)

SECONDS = {"": 1, "min": 60}


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is missing: apt install systemd"
    )


def seconds(value: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w*)", value).groups()
    return int(number) * SECONDS[unit]


@pytest.fixture
def daemon() -> Unit:
    return read(DAEMON)


# What systemd itself says.


@needs("systemd-analyze")
def test_systemd_finds_no_fault(tmp_path: Path):
    program = (
        tmp_path / "saykey"
    )  # systemd looks for it in its own path, where it is only once it is installed
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in UNITS:
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("ExecStart=saykey ", f"ExecStart={program} "), encoding="utf-8"
        )
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            "--recursive-errors=no",
            *(str(tmp_path / name) for name in UNITS),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_LOG_TARGET": "console"},
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "saykey" in line]
    assert (done.returncode, ours) == (0, [])


@needs("systemd-analyze")
@pytest.mark.parametrize("name", UNITS)
def test_little_is_exposed(name: str):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(FOLDER / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, [*done.stdout.splitlines()[-1:], done.stderr]


@needs("systemd-analyze")
def test_what_is_called_beside_the_usual_is_allowed(daemon: Unit):
    calls = allowed_calls(daemon)
    # It gives CAP_NET_RAW up; mtools becomes who it is; prlimit; a self-test is nice; cores are chosen.
    assert {"capset", "setresuid", "prlimit64", "setpriority", "sched_setaffinity", "renameat2"} <= calls
    assert not {"mount", "ptrace", "setuid", "chown", "init_module", "bpf", "reboot"} & calls


def test_on_arm_alone_no_memory_is_both_written_and_executed(daemon: Unit):
    assert read("arm/saykey.service.d/memory.conf") == {"MemoryDenyWriteExecute": ["yes"]}
    assert "MemoryDenyWriteExecute" not in daemon  # oneDNN, on x86


@needs("systemd-sysusers")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")
def test_the_user_and_the_groups_are_made(tmp_path: Path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("root:x:0:\naudio:x:29:\n")
    for _ in range(2):
        subprocess.run(
            ["systemd-sysusers", f"--root={tmp_path}", str(FOLDER / "sysusers.d/saykey.conf")],
            check=True,
            capture_output=True,
        )
    (user,) = [
        line for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("saykey:")
    ]
    assert user.split(":")[5:] == [str(SERVICE_STATE), "/usr/sbin/nologin"]
    groups = {line.split(":")[0] for line in (tmp_path / "etc/group").read_text().splitlines()}
    assert {GROUP, *words(read(DAEMON), "SupplementaryGroups")} <= groups


# Who may do what.


@pytest.mark.parametrize("name", UNITS)
def test_nothing_but_the_gadget_is_roots(name: str):
    unit = read(name)
    assert unit.get("User") == (None if name == GADGET else ["saykey"])
    for key in ("ExecStart", "ExecStartPre", "ExecStartPost", "ExecStop"):
        assert not [
            value for value in unit.get(key, []) if value[0] in "+!"
        ]  # with more rights than the unit


@pytest.mark.parametrize(
    ("name", "capabilities"),
    [
        (DAEMON, ["CAP_NET_RAW", "CAP_SYSLOG"]),
        (GADGET, ["CAP_CHOWN"]),
        (TAKE, ["CAP_DAC_OVERRIDE"]),
        (FAILED, ["CAP_DAC_OVERRIDE"]),
    ],
)
def test_no_unit_has_a_right_that_it_does_not_need(name: str, capabilities: list[str]):
    unit = read(name)
    assert words(unit, "CapabilityBoundingSet") == capabilities
    assert words(unit, "AmbientCapabilities") == ([] if name == GADGET else capabilities)
    assert unit["NoNewPrivileges"] == ["yes"]


@pytest.mark.parametrize("name", UNITS)
def test_no_unit_has_a_network(name: str):
    families = words(read(name), "RestrictAddressFamilies")
    assert set(families) <= {"AF_UNIX", "AF_BLUETOOTH", "none"}
    assert families


@pytest.mark.parametrize("name", UNITS)
def test_no_unit_is_refused_by_newer_systemds(name: str):
    # Since 257 a unit with a file system of its own may not begin in /sys; 252 does not know of it.
    assert "WorkingDirectory" not in read(name)


@pytest.mark.parametrize("name", UNITS)
def test_every_unit_finds_the_system_read_only(name: str):
    unit = read(name)
    assert (unit["ProtectSystem"], unit["ProtectHome"]) == (["strict"], ["yes"])


def test_the_daemon_may_write_where_it_writes(daemon: Unit):
    assert daemon["StateDirectory"] == [str(SERVICE_STATE.relative_to("/var/lib"))]
    assert daemon["RuntimeDirectory"] == [str(SERVICE_FOLDER.relative_to("/run"))]
    assert SERVICE_FOLDER in (Path("/") / LED_FILE).parents
    assert words(daemon, "ReadWritePaths") == [f"-/{GADGETS}", "-/sys/devices/platform/leds"]
    assert "LG_WD=%t/saykey" in words(daemon, "Environment")
    assert daemon["PrivateTmp"] == ["yes"]  # for what mtools and minisign are given


def test_a_crash_leaves_no_image_of_what_was_said_on_the_disk(daemon: Unit):
    assert daemon["LimitCORE"] == ["0"]


def test_what_came_of_the_owners_files_is_said_to_the_owner_alone():
    # Without the second, what goes wrong would go where the first goes.
    assert (read(TAKE)["StandardOutput"], read(TAKE)["StandardError"]) == (["null"], ["journal"])


def test_the_lock_keys_outlive_a_restart(daemon: Unit):
    assert daemon["RuntimeDirectoryPreserve"] == ["yes"]


def test_what_is_kept_is_the_groups_to_read_and_nobody_elses(daemon: Unit):
    for unit in (daemon, read(TAKE)):
        assert (unit["StateDirectoryMode"], unit["UMask"]) == (["0750"], ["0027"])
    assert daemon["RuntimeDirectoryMode"] == ["0750"]
    made = (FOLDER / "tmpfiles.d/saykey.conf").read_text().splitlines()[-1]
    assert made.split() == ["d", str(SERVICE_STATE), "0750", "saykey", "saykey", "-"]


def test_the_daemon_opens_its_devices_and_no_others(daemon: Unit):
    assert daemon["DevicePolicy"] == ["closed"]
    assert daemon["DeviceAllow"] == [
        "char-hidg rw",
        "char-alsa rw",
        "char-gpiochip rw",
        "char-i2c rw",
        "/dev/kmsg r",
    ]
    assert "PrivateDevices" not in daemon


def test_udev_gives_the_groups_their_devices(daemon: Unit):
    rules = (FOLDER / "udev/60-saykey.rules").read_text()
    given = dict(re.findall(r'^SUBSYSTEM=="([\w-]+)".*GROUP="(\w+)", MODE="0660"$', rules, re.MULTILINE))
    assert given == {"hidg": GROUP, "gpio": "gpio", "i2c-dev": "i2c"}
    assert words(daemon, "SupplementaryGroups") == ["audio", "gpio", "i2c"]
    assert f'ENV{{SYSTEMD_WANTS}}+="{GADGET}"' in rules


def test_udev_gives_the_group_the_leds_of_every_board(daemon: Unit):
    rules = (FOLDER / "udev/60-saykey.rules").read_text()
    (names,) = re.findall(r'SUBSYSTEM=="leds", KERNEL=="([^"]+)", RUN', rules)
    assert set(names.split("|")) == {led for name in boards() for led in board_named(name).own_leds}
    assert f"/bin/chgrp {GROUP} " in rules
    assert "-/sys/devices/platform/leds" in words(daemon, "ReadWritePaths")


# When.


@pytest.mark.parametrize("name", [GADGET, TAKE])
def test_what_the_daemon_needs_comes_first_and_costs_it_nothing(daemon: Unit, name: str):
    assert name in words(daemon, "Wants")
    assert name in words(daemon, "After")
    assert DAEMON in words(read(name), "Before")
    assert "Requires" not in daemon
    assert "BindsTo" not in daemon


def test_the_gadget_is_looked_after_at_every_start_and_the_card_once():
    assert "RemainAfterExit" not in read(GADGET)
    assert read(TAKE)["RemainAfterExit"] == ["yes"]


def test_the_gadget_waits_for_configfs():
    gadget = read(GADGET)
    for unit in ("modprobe@libcomposite.service", "sys-kernel-config.mount"):
        assert unit in words(gadget, "Wants")
        assert unit in words(gadget, "After")


def test_systemd_waits_as_long_as_the_daemon(daemon: Unit):
    assert daemon["Type"] == ["notify"]
    assert seconds(daemon["TimeoutStartSec"][0]) >= _LOADED_WITHIN_S
    assert seconds(read(TAKE)["TimeoutStartSec"][0]) > 2 * self_test.WITHIN_S


def test_a_model_that_fails_and_the_one_before_it_have_their_starts(daemon: Unit):
    assert int(daemon["StartLimitBurst"][0]) == 2 * MOST_FAILURES
    assert daemon["Restart"] == ["always"]
    assert daemon["OnFailure"] == [FAILED]
    assert read("since254/saykey.service.d/restart.conf") == {"RestartMode": ["direct"]}
    assert read(FAILED)["Conflicts"] == [DAEMON]


def test_only_the_daemon_is_enabled():
    assert [name for name in UNITS if "WantedBy" in read(name)] == [DAEMON]


# That it works.


@pytest.mark.parametrize("name", [DAEMON, GADGET, TAKE])
def test_the_command_is_one_of_saykeys(name: str):
    program, *arguments = read(name)["ExecStart"][0].split()
    assert program == "saykey"
    assert _parser(arguments).parse_args(arguments).command == arguments[0]


def script_of(name: str, key: str, places: Mapping[str, str]) -> list[str]:
    """Give the command of a unit, at other places."""
    shell, option, script = re.fullmatch(r"(\S+) (-c) '(.*)'", read(name)[key][0]).groups()
    for there, here in {"$$": "$", **places}.items():
        script = script.replace(there, here)
    return [shell, option, script]


@pytest.mark.parametrize("has_controller", [True, False])
@pytest.mark.parametrize("has_configfs", [True, False])
def test_without_a_controller_the_gadget_is_left_out_but_for_its_function(
    tmp_path: Path, *, has_controller: bool, has_configfs: bool
):
    if has_controller:
        (tmp_path / "sys/class/udc/fe980000.usb").mkdir(parents=True)
    if has_configfs:
        (tmp_path / GADGETS).mkdir(parents=True)
    else:
        (tmp_path / "sys/kernel").mkdir(parents=True)
        (tmp_path / "sys/kernel/config").touch()  # nothing can be made in it, by root neither
    done = subprocess.run(
        script_of(GADGET, "ExecCondition", {"/sys/": f"{tmp_path}/sys/"}), capture_output=True, check=False
    )
    assert (done.returncode == 0) == has_controller
    assert done.returncode < 255  # else the unit would have failed
    assert not done.stdout + done.stderr
    made = tmp_path / GADGETS / NAME / HID
    assert made.is_dir() == (has_configfs and not has_controller)


class Leds:
    """LEDs as files, with the triggers that the kernel shows, and the unit that blinks them."""

    def __init__(self, folder: Path, shown: Mapping[str, str]) -> None:
        self.folder, self._kept = folder / "leds", folder / "kept"
        self._kept.mkdir()
        for name, trigger in shown.items():
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "trigger").write_text(f"{trigger}\n")

    def run(self, key: str) -> None:
        places = {"/run/saykey-failed": str(self._kept), "/sys/class/leds": str(self.folder)}
        subprocess.run(script_of(FAILED, key, places), check=True)

    def triggers(self) -> dict[str, str]:
        return {each.name: (each / "trigger").read_text().strip() for each in self.folder.iterdir()}


def test_the_boards_led_blinks_and_shows_again_what_it_showed(tmp_path: Path):
    shown = {
        "ACT": "none [mmc0] timer",
        "PWR": "none [default-on]",
        "green:status": "[none] timer",
        "input1::capslock": "none [kbd-capslock]",
    }
    leds = Leds(tmp_path, shown)
    leds.run("ExecStart")
    assert leds.triggers() == {**shown, "ACT": "timer", "green:status": "timer"}
    assert (leds.folder / "ACT/delay_on").read_text() == "80\n"
    leds.run("ExecStop")
    assert leds.triggers() == {**shown, "ACT": "mmc0", "green:status": "none"}


@pytest.mark.parametrize("led", sorted({led for name in boards() for led in board_named(name).own_leds}))
def test_every_boards_own_led_blinks(tmp_path: Path, led: str):
    leds = Leds(tmp_path, {led: "[none] timer"})
    leds.run("ExecStart")
    assert leds.triggers() == {led: "timer"}
