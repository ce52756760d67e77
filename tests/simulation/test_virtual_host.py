import pytest

from device.errors import HostAwayError, KeyboardError
from device.simulation.virtual_host import CAPS_LOCK_LED, NUM_LOCK_LED, REMEMBERED, VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard

SHIFT, RIGHT_SHIFT, CTRL, ALT_GR = 0x02, 0x20, 0x01, 0x40
A, B, ENTER, BACKSPACE, TAB, CAPS_LOCK, NUM_LOCK, KEYPAD_7 = 0x04, 0x05, 0x28, 0x2A, 0x2B, 0x39, 0x53, 0x5F


def keys(*usages, modifiers=0):
    return bytes((modifiers, 0, *usages, *bytes(6 - len(usages))))


@pytest.fixture
def host():
    return VirtualHost()


def tap(host, usage, modifiers=0):
    host.receive(keys(usage, modifiers=modifiers))
    host.receive(keys())


def test_a_key_types_when_it_goes_down_and_once(host):
    host.receive(keys(A))
    host.receive(keys(A))
    assert host.text == "a"
    assert host.keys_down == {A}
    host.receive(keys())
    assert host.text == "a"
    assert not host.keys_down


def test_a_second_key_types_while_the_first_is_down(host):
    host.receive(keys(A))
    host.receive(keys(A, B))
    host.receive(keys(B))
    assert host.text == "ab"


def test_modifiers_are_read_from_the_same_report(host):
    tap(host, A, SHIFT)
    tap(host, A, RIGHT_SHIFT)
    tap(host, A)
    assert host.text == "AAa"
    host.receive(keys(modifiers=SHIFT | ALT_GR))
    assert host.keys_down == {0xE1, 0xE6}


def test_shortcuts_are_not_text(host):
    tap(host, A, CTRL)
    tap(host, A, ALT_GR)
    assert host.text == ""


def test_enter_tab_and_backspace(host):
    for usage in (A, TAB, B, ENTER, B, BACKSPACE):
        tap(host, usage)
    assert host.text == "a\tb\n"
    tap(host, BACKSPACE, CTRL)
    assert host.text == "a\tb\n"
    for _ in range(9):
        tap(host, BACKSPACE)
    assert host.text == ""


def test_a_key_that_stays_down_repeats_after_half_a_second(host):
    host.receive(keys(A))
    host.tick(0.49)
    assert host.text == "a"
    host.tick(0.02)
    assert host.text == "aa"
    host.tick(1.0)
    assert host.text == "a" * 32
    host.receive(keys())
    host.tick(10)
    assert host.text == "a" * 32


def test_the_latest_key_repeats(host):
    host.receive(keys(A))
    host.tick(0.3)
    host.receive(keys(A, B))
    host.tick(0.3)
    assert host.text == "ab"
    host.tick(0.21)
    assert host.text == "abb"


def test_modifiers_do_not_repeat(host):
    host.receive(keys(modifiers=SHIFT))
    host.tick(10)
    assert host.text == ""


def test_caps_lock_turns_shift_round_for_letters_only(host):
    tap(host, CAPS_LOCK)
    assert host.leds == CAPS_LOCK_LED
    tap(host, A)
    tap(host, A, SHIFT)
    tap(host, 0x1E)
    tap(host, 0x1E, SHIFT)
    assert host.text == "Aa1!"
    tap(host, CAPS_LOCK)
    assert host.leds == 0


def test_a_lock_key_held_down_toggles_once(host):
    host.receive(keys(CAPS_LOCK))
    host.tick(10)
    assert host.leds == CAPS_LOCK_LED


def test_the_keypad_types_digits_with_num_lock_only(host):
    tap(host, KEYPAD_7)
    assert host.text == ""
    tap(host, NUM_LOCK)
    assert host.leds == NUM_LOCK_LED
    tap(host, KEYPAD_7)
    tap(host, KEYPAD_7, SHIFT)
    assert host.text == "7"


def test_too_many_keys_at_once_leave_the_keys_as_they_were(host):
    host.receive(keys(A))
    host.receive(keys(1, 1, 1, 1, 1, 1))
    assert host.keys_down == {A}
    host.receive(keys(A))
    assert host.text == "a"


@pytest.mark.parametrize("report", [b"", bytes(7), bytes(9)])
def test_a_report_of_another_length_is_refused(host, report):
    with pytest.raises(KeyboardError, match=f"has {len(report)}"):
        host.receive(report)
    assert host.reports == []
    assert host.received == 0


def test_of_very_many_reports_the_latest_are_kept(host):
    for number in range(2 * REMEMBERED + 5):
        host.receive(number.to_bytes(8, "little") if number % 2 else keys())
    assert host.received == 2 * REMEMBERED + 5
    assert REMEMBERED <= len(host.reports) < 2 * REMEMBERED
    assert host.reports[-2] == (2 * REMEMBERED + 3).to_bytes(8, "little")


async def test_a_pulled_cable_takes_keys_up_and_keeps_the_text(host):
    keyboard = VirtualKeyboard(host)
    await keyboard.send(keys(A, modifiers=SHIFT))
    keyboard.unplug()
    assert not host.keys_down
    with pytest.raises(HostAwayError, match="plug"):
        await keyboard.send(keys(B))
    keyboard.plug_in()
    assert not await keyboard.wait_until_ready()
    host.tick(10)
    await keyboard.send(keys(B))
    assert host.text == "Ab"
    assert len(host.reports) == 2


async def test_a_cable_that_is_pulled_after_so_many_reports(host):
    keyboard = VirtualKeyboard(host)
    keyboard.unplug_after(1)
    await keyboard.send(keys(A))
    with pytest.raises(HostAwayError):
        await keyboard.send(keys())
    assert not host.keys_down
    assert keyboard.absences() == 1


async def test_each_pull_of_the_cable_is_one_absence(host):
    keyboard = VirtualKeyboard(host, plugged_in=False)
    keyboard.unplug()
    assert keyboard.absences() == 0
    for absences in (1, 2):
        keyboard.plug_in()
        keyboard.unplug()
        keyboard.unplug()
        assert keyboard.absences() == absences


async def test_time_passes_for_the_host_with_each_report(host):
    keyboard = VirtualKeyboard(host, interval_s=0.001)
    await keyboard.send(keys(A))
    for _ in range(520):
        host.tick(0.001)
    await keyboard.send(keys())
    assert host.text == "aa"


async def test_lock_keys_come_back_over_the_cable(host):
    keyboard = VirtualKeyboard(host)
    await keyboard.send(keys(CAPS_LOCK))
    assert keyboard.leds() == CAPS_LOCK_LED
    keyboard.close()
    with pytest.raises(HostAwayError):
        await keyboard.send(keys())
