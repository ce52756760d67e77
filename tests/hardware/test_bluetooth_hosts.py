"""Several hosts, one of them in use; and those that do not subscribe again."""

from __future__ import annotations

import asyncio

import pytest

from device.errors import HostAwayError
from device.hardware import bluetooth_keyboard, subscriber
from device.hardware.gatt import OUTPUT
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED
from tests.hardware.le_hosts import Air, Computer
from tests.hardware.le_keyboards import A, B, begin, fails, keyboard_in, turns, until


async def test_a_host_that_is_left_before_its_first_key_gets_none(seen: Air):
    keyboard, laptop = begin(seen)
    tablet = Computer(seen, "tablet")
    tablet.come()
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await until(lambda: laptop.on_air)
    keyboard.use(tablet.address)
    laptop.answer()
    with pytest.raises(HostAwayError):
        await sending
    await turns()
    assert laptop.on_air == tablet.received == []
    keyboard.close()


async def test_only_the_host_in_use_gets_keys(air: Air):
    keyboard, laptop = begin(air)
    tablet = Computer(air, "tablet")
    tablet.come()
    for each in (A, ALL_UP, B):
        await keyboard.send(each)
    await turns()
    assert tablet.received == []
    assert keyboard.absences() == 0
    tablet.go()
    await turns()
    assert keyboard.absences() == 0
    assert laptop.received == [ALL_UP, A, ALL_UP, B]
    keyboard.close()


async def test_another_host_begins_where_the_user_says_and_no_key_stays_down(air: Air):
    keyboard, laptop = begin(air)
    tablet = Computer(air, "tablet")
    tablet.come()
    await keyboard.send(A)
    keyboard.use(tablet.address)
    await fails(keyboard, B, "anew")
    assert await keyboard.wait_until_ready() is False
    await keyboard.send(B)
    await turns()
    assert laptop.received == [ALL_UP, A, ALL_UP]
    assert tablet.received == [ALL_UP, B]
    assert keyboard.absences() == 1
    keyboard.use(tablet.address)
    assert keyboard.absences() == 1
    keyboard.close()


async def test_what_is_under_way_when_the_host_is_changed_ends_where_it_began(seen: Air):
    keyboard, laptop = begin(seen)
    tablet = Computer(seen, "tablet")
    tablet.come()
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    keyboard.use(tablet.address)
    await turns()
    laptop.answer()
    await sending
    await fails(keyboard, B)
    assert laptop.received == [ALL_UP, A, ALL_UP]
    assert tablet.received == []
    keyboard.close()


async def test_what_has_not_been_written_is_not_written_to_a_host_that_was_left(air: Air):
    keyboard, laptop = begin(air)
    tablet = Computer(air, "tablet")
    tablet.come()
    await keyboard.send(B)
    laptop.is_read = False
    for _ in range(2000):
        try:
            keyboard._link._link.send(B)
        except BlockingIOError:
            break
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    keyboard.use(tablet.address)
    laptop.read_again()
    with pytest.raises(HostAwayError):
        await sending
    assert await keyboard.wait_until_ready() is False
    await until(lambda: laptop.received[-1] == ALL_UP)
    assert A not in laptop.received
    keyboard.close()


@pytest.mark.parametrize("fate", ["arrives", "is lost", "is never sent"])
async def test_a_report_left_at_another_host_is_known_before_it_is_typed_again(seen: Air, monkeypatch, fate):
    keyboard, laptop = begin(seen)
    tablet = Computer(seen, "tablet")
    tablet.come()
    await keyboard.send(ALL_UP)
    laptop.is_answering, laptop.is_read = False, fate != "is never sent"
    with monkeypatch.context() as haste:
        haste.setattr(bluetooth_keyboard, "PATIENCE_S", 0.02)
        await fails(keyboard, A)
    keyboard.use(tablet.address)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    assert tablet.received == []
    if fate == "arrives":
        laptop.answer()
    else:
        laptop.go()
    assert await waiting is (fate == "arrives")
    keyboard.close()


async def test_a_host_that_was_left_in_silence_does_not_hold_the_next_one_for_ever(seen: Air, monkeypatch):
    monkeypatch.setattr(bluetooth_keyboard, "_SILENCE_S", 0.02)
    keyboard, laptop = begin(seen)
    tablet = Computer(seen, "tablet")
    tablet.come()
    await keyboard.send(A)
    laptop.is_read = False
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    keyboard.use(tablet.address)
    assert await waiting is False
    assert tablet.received == [ALL_UP]
    await keyboard.send(B)
    keyboard.close()


