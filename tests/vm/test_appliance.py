"""A board's day in a Debian that systemd has started whole: the service as it is installed, in its own units.

The story is in guest/appliance.py. The chip with the button and the LED is the kernel's gpio-sim, the
microphone its snd-aloop, the USB cable its dummy_hcd.
"""

from __future__ import annotations

import json
import re
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import RECORDING, SENTENCE
from device.models.self_test import words_apart
from device.models.store import resolve
from device.ports import State
from tests.vm import disk
from tests.vm.led import LAG_S, read_light

if TYPE_CHECKING:
    from pathlib import Path

    from device.settings import Settings

_SETTINGS = """\
[microphone]
device = "Loopback: PCM (hw:0,1)"

[keyboard]
os = "linux"
pace = 40
"""
_PINS = '[gpio]\nbutton = "PC6"\nled = "gpiochip0:73"\n'
"""By the name that the board's maker gives it, and by chip and line."""

_LIMIT_S = 1200

_CAP_SYSLOG = 1 << 34
"""Linux, include/uapi/linux/capability.h."""

Found = dict[str, Any]


@pytest.fixture(scope="module")
def found(machine: None, real_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What came of it."""
    share = tmp_path_factory.mktemp("share")
    _record(share / "recording.wav")

    result = disk.boot(
        tmp_path_factory.mktemp("disk"),
        share,
        model=resolve(real_settings.recognition),
        settings=_SETTINGS,
        dropped=_PINS,
        limit_s=_LIMIT_S,
    )

    assert result.status == 0, f"{result.log}\n{_story(share)}"
    found: Found = json.loads((share / "appliance.json").read_text())
    return found | {"journal": (share / "journal").read_text(), "wall_s": result.wall_s}


def _record(file: Path) -> None:
    with wave.open(str(file), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLE_RATE_HZ)
        recording.writeframes((read(RECORDING) * np.iinfo(np.int16).max).astype("<i2").tobytes())


def _story(share: Path) -> str:
    """Give what the guest told, and the service, before the story broke off."""
    told = [path.read_text(errors="replace") for path in (share / "story",) if path.exists()]
    journal = share / "journal"
    entries = map(json.loads, journal.read_text().splitlines()) if journal.exists() else ()
    said = [f"{each.get('SYSLOG_IDENTIFIER')}: {each.get('MESSAGE')}" for each in entries]
    return "\n".join([*told, *said[-100:]])


@pytest.mark.parametrize("board", ["orange", "raspberry"])
def test_a_press_of_the_button_types_what_is_said(found: Found, board: str, tell):
    typed = found[board]

    assert words_apart(typed["text"], SENTENCE) == 0
    assert typed["down"] == []
    tell(f"Appliance, {board}: typed what was said while the button at a simulated GPIO chip was held.")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("orange", [State.LISTENING, State.IDLE]),
        ("unplugged", [State.LISTENING, State.HOST_AWAY, State.WAITING]),
        ("drive", [State.DRIVE]),
        ("raspberry", [State.LISTENING, State.IDLE]),
    ],
)
def test_the_led_is_as_the_state_that_is_told(found: Found, part: str, expected: list[State]):
    seen = found[part]
    states = [(at_s, State(name)) for at_s, name in seen["states"]]
    ends = [*[at_s for at_s, _ in states[1:]], seen["until_s"]]

    told_and_read = [
        (state, read_as)
        for (from_s, state), to_s in zip(states, ends, strict=True)
        if (read_as := read_light(seen["turns"], from_s + LAG_S, to_s - LAG_S))
    ]

    assert [told for told, _ in told_and_read] == [read_as for _, read_as in told_and_read]
    assert {*expected} <= {read_as for _, read_as in told_and_read}


def test_no_unit_fails_on_the_way(found: Found, tell):
    assert found["failed at first"] == ""
    assert found["failed at last"] == ""
    tell(
        f"Appliance: ready {found['ready_s']:.0f} s after the kernel's start, in the emulated machine. "
        f"The whole day took {found['wall_s']:.0f} s."
    )


def test_the_daemon_has_nothing_but_what_it_needs(found: Found):
    process = found["process"]
    mounts = {line.split()[4]: line.split()[5].split(",") for line in process["mounts"].splitlines()}

    assert "0" not in process["Uid"].split()
    assert int(process["CapEff"], 16) == _CAP_SYSLOG
    assert process["NoNewPrivs"] == "1"
    assert process["Seccomp"] == "2"
    assert "ro" in mounts["/"]
    assert "ro" in mounts["/proc/sys"]
    assert "rw" in mounts["/var/lib/saykey"]


def test_the_settings_came_from_the_boot_partition(found: Found):
    assert "SAYKEY.TOML" in found["result of the boot partition"]


def test_the_group_may_speak_with_it_and_nobody_else(found: Found):
    assert found["people"]["anna"] == {"status": 0, "said": "Saykey is the keyboard.\n", "told": ""}
    assert found["people"]["eve"]["status"] == 1


def test_what_is_said_while_the_cable_is_out_waits_for_a_press(found: Found):
    assert words_apart(found["unplugged"]["text"], SENTENCE) == 0


def test_it_is_a_drive_and_a_keyboard_again(found: Found):
    drive = found["drive"]

    assert [drive[order]["status"] for order in ("on", "off")] == [0, 0]
    assert words_apart(drive["text"], SENTENCE) == 0


def test_a_daemon_that_hangs_is_started_again(found: Found):
    assert "Watchdog timeout" in found["hung"]["result"]
    assert words_apart(found["hung"]["text"], SENTENCE) == 0


def test_the_doctor_knows_who_has_the_pins(found: Found):
    said = found["raspberry"]["doctor"]["said"]

    for key, line in (("button", 17), ("led", 27)):
        assert f"{key}: GPIO{line}, line {line} of gpiochip0, used by a Saykey that runs" in said


def test_after_six_failures_the_boards_own_led_blinks_until_it_is_started_again(found: Found):
    given_up = found["given up"]

    assert given_up["failed"].split()[0] == "saykey.service"
    assert len(given_up["failed"].splitlines()) == 1
    trigger, on, off = given_up["led"]
    assert "[timer]" in trigger
    assert (on, off) == ("80", "80")
    assert given_up["afterwards"] == "inactive"
    assert "[none]" in given_up["led afterwards"]
    assert words_apart(given_up["text"], SENTENCE) == 0


def test_the_journal_has_nothing_of_what_was_said(found: Found):
    words = re.findall(r"\w+", SENTENCE.lower())
    triples = [" ".join(words[start : start + 3]) for start in range(len(words) - 2)]
    journal = found["journal"].lower()

    assert not [each for each in (*triples, "superlative") if each in journal]
