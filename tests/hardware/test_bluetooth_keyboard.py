"""The keyboard of one host: what it gets, why it may get nothing, its lights, the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from device.errors import HostAwayError
from device.hardware import bluetooth_keyboard
from device.hardware.gatt import BOOT_INPUT, BOOT_OUTPUT, CONTROL_POINT, INPUT, OUTPUT, PROTOCOL_MODE
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED, NUM_LOCK_LED
from tests.hardware.le_hosts import Air, Computer
from tests.hardware.le_keyboards import A, B, begin, fails, keyboard_in, turns, without_repeats

# One host.


async def test_reports_arrive_once_and_in_order(air: Air):
    keyboard, laptop = begin(air)
    for each in (A, ALL_UP, B, ALL_UP) * 20:
        await keyboard.send(each)
    assert laptop.received == [ALL_UP, *(A, ALL_UP, B, ALL_UP) * 20]  # the first without being asked for
    assert keyboard.absences() == 0
    keyboard.close()


async def test_a_report_is_sent_when_the_host_has_acknowledged_it(seen: Air):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    assert laptop.on_air == [A]
    assert not sending.done()
    laptop.answer()
    await sending
    keyboard.close()


async def test_a_report_waits_until_bluetoothd_has_room(air: Air):
    keyboard, laptop = begin(air)
    laptop.is_read = False
    link = laptop.air.keyboard._link._link
    while True:
        try:
            link.send(ALL_UP)
        except BlockingIOError:
            break
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    assert not sending.done()
    laptop.read_again()
    await sending
    assert laptop.received[-1] == A
    assert laptop.received.count(A) == 1
    keyboard.close()


async def test_bluetoothd_that_has_no_room_is_silence(air: Air, monkeypatch):
    monkeypatch.setattr(bluetooth_keyboard, "PATIENCE_S", 0.02)
    keyboard, laptop = begin(air)
    await keyboard.send(ALL_UP)
    laptop.is_read = False
    for _ in range(2000):
        try:
            keyboard._link._link.send(ALL_UP)
        except BlockingIOError:
            break
    await fails(keyboard, A, "answer")
    laptop.read_again()
    assert await keyboard.wait_until_ready() is False
    assert A not in laptop.received
    keyboard.close()


# Why there may be none.


async def test_each_reason_is_a_sentence(air: Air):
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=None)
    await fails(keyboard, A, "chosen")
    keyboard.use(laptop.address)
    assert keyboard.absences() == 0
    await fails(keyboard, A, "reach")
    laptop.is_bonded = False
    laptop.connect()
    await fails(keyboard, A, "paired")
    laptop.is_bonded = True
    air.tell()
    await fails(keyboard, A, "does not take keys")
    laptop.subscribe()
    await keyboard.send(A)
    keyboard.close()
    await fails(keyboard, A, "closed")


async def test_who_is_not_bonded_gets_nothing(air: Air):
    laptop = Computer(air, "laptop")
    laptop.is_bonded = False
    keyboard = keyboard_in(air, of=laptop)
    laptop.come()
    await fails(keyboard, A)
    await turns()
    assert laptop.received == []
    keyboard.close()


async def test_a_bond_that_is_taken_away_is_an_absence(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    laptop.is_bonded = False
    air.tell()
    await fails(keyboard, ALL_UP)
    assert keyboard.absences() == 1
    keyboard.close()


# Lights, protocols, sleep.


async def test_lights_are_those_of_the_host_in_use(air: Air):
    keyboard, laptop = begin(air)
    tablet = Computer(air, "tablet")
    tablet.come()
    assert keyboard.leds() == 0
    laptop.write(OUTPUT, CAPS_LOCK_LED)
    tablet.write(OUTPUT, NUM_LOCK_LED)
    tablet.write(OUTPUT)
    assert keyboard.leds() == CAPS_LOCK_LED
    laptop.write(BOOT_OUTPUT, 0)
    assert keyboard.leds() == 0
    keyboard.use(tablet.address)
    assert keyboard.leds() == NUM_LOCK_LED
    keyboard.use(None)
    assert keyboard.leds() == 0
    keyboard.close()


async def test_a_host_in_boot_protocol_gets_boot_reports(air: Air):
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    laptop.come(BOOT_INPUT)
    await fails(keyboard, A, "does not take keys")
    laptop.write(PROTOCOL_MODE, 0)
    assert air.values[PROTOCOL_MODE] == b"\0"
    await keyboard.send(A)
    assert laptop.received == [ALL_UP, A]
    laptop.go()
    await turns()
    assert air.values[PROTOCOL_MODE] == b"\1"
    laptop.come(BOOT_INPUT, INPUT)
    assert await keyboard.wait_until_ready() is False
    before = keyboard._link
    laptop.write(PROTOCOL_MODE, 7)
    assert keyboard._link is before
    laptop.write(PROTOCOL_MODE, 0)
    assert keyboard._link is not before
    keyboard.close()


async def test_a_host_that_falls_asleep_gets_no_more_of_the_text_unasked(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    laptop.write(CONTROL_POINT, 1)
    await keyboard.send(ALL_UP)
    laptop.write(CONTROL_POINT, 0)
    await fails(keyboard, B)
    assert keyboard.absences() == 1
    await keyboard.send(B)  # at the user's press
    tablet = Computer(air, "tablet")
    tablet.come()
    tablet.write(CONTROL_POINT, 0)
    assert keyboard.absences() == 1
    keyboard.close()


# The end.


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("has_monitor", [True, False])
async def test_the_end_reaches_whoever_waits_and_leaves_nothing_open(has_monitor):
    before = descriptors()
    air = Air(has_monitor=has_monitor)
    keyboard, laptop = begin(air)
    tablet = Computer(air, "tablet")
    tablet.come()
    await keyboard.send(ALL_UP)
    laptop.is_read = False
    sending = asyncio.create_task(keyboard.send(A))
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    keyboard.close()
    for each in (sending, waiting):
        with pytest.raises(HostAwayError):
            await each
    laptop.subscribe()
    keyboard.close()
    with pytest.raises(HostAwayError):
        await keyboard.wait_until_ready()
    air.close()
    assert descriptors() == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_send_that_is_cancelled_leaves_the_keyboard_whole(seen: Air):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    laptop.answer()
    laptop.is_answering = True
    await keyboard.send(A)
    await keyboard.send(ALL_UP)
    assert without_repeats(laptop.received) == [ALL_UP, A, ALL_UP]
    keyboard.close()
