from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from device.hardware import hci_monitor
from device.hardware.hci_monitor import HciMonitor
from tests.hardware.hci_frames import RX, completed, disconnected, notification, packets, pairing_request, pdu

A, B = bytes((0, 0, 4, 0, 0, 0, 0, 0)), bytes((0, 0, 5, 0, 0, 0, 0, 0))
HANDLE = 0x40


@pytest.fixture
def kernel():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    with ours, theirs:
        yield theirs, HciMonitor(ours)


def show(channel: socket.socket, *frames: bytes) -> None:
    for frame in frames:
        channel.send(frame)


async def test_what_the_kernel_shows_settles_what_is_expected(kernel):
    channel, monitor = kernel
    monitor.start(asyncio.get_running_loop())
    first, second = monitor.expect(A), monitor.expect(B)
    show(channel, *packets(notification(A), HANDLE), completed((HANDLE, 1)))
    assert await first is True
    show(channel, *packets(notification(B), HANDLE), disconnected(HANDLE))
    assert await second is False
    monitor.close()


async def test_catching_up_reads_all_at_once(kernel):
    channel, monitor = kernel
    receipts = [monitor.expect(A) for _ in range(10)]
    for _ in receipts:
        show(channel, *packets(notification(A), HANDLE), completed((HANDLE, 1)))
    monitor.catch_up()
    assert [receipt.result() for receipt in receipts] == [True] * 10


async def test_what_was_shown_before_is_not_counted(kernel):
    channel, monitor = kernel
    show(channel, *packets(notification(B), HANDLE), *packets(notification(B), HANDLE))  # and more, for which
    monitor.start(asyncio.get_running_loop())  # there was no room: that these were completed
    receipt = monitor.expect(A)
    show(channel, *packets(notification(A), HANDLE), completed((HANDLE, 1)))
    assert await receipt is True
    monitor.close()


async def test_what_was_asked_is_known_at_once(kernel):
    channel, monitor = kernel
    show(channel, *packets(pdu(b"\x0a\x03\x00"), HANDLE))
    assert monitor.unanswered == {(0, HANDLE, 1)}
    show(channel, *packets(pdu(b"\x0bLaptop"), HANDLE, opcode=RX))
    assert not monitor.unanswered


async def test_what_is_cancelled_is_not_looked_out_for(kernel):
    channel, monitor = kernel
    first, second = monitor.expect(A), monitor.expect(A)
    first.cancel()
    await asyncio.sleep(0)
    show(channel, *packets(notification(A), HANDLE), completed((HANDLE, 1)))
    monitor.catch_up()
    assert second.result() is True


async def test_what_is_cancelled_on_the_air_is_no_fault(kernel):
    channel, monitor = kernel
    receipt = monitor.expect(A)
    show(channel, *packets(notification(A), HANDLE))
    monitor.catch_up()
    receipt.cancel()
    show(channel, completed((HANDLE, 1)))
    monitor.catch_up()
    assert receipt.cancelled()


def test_how_a_computer_wants_to_pair_is_known_at_once(kernel):
    channel, monitor = kernel
    assert monitor.secure_connections is None
    show(channel, *packets(pairing_request(0x09), HANDLE, opcode=RX))
    assert monitor.secure_connections is True
    show(channel, *packets(pairing_request(0x01), HANDLE, opcode=RX))
    assert monitor.secure_connections is False


@pytest.mark.parametrize("is_ours", [False, True])
async def test_the_end_of_the_channel_settles_everything(kernel, is_ours):
    channel, monitor = kernel
    monitor.start(asyncio.get_running_loop())
    receipt = monitor.expect(A)
    if is_ours:
        monitor.close()
    else:
        channel.close()
    assert await receipt is False
    monitor.catch_up()
    monitor.close()


def in_a_thread(act):
    """Call something in a thread of its own, whose capabilities are its own too."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(act()))
    thread.start()
    thread.join()
    return answers[0]


def capabilities() -> dict[str, int]:
    status = Path("/proc/thread-self/status").read_text()
    return {line[:6]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")}


def open_and_look():
    monitor = HciMonitor.open()
    if monitor is not None:
        monitor.catch_up()
        monitor.close()
    return capabilities()


def test_opening_gives_up_one_capability_and_no_other():
    before, after = in_a_thread(capabilities), in_a_thread(open_and_look)
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert after[name] == before[name] & ~(1 << 13)
    assert in_a_thread(capabilities) == before


def test_without_the_capability_there_is_no_monitor():
    def open_again():
        hci_monitor.give_up_net_raw()
        return HciMonitor.open()

    before = len(list(Path("/proc/self/fd").iterdir()))
    assert in_a_thread(open_again) is None
    assert len(list(Path("/proc/self/fd").iterdir())) == before
