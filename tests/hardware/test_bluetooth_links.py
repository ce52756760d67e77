"""Links that end: each report is known to have arrived or not."""

from __future__ import annotations

import asyncio

import pytest

from device.errors import HostAwayError
from device.hardware import bluetooth_keyboard
from device.hardware.gatt import OUTPUT
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED
from tests.hardware.le_hosts import Air, Computer
from tests.hardware.le_keyboards import A, B, begin, fails, keyboard_in, turns, until


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
