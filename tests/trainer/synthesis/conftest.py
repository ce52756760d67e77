"""Programs that speak in one tone: its length says how fast they were told to speak."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TONE_HZ = 440

_SPEAKER = f'''\
import math, signal, sys, wave
from array import array

def say(text, path, stretch):
    """Write a second of a tone, stretched, for any text but those that make trouble."""
    if "TROUBLE" in text:
        sys.exit("something is on fire")
    if "FOREVER" in text:
        signal.pause()
    if "NOTHING" in text:
        return
    loud = 0 if "HUSH" in text else 9000
    rate = 22050
    waves = (math.sin(2 * math.pi * {TONE_HZ} * n / rate) for n in range(int(rate * stretch)))
    tone = array("h", (int(loud * value) for value in waves))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
'''

_ESPEAK = """
with open({log!r}, "a") as log:
    options = dict(zip(sys.argv[1:-1:2], sys.argv[2:-1:2]))
    text = sys.stdin.read()
    print("espeak-ng", options["-v"], text, sep="|", file=log)
say(text, options["-w"], 175 / int(options["-s"]))
"""

_FLITE = """
with open({log!r}, "a") as log:
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    print("flite", options["-voice"], options["-t"], sep="|", file=log)
say(options["-t"], options["-o"], float(options["--setf"].removeprefix("duration_stretch=")))
"""

_PIPER = """
import onnxruntime
with open({log!r}, "a") as log:
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    for number, text in enumerate(sys.stdin.read().splitlines(), 9):
        print("piper", options["-m"], text, onnxruntime.seed, options.get("--speaker"), sep="|", file=log)
        say(text, f"{{options['-d']}}/{{number}}.wav", float(options["--length-scale"]))
"""


@dataclass
class Programs:
    """The programs, and what they were asked to say."""

    log: Path
    voice: Path

    def said(self) -> list[list[str]]:
        """Give a list for each text: the program, the voice, the text, and what else it was told."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [line.split("|") for line in lines]


@pytest.fixture
def programs(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("programs")
    log, commands, modules, others = (folder / name for name in ("log", "commands", "modules", "others"))
    for name, script in (("espeak-ng", _ESPEAK), ("flite", _FLITE)):
        commands.mkdir(exist_ok=True)
        command = commands / name
        command.write_text(
            f"#!{sys.executable} -SE\n{_SPEAKER}{script.format(log=str(log))}", encoding="utf-8"
        )
        command.chmod(0o755)
    (modules / "piper").mkdir(parents=True)
    (modules / "piper/__init__.py").write_text("", encoding="utf-8")
    (modules / "piper/__main__.py").write_text(_SPEAKER + _PIPER.format(log=str(log)), encoding="utf-8")
    others.mkdir()
    (others / "onnxruntime.py").write_text(
        "def set_seed(value):\n    global seed\n    seed = value\n", encoding="utf-8"
    )
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setenv("PYTHONPATH", f"{modules}:{others}")
    monkeypatch.syspath_prepend(modules)
    voice = folder / "en_US-fake-medium.onnx"
    voice.touch()
    voice.with_name(f"{voice.name}.json").write_text('{"num_speakers": 1}', encoding="utf-8")
    return Programs(log, voice)
