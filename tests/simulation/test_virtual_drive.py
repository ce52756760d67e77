from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from device.errors import DriveError
from device.simulation.virtual_drive import VirtualDrive

if TYPE_CHECKING:
    from pathlib import Path

    from device.ports import Drive


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "drive.img"
    file.write_bytes(b"ours")
    return file


def go_through(drive: Drive, image: Path) -> None:
    drive.show(image)
    asyncio.run(drive.until_returned())
    drive.hide()


def test_the_host_uses_the_image_each_time_that_it_is_shown(image: Path):
    seen = []

    def host(shown: Path) -> bool:
        seen.append(shown.read_bytes())
        shown.write_bytes(b"theirs")
        return True

    drive = VirtualDrive(host)
    go_through(drive, image)
    go_through(drive, image)
    drive.close()
    assert seen == [b"ours", b"theirs"]
    assert drive.history == ["show", "eject", "hide", "show", "eject", "hide", "close"]


def test_a_host_may_take_its_time_and_be_unplugged(image: Path):
    async def host(_: Path) -> bool:
        await asyncio.sleep(0)
        return False

    drive = VirtualDrive(host)
    go_through(drive, image)
    assert drive.history == ["show", "unplug", "hide"]


def test_only_what_is_shown_is_the_hosts(image: Path):
    drive = VirtualDrive(lambda _: True)
    asyncio.run(drive.until_returned())
    assert drive.shown is None
    drive.show(image)
    assert drive.shown == image
    drive.close()
    assert drive.shown is None


def test_there_is_nothing_to_show_without_an_image(tmp_path: Path):
    drive = VirtualDrive(lambda _: True)
    with pytest.raises(DriveError, match=r"drive\.img"):
        drive.show(tmp_path / "drive.img")
    assert drive.history == []
