from __future__ import annotations

import errno
import grp
import logging
import os
from typing import TYPE_CHECKING

import pytest

from device.errors import KeyboardError
from device.hardware.configfs import Configfs
from device.hardware.gadget_status import GADGETS, status
from device.hardware.usb_gadget import SWITCHES, down, serial_number, up
from device.keyboard.descriptor import REPORT_DESCRIPTOR
from tests.hardware.fake_configfs import HID, UDC, FakeConfigfs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sys/class/udc" / UDC).mkdir(parents=True)
    (tmp_path / "sys/class/udc" / UDC / "state").write_text("configured\n")
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/serial-number").write_text("10000000abcdef01\0")
    return tmp_path


def attributes(root: Path, name: str = "saykey") -> dict[str, bytes]:
    gadget = root / GADGETS / name
    return {str(file.relative_to(gadget)): file.read_bytes() for file in gadget.rglob("*") if file.is_file()}


def test_up_makes_a_boot_keyboard_without_out_endpoint(root: Path):
    assert up(root, FakeConfigfs(root))

    made = attributes(root)
    hid = {name: made[f"functions/hid.usb0/{name}"] for name in HID}
    assert hid["report_desc"] == REPORT_DESCRIPTOR
    assert [int(hid[name]) for name in ("protocol", "subclass", "report_length")] == [1, 1, 16]
    assert int(hid["no_out_endpoint"]) == 1
    assert int(made["configs/c.1/bmAttributes"]) == 0xA0
    assert made["strings/0x409/serialnumber"] == b"10000000abcdef01"
    assert made["UDC"].strip() == UDC.encode()
    assert (root / GADGETS / "saykey/configs/c.1/hid.usb0").resolve().name == "hid.usb0"


