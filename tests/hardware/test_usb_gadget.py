from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from device.errors import KeyboardError
from device.hardware.gadget_status import GADGETS, status
from device.hardware.usb_gadget import Configfs, down, serial_number, up
from device.keyboard.descriptor import REPORT_DESCRIPTOR

if TYPE_CHECKING:
    from pathlib import Path

UDC = "fe980000.usb"

# What the kernel puts into each new folder, by where it is (Documentation/usb/gadget_configfs.rst).
GADGET = ("idVendor", "idProduct", "bcdDevice", "bcdUSB", "UDC", "configs/", "functions/", "strings/")
FUNCTION = ("protocol", "subclass", "report_length", "report_desc", "no_out_endpoint", "dev")
CONFIG = ("bmAttributes", "MaxPower", "strings/")
LANGUAGE = ("serialnumber", "product", "manufacturer", "configuration")


class FakeConfigfs(Configfs):
    """The kernel's rules: folders come filled, go only in order, and a controller serves one gadget."""

    def __init__(self, root: Path, functions=FUNCTION, *, loads: bool = True) -> None:
        self.gadgets = root / GADGETS
        self.calls = 0
        self.crash_at = 0
        self.refuse_udc = 0
        self._functions = functions
        self._loads = loads

    def load(self, module):
        if self._loads:
            self.gadgets.mkdir(parents=True, exist_ok=True)

    def make(self, folder):
        self._may_crash()
        where = folder.relative_to(self.gadgets).parts
        match where[1:]:
            case ():
                entries = GADGET
            case ("functions", _):
                entries = self._functions
            case ("configs", _):
                entries = CONFIG
            case (*_, "strings", _):
                entries = LANGUAGE
        if not entries:
            raise FileNotFoundError(errno.ENOENT, "no such function", str(folder))
        folder.mkdir(exist_ok=True)
        for entry in entries:
            if entry.endswith("/"):
                (folder / entry).mkdir(exist_ok=True)
            else:
                (folder / entry).write_text("236:0\n" if entry == "dev" else "")

    def write(self, file, value):
        self._may_crash()
        if file.name == "UDC":
            if self.refuse_udc and value.strip():
                raise OSError(self.refuse_udc, os.strerror(self.refuse_udc))
            dev = self.gadgets.parents[3] / "dev"
            dev.mkdir(exist_ok=True)
            (dev / "hidg0").touch() if value.strip() else (dev / "hidg0").unlink()
        elif (self.gadgets / "saykey/UDC").read_text().strip():
            raise OSError(errno.EBUSY, "the gadget is bound")
        if not file.exists():
            raise PermissionError(errno.EACCES, "configfs makes its files itself", str(file))
        super().write(file, value)
        # A whole value each time, as an attribute has it.
        with file.open("rb+") as opened:
            opened.truncate(len(value))

    def remove(self, folder):
        made = [entry for sub in folder.glob("*/") for entry in sub.iterdir()]
        links = [entry for entry in folder.iterdir() if entry.is_symlink()]
        if made or links:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(folder))
        for entry in folder.iterdir():
            entry.rmdir() if entry.is_dir() else entry.unlink()
        folder.rmdir()

    def _may_crash(self):
        self.calls += 1
        if self.calls == self.crash_at:
            raise KeyboardInterrupt


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sys/class/udc" / UDC).mkdir(parents=True)
    (tmp_path / "sys/class/udc" / UDC / "state").write_text("configured\n")
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/serial-number").write_text("10000000abcdef01\0")
    return tmp_path


def attributes(root: Path) -> dict[str, bytes]:
    gadget = root / GADGETS / "saykey"
    return {str(file.relative_to(gadget)): file.read_bytes() for file in gadget.rglob("*") if file.is_file()}


def test_up_makes_a_boot_keyboard_without_out_endpoint(root: Path):
    assert up(root, FakeConfigfs(root))

    made = attributes(root)
    hid = {name: made[f"functions/hid.usb0/{name}"] for name in FUNCTION}
    assert hid["report_desc"] == REPORT_DESCRIPTOR
    assert [int(hid[name]) for name in ("protocol", "subclass", "report_length")] == [1, 1, 16]
    assert int(hid["no_out_endpoint"]) == 1
    assert int(made["configs/c.1/bmAttributes"]) == 0xA0
    assert made["strings/0x409/serialnumber"] == b"10000000abcdef01"
    assert made["UDC"] == UDC.encode()
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
    configfs = FakeConfigfs(root, [name for name in FUNCTION if name != "no_out_endpoint"])
    assert up(root, configfs)
    assert not up(root, configfs)


def test_up_mends_what_a_crash_left_at_any_point(root: Path):
    configfs = FakeConfigfs(root)
    up(root, configfs)
    steps, wanted = configfs.calls, attributes(root)
    for crash_at in range(1, steps + 1):
        down(root, configfs)
        configfs.calls, configfs.crash_at = 0, crash_at
        # The clean-up is cut off too, as by a power failure.
        configfs.remove = lambda folder: (_ for _ in ()).throw(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            up(root, configfs)
        del configfs.remove
        configfs.crash_at = 0
        assert up(root, configfs)
        assert attributes(root) == wanted


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
    down_first = gadget / "UDC"
    configfs.write(down_first, b"\n")
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
    assert "usb_f_hid" in refusal(root, FakeConfigfs(root, functions=()))


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
    assert (status(root).gadget, status(root).device, status(root).controllers) == ("", "", (UDC,))
    up(root, FakeConfigfs(root))
    now = status(root)
    assert (now.gadget, now.udc, now.state) == ("saykey", UDC, "configured")
    assert now.device == str(root / "dev/hidg0")


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
