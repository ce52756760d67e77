from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

import pytest

from device.errors import DriveError
from device.hardware import usb_drive
from device.hardware.gadget_status import DRIVE, GADGETS, LUN_FILE, status
from device.hardware.usb_drive import UsbDrive
from device.hardware.usb_gadget import down, up
from tests.hardware.fake_configfs import UDC, FakeConfigfs

if TYPE_CHECKING:
    from pathlib import Path


class Bench:
    """A board whose gadgets are made, with a drive that this process may show."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/class/udc" / UDC).mkdir(parents=True)
        self.tell("configured")
        self.configfs = FakeConfigfs(root)
        up(root, self.configfs)
        self.image = root / "drive.img"
        self.image.write_bytes(bytes(512))
        self.drive = UsbDrive(root, self.configfs)

    def tell(self, state: str) -> None:
        (self.root / "sys/class/udc" / UDC / "state").write_text(f"{state}\n")

    @property
    def bound(self) -> str:
        return status(self.root).bound

    @property
    def medium(self) -> str:
        return (self.root / GADGETS / DRIVE / LUN_FILE).read_text().strip()

    def lock(self) -> None:
        self.configfs.is_locked = True


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class Looks:
    """Lets the host do one step between two looks of the drive; when all is done, it must come back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list = []
        self.after = 0
        monkeypatch.setattr(usb_drive, "asyncio", self)

    async def sleep(self, _: float) -> None:
        if self.steps:
            self.steps.pop(0)()
        else:
            self.after += 1
            if self.after > 100:
                raise TimeoutError("the drive is not taken back")

    def returned(self, drive: UsbDrive, *steps) -> bool:
        self.steps, self.after = list(steps), 0
        try:
            asyncio.run(drive.until_returned())
        except TimeoutError:
            return False
        return True


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


def test_the_drive_is_there_in_place_of_the_keyboard(bench: Bench):
    bench.drive.show(bench.image)
    assert bench.bound == DRIVE
    assert bench.medium == str(bench.image)
    assert status(bench.root).udc == UDC


def test_hidden_it_is_nothing_and_its_image_is_out(bench: Bench):
    bench.drive.show(bench.image)
    bench.drive.hide()
    assert (bench.bound, bench.medium) == ("", "")


def test_closed_it_is_the_keyboard_again(bench: Bench):
    bench.drive.show(bench.image)
    bench.drive.close()
    assert (bench.bound, bench.medium) == ("saykey", "")
    assert not up(bench.root, bench.configfs)


def test_shown_hidden_and_shown_again_as_a_session_does(bench: Bench):
    for _ in range(2):
        bench.drive.show(bench.image)
        bench.configfs.eject()
        bench.drive.hide()
    bench.drive.show(bench.image)
    assert (bench.bound, bench.medium) == (DRIVE, str(bench.image))
    bench.drive.hide()
    bench.drive.close()
    assert bench.bound == "saykey"


def test_hiding_and_closing_may_be_repeated_at_any_time(bench: Bench):
    for verb in (bench.drive.close, bench.drive.hide, bench.drive.hide, bench.drive.close, bench.drive.close):
        verb()
    calls = bench.configfs.calls
    bench.drive.close()
    assert bench.configfs.calls == calls
    assert bench.bound == "saykey"


def test_another_image_takes_the_place_of_the_first(bench: Bench):
    bench.drive.show(bench.image)
    other = bench.root / "other.img"
    other.write_bytes(bytes(512))
    bench.drive.show(other)
    assert (bench.bound, bench.medium) == (DRIVE, str(other))


def test_a_host_that_has_locked_the_drive_loses_it_all_the_same(bench: Bench):
    bench.drive.show(bench.image)
    bench.lock()
    bench.drive.hide()
    assert (bench.bound, bench.medium) == ("", "")


def test_a_drive_that_a_dead_process_left_is_taken_away(bench: Bench):
    bench.drive.show(bench.image)
    next_drive = UsbDrive(bench.root, bench.configfs)
    next_drive.close()
    assert (bench.bound, bench.medium) == ("saykey", "")


def test_a_drive_that_a_dead_process_left_can_be_shown_anew(bench: Bench):
    bench.drive.show(bench.image)
    next_drive = UsbDrive(bench.root, bench.configfs)
    next_drive.show(bench.image)
    assert (bench.bound, bench.medium) == (DRIVE, str(bench.image))
    next_drive.close()
    assert bench.bound == "saykey"


def test_what_a_dead_process_hid_becomes_the_keyboard(bench: Bench):
    bench.drive.show(bench.image)
    bench.drive.hide()
    UsbDrive(bench.root, bench.configfs).close()
    assert bench.bound == "saykey"


# What goes wrong while it is shown.


def test_wherever_showing_is_cut_off_closing_gives_the_keyboard(bench: Bench):
    bench.configfs.calls = 0
    bench.drive.show(bench.image)
    steps = bench.configfs.calls
    bench.drive.close()
    for crash_at in range(1, steps + 1):
        bench.configfs.calls, bench.configfs.crash_at = 0, crash_at
        with pytest.raises(KeyboardInterrupt):
            bench.drive.show(bench.image)
        assert (bench.bound, bench.medium) == ("saykey", "")