def test_up_twice_touches_nothing(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    calls = configfs.calls

    assert not up(root, configfs)
    assert configfs.calls == calls


def test_numbers_are_compared_as_the_kernel_prints_them(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    (root / GADGETS / "saykey/idVendor").write_text("0x1d6b\n")
    (root / GADGETS / "saykey/strings/0x409/product").write_text("Saykey keyboard\n")
    assert not up(root, configfs)


@pytest.mark.parametrize("attribute", ["bcdDevice", "functions/hid.usb0/report_desc", "configs/c.1/MaxPower"])
def test_a_gadget_of_an_older_version_is_made_anew(root: Path, attribute: str):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    wanted = attributes(root)
    (root / GADGETS / "saykey" / attribute).write_text("1")

    assert up(root, configfs)
    assert attributes(root) == wanted


def test_a_kernel_that_knows_no_endpoint_choice_will_do(root: Path):
    configfs = FakeConfigfs(root, [name for name in HID if name != "no_out_endpoint"])
    assert up(root, configfs)
    assert not up(root, configfs)


def test_up_mends_what_a_crash_left_at_any_point(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    steps, wanted, drive = configfs.calls, attributes(root), attributes(root, "saykey-drive")
    for crash_at in range(1, steps + 1):
        down(root, configfs)
        configfs.calls, configfs.crash_at = 0, crash_at
        # The clean-up is cut off too, as by a power failure.
        configfs.remove = lambda folder: (_ for _ in ()).throw(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            up(root, configfs)
        del configfs.remove
        configfs.crash_at = 0
        up(root, configfs)
        assert attributes(root) == wanted
        assert attributes(root, "saykey-drive") == drive


def test_a_function_that_was_made_before_keeps_the_number_by_which_others_know_it(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    wanted = attributes(root)
    down(root, configfs)
    configfs.load("libcomposite")
    for folder in ("saykey", "saykey/functions/hid.usb0"):
        configfs.make(root / GADGETS / folder)
    (root / GADGETS / "saykey/functions/hid.usb0/dev").write_text("241:0\n")

    assert up(root, configfs)
    assert attributes(root) == wanted | {"functions/hid.usb0/dev": b"241:0\n"}


def test_down_leaves_nothing_and_may_be_repeated(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    assert down(root, configfs)
    assert not list((root / GADGETS).iterdir())
    assert not down(root, configfs)


def test_down_removes_what_others_put_into_the_gadget(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    gadget = root / GADGETS / "saykey"
    configfs.write(gadget / "UDC", b"\n")
    configfs.make(gadget / "functions/acm.usb0")
    (gadget / "configs/c.1/acm.usb0").symlink_to(gadget / "functions/acm.usb0")
    assert down(root, configfs)
    assert not gadget.exists()


def refusal(root: Path, configfs: FakeConfigfs) -> str:
    with pytest.raises(KeyboardError) as caught:
        up(root, configfs)
    assert not (root / GADGETS / "saykey").exists()
    return str(caught.value)


def test_a_computer_without_controller_cannot(tmp_path: Path):
    assert "cannot be a USB keyboard" in refusal(tmp_path, FakeConfigfs(tmp_path))


def test_a_kernel_without_gadgets_is_named(root: Path):
    (root / "proc/mounts").write_text("none /sys/kernel/config configfs rw 0 0\n")
    assert "libcomposite" in refusal(root, FakeConfigfs(root, loads=False))


def test_configfs_that_is_not_mounted_is_named(root: Path):
    assert "mount -t configfs" in refusal(root, FakeConfigfs(root, loads=False))


def test_a_kernel_without_the_hid_function_is_named_and_nothing_is_left(root: Path):
    assert "usb_f_hid" in refusal(root, FakeConfigfs(root, hid=()))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EBUSY, "busy"),
        (errno.ENODEV, "refused the gadget"),
        (errno.EACCES, "sudo saykey gadget up"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_kernel_refuses_is_explained_and_nothing_is_left(root: Path, code: int, words: str):
    configfs = FakeConfigfs(root)
    configfs.refuse_udc = code
    assert words in refusal(root, configfs)


def test_a_controller_that_serves_another_gadget_is_left_alone(root: Path):
    other = root / GADGETS / "printer"
    other.mkdir(parents=True)
    (other / "UDC").write_text(f"{UDC}\n")
    message = refusal(root, FakeConfigfs(root))
    assert "'printer'" in message
    assert UDC in message


def test_a_controller_that_serves_an_old_driver_is_left_alone(root: Path):
    (root / "sys/class/udc" / UDC / "function").write_text("g_ether\n")
    assert "'g_ether'" in refusal(root, FakeConfigfs(root))


def test_a_second_controller_is_taken_where_the_first_is_busy(root: Path):
    (root / "sys/class/udc" / UDC / "function").write_text("g_ether\n")
    (root / "sys/class/udc/second").mkdir()
    up(root, FakeConfigfs(root))
    assert status(root).udc == "second"


def test_status_tells_what_there_is(root: Path):
    now = status(root)
    assert (now.gadget, now.drive, now.bound, now.device, now.controllers) == ("", "", "", "", (UDC,))
    up(root, FakeConfigfs(root))
    now = status(root)
    assert (now.gadget, now.drive, now.bound) == ("saykey", "saykey-drive", "saykey")
    assert (now.udc, now.state) == (UDC, "configured")
    assert now.device == str(root / "dev/hidg0")


def show_a_drive(root: Path, configfs: FakeConfigfs) -> Path:
    """Leave things as a daemon does that dies while it shows the drive."""
    image = root / "drive.img"
    image.touch()
    gadgets = root / GADGETS
    configfs.write(gadgets / "saykey/UDC", b"\n")
    configfs.write(gadgets / "saykey-drive/functions/mass_storage.usb0/lun.0/file", bytes(image))
    configfs.write(gadgets / "saykey-drive/UDC", UDC.encode())
    return image


def test_status_tells_that_the_drive_is_shown(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    show_a_drive(root, configfs)
    now = status(root)
    assert (now.bound, now.udc, now.device) == ("saykey-drive", UDC, "")


def test_up_makes_a_drive_that_a_host_can_eject_and_nobody_sees_yet(root: Path):
    up(root, FakeConfigfs(root))

    made = attributes(root, "saykey-drive")
    lun = "functions/mass_storage.usb0/lun.0"
    assert made["UDC"].strip() == b""
    assert made[f"{lun}/file"] == b""
    assert made[f"{lun}/removable"] == b"1"
    inquiry = made[f"{lun}/inquiry_string"].decode()
    assert (inquiry[:8], inquiry[8:24], len(inquiry)) == ("Saykey  ", "Model drive     ", 28)
    assert made["strings/0x409/serialnumber"] == b"10000000ABCDEF01"
    keyboard = attributes(root)
    assert made["idProduct"] != keyboard["idProduct"]


def test_the_drives_serial_number_is_long_enough(root: Path):
    (root / "proc/device-tree/serial-number").write_text("2a\0")
    up(root, FakeConfigfs(root))
    assert attributes(root, "saykey-drive")["strings/0x409/serialnumber"] == b"00000000002A"


def test_a_kernel_without_drives_makes_a_keyboard_alone_and_says_so(root: Path, caplog):
    configfs = FakeConfigfs(root, mass_storage=())
    with caplog.at_level(logging.WARNING):
        assert up(root, configfs)
        assert not up(root, configfs)
    now = status(root)
    assert (now.gadget, now.drive, now.bound) == ("saykey", "", "saykey")
    assert "usb_f_mass_storage" in caplog.text


def test_up_puts_the_keyboard_back_where_a_daemon_died_as_a_drive(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    wanted = attributes(root), attributes(root, "saykey-drive")
    show_a_drive(root, configfs)

    assert up(root, configfs)
    assert (attributes(root), attributes(root, "saykey-drive")) == wanted
    assert status(root).bound == "saykey"


def test_the_group_is_given_what_switches_and_nothing_else(root: Path, monkeypatch):
    configfs = FakeConfigfs(root)
    groups = {"saykey": grp.struct_group(("saykey", "x", 990, []))}
    monkeypatch.setattr(grp, "getgrnam", groups.__getitem__)
    up(root, configfs)
    lun = "saykey-drive/functions/mass_storage.usb0/lun.0"
    switches = {"saykey/UDC", "saykey-drive/UDC", f"{lun}/file"}
    assert configfs.given == dict.fromkeys(switches, 990)
    assert set(SWITCHES) == switches


def test_without_the_group_nothing_is_given(root: Path, monkeypatch):
    configfs = FakeConfigfs(root)
    monkeypatch.setattr(grp, "getgrnam", {}.__getitem__)
    up(root, configfs)
    assert not configfs.given


def test_an_attribute_is_given_so_that_the_group_may_write_it(tmp_path: Path):
    file = tmp_path / "UDC"
    file.touch(0o644)
    Configfs().give(file, os.getgid())
    before = file.stat()
    assert (before.st_gid, before.st_mode & 0o777) == (os.getgid(), 0o664)
    Configfs().give(file, os.getgid())
    assert file.stat().st_ctime_ns == before.st_ctime_ns


def test_the_serial_number_is_the_boards_or_a_hash_of_the_machines(tmp_path: Path):
    assert serial_number(tmp_path) == "0"
    (tmp_path / "etc").mkdir()
    machine = "0123456789abcdef0123456789abcdef"
    (tmp_path / "etc/machine-id").write_text(f"{machine}\n")
    hashed = serial_number(tmp_path)
    assert len(hashed) == 16
    assert hashed not in machine
    assert hashed == serial_number(tmp_path)
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/serial-number").write_text("10000000abcdef01\0")
    assert serial_number(tmp_path) == "10000000abcdef01"