async def test_a_host_that_is_left_at_the_end_has_no_key_down(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    keyboard.use(None)
    keyboard.close()
    await until(lambda: laptop.received == [ALL_UP, A, ALL_UP])


async def test_whoever_waits_follows_to_another_host(seen: Air):
    keyboard, laptop = begin(seen)
    tablet = Computer(seen, "tablet")
    laptop.is_answering = False
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    keyboard.use(tablet.address)
    await turns()
    assert not waiting.done()
    laptop.go()
    await turns()
    assert not waiting.done()
    tablet.come()
    assert await waiting is False
    assert tablet.received == [ALL_UP]
    keyboard.close()


async def test_a_host_that_bluez_calls_otherwise_is_the_same(air: Air):
    """BlueZ names it by the address with which it came, and many hosts change that every 15 minutes."""
    keyboard, laptop = begin(air)
    await keyboard.send(ALL_UP)
    laptop.write(OUTPUT, CAPS_LOCK_LED)
    laptop.go()
    laptop.path += "_that_came_anew"
    laptop.come()
    assert keyboard.leds() == CAPS_LOCK_LED
    assert await keyboard.wait_until_ready() is False
    await keyboard.send(A)
    assert laptop.received[-1] == A
    keyboard.close()


# Hosts that keep their subscription without writing it again.


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(subscriber, "_SUBSCRIBE_S", 0.005)


async def wait_long() -> None:
    """Wait until what is asked for soon must have been asked for."""
    for _ in range(20):
        await asyncio.sleep(0.002)


async def test_when_the_last_host_goes_its_subscription_is_forgotten(air: Air):
    laptop, tablet = Computer(air, "laptop"), Computer(air, "tablet")
    keyboard = keyboard_in(air, of=laptop)
    laptop.come()
    tablet.come()
    laptop.go()
    air.tell()
    assert air.registered_again == 0, "it would end what the tablet has subscribed to"
    tablet.go()
    assert air.registered_again == 1
    air.tell()
    assert air.registered_again == 1
    keyboard.close()


async def test_a_bonded_host_that_does_not_subscribe_is_told_to_look_again_and_then_to_come_again(
    air: Air, soon
):
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    laptop.connect()
    await until(lambda: air.registered_again == 1)
    assert laptop.is_connected
    await until(lambda: not laptop.is_connected)
    laptop.connect()
    laptop.subscribe()
    await wait_long()
    assert air.disconnected == [laptop.path]
    assert air.registered_again == 1, "when it came again, there was nothing left to forget"
    laptop.end_links()
    await until(lambda: air.disconnected == [laptop.path] * 2)
    assert air.registered_again == 2
    keyboard.close()


async def test_who_was_told_with_another_host_is_not_told_again(air: Air, soon):
    laptop, tablet = Computer(air, "laptop"), Computer(air, "tablet")
    keyboard = keyboard_in(air, of=laptop)
    tablet.come()
    laptop.connect()
    await until(lambda: air.registered_again == 1)
    laptop.subscribe()
    tablet.end_links()  # bluetoothd does, and the tablet sees no change
    keyboard.use(tablet.address)
    await until(lambda: air.disconnected == [tablet.path])
    assert air.registered_again == 1, "it would end what the laptop has subscribed to"
    keyboard.close()


async def test_a_host_whose_link_is_closed_while_it_is_still_connected_from_pairing_is_told(air: Air, soon):
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    laptop.is_bonded = False
    laptop.connect()
    laptop.is_bonded = True
    air.tell()
    laptop.subscribe()
    await keyboard.send(A)
    laptop.end_links()  # bluetoothd took them for those of a guest that has gone
    await until(lambda: air.registered_again == 1)
    assert air.disconnected == []
    laptop.subscribe()
    await keyboard.wait_until_ready()
    keyboard.close()


async def test_who_need_not_be_told_is_not(air: Air, soon):
    laptop, tablet = Computer(air, "laptop"), Computer(air, "tablet")
    keyboard = keyboard_in(air, of=laptop)
    tablet.connect()  # not in use
    laptop.is_bonded = False
    laptop.connect()  # pairs, and takes its time
    laptop.is_bonded = True
    air.tell()
    await wait_long()
    laptop.go()
    laptop.connect()
    laptop.go()
    laptop.come()
    await wait_long()
    assert (air.registered_again, air.disconnected) == (0, [])
    keyboard.close()


async def test_a_host_that_never_subscribes_is_not_disconnected_for_ever(air: Air, soon):
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    for _ in range(10):
        laptop.connect()  # as a host that comes back at once
        await until(lambda: air.registered_again)
        await wait_long()
        await wait_long()
    assert 1 < len(air.disconnected) < 5
    laptop.go()
    laptop.come()
    laptop.go()
    laptop.connect()
    await until(lambda: not laptop.is_connected)
    keyboard.close()
