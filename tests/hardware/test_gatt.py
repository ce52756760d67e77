from __future__ import annotations

import re

import pytest

from device.hardware.gatt import (
    BATTERY_LEVEL,
    BOOT_INPUT,
    BOOT_OUTPUT,
    CONTROL_POINT,
    HID,
    INPUT,
    OUTPUT,
    PROTOCOL_MODE,
    REPORT_ID,
    REPORT_MAP,
    services,
    uuid_of,
)
from device.keyboard.descriptor import REPORT_DESCRIPTOR, REPORT_LENGTH

ALL = [characteristic for service in services(50) for characteristic in service.characteristics]
BY_KEY = {characteristic.key: characteristic for characteristic in ALL}


def test_the_report_map_is_that_of_usb_with_a_report_id():
    item = bytes((0x85, REPORT_ID))
    assert REPORT_MAP.count(item) == 1
    assert REPORT_MAP.replace(item, b"") == REPORT_DESCRIPTOR
    # It has to stand before all reports, and within the collection (HID 1.11, 6.2.2.7).
    assert REPORT_MAP.index(item) == REPORT_MAP.index(b"\xa1\x01") + 2


def test_there_is_what_the_hid_service_must_have():
    (service,) = services(None)
    assert service.uuid == HID == "00001812-0000-1000-8000-00805f9b34fb"
    # HIDS 1.0, table 2.1, for a keyboard that supports boot protocol mode.
    wanted = ["2a4e", "2a4a", "2a4b", "2a4c", "2a4d", "2a4d", "2a22", "2a32"]
    assert [characteristic.uuid[4:8] for characteristic in service.characteristics] == wanted


@pytest.mark.parametrize(("key", "kind"), [(INPUT, 1), (OUTPUT, 2)])
def test_reports_say_which_they_are(key: str, kind: int):
    (reference,) = BY_KEY[key].descriptors
    assert reference.uuid == uuid_of(0x2908)
    assert reference.value == bytes((REPORT_ID, kind))


def test_a_stranger_can_do_nothing():
    for flags in [each.flags for each in ALL] + [each.flags for one in ALL for each in one.descriptors]:
        assert flags
        assert "read" not in flags
        assert "write" not in flags
        assert "notify" not in flags
        # A write without response is protected by the flag for the other kind.
        assert "write-without-response" not in flags or "encrypt-write" in flags


def test_hosts_subscribe_to_the_keys_only():
    assert {each.key for each in ALL if each.notifies} == {INPUT, BOOT_INPUT}
    assert all(("encrypt-notify" in each.flags) == each.notifies for each in ALL)


def test_hosts_write_lights_protocol_and_sleep():
    written = {each.key for each in ALL if "write-without-response" in each.flags}
    assert written == {OUTPUT, BOOT_OUTPUT, PROTOCOL_MODE, CONTROL_POINT}
    assert "encrypt-read" not in BY_KEY[CONTROL_POINT].flags


def test_values_have_the_length_of_reports():
    assert BY_KEY[INPUT].value == BY_KEY[BOOT_INPUT].value == bytes(REPORT_LENGTH)
    assert BY_KEY[OUTPUT].value == BY_KEY[BOOT_OUTPUT].value == bytes(1)
    assert BY_KEY[PROTOCOL_MODE].value == b"\x01"


def test_a_battery_is_there_only_where_there_is_one():
    assert len(services(None)) == 1
    hid, battery = services(73)
    assert hid == services(None)[0]
    assert [(each.key, each.value) for each in battery.characteristics] == [(BATTERY_LEVEL, b"\x49")]


def test_keys_and_uuids_are_well_formed():
    assert len(BY_KEY) == len(ALL)
    for each in ALL:
        assert re.fullmatch(r"0000[0-9a-f]{4}-0000-1000-8000-00805f9b34fb", each.uuid)
