"""The mixer of libasound itself, with PulseAudio behind it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.pulse import PulseMicrophone

ASKED = """
import json, sys
from dataclasses import asdict
from device.errors import SoundError
from device.hardware.mixer import AlsaMixer
mixer = AlsaMixer()
for word in sys.argv[1:]:
    call, _, value = word.partition("=")
    try:
        getattr(mixer, call)("default", float(value) if call == "set_db" else int(value))
    except SoundError as error:
        sys.exit(f"SoundError: {error}")
print(json.dumps(asdict(mixer.volume("default"))))
"""

LOUDER = """
import queue, sys
from pathlib import Path
import numpy as np
from device.audio.endpointing import Passage
from device.audio.recording import Recording
from device.events import MicrophoneReady, SoundHeard
from device.hardware.capture_gain import CaptureGain
from device.hardware.sounddevice_microphone import SoundDeviceMicrophone
from device.settings import MicrophoneSettings

events = queue.SimpleQueue()
for _ in range(int(sys.argv[2])):
    gain = CaptureGain("auto", Path(sys.argv[1]))
    microphone = SoundDeviceMicrophone(MicrophoneSettings(), gain=gain)
    microphone.start(events.put)
    while not isinstance(events.get(timeout=20), MicrophoneReady):
        pass
    for _ in range(3):
        windows = []
        while len(windows) < 20:
            event = events.get(timeout=20)
            if isinstance(event, SoundHeard) and (windows or np.abs(event.samples).max() > 1e-4):
                windows.append(event.samples)
        samples = np.concatenate(windows)
        gain.heard(Recording(samples, (Passage(0, samples.size, samples.size, 1.0, samples.size, 0),)))
    gain.close()
    microphone.stop()
    print(20 * np.log10(np.abs(samples).max()), flush=True)
"""


@pytest.fixture
def pulse(tmp_path):
    with PulseMicrophone(tmp_path) as pulse:
        yield pulse


def asked(pulse, *words):
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *words],
        cwd=Path(__file__).parents[2],
        env=pulse.env,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def as_amixer_says(pulse):
    if shutil.which("amixer") is None:
        pytest.skip("amixer is missing: apt install alsa-utils")
    said = subprocess.run(
        ["amixer", "-D", "default", "sget", "Capture"],
        env=pulse.env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return int(re.search(r"\[(\d+)%\]", said)[1]), re.search(r"\[(on|off)\]", said)[1]


def test_it_is_turned_to_a_part_of_its_range_and_on(pulse):
    subprocess.run(["pactl", "set-source-mute", "mic.monitor", "1"], env=pulse.env, check=True)
    assert as_amixer_says(pulse)[1] == "off"
    volume = asked(pulse, "set_percent=40")
    assert (volume["name"], volume["percent"]) == ("Capture", 40)
    assert as_amixer_says(pulse) == (40, "on")


@pytest.mark.parametrize(("wanted_db", "set_db"), [(-15, -15), (-100, -30), (20, 0)])
def test_where_the_driver_knows_no_decibels_they_are_taken_for_30(pulse, wanted_db, set_db):
    volume = asked(pulse, f"set_db={wanted_db}")
    assert volume["db"] == pytest.approx(set_db, abs=0.3)
    assert (volume["low_db"], volume["high_db"]) == (-30, 0)


def test_a_sound_server_that_is_gone_is_said(pulse):
    pulse.pull_out()
    assert "SoundError: default has no mixer" in asked(pulse, "set_percent=40")


def test_who_speaks_too_loud_is_turned_down_until_it_is_right(pulse, tmp_path):
    rounds = 4
    voice = np.sin(2 * np.pi * 300 * np.arange(16_000 * 120) / 16_000)
    soundfile.write(tmp_path / "voice.wav", voice, 16_000)
    asked(pulse, "set_percent=100")
    with subprocess.Popen(["paplay", str(tmp_path / "voice.wav")], env=pulse.env) as playing:
        done = subprocess.run(
            [sys.executable, "-c", LOUDER, str(tmp_path / "gain.json"), str(rounds)],
            cwd=Path(__file__).parents[2],
            env=pulse.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        playing.kill()
    assert done.returncode == 0, done.stderr
    levels_dbfs = [float(line) for line in done.stdout.split()]
    assert -12 <= levels_dbfs[-1] <= -6, levels_dbfs
