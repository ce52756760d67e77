from __future__ import annotations

import pytest

from device.errors import PinError
from device.hardware.board_led import BoardLamp, find
from tests.hardware.own_led import own_led


def test_the_first_that_is_there_is_taken(tmp_path):
    pwr = own_led(tmp_path, "PWR")
    assert find(["ACT", "PWR"], tmp_path) == pwr
    act = own_led(tmp_path, "ACT")
    assert find(["ACT", "PWR"], tmp_path) == act
    assert find(["green:status"], tmp_path) is None
    assert find([], tmp_path) is None


@pytest.mark.parametrize(
    ("colour", "lit"), [((1, 0, 0), "7"), ((0, 0, 0.5), "7"), ((0.4, 0.4, 0.4), "0"), ((0, 0, 0), "0")]
)
def test_any_colour_lights_it_as_bright_as_it_can_be(tmp_path, colour, lit):
    folder = own_led(tmp_path, "ACT", brightest=7)
    BoardLamp(folder).set(*colour)
    assert (folder / "brightness").read_text() == lit


@pytest.mark.parametrize("trigger", ["none", "heartbeat", "default-on"])
def test_the_kernel_gets_it_back_as_it_was(tmp_path, trigger):
    folder = own_led(tmp_path, "green:status", trigger)
    lamp = BoardLamp(folder)
    assert (folder / "trigger").read_text() == "none"
    lamp.set(1, 1, 1)
    lamp.close()
    assert (folder / "trigger").read_text() == trigger
    assert (folder / "brightness").read_text() == "0"


@pytest.mark.parametrize("missing", ["trigger", "max_brightness"])
def test_one_that_is_not_ours_is_told_with_what_to_do(tmp_path, missing):
    folder = own_led(tmp_path, "ACT")
    (folder / missing).unlink()
    (folder / missing).mkdir()  # which root cannot read either
    with pytest.raises(PinError, match=r"the board's LED ACT cannot be used \(.*\); docs/service.md"):
        BoardLamp(folder)


def test_one_that_cannot_be_lit_is_given_back(tmp_path):
    folder = own_led(tmp_path, "ACT", "heartbeat")
    (folder / "brightness").unlink()
    (folder / "brightness").mkdir()
    with pytest.raises(PinError):
        BoardLamp(folder)
    assert (folder / "trigger").read_text() == "heartbeat"


def test_one_that_goes_is_told_and_closing_it_is_no_error(tmp_path):
    folder = own_led(tmp_path, "ACT")
    lamp = BoardLamp(folder)
    folder.rename(tmp_path / "gone")
    with pytest.raises(PinError, match="No such file"):
        lamp.set(1, 0, 0)
    lamp.close()
