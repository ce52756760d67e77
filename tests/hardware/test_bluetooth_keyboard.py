from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import HostAwayError
from device.hardware import bluetooth_keyboard, subscriber
from device.hardware.bluetooth_keyboard import BluetoothKeyboard
from device.hardware.gatt import BOOT_INPUT, BOOT_OUTPUT, CONTROL_POINT, INPUT, OUTPUT, PROTOCOL_MODE
from device.hosts import OneHost
from device.keyboard import typist as typist_module
from device.keyboard.host import host_of
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED, NUM_LOCK_LED, Keystroke, report
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost
from tests.hardware.le_hosts import Air, Computer

A, B = report(Keystroke(0x04)), report(Keystroke(0x05))


async def turns(number: int = 20) -> None:
    """Let whatever can happen, happen."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what changes does not tell
            await asyncio.sleep(0)


@pytest.fixture(params=[True, False], ids=["monitor", "no monitor"])
async def air(request):
    made = Air(has_monitor=request.param)
    yield made
    made.close()


@pytest.fixture
async def seen():
    """The air, with a monitor."""
    made = Air()
    yield made
    made.close()


def keyboard_in(air: Air, *, of: Computer | None) -> BluetoothKeyboard:
    made = air.keyboard = BluetoothKeyboard(air, air.monitor)
    made.use(of.address if of else None)
    return made


def begin(air: Air) -> tuple[BluetoothKeyboard, Computer]:
    """Give a keyboard and its host, which takes keys."""
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    laptop.come()
    return keyboard, laptop


def without_repeats(reports: list[bytes]) -> list[bytes]:
    return [each for each, before in zip(reports, [None, *reports], strict=False) if each != before]


async def fails(keyboard: BluetoothKeyboard, each: bytes, match: str | None = None) -> None:
    with pytest.raises(HostAwayError, match=match):
        await keyboard.send(each)


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


# Links that end.


@pytest.mark.parametrize("is_told_first", [False, True])
@pytest.mark.parametrize("is_delivered", [False, True])
async def test_a_broken_link_decides_about_the_report(seen: Air, is_delivered, is_told_first):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await until(lambda: laptop.on_air)
    if is_delivered:
        laptop.answer()
    laptop.go(is_told_first=is_told_first)
    if is_delivered:
        await sending
    else:
        with pytest.raises(HostAwayError):
            await sending
    laptop.come()
    assert await keyboard.wait_until_ready() is False
    assert laptop.received == [ALL_UP, A, ALL_UP] if is_delivered else [ALL_UP, ALL_UP]
    assert keyboard.absences() == 1
    keyboard.close()


@pytest.mark.parametrize("is_told_first", [False, True])
async def test_a_report_that_never_got_on_the_air_is_lost(air: Air, is_told_first):
    keyboard, laptop = begin(air)
    await keyboard.send(ALL_UP)
    laptop.is_read = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    laptop.go(is_told_first=is_told_first)
    with pytest.raises(HostAwayError):
        await sending
    laptop.is_read = True
    laptop.come()
    assert await keyboard.wait_until_ready() is False
    assert laptop.received == [ALL_UP, ALL_UP]
    keyboard.close()


async def test_the_first_report_after_a_lost_link_has_no_key(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    laptop.go()
    laptop.come()
    await fails(keyboard, B, "anew")
    keyboard.absences()  # the user has been told
    await keyboard.send(B)
    assert laptop.received == [ALL_UP, A, ALL_UP, B]
    keyboard.close()


async def test_a_link_that_ends_unseen_fails_the_next_report(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    laptop.end_links()
    await fails(keyboard, ALL_UP)
    assert keyboard.absences() == 1
    laptop.subscribe()
    assert await keyboard.wait_until_ready() is False
    assert keyboard.absences() == 1
    assert laptop.received == [ALL_UP, A, ALL_UP]
    keyboard.close()


async def test_a_silent_link_leaves_the_report_open(seen: Air, monkeypatch):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    for is_delivered in (True, False):
        laptop.is_answering = False
        with monkeypatch.context() as haste:
            haste.setattr(bluetooth_keyboard, "PATIENCE_S", 0.02)
            await fails(keyboard, A, "answer")
        waiting = asyncio.create_task(keyboard.wait_until_ready())
        await turns()
        assert not waiting.done()
        if is_delivered:
            laptop.answer()
            laptop.is_answering = True
        else:
            laptop.go()
            laptop.come()
        assert await waiting is is_delivered
    assert laptop.received == [ALL_UP, A, ALL_UP, ALL_UP]
    assert keyboard.absences() == 1
    keyboard.close()


async def test_a_report_that_arrives_before_a_silent_link_ends_has_arrived(seen: Air, monkeypatch):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    monkeypatch.setattr(bluetooth_keyboard, "PATIENCE_S", 0.02)
    await fails(keyboard, A, "answer")
    laptop.answer(1)
    laptop.go()
    monkeypatch.undo()
    laptop.come()
    assert await keyboard.wait_until_ready() is True
    assert laptop.received == [ALL_UP, A, ALL_UP]
    keyboard.close()


@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_host_that_subscribes_again_gets_what_was_under_way_once(seen: Air, is_taken):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_read = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    if is_taken:
        laptop.is_answering = False
        laptop.read_again()
        await until(lambda: laptop.on_air)
    laptop.end_links()
    with pytest.raises(HostAwayError):
        await sending
    laptop.is_read = laptop.is_answering = True
    laptop.subscribe()
    assert await keyboard.wait_until_ready() is is_taken
    assert laptop.received == [ALL_UP, *[A] * is_taken, ALL_UP]
    await keyboard.send(A)
    keyboard.close()


async def test_a_new_link_takes_the_place_of_the_one_before(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    laptop.subscribe()
    await fails(keyboard, ALL_UP, "anew")
    assert await keyboard.wait_until_ready() is False
    await keyboard.send(B)
    assert laptop.received == [ALL_UP, A, ALL_UP, B]
    assert keyboard.absences() == 1
    keyboard.close()


async def test_all_up_reports_that_were_lost_are_not_waited_for(seen: Air):
    keyboard, laptop = begin(seen)
    await keyboard.send(A)
    for _ in range(3):
        laptop.is_read = False
        waiting = asyncio.create_task(keyboard.wait_until_ready())
        await turns()
        laptop.end_links()
        laptop.is_read = True
        laptop.subscribe()
        assert await waiting is False
    assert laptop.received == [ALL_UP, A, *[ALL_UP] * 3]
    keyboard.close()


async def test_the_answer_is_about_the_last_report_only(seen: Air, monkeypatch):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    monkeypatch.setattr(bluetooth_keyboard, "PATIENCE_S", 0.02)
    await fails(keyboard, A)
    laptop.go()
    await fails(keyboard, B)
    laptop.come()
    monkeypatch.undo()
    assert await keyboard.wait_until_ready() is False
    keyboard.close()


async def test_absences_count_while_nothing_is_typed(air: Air):
    keyboard, laptop = begin(air)
    for number in (1, 2, 3):
        laptop.go(is_told_first=number == 2)
        await turns()
        assert keyboard.absences() == number
        laptop.come()
        assert keyboard.absences() == number
    keyboard.close()


async def test_before_the_first_link_nobody_has_gone_away(air: Air):
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    before = keyboard.absences()
    laptop.connect()
    laptop.go()
    laptop.come()
    assert keyboard.absences() == before
    keyboard.close()


async def test_bluetoothd_that_dies_and_comes_back(air: Air):
    keyboard, laptop = begin(air)
    await keyboard.send(A)
    laptop.write(OUTPUT, CAPS_LOCK_LED)
    laptop.is_known = laptop.is_connected = False
    laptop.end_links()
    air.tell()
    await fails(keyboard, ALL_UP)
    laptop.is_known = True
    air.tell()
    laptop.come()
    assert await keyboard.wait_until_ready() is False
    assert keyboard.absences() == 1
    assert keyboard.leds() == CAPS_LOCK_LED
    keyboard.close()


async def test_what_the_kernel_showed_before_a_link_ended_counts_in_any_order(seen: Air):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await until(lambda: laptop.on_air)
    await turns()
    asyncio.get_running_loop().remove_reader(seen.monitor._channel)  # as when it is a moment late
    laptop.answer()
    laptop.go()
    await sending
    keyboard.close()


async def test_news_that_comes_between_two_ends_counts(seen: Air):
    keyboard, laptop = begin(seen)
    await keyboard.send(ALL_UP)
    laptop.is_answering = False
    sending = asyncio.create_task(keyboard.send(A))
    await until(lambda: laptop.on_air)
    laptop.end_links()
    with pytest.raises(HostAwayError):
        await sending
    laptop.answer()
    laptop.go()
    laptop.come()
    assert await keyboard.wait_until_ready() is True
    keyboard.close()


async def test_a_report_that_was_not_even_written_has_not_arrived(seen: Air, monkeypatch):
    keyboard, laptop = begin(seen)
    laptop.is_answering = False
    with monkeypatch.context() as haste:
        haste.setattr(bluetooth_keyboard, "PATIENCE_S", 0.02)
        await fails(keyboard, A, "answer")
    laptop.answer()
    laptop.is_answering = True
    assert await keyboard.wait_until_ready() is False
    assert laptop.received == [ALL_UP, ALL_UP]
    keyboard.close()


async def test_what_bluetoothd_left_unread_is_not_taken():
    air = Air(has_monitor=False)
    keyboard, laptop = begin(air)
    await keyboard.send(ALL_UP)
    laptop.is_read = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    asyncio.get_running_loop().remove_reader(keyboard._link._link)  # as when the end is a moment late
    laptop.end_links()
    with pytest.raises(HostAwayError):
        await sending
    keyboard.close()
    air.close()


# Several hosts.


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


# Whatever happens.

FAULTS = (
    "lost", "delivered", "delivered unseen", "untaken", "silent", "silent to the end", "sleep", "subscribe",
)  # fmt: skip


async def strike(fault: str, laptop: Computer, moments: int) -> None:
    """Have something happen to the report that is under way, and bring the host back."""
    if fault == "untaken":
        laptop.is_read = False
    else:
        laptop.is_answering = False
    await turns(moments)
    if "delivered" in fault:
        laptop.answer()
        if fault == "delivered":
            await turns()
    if fault == "silent":
        await asyncio.sleep(0.004)
        laptop.answer()
        laptop.is_answering = True
        return
    if fault == "silent to the end":
        await asyncio.sleep(0.004)
    if fault == "sleep":
        laptop.write(CONTROL_POINT, 0)
        laptop.answer()
        laptop.is_answering = True
        return
    if fault == "subscribe":
        laptop.end_links()
        laptop.answer()
    else:
        laptop.go(is_told_first=moments % 2 == 0)
        screen(laptop).release_all()
    await turns(moments)
    laptop.is_read = laptop.is_answering = True
    if fault == "subscribe":
        laptop.subscribe()
    else:
        laptop.come()


def screen(laptop: Computer) -> VirtualHost:
    return laptop.on_receive.__self__


TEXT = "The Quick brown fox!! jumps over 13 lazy dogs; AAaa"


@asynccontextmanager
async def at_the_desk():
    """Give a typist at work, its outbox, and the computer it types into."""
    air = Air()
    keyboard, laptop = begin(air)
    host = VirtualHost.described_by(KeyboardSettings())
    laptop.on_receive = host.receive
    outbox, done = Outbox(), []
    typist = Typist(
        keyboard,
        OneHost(host_of(KeyboardSettings(pace=0))),
        outbox,
        report_change=lambda: None,
        finished=done.append,
    )
    outbox.put(Entry(1, TEXT))
    typing = asyncio.create_task(typist.run())
    try:
        yield typist, outbox, done, laptop, host
    finally:
        typing.cancel()
        await asyncio.gather(typing, return_exceptions=True)
        keyboard.close()
        air.close()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(0, 60), st.integers(0, 20)), max_size=6))
def test_whatever_happens_to_the_link_each_character_is_typed_once(faults):
    async def run() -> None:
        async with at_the_desk() as (typist, outbox, done, laptop, host):
            for fault, before, moments in faults:
                await turns(before)
                await strike(fault, laptop, moments)
                await until(lambda: not typist.host_away)
                typist.release()
            async with asyncio.timeout(20):
                while not done:
                    if outbox.held and not typist.host_away:
                        typist.release()
                    await asyncio.sleep(0.001)
            assert host.text == TEXT
            assert not host.keys_down

    with pytest.MonkeyPatch.context() as haste:
        haste.setattr(bluetooth_keyboard, "PATIENCE_S", 0.003)
        haste.setattr(typist_module, "RETRY_S", 0.001)
        asyncio.run(run())


async def type_by_contract(keyboard: BluetoothKeyboard, wanted: list[bytes]) -> None:
    at = 0
    while at < len(wanted):
        try:
            await keyboard.send(wanted[at])
            at += 1
        except HostAwayError:
            at += await keyboard.wait_until_ready()


async def switch(keyboard: BluetoothKeyboard, computers: list[Computer], fault: str, moments: int) -> None:
    """Have the user choose the other host while something befalls the one before."""
    before, other = computers
    before.is_answering = fault == "nothing"
    before.is_read = fault != "untaken"
    await turns(moments)
    keyboard.use(other.address)
    await turns(moments)
    if fault == "silent":
        before.answer()
    if fault in ("lost", "untaken"):
        before.go(is_told_first=moments % 2 == 0)
        before.received.append(ALL_UP)  # a host whose keyboard goes lets its keys go
    before.is_answering = before.is_read = True
    if not before.is_connected:
        before.come()
    computers.reverse()


SWITCHES = st.tuples(
    st.sampled_from(["nothing", "silent", "lost", "untaken"]), st.integers(0, 60), st.integers(0, 20)
)


@settings(max_examples=60)
@given(st.lists(SWITCHES, max_size=6))
def test_whichever_host_is_chosen_each_key_goes_down_once_in_all(switches):
    wanted = [each for usage in range(4, 34) for each in (report(Keystroke(usage)), ALL_UP)]

    async def run() -> None:
        air = Air()
        keyboard, laptop = begin(air)
        computers = [laptop, Computer(air, "tablet")]
        computers[1].come()
        downs: list[bytes] = []
        for computer in computers:
            computer.on_receive = lambda each, got=computer.received: (
                downs.append(each) if any(each) else None,
                got.append(each),
            )
        typing = asyncio.create_task(type_by_contract(keyboard, wanted))
        for fault, before, moments in switches:
            await turns(before)
            await switch(keyboard, computers, fault, moments)
        async with asyncio.timeout(20):
            await typing
        await turns(200)
        assert downs == wanted[::2]
        assert not any(any(computer.received[-1]) for computer in computers if computer.received)
        keyboard.close()
        air.close()

    with pytest.MonkeyPatch.context() as haste:
        haste.setattr(bluetooth_keyboard, "PATIENCE_S", 0.003)
        asyncio.run(run())


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