def test_a_controller_that_refuses_the_drive_gets_the_keyboard_back(bench: Bench):
    def refuse_once(gadget, value):
        if gadget.name == DRIVE and value.strip():
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return bind(gadget, value)

    bind, bench.configfs._bind = bench.configfs._bind, refuse_once
    with pytest.raises(DriveError, match="run: sudo saykey gadget up"):
        bench.drive.show(bench.image)
    assert (bench.bound, bench.medium) == ("saykey", "")


def test_an_image_that_is_not_there_leaves_the_keyboard(bench: Bench):
    with pytest.raises(DriveError, match=r"no\.img"):
        bench.drive.show(bench.root / "no.img")
    assert bench.bound == "saykey"


def test_an_image_that_vanishes_leaves_the_keyboard(bench: Bench):
    bench.configfs._put = lambda file, _: (_ for _ in ()).throw(FileNotFoundError(errno.ENOENT, "gone", file))
    with pytest.raises(DriveError, match="gone"):
        bench.drive.show(bench.image)
    del bench.configfs._put
    assert bench.bound == "saykey"


def test_a_kernel_without_drives_is_named_and_the_keyboard_stays(bench: Bench):
    down(bench.root, bench.configfs)
    alone = FakeConfigfs(bench.root, mass_storage=())
    up(bench.root, alone)
    drive = UsbDrive(bench.root, alone)
    with pytest.raises(DriveError, match="usb_f_mass_storage"):
        drive.show(bench.image)
    drive.close()
    assert bench.bound == "saykey"


def test_a_user_outside_the_group_is_told_how_to_join(bench: Bench):
    def forbid(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    bench.configfs._bind = forbid
    with pytest.raises(DriveError, match="group saykey"):
        bench.drive.show(bench.image)
    assert bench.bound == "saykey"


def test_a_controller_of_another_gadget_is_left_alone(bench: Bench):
    bench.configfs.write(bench.root / GADGETS / "saykey/UDC", b"\n")
    (bench.root / "sys/class/udc" / UDC / "function").write_text("g_ether\n")
    with pytest.raises(DriveError, match="g_ether"):
        bench.drive.show(bench.image)
    assert bench.medium == ""


def test_a_disk_that_loses_the_image_says_so_and_the_keyboard_comes_back(bench: Bench, monkeypatch):
    bench.drive.show(bench.image)

    def lose(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", lose)
    with pytest.raises(DriveError, match=r"drive\.img.*Input/output error"):
        bench.drive.close()
    assert bench.bound == "saykey"


def test_gadgets_that_were_removed_meanwhile_are_no_error(bench: Bench):
    bench.drive.show(bench.image)
    down(bench.root, bench.configfs)
    bench.drive.hide()
    bench.drive.close()
    assert bench.bound == ""


# When a host is done with it.


def test_ejected_it_is_back(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    assert looks.returned(bench.drive, lambda: bench.tell("configured"), bench.configfs.eject)


def test_nobody_had_it_so_that_it_is_not_back(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    assert not looks.returned(bench.drive, lambda: bench.tell("not attached"))


def test_unplugged_after_it_was_taken_it_is_back(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    states = ("not attached", "not attached", "powered", "default", "addressed", "configured", "not attached")
    assert looks.returned(bench.drive, *[lambda state=state: bench.tell(state) for state in states])


def test_unplugged_while_the_host_sleeps_it_is_back(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    states = ("suspended", "not attached")
    assert looks.returned(bench.drive, *[lambda state=state: bench.tell(state) for state in states])


@pytest.mark.parametrize("state", ["configured", "suspended", "default", "addressed", "powered"])
def test_a_host_that_is_there_keeps_it(bench: Bench, looks: Looks, state: str):
    bench.drive.show(bench.image)
    assert not looks.returned(bench.drive, lambda: bench.tell("configured"), lambda: bench.tell(state))


def test_a_host_that_resets_it_again_and_again_keeps_it(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    states = ("configured", *["not attached"] * 4, "addressed", *["not attached"] * 4, "configured") * 5
    assert not looks.returned(bench.drive, *[lambda state=state: bench.tell(state) for state in states])


def test_a_socket_that_turns_to_host_gives_it_back(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    gone = (bench.root / "sys/class/udc" / UDC / "state").unlink
    assert looks.returned(bench.drive, lambda: None, gone)


def test_up_gives_it_back_and_the_keyboard_is_there(bench: Bench, looks: Looks):
    bench.drive.show(bench.image)
    assert looks.returned(bench.drive, lambda: up(bench.root, bench.configfs))
    bench.drive.hide()
    assert bench.bound == "saykey"


def test_what_is_not_shown_is_back(bench: Bench, looks: Looks):
    assert looks.returned(bench.drive)
