from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.hardware.battery import charge_percent

if TYPE_CHECKING:
    from pathlib import Path


def supply(root: Path, name: str, **attributes: str) -> Path:
    folder = root / "sys/class/power_supply" / name
    folder.mkdir(parents=True)
    for attribute, value in attributes.items():
        (folder / attribute).write_text(f"{value}\n")
    return folder


def test_a_machine_without_power_supplies_has_no_charge(tmp_path: Path):
    assert charge_percent(tmp_path) is None


def test_the_charge_is_what_the_gauge_tells(tmp_path: Path):
    supply(tmp_path, "usb", type="USB", online="1")
    supply(tmp_path, "max17048", type="Battery", capacity="73")
    assert charge_percent(tmp_path) == 73


@pytest.mark.parametrize(
    "attributes",
    [
        {"type": "Battery", "scope": "Device", "capacity": "50"},
        {"type": "Mains", "online": "1"},
        {"type": "UPS", "capacity": "90"},
        {"type": "Battery"},
        {"type": "Battery", "capacity": ""},
        {"type": "Battery", "capacity": "full"},
        {"type": "Battery", "capacity": "40", "present": "0"},
    ],
)
def test_what_does_not_power_this_machine_or_cannot_tell_does_not_count(tmp_path: Path, attributes):
    supply(tmp_path, "a", **attributes)
    assert charge_percent(tmp_path) is None


def test_a_mouse_beside_it_is_not_taken_for_the_battery(tmp_path: Path):
    supply(tmp_path, "hid-00:11:22:33:44:55-battery", type="Battery", scope="Device", capacity="5")
    supply(tmp_path, "zz-gauge", type="Battery", capacity="80")
    assert charge_percent(tmp_path) == 80


def test_of_several_the_one_that_says_it_powers_the_system_counts(tmp_path: Path):
    supply(tmp_path, "a-gauge", type="Battery", capacity="10")
    supply(tmp_path, "b-gauge", type="Battery", scope="System", capacity="60")
    assert charge_percent(tmp_path) == 60


def test_a_battery_that_cannot_tell_leaves_it_to_the_next(tmp_path: Path):
    supply(tmp_path, "BAT0", type="Battery", capacity="")
    supply(tmp_path, "BAT1", type="Battery", capacity="30")
    assert charge_percent(tmp_path) == 30


@pytest.mark.parametrize(("told", "charge"), [("103", 100), ("100", 100), ("0", 0), ("-1", 0)])
def test_the_charge_stays_in_its_range(tmp_path: Path, told, charge):
    supply(tmp_path, "gauge", type="Battery", capacity=told)
    assert charge_percent(tmp_path) == charge


def test_an_attribute_that_is_a_folder_or_gone_is_no_error(tmp_path: Path):
    (supply(tmp_path, "gauge", type="Battery") / "capacity").mkdir()
    assert charge_percent(tmp_path) is None
