from __future__ import annotations

import pytest

from device.doctor.display import display
from device.doctor.finding import Verdict, examine
from device.errors import DisplayError
from device.settings import DisplaySettings

WIRED = DisplaySettings(kind="ssd1306")


class Bus:
    cleaned = 0

    def cleanup(self):
        self.cleaned += 1


def finding(settings, reach):
    ((_, found),) = examine({"display": lambda: display(settings, reach)})
    return found


def test_without_one_nothing_is_looked_at():
    found = finding(DisplaySettings(), lambda _: pytest.fail("it looked"))
    assert (found.verdict, found.found) == (Verdict.OK, "none is set (display.kind)")


def test_one_that_answers_is_well_and_the_bus_is_given_back():
    bus = Bus()
    found = finding(WIRED, lambda _: bus)
    assert (found.verdict, found.found) == (
        Verdict.OK,
        "one answers at 0x3C of /dev/i2c-1, taken for a ssd1306",
    )
    assert bus.cleaned == 1


def test_without_it_dictation_works():
    def absent(_):
        raise DisplayError(
            "no display answers at 0x3C of /dev/i2c-1 (Remote I/O error); look at its four wires"
        )

    found = finding(WIRED, absent)
    assert found.verdict is Verdict.WARNING
    assert found.found == "no display answers at 0x3C of /dev/i2c-1 (Remote I/O error)"
    assert found.advice == "look at its four wires"
