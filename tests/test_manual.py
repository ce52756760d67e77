"""The manual names nothing that is not there: settings, commands, gestures, rhythms, files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from device.cli import COMMANDS
from device.indicator import pattern
from device.models.catalogue import CATALOGUE
from device.ports import State
from device.settings import ButtonSettings, Settings
from tests.test_indicator import COLOURS, drawn
from trainer.cli import app

DOCS = Path(__file__).parents[1] / "docs"
MANUAL = (DOCS / "manual.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```(\w*)\n(.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)
DEFAULTS = msgspec.to_builtins(Settings())

NAMED = sorted(
    {
        (table, key)
        for table, key in re.findall(r"`([a-z_]+)\.([a-z_]+)`", MANUAL)
        if f"{table}.{key}" not in {*CATALOGUE, "default.toml"}
    }
)
"""Settings, as `table.key`."""

GESTURES = re.findall(r"^\| `\"(\w+)\"` \|", MANUAL, re.MULTILINE)
"""What presses can do."""

CALLS = {
    tuple(words[:2])
    for code in [
        *re.findall(r"`([^`\n]+)`", MANUAL),
        *(line for _, block in CODE for line in block.splitlines()),
    ]
    if (words := code.split()) and words[0] in {"saykey", "saykey-trainer"} and len(words) > 1
}
"""Commands, each with its first word."""


def section(title: str) -> str:
    """Give the text under a heading."""
    _, found, after = MANUAL.partition(f"\n## {title}\n")
    assert found, title
    return after.partition("\n## ")[0]


def anchor(heading: str) -> str:
    """Give how a heading is linked to."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(("table", "key"), NAMED)
def test_every_setting_is_one(table, key):
    assert key in DEFAULTS.get(table, {}), f"there is no {table}.{key}"


@pytest.mark.parametrize("block", [block for language, block in CODE if language == "toml"])
def test_every_example_of_settings_is_allowed(block):
    msgspec.convert(tomllib.loads(block), Settings)


def test_every_command_is_one():
    known = {"saykey": set(COMMANDS), "saykey-trainer": _trainer_commands()}
    assert {f"{program} {verb}" for program, verb in CALLS if verb not in known[program]} == set()


def _trainer_commands() -> set[str]:
    commands = {each.name or each.callback.__name__.replace("_", "-") for each in app.registered_commands}
    return commands | {each.name for each in app.registered_groups}


def test_every_gesture_is_there_and_is_one():
    types = get_type_hints(ButtonSettings)
    fields = "double_press", "triple_press", "long_press"
    assert set(GESTURES) == {action for field in fields for action in get_args(types[field])}


@pytest.mark.parametrize(
    ("does", "setting"),
    [
        ("hold, speak, let go", "mode"),
        ("two short presses", "double_press"),
        ("three short presses", "triple_press"),
        ("hold for eight seconds without a word", "long_press"),
    ],
)
def test_each_gesture_does_at_first_what_the_manual_says(does, setting):
    (row,) = [line for line in section("Gestures").splitlines() if line.startswith(f"| {does} |")]
    assert f'`button.{setting}`: `"{DEFAULTS["button"][setting]}"`' in row


@pytest.mark.parametrize("state", State)
def test_each_rhythm_is_right(state):
    row = f"| `{drawn(state)}` | {COLOURS[pattern(state).colour]} |"
    assert section("What the LED says").count(row) == 1, f"docs/manual.md lacks: {row}"


def test_every_command_by_voice_is_there_with_its_default():
    rows = re.findall(r"^\|[^|]+\| `commands\.(\w+)` \| `\"(\w+)\"` \|$", MANUAL, re.MULTILINE)
    assert dict(rows) == DEFAULTS["commands"]
    assert len(rows) == len(DEFAULTS["commands"])


@pytest.mark.parametrize(
    ("words", "setting", "factor"),
    [
        (r"last ([\d.]+) s of sound", "microphone.pre_roll_ms", 1000),
        (r"After (\d+) minutes \(`microphone.max_rec", "microphone.max_recording_s", 60),
        (r"`button.tap_ms` \(([\d.]+) s\)", "button.tap_ms", 1000),
        (r"silent for ([\d.]+) s \(`hands_free", "hands_free.silence_ms", 1000),
        (r"after (\d+) minutes in which nobody", "hands_free.minutes", 1),
        (r"at most (\d+) MB \(`corrections", "corrections.max_mb", 1),
        (r"at most (\d+) days \(`corrections", "corrections.max_days", 1),
    ],
)
def test_every_number_is_the_default(words, setting, factor):
    (number,) = re.findall(words, MANUAL)
    table, key = setting.split(".")
    assert DEFAULTS[table][key] == pytest.approx(float(number) * factor)


def test_what_is_said_to_be_off_is_off():
    (line,) = re.findall(r"^\*\*Off until you want it\*\*: (.*)$", MANUAL, re.MULTILINE)
    named = re.findall(r"`(\w+)\.(\w+)`", line)
    assert len(named) == 3
    assert [f"{table}.{key}" for table, key in named if DEFAULTS[table][key] is not False] == []


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", MANUAL):
        file, _, name = target.partition("#")
        path = DOCS / (file or "manual.md")
        assert path.is_file(), target
        if name and path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            anchors = {anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
            assert name in anchors | set(re.findall(r'<a id="(.*?)">', text)), target


def test_the_log_of_the_card_is_in_memory_and_as_small_as_said():
    journal = (DOCS.parent / "image/rootfs/etc/systemd/journald.conf.d/saykey.conf").read_text()
    assert "\nStorage=volatile\n" in journal
    (size,) = re.findall(r"^RuntimeMaxUse=(\d+)M$", journal, re.MULTILINE)
    assert f"the log is in memory, at most {size} MB" in MANUAL
