"""Saykey as a USB keyboard of a host with Debian's kernel: what it types arrives, whatever the host does.

The scenarios are in guest/usb.py. The guest's USB controller is emulated by the kernel's dummy_hcd.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.vm import lab
from tests.vm.comparison import Found, assert_caps_compensated, assert_exact, assert_sound

_SCRIPT = Path(__file__).parent / "guest/usb.py"

# Two machines at once, since each has one processor. What is measured comes after them, alone.
_MACHINES = (
    ("all-us", "all-de", "caps", "unplugged"),
    ("all-fr", "deauthorised", "suspended"),
)
_PACES = ("pace-fast", "pace-normal", "pace-remote", "pace-plain")

_LIMIT_S = 2400


@pytest.fixture(scope="module")
def found(machine: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """What came of each scenario."""

    def run(scenarios: tuple[str, ...]) -> dict[str, Found]:
        share = tmp_path_factory.mktemp("share")
        result = lab.run(_SCRIPT, *scenarios, limit_s=_LIMIT_S, share=share)
        assert result.status == 0, result.log
        return {file.stem: json.loads(file.read_text()) for file in share.glob("*.json")}

    with ThreadPoolExecutor() as pool:
        results = [*pool.map(run, _MACHINES), run(_PACES)]
    return {name: each for result in results for name, each in result.items()}


def test_the_commands_make_and_remove_the_keyboard(found: dict[str, Found]):
    up, again, down, nothing, _ = found["gadget"]["said"]

    assert "is a USB keyboard now" in up
    assert "was a USB keyboard already" in again
    assert "removed" in down
    assert "no USB keyboard" in nothing
    assert found["gadget"]["status"]["device"] == "/dev/hidg0"


@pytest.mark.parametrize("layout", ["us", "de", "fr"])
def test_every_character_arrives_once(found: dict[str, Found], layout: str, tell):
    typed = found[f"all-{layout}"]

    assert_exact(typed)
    assert len(typed["sent"]) == 20_000
    different = len(set(typed["sent"]))
    tell(f"USB, {layout}: 20,000 characters, {different} different, in {typed['presses']:,} presses.")


@pytest.mark.parametrize("fault", ["unplugged", "deauthorised", "suspended"])
def test_nothing_is_lost_or_doubled_through_a_fault(found: dict[str, Found], fault: str, tell):
    typed = found[fault]

    assert_exact(typed)
    tell(f"USB, {fault} three times: {len(typed['sent']):,} characters exact.")


def test_caps_lock_is_compensated(found: dict[str, Found], tell):
    wrong = assert_caps_compensated(found["caps"])

    tell(f"USB, Caps Lock switched three times: {wrong} characters on their way in the other case.")


def test_the_pace_is_measured(found: dict[str, Found], tell):
    tell("pace     characters/s  reports/character")
    for pace in _PACES:
        typed = found[pace]
        count = len(typed["text"])
        rate = count / (typed["last_s"] - typed["first_s"])
        tell(f"{pace.removeprefix('pace-'):8} {rate:12.0f} {typed['reports'] / count:18.2f}")
        assert_sound(typed)
        if "sent" in typed:
            assert_exact(typed)
