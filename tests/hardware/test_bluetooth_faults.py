"""Whatever happens to the links, each key goes down once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import HostAwayError
from device.hardware import bluetooth_keyboard
from device.hardware.gatt import CONTROL_POINT
from device.hosts import OneHost
from device.keyboard import typist as typist_module
from device.keyboard.host import host_of
from device.keyboard.reports import ALL_UP, Keystroke, report
from device.keyboard.typist import Typist
from device.outbox import Entry, Outbox
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost
from tests.hardware.le_hosts import Air, Computer
from tests.hardware.le_keyboards import begin, turns, until

if TYPE_CHECKING:
    from device.hardware.bluetooth_keyboard import BluetoothKeyboard

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
