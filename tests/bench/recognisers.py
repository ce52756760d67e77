"""Other recognisers, each in a process of its own, for benches that compare with them.

    with start("whisper.cpp", model, threads=1) as peer:
        heard = peer.recognise(samples)

`make peers` installs their packages. Each is given a whole utterance in one call, from memory. A process of
its own gives each its own memory and CPU time; what goes through the pipes is in neither time.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.engines import KINDS

if TYPE_CHECKING:
    from typing import Self

    from device.audio.sound import Samples

ROOT = Path(__file__).parents[2]

DEMO = ROOT / "device/demo/arctic_a0007.flac"
"""Four seconds of speech that every peer is warmed up with."""


class PeerError(Exception):
    """A peer could not be started, or ended while it was asked."""


class NotInstalledError(PeerError):
    """A peer's package is not installed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a peer made of an utterance.

    Attributes:
        text: What it heard.
        wall_s: How long it took.
        cpu_s: What its process used of all cores for it.
    """

    text: str
    wall_s: float
    cpu_s: float


class Peer:
    """A recogniser that runs.

    Attributes:
        name: One of `KINDS`.
        load_s: How long it took from the start of its process until it could recognise.
        resident_mb: What it held of the memory once it had recognised a first utterance.
    """

    def __init__(self, name: str, model: Path, threads: int) -> None:
        self.name = name
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.engines", name, str(model), str(threads)],
            cwd=ROOT,
            env={**os.environ, **_environment(threads)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        try:
            self._answer()
            self.load_s = time.perf_counter() - began
            self.resident_mb: float = self._ask(_demo())["resident_mb"]
        except BaseException:
            self.close()
            raise

    def recognise(self, samples: Samples) -> Heard:
        """Recognise one utterance.

        Raises:
            PeerError: It ended instead.
        """
        answer = self._ask(samples)
        return Heard(answer["text"], answer["wall_s"], answer["cpu_s"])

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, samples: Samples) -> dict[str, Any]:
        assert self._process.stdin
        try:
            self._process.stdin.write(struct.pack("<I", len(samples)) + samples.astype("<f4").tobytes())
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer will say why
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        status = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
        raise PeerError(f"{self.name} ended with status {status}: {said or 'it said nothing'}")


def start(name: str, model: Path, threads: int) -> Peer:
    """Start a peer, and have it recognise a first utterance.

    Args:
        name: One of `KINDS`.
        model: Folder of the float16 model for those that run Whisper: all run the same weights.
        threads: Threads that it may compute with.

    Raises:
        NotInstalledError: Its package is missing.
        PeerError: It does not start.
        ModelError: The model cannot be converted for it.
    """
    kind = KINDS[name]
    if importlib.util.find_spec(kind.module) is None:
        raise NotInstalledError(f"not installed: pip install {kind.package}, or make peers for all")
    if not kind.ggml:
        return Peer(name, model.resolve(), threads)
    from trainer.conversion import ggml

    with tempfile.TemporaryDirectory() as folder:  # once it runs, the weights are in its memory
        file = Path(folder) / "model.bin"
        ggml.convert(model, file, kind.ggml)
        return Peer(name, file, threads)


def _environment(threads: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {"HF_HUB_OFFLINE": "1", **dict.fromkeys(names, str(threads))}


def _demo() -> Samples:
    from device.audio.files import read

    return read(DEMO)
