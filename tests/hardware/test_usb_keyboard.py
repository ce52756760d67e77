from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import HostAwayError
from device.hardware import usb_keyboard
from device.hardware.usb_keyboard import UsbKeyboard
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED, NUM_LOCK_LED, Keystroke, report
from tests.hardware.f_hid import Board

A, B = report(Keystroke(0x04)), report(Keystroke(0x05))


@contextmanager
def in_haste():
    """Shorten what the keyboard waits for without being told."""
    names = ("PATIENCE_S", "_ASK_AGAIN_S", "_LOOK_EVERY_S", "UdcState")
    before = {name: getattr(usb_keyboard, name) for name in names}
    try:
        for name, value in zip(names, (0.05, 0.001, 0.001), strict=False):
            setattr(usb_keyboard, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(usb_keyboard, name, value)


@pytest.fixture(autouse=True)
def _haste():
    with in_haste():
        yield


@pytest.fixture
def board(tmp_path: Path, monkeypatch) -> Board:
    made = Board(tmp_path)
    monkeypatch.setattr(usb_keyboard, "UdcState", made.open_state)
    return made


@pytest.fixture
def keyboard(board: Board):
    made = UsbKeyboard(board.root, open_device=board.open)
    yield made
    made.close()
    assert board.opened == 0


async def turns(number: int = 20) -> None:
    """Let whatever can happen, happen."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_report_is_sent_when_the_host_has_fetched_it(board: Board, keyboard: UsbKeyboard):
    board.is_awake = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    assert not sending.done()
    board.is_awake = True
    board.fetch()
    await sending
    assert board.fetched == [A]


async def test_reports_arrive_once_and_in_order(board: Board, keyboard: UsbKeyboard):
    for each in (A, ALL_UP, B, ALL_UP) * 20:
        await keyboard.send(each)
    assert board.fetched == [A, ALL_UP, B, ALL_UP] * 20
    assert keyboard.absences() == 0


async def test_a_report_waits_for_another_programs(board: Board, keyboard: UsbKeyboard):
    board.is_awake = False
    board.write(B)
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    board.is_awake = True
    board.fetch()
    await sending
    assert board.fetched == [B, A]


@pytest.mark.parametrize("state", ["not attached", "powered", "default", "addressed", "suspended"])
async def test_nothing_is_written_before_a_host_is_there(board: Board, keyboard: UsbKeyboard, state: str):
    board.tell(state)
    with pytest.raises(HostAwayError):
        await keyboard.send(A)
    await turns()
    assert board.fetched == []
    board.tell("configured")
    assert not await keyboard.wait_until_ready()
    assert board.fetched == [ALL_UP]


async def fail_to_send(keyboard: UsbKeyboard, each, fault) -> None:
    """Queue a report that the host does not fetch, then let something happen to it."""
    sending = asyncio.create_task(keyboard.send(each))
    await turns()
    fault()
    with pytest.raises(HostAwayError):
        await sending


@pytest.mark.parametrize("state", ["not attached", "configured"])  # what dummy_hcd shows, whatever happens
async def test_a_report_that_the_host_let_go_of_is_lost(board: Board, keyboard: UsbKeyboard, state: str):
    board.is_awake = False
    await fail_to_send(keyboard, A, lambda: board.let_go(state))
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    assert not waiting.done()
    board.configure()
    assert await waiting is False
    assert board.fetched == [ALL_UP]
    assert keyboard.absences() == 1
    await keyboard.send(A)
    assert board.fetched == [ALL_UP, A]


@pytest.mark.parametrize("state", ["suspended", "configured"])
async def test_a_report_that_sleeps_arrives_when_the_host_wakes(
    board: Board, keyboard: UsbKeyboard, state: str
):
    board.is_awake = False
    await fail_to_send(keyboard, A, lambda: board.sleep(state))
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    assert not waiting.done()
    board.wake()
    assert await waiting is True
    assert board.fetched == [A, ALL_UP]
    assert keyboard.absences() == 1


async def test_a_report_that_sleeps_is_lost_when_the_cable_is_pulled(board: Board, keyboard: UsbKeyboard):
    board.is_awake = False
    await fail_to_send(keyboard, A, board.sleep)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await board.until_looked_at()
    board.let_go()
    await board.until_looked_at()
    board.configure()
    assert await waiting is False
    assert board.fetched == [ALL_UP]


async def test_a_host_that_fetches_a_last_report_and_falls_asleep_is_missed_once(
    board: Board, keyboard: UsbKeyboard
):
    board.is_awake = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    board.is_awake = True
    board.fetch()
    board.sleep()
    await sending
    with pytest.raises(HostAwayError):
        await keyboard.send(ALL_UP)
    assert keyboard.absences() == 1


async def test_the_answer_is_about_the_last_report_only(board: Board, keyboard: UsbKeyboard):
    board.is_awake = False
    await fail_to_send(keyboard, A, board.sleep)
    with pytest.raises(HostAwayError):
        await keyboard.send(B)
    board.wake()
    assert await keyboard.wait_until_ready() is False
    assert board.fetched == [A, ALL_UP]


async def test_a_report_that_is_asked_for_again_is_never_pressed_twice(board: Board, keyboard: UsbKeyboard):
    # The host fetches in the moment in which the keyboard asks.
    board.is_awake = False
    sending = asyncio.create_task(keyboard.send(A))
    write = board.write

    def fetch_first(each):
        board.is_awake = True
        board.fetch()
        return write(each)

    await turns()
    board.write = fetch_first
    await sending
    await keyboard.send(ALL_UP)
    pressed = [
        each for each, before in zip(board.fetched, [None, *board.fetched], strict=False) if each != before
    ]
    assert pressed == [A, ALL_UP]


async def test_the_file_may_be_missing_and_come_later(board: Board, keyboard: UsbKeyboard):
    board.unbind()
    with pytest.raises(HostAwayError, match="saykey gadget up"):
        await keyboard.send(A)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    board.bind()
    board.configure()
    assert await waiting is False


async def test_unbound_in_the_middle_counts_once(board: Board, keyboard: UsbKeyboard):
    await keyboard.send(A)
    board.unbind()
    board.tell("configured")
    with pytest.raises(HostAwayError):
        await keyboard.send(ALL_UP)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    board.bind()
    await turns()
    board.configure()
    assert await waiting is False
    assert keyboard.absences() == 1
    assert board.fetched == [A, ALL_UP]


async def test_a_file_that_we_may_not_use_is_a_sentence(board: Board, keyboard: UsbKeyboard):
    board.error = PermissionError(13, "denied")
    with pytest.raises(HostAwayError, match="group"):
        await keyboard.send(A)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    board.error = None  # as when the rule that gives it to the group is a moment late
    assert await waiting is False


async def test_a_computer_that_is_no_keyboard_says_so(tmp_path: Path):
    keyboard = UsbKeyboard(tmp_path)
    assert (keyboard.absences(), keyboard.leds()) == (0, 0)
    with pytest.raises(HostAwayError, match="cannot be a USB keyboard"):
        await keyboard.send(A)
    keyboard.close()


def test_absences_count_while_nothing_is_typed(board: Board, keyboard: UsbKeyboard):
    assert keyboard.absences() == 0
    for number in (1, 2, 3):
        for state in ("not attached", "powered", "default", "addressed"):
            board.tell(state)
            assert keyboard.absences() == number
        board.tell("configured")
        assert keyboard.absences() == number


def test_before_the_first_host_nobody_has_gone_away(board: Board):
    board.tell("not attached")
    keyboard = UsbKeyboard(board.root, open_device=board.open)
    assert keyboard.absences() == 0
    board.tell("configured")
    assert keyboard.absences() == 0
    keyboard.close()


async def test_a_host_that_comes_back_between_two_looks_is_noticed(board: Board, keyboard: UsbKeyboard):
    await keyboard.send(A)
    board.let_go("configured")
    board.configure()
    assert keyboard.absences() == 1
    await keyboard.send(ALL_UP)
    assert board.fetched == [A, ALL_UP]


async def test_a_file_that_is_writable_by_a_new_host_is_no_receipt(board: Board, keyboard: UsbKeyboard):
    board.is_awake = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    board.let_go("configured")
    board.configure()
    with pytest.raises(HostAwayError):
        await sending
    assert await keyboard.wait_until_ready() is False
    assert board.fetched == [ALL_UP]
    assert keyboard.absences() == 1


async def until_queued(board: Board, keyboard: UsbKeyboard) -> asyncio.Task[None]:
    """Send a report that the host does not fetch yet."""
    board.is_awake = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    board.is_awake = True
    return sending


@pytest.fixture
def logged(board: Board):
    """A keyboard that may read the kernel's log, in which something stands already."""
    board.log.write_text("3,1,1,-;gadget.0: End Point Request ERROR: -108\n")
    made = UsbKeyboard(board.root, open_device=board.open)
    yield made
    made.close()


@pytest.mark.parametrize("comes_back", [False, True])
@pytest.mark.parametrize("state", ["not attached", "configured"])
async def test_a_report_fetched_just_before_the_link_broke_is_known_by_the_kernels_log(
    board: Board, logged: UsbKeyboard, state: str, comes_back
):
    sending = await until_queued(board, logged)
    board.fetch()
    board.let_go(state)
    if comes_back:
        board.configure()
    await sending
    board.configure()
    assert await logged.wait_until_ready() is False
    assert board.fetched == [A, ALL_UP]
    assert logged.absences() == 1


@pytest.mark.parametrize("comes_back", [False, True])
@pytest.mark.parametrize("state", ["not attached", "configured"])
async def test_a_report_that_the_kernel_dropped_is_lost_by_its_log(
    board: Board, logged: UsbKeyboard, state: str, comes_back
):
    for _ in range(2):  # the second time is not taken for the first
        sending = await until_queued(board, logged)
        board.let_go(state)
        if comes_back:
            board.configure()
        with pytest.raises(HostAwayError):
            await sending
        board.configure()
        assert await logged.wait_until_ready() is False
        assert set(board.fetched) == {ALL_UP}


@pytest.mark.parametrize("may_read", [False, True])
@pytest.mark.parametrize("state", ["not attached", "configured"])
async def test_a_report_that_was_fetched_before_its_second_copy_was_dropped_is_not_pressed_again(
    board: Board, state: str, may_read
):
    if may_read:
        board.log.write_text("")
    keyboard = UsbKeyboard(board.root, open_device=board.open)
    sending = await until_queued(board, keyboard)
    write = board.write

    def fetch_before_and_let_go_behind(each):
        board.write = write
        board.fetch()
        assert write(each)
        board.let_go(state)
        return True

    board.write = fetch_before_and_let_go_behind
    await sending
    board.configure()
    assert await keyboard.wait_until_ready() is False
    assert board.fetched == [A, ALL_UP]
    keyboard.close()


async def test_what_was_dropped_while_the_host_came_back_says_nothing_about_a_later_report(
    board: Board, logged: UsbKeyboard
):
    sending = await until_queued(board, logged)
    board.let_go()
    with pytest.raises(HostAwayError):
        await sending
    board.configure()
    board.is_awake = False
    waiting = asyncio.create_task(logged.wait_until_ready())
    await asyncio.sleep(usb_keyboard.PATIENCE_S * 1.5)  # no key up is fetched, and is given up once
    board.let_go()
    board.configure()
    await waiting
    sending = await until_queued(board, logged)
    board.fetch()
    board.let_go()
    await sending
    assert board.fetched == [ALL_UP, A]


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


async def test_the_end_reaches_whoever_waits_and_leaves_nothing_open(board: Board):
    before = descriptors()
    keyboard = UsbKeyboard(board.root, open_device=board.open)
    board.is_awake = False
    await fail_to_send(keyboard, A, board.sleep)
    waiting = asyncio.create_task(keyboard.wait_until_ready())
    await turns()
    keyboard.close()
    with pytest.raises(HostAwayError):
        await waiting
    with pytest.raises(HostAwayError):
        await keyboard.send(B)
    keyboard.close()
    assert board.opened == 0
    assert descriptors() == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_send_that_is_cancelled_leaves_the_keyboard_whole(board: Board, keyboard: UsbKeyboard):
    board.is_awake = False
    sending = asyncio.create_task(keyboard.send(A))
    await turns()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    board.wake()
    await keyboard.send(ALL_UP)
    assert board.fetched == [A, ALL_UP]


# Lock keys.


def test_the_newest_lights_count(board: Board, keyboard: UsbKeyboard):
    assert keyboard.leds() == 0
    board.leds += [0, CAPS_LOCK_LED | NUM_LOCK_LED, CAPS_LOCK_LED]
    assert keyboard.leds() == CAPS_LOCK_LED
    assert keyboard.leds() == CAPS_LOCK_LED
    board.leds.append(0)
    assert keyboard.leds() == 0


def test_lights_that_another_process_read_are_known(board: Board, keyboard: UsbKeyboard):
    (board.root / "run/saykey").mkdir(parents=True)
    other = UsbKeyboard(board.root, open_device=board.open)
    board.leds.append(CAPS_LOCK_LED)
    assert other.leds() == CAPS_LOCK_LED
    assert keyboard.leds() == CAPS_LOCK_LED
    board.leds.append(0)
    assert keyboard.leds() == 0
    assert other.leds() == 0
    other.close()
    assert [file.name for file in (board.root / "run/saykey").iterdir()] == ["leds"]


@pytest.mark.parametrize("text", ["", "x", "123456789012345678"])
def test_a_damaged_file_is_no_light(board: Board, keyboard: UsbKeyboard, text: str):
    (board.root / "run/saykey").mkdir(parents=True)
    (board.root / "run/saykey/leds").write_text(text)
    assert keyboard.leds() in range(0x100)


def test_lights_outlive_the_host(board: Board, keyboard: UsbKeyboard):
    board.leds.append(NUM_LOCK_LED)
    assert keyboard.leds() == NUM_LOCK_LED
    board.unbind()
    assert keyboard.leds() == NUM_LOCK_LED


# Whatever happens.

FAULTS = {
    "sleep": (Board.sleep, Board.wake),
    "sleep unseen": (lambda board: board.sleep("configured"), Board.wake),
    "cable": (Board.let_go, Board.configure),
    "reset unseen": (lambda board: board.let_go("configured"), Board.configure),
    "cable while asleep": (lambda board: (board.sleep(), board.let_go()), Board.configure),
    "unbind": (Board.unbind, lambda board: (board.bind(), board.configure())),
}


async def type_by_contract(board: Board, wanted: list[bytes]) -> None:
    keyboard = UsbKeyboard(board.root, open_device=board.open)
    at = 0
    while at < len(wanted):
        try:
            await keyboard.send(wanted[at])
            at += 1
        except HostAwayError:
            at += await keyboard.wait_until_ready()
    keyboard.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("boards")


@given(
    st.lists(st.tuples(st.sampled_from(sorted(FAULTS)), st.integers(0, 30), st.integers(0, 30)), max_size=6)
)
def test_whatever_happens_nothing_is_lost_and_nothing_pressed_twice(folder: Path, faults):
    wanted = [each for usage in range(4, 24) for each in (report(Keystroke(usage)), ALL_UP)]

    async def run() -> list[bytes]:
        board = Board(folder)
        usb_keyboard.UdcState = board.open_state
        typing = asyncio.create_task(type_by_contract(board, wanted))
        for name, before, during in faults:
            begin, end = FAULTS[name]
            await turns(before)
            board.is_awake = False
            # The keyboard knows by now what the host has fetched: nobody can close that gap.
            await board.until_looked_at(typing)
            begin(board)
            await turns(during)
            if "sleep" in name:
                await board.until_looked_at(typing)  # hosts take longer to fall asleep and wake than a look
            end(board)
        async with asyncio.timeout(20):
            await typing
        return board.fetched

    with in_haste():
        fetched = asyncio.run(run())
    # The host sees keys go down: an all-zero report more changes nothing, nor does a state that is repeated.
    downs = [
        each for each, before in zip(fetched, [None, *fetched], strict=False) if any(each) and each != before
    ]
    assert downs == wanted[::2]
    assert fetched[-1] == ALL_UP
