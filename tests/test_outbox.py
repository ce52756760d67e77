import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.outbox import Entry, Outbox


@pytest.fixture
def outbox():
    return Outbox()


async def waits(outbox):
    """Whether `next` has nothing to give now."""
    asking = asyncio.create_task(outbox.next())
    for _ in range(3):
        await asyncio.sleep(0)
    waiting = not asking.done()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return waiting


async def test_next_waits_for_an_entry(outbox):
    assert await waits(outbox)
    asking = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    entry = Entry(1, "hello")
    outbox.put(entry)
    assert await asking is entry


async def test_an_entry_stays_until_it_is_finished(outbox):
    first, second = Entry(1, "one"), Entry(2, "two")
    outbox.put(first)
    outbox.put(second)
    assert await outbox.next() is first
    assert await outbox.next() is first
    outbox.finish(first)
    outbox.finish(first)
    assert await outbox.next() is second


async def test_held_text_waits_for_the_release(outbox):
    entry = Entry(1, "hello")
    outbox.put(entry)
    outbox.hold()
    assert outbox.held
    assert not outbox.may_type(entry)
    outbox.put(Entry(2, "world"))
    assert await waits(outbox)
    outbox.release()
    assert not outbox.held
    assert await outbox.next() is entry


async def test_a_hold_just_before_the_waiting_one_wakes_is_respected(outbox):
    asking = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    outbox.put(Entry(1, "hello"))
    outbox.hold()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not asking.done()
    outbox.release()
    assert (await asking).text == "hello"


async def test_an_empty_outbox_is_not_held(outbox):
    outbox.hold()
    assert not outbox.held
    outbox.put(Entry(1, "hello"))
    assert not await waits(outbox)
    outbox.hold()
    assert outbox.cut(await first(outbox), typing=False)
    assert not outbox.held
    assert outbox.pending == 0


async def first(outbox):
    outbox.release()
    entry = await outbox.next()
    outbox.hold()
    return entry


async def test_what_is_cut_is_not_typed(outbox):
    entries = [Entry(number, "hello") for number in (1, 2, 3)]
    for entry in entries:
        outbox.put(entry)
    assert outbox.cut(entries[1], typing=True)
    assert [outbox.holds(entry) for entry in entries] == [True, False, True]
    assert outbox.pending == 10
    assert outbox.cut(entries[0], typing=False)
    assert await outbox.next() is entries[2]


async def test_a_character_that_may_be_under_way_is_not_cut(outbox):
    entry = Entry(1, "hello")
    outbox.put(entry)
    entry.settle("h", "h")
    assert not outbox.cut(entry, typing=True)
    assert (await outbox.next()).text == "he"
    assert outbox.pending == 1
    entry.settle("e", "e")
    assert not outbox.cut(entry, typing=True)
    assert outbox.holds(entry)
    outbox.finish(entry)
    assert (entry.record.asked, entry.typed) == (5, "he")


def test_pending_counts_characters_that_are_not_dealt_with(outbox):
    entry = Entry(1, "hello")
    outbox.put(entry)
    outbox.put(Entry(2, "you"))
    entry.settle("h", "h")
    entry.settle("e", None)
    assert outbox.pending == 6


def test_an_entry_knows_how_far_it_is():
    entry = Entry(1, "\u2026!")
    entry.press(1.0)
    entry.press(2.0)
    assert (entry.done, entry.keys_done) == (0, 2)
    entry.settle("\u2026", "...")
    assert (entry.done, entry.keys_done) == (1, 0)
    assert (entry.first_key_s, entry.last_key_s) == (1.0, 2.0)


@given(st.lists(st.sampled_from(["put", "finish", "hold", "release"])))
def test_order_survives_any_use(moves):
    async def scenario():
        outbox = Outbox()
        put, finished = [], []
        for move in [*moves, "release"]:
            if move == "put":
                put.append(Entry(len(put) + 1, "text"))
                outbox.put(put[-1])
            elif move == "finish":
                if not await waits(outbox):
                    finished.append(await outbox.next())
                    outbox.finish(finished[-1])
            else:
                getattr(outbox, move)()
        while not await waits(outbox):
            finished.append(await outbox.next())
            outbox.finish(finished[-1])
        assert finished == put

    asyncio.run(scenario())
