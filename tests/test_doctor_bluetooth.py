from __future__ import annotations

import configparser
import shutil
from pathlib import Path

import pytest

from device.doctor import bluetooth
from device.doctor.bluetooth_conf import FORBIDDEN, WANTED
from device.doctor.bluetooth_rights import current_groups, may_speak, sees_receipts
from device.doctor.finding import Verdict, examine
from device.hardware.usb_gadget import _IDENTITY

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT

OURS = Path(__file__).parents[1] / "systemd/bluetooth/main.conf"

BOND = "[General]\nName=Desk\n\n[LongTermKey]\nKey=00\n"

EVERYBODY = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root"><allow own="org.bluez"/><allow send_destination="org.bluez"/></policy>
  <policy group="bluetooth"><allow send_destination="org.bluez"/></policy>
  <policy context="default"><allow send_destination="org.bluez"/></policy>
</busconfig>
"""
"""As Debian 12 has it, shortened."""

A_GROUP = EVERYBODY.replace('default"><allow', 'default"><deny')


def write(root: Path, file: str, text: str = "") -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)


def bond(root: Path, *hosts: str) -> None:
    for host in hosts:
        write(root, f"var/lib/bluetooth/00:00:00:00:00:01/{host}/info", BOND)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """One where all is as it should be, and nobody is paired yet."""
    (tmp_path / "sys/class/bluetooth/hci0").mkdir(parents=True)
    write(tmp_path, "sys/class/rfkill/rfkill0/type", "bluetooth\n")
    write(tmp_path, "sys/class/rfkill/rfkill0/name", "hci0\n")
    write(tmp_path, "sys/class/rfkill/rfkill0/soft", "0\n")
    write(tmp_path, "sys/class/rfkill/rfkill0/hard", "0\n")
    write(tmp_path, "usr/libexec/bluetooth/bluetoothd")
    write(tmp_path, "proc/312/comm", "bluetoothd\n")
    write(tmp_path, "usr/share/dbus-1/system.d/bluetooth.conf", EVERYBODY)
    write(tmp_path, "usr/lib/systemd/system/saykey.service", "[Service]\nAmbientCapabilities=CAP_NET_RAW\n")
    write(
        tmp_path, "var/lib/bluetooth/00:00:00:00:00:01/cache/5C:F3:70:8B:12:34", "[General]\nName=Passer-by\n"
    )
    write(tmp_path, "etc/bluetooth/main.conf")
    shutil.copy(OURS, tmp_path / "etc/bluetooth/main.conf")
    return tmp_path


def look(root: Path, *, version="bluetoothctl: 5.82\n", missing=(), groups=("mia",)):
    check = bluetooth.keyboard(
        True,  # noqa: FBT003
        root,
        version=lambda: version,
        has_module=lambda module: module not in missing,
        groups=lambda: groups,
    )
    return [finding for _, finding in examine({"bluetooth": lambda: check})]


def only(root: Path, **machine):
    (finding,) = look(root, **machine)
    return finding


def test_bluetooth_that_is_off_is_not_looked_at(tmp_path: Path):
    ((_, finding),) = examine({"bluetooth": lambda: bluetooth.keyboard(False, tmp_path)})  # noqa: FBT003
    assert finding.verdict is OK
    assert "bluetooth.enabled" in finding.found


def test_a_machine_where_all_is_well_says_how_many_hosts_are_paired(machine: Path):
    bond(machine, "5C:F3:70:8B:12:34", "5C:F3:70:8B:12:35")
    finding = only(machine)
    assert finding.verdict is OK
    assert "BlueZ 5.82" in finding.found
    assert "2 hosts" in finding.found


def test_who_paired_with_nobody_is_told_how_to(machine: Path):
    write(machine, "var/lib/bluetooth/00:00:00:00:00:01/5C:F3:70:8B:12:34/info", "[General]\nName=Stranger\n")
    finding = only(machine)
    assert finding.verdict is WARNING
    assert finding.advice == "run: saykey pair"


def test_who_may_not_count_the_bonds_is_told_what_can(machine: Path):
    shutil.rmtree(machine / "var/lib/bluetooth")
    write(machine, "var/lib/bluetooth")
    finding = only(machine)
    assert finding.verdict is OK
    assert "saykey hosts" in finding.found


@pytest.mark.parametrize("module", ["gi", "pydbus"])
def test_a_missing_library_is_named(machine: Path, module: str):
    finding = only(machine, missing=(module,))
    assert finding.verdict is FAULT
    assert module in finding.found
    assert "python3-gi" in finding.advice


def test_glib_for_another_python_is_told_from_none(machine: Path):
    write(machine, "usr/lib/python3/dist-packages/gi/__init__.py")
    finding = only(machine, missing=("gi",))
    assert finding.verdict is FAULT
    assert "not for the Python" in finding.found
    assert "PYTHON=/usr/bin/python3" in finding.advice


def test_no_adapter_is_a_fault(machine: Path):
    (machine / "sys/class/bluetooth/hci0").rename(machine / "sys/class/bluetooth/hci0:64")
    finding = only(machine)
    assert finding.verdict is FAULT
    assert "no Bluetooth adapter" in finding.found


def test_a_machine_without_any_bluetooth_is_told_all_that_is_missing(tmp_path: Path):
    found = look(tmp_path, version="", missing=("gi", "pydbus"))
    faults = " | ".join(finding.found for finding in found if finding.verdict is FAULT)
    for word in ("python3-gi", "pydbus", "no Bluetooth adapter", "bluetoothd is not installed"):
        assert word in faults
    assert all(finding.advice for finding in found)


@pytest.mark.parametrize(("file", "words"), [("soft", "rfkill unblock"), ("hard", "turn it on")])
def test_a_switched_off_radio_is_told_apart_from_a_blocked_one(machine: Path, file: str, words: str):
    write(machine, f"sys/class/rfkill/rfkill0/{file}", "1\n")
    finding = only(machine)
    assert finding.verdict is FAULT
    assert "hci0" in finding.found
    assert words in finding.advice


def test_a_blocked_wifi_is_none_of_our_business(machine: Path):
    write(machine, "sys/class/rfkill/rfkill1/type", "wlan\n")
    write(machine, "sys/class/rfkill/rfkill1/soft", "1\n")
    assert only(machine).advice == "run: saykey pair"


def test_bluetoothd_that_is_not_installed_is_told_apart_from_one_that_does_not_run(machine: Path):
    (machine / "proc/312/comm").unlink()
    stopped = only(machine)
    (machine / "usr/libexec/bluetooth/bluetoothd").unlink()
    missing = only(machine)
    assert (stopped.verdict, missing.verdict) == (FAULT, FAULT)
    assert "systemctl" in stopped.advice
    assert "apt install bluez" in missing.advice


def test_a_bluez_that_is_too_old_is_a_fault(machine: Path):
    finding = only(machine, version="bluetoothctl: 5.55")
    assert finding.verdict is FAULT
    assert "5.55" in finding.found
    assert "5.76" in finding.advice


@pytest.mark.parametrize("version", ["5.66", "5.75"])
@pytest.mark.parametrize(("hosts", "verdicts"), [(1, [OK]), (2, [OK, WARNING])])
def test_a_bluez_that_types_into_every_host_is_told_where_there_are_two(
    machine: Path, version: str, hosts: int, verdicts: list[Verdict]
):
    bond(machine, *("5C:F3:70:8B:12:34", "5C:F3:70:8B:12:35")[:hosts])
    findings = look(machine, version=f"bluetoothctl: {version}")
    assert [finding.verdict for finding in findings] == verdicts
    assert all("every host" in finding.found and "5.76" in finding.advice for finding in findings[1:])


@pytest.mark.parametrize("version", ["bluetoothctl: 5.76", "5.82-1.1", "bluetoothctl: 6.0", "", "unknown"])
def test_a_bluez_that_types_into_one_host_or_does_not_tell_is_not_warned_of(machine: Path, version: str):
    bond(machine, "5C:F3:70:8B:12:34", "5C:F3:70:8B:12:35")
    assert [finding.verdict for finding in look(machine, version=version)] == [OK]


# What we may do.


def test_who_may_not_speak_to_bluetoothd_is_told_the_group(machine: Path):
    write(machine, "usr/share/dbus-1/system.d/bluetooth.conf", A_GROUP)
    finding = only(machine)
    assert finding.verdict is FAULT
    assert "-aG bluetooth" in finding.advice
    assert only(machine, groups=("mia", "bluetooth")).verdict is WARNING  # nobody is paired: all else is well


@pytest.mark.parametrize(
    ("policy", "groups", "may"),
    [
        (EVERYBODY, set(), True),
        (A_GROUP, set(), False),
        (A_GROUP, {"bluetooth"}, True),
        (A_GROUP, {"root"}, True),
        ("<busconfig></busconfig>", set(), True),
        ("this is no policy", set(), True),
    ],
)
def test_the_bus_policy_says_who_may_speak(tmp_path: Path, policy: str, groups: set[str], may):
    write(tmp_path, "etc/dbus-1/system.d/bluetooth.conf", policy)
    assert may_speak(tmp_path, groups) is may


def test_this_process_is_in_some_group():
    assert current_groups()


@pytest.mark.parametrize(
    ("file", "text", "sees"),
    [
        ("proc/self/status", "Name:\tsaykey\nCapEff:\t0000000000002000\n", True),
        ("proc/self/status", "Name:\tsaykey\nCapEff:\t0000000000001000\n", False),
        ("proc/self/status", "Name:\tsaykey\nCapPrm:\t0000000000002000\n", False),
        (
            "lib/systemd/system/saykey.service",
            "[Service]\nAmbientCapabilities = CAP_SYS_NICE CAP_NET_RAW\n",
            True,
        ),
        (
            "etc/systemd/system/saykey.service.d/raw.conf",
            "[Service]\nAmbientCapabilities=CAP_NET_RAW\n",
            True,
        ),
        ("etc/systemd/system/saykey.service", "[Service]\n#AmbientCapabilities=CAP_NET_RAW\n", False),
        ("etc/systemd/system/saykey.service", "[Service]\nAmbientCapabilities=~CAP_NET_RAW\n", False),
        ("etc/systemd/system/other.service", "[Service]\nAmbientCapabilities=CAP_NET_RAW\n", False),
    ],
)
def test_the_right_to_see_keys_arrive_is_ours_or_the_units(tmp_path: Path, file: str, text: str, sees):
    write(tmp_path, file, text)
    assert sees_receipts(tmp_path) is sees


def test_without_that_right_a_warning_says_what_it_costs(machine: Path):
    (machine / "usr/lib/systemd/system/saykey.service").unlink()
    _, finding = look(machine)
    assert finding.verdict is WARNING
    assert "may lose" in finding.found
    assert "CAP_NET_RAW" in finding.advice


# bluetoothd's settings.


def settings_of(file: Path) -> dict[tuple[str, str], str]:
    parser = configparser.RawConfigParser()
    parser.optionxform = str
    parser.read(file)
    return {(section, key): value for section in parser for key, value in parser[section].items()}


def change(machine: Path, key: str, value: str | None) -> None:
    file = machine / "etc/bluetooth/main.conf"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{key} =")]
    if value is not None:
        lines.insert(lines.index("[General]") + 1, f"{key} = {value}")
    file.write_text("\n".join(lines))


def test_the_file_that_ships_is_what_doctor_wants():
    assert settings_of(OURS) == {place: value for place, (value, _) in WANTED.items()}


def test_the_keyboard_is_the_same_make_as_over_usb():
    ids = (_IDENTITY["idVendor"], _IDENTITY["idProduct"], _IDENTITY["bcdDevice"])
    assert settings_of(OURS)["General", "DeviceID"] == "usb:{:04X}:{:04X}:{:04X}".format(*ids)


def test_a_bluetoothd_without_settings_is_told_all_that_comes_of_it(machine: Path):
    (machine / "etc/bluetooth/main.conf").unlink()
    _, finding = look(machine)
    assert finding.verdict is WARNING
    for (_, key), (_, effect) in WANTED.items():
        assert (effect in finding.found) is (key != "Channels")  # one by default in this version
    assert "MinConnectionInterval, MaxConnectionInterval" in finding.found
    assert "restart bluetooth" in finding.advice


def test_an_older_bluez_has_more_channels_unless_told_otherwise(machine: Path):
    change(machine, "Channels", None)
    assert len(look(machine)) == 1
    assert "Channels" in look(machine, version="5.66")[-1].found


@pytest.mark.parametrize(("place", "value", "effect"), [(place, *rest) for place, rest in FORBIDDEN.items()])
def test_settings_that_open_the_door_are_warned_of(machine: Path, place, value: str, effect: str):
    change(machine, place[1], value)
    _, finding = look(machine)
    assert finding.verdict is WARNING
    assert finding.found.endswith(f"differs from Saykey's: {effect} ({place[1]})")


def test_the_case_of_values_is_not_looked_at_that_of_keys_is(machine: Path):
    change(machine, "DeviceID", "usb:1d6b:0104:0100")
    assert len(look(machine)) == 1
    change(machine, "ControllerMode", None)
    change(machine, "controllermode", "le")
    assert "ControllerMode" in look(machine)[-1].found


def test_settings_that_cannot_be_read_are_a_warning(machine: Path):
    write(machine, "etc/bluetooth/main.conf", "ControllerMode = le\n")
    _, finding = look(machine)
    assert finding.verdict is WARNING
    assert "cannot be understood" in finding.found


def test_the_version_is_asked_of_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bluetooth.bluez_version() == ""
    (tmp_path / "bluetoothctl").write_text("#!/bin/sh\necho bluetoothctl: 5.82\n")
    (tmp_path / "bluetoothctl").chmod(0o755)
    assert bluetooth.bluez_version() == "bluetoothctl: 5.82\n"


def test_a_module_that_python_has_is_found():
    assert bluetooth.is_there("json")
    assert not bluetooth.is_there("no_such_module")
