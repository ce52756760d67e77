"""A microphone made of software: a private PulseAudio whose null sink's monitor PortAudio records."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from types import TracebackType

_ASOUNDRC = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"

_START_S = 10


def require_pulse() -> None:
    """Skip the test, and say why, where PulseAudio, its ALSA plugin or PortAudio is not installed."""
    for program in ("pulseaudio", "paplay", "pactl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt install pulseaudio pulseaudio-utils")
    if not any(Path("/usr/lib").rglob("libasound_module_pcm_pulse.so")):
        pytest.skip("ALSA's pulse plugin is missing: apt install libasound2-plugins")
    try:
        import sounddevice  # noqa: F401  # what it needs is the question
    except OSError:
        pytest.skip("PortAudio is missing: apt install libportaudio2")


class PulseMicrophone:
    """A PulseAudio of its own, without hardware, on a Unix socket in a folder of its own.

    PortAudio and ALSA read `env` when a process starts: record in a subprocess that gets it. What
    `play` plays is what the default input device of that subprocess hears.
    """

    def __init__(self, folder: Path, rate_hz: int = 16_000, channels: int = 1) -> None:
        self._home = folder / "pulse"
        # With rewinds, a null sink renders two seconds at once, and a listener waits for the end of them.
        self._sink = f"module-null-sink sink_name=mic rate={rate_hz} channels={channels} norewinds=1"
        self._daemon: subprocess.Popen[bytes] | None = None
        self.env = os.environ | {
            "HOME": str(self._home),
            "XDG_RUNTIME_DIR": str(self._home),
            "XDG_CONFIG_HOME": str(self._home),
            "PULSE_SERVER": f"unix:{self._home}/socket",
            "PULSE_SINK": "mic",
            "PULSE_SOURCE": "mic.monitor",
            "JACK_NO_START_SERVER": "1",
        }

    def __enter__(self) -> Self:
        require_pulse()
        self._home.mkdir(mode=0o700)
        (self._home / ".asoundrc").write_text(_ASOUNDRC)
        self.plug_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.pull_out()

    def plug_in(self) -> None:
        """Start the sound server; return when it serves."""
        socket = f"module-native-protocol-unix socket={self._home}/socket auth-anonymous=1"
        options = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        with (self._home / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                ["pulseaudio", *options, "-L", self._sink, "-L", socket],
                env=self.env,
                stdout=log,
                stderr=log,
            )
        give_up_s = time.monotonic() + _START_S
        while subprocess.run(["pactl", "info"], env=self.env, capture_output=True, check=False).returncode:
            if self._daemon.poll() is not None or time.monotonic() > give_up_s:
                self.pull_out()
                raise RuntimeError((self._home / "log").read_text())
            time.sleep(0.05)

    def pull_out(self) -> None:
        """Kill the sound server, as when the plug is pulled."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def play(self, path: Path) -> None:
        """Play a WAV, FLAC or OGG file before the microphone; return when all of it was played."""
        subprocess.run(["paplay", str(path)], env=self.env, check=True, timeout=600)
