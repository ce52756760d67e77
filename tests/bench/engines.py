"""The recognisers that benches compare with, and the process that runs one: `recognisers.py` starts it."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.audio.sound import Samples

    Recognise = Callable[[Samples], str]

SAMPLE_RATE_HZ = 16_000

AUDIO_CTX_PER_S, AUDIO_CTX_MARGIN, AUDIO_CTX = 50, 128, 1500
"""How whisper.cpp's users set `audio_ctx` by a clip's length (ggml-org/whisper.cpp#1855), and all of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a peer is made.

    Attributes:
        module: What it imports.
        package: What to install for it.
        load: Loads it from a model and for so many threads.
        ggml: The type of GGML file that it loads; none where it loads CTranslate2's folder or its own model.
    """

    module: str
    package: str
    load: Callable[[Path, int], Recognise]
    ggml: str = ""


def _faster_whisper(model: Path, threads: int) -> Recognise:
    """Load faster-whisper as it comes: float32, beam of 5, timestamps."""
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(model), cpu_threads=threads)
    return lambda samples: _joined(whisper.transcribe(samples)[0])


def _faster_whisper_int8(model: Path, threads: int) -> Recognise:
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(model), compute_type="int8", cpu_threads=threads)
    chosen = {"beam_size": 1, "language": "en", "without_timestamps": True}
    return lambda samples: _joined(whisper.transcribe(samples, **chosen)[0])


def _whisper_cpp(model: Path, threads: int) -> Recognise:
    return _whisper_cpp_with(model, threads, lambda _: 0)


def _whisper_cpp_audio_ctx(model: Path, threads: int) -> Recognise:
    return _whisper_cpp_with(model, threads, audio_ctx)


def _whisper_cpp_with(model: Path, threads: int, context: Callable[[Samples], int]) -> Recognise:
    """Load whisper.cpp, greedy and without timestamps: its fastest way to a text."""
    from pywhispercpp.model import Model

    whisper = Model(
        str(model),
        redirect_whispercpp_logs_to=None,
        n_threads=threads,
        no_timestamps=True,
        language="en",
        print_progress=False,
    )
    return lambda samples: _joined(whisper.transcribe(samples, audio_ctx=context(samples)))


def audio_ctx(samples: Samples) -> int:
    """Give the states that the encoder is to compute for an utterance, of 20 ms each."""
    wanted = math.ceil(AUDIO_CTX_PER_S * len(samples) / SAMPLE_RATE_HZ) + AUDIO_CTX_MARGIN
    return min(wanted, AUDIO_CTX)


def _moonshine(_: Path, threads: int) -> Recognise:
    """Load Moonshine by its own library, as it comes: it cuts at pauses, and knows no number of threads."""
    from moonshine_voice.moonshine_api import ModelArch
    from moonshine_voice.transcriber import Transcriber
    from moonshine_voice.utils import get_model_path

    transcriber = Transcriber(get_model_path("tiny-en"), ModelArch.TINY)
    # onnxruntime, in it, has pinned each thread to a core of its own choice.
    cores = set(sorted(os.sched_getaffinity(0))[-threads:])
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)
    return lambda samples: _joined(transcriber.transcribe_without_streaming(samples.tolist()).lines)


def _moonshine_onnxruntime(_: Path, threads: int) -> Recognise:
    """Load Moonshine's networks in onnxruntime itself: several times faster than by its library."""
    from tests.bench.moonshine import Moonshine

    return Moonshine(threads).recognise


def _pocketsphinx(_: Path, __: int) -> Recognise:
    """Load pocketsphinx with its own American English; it computes in one thread."""
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=SAMPLE_RATE_HZ, loglevel="FATAL")

    def recognise(samples: Samples) -> str:
        decoder.start_utt()
        pcm = (samples * 32767).astype("<i2").tobytes()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""

    return recognise


def _joined(segments: Any) -> str:
    return " ".join(segment.text.strip() for segment in segments).strip()


_CPP = ("pywhispercpp", "pywhispercpp")
_MOONSHINE = ("moonshine_voice", "moonshine-voice==0.0.73")

KINDS = {
    "faster-whisper": Kind("faster_whisper", "faster-whisper", _faster_whisper),
    "faster-whisper int8 beam 1": Kind("faster_whisper", "faster-whisper", _faster_whisper_int8),
    "whisper.cpp": Kind(*_CPP, _whisper_cpp, "f16"),
    "whisper.cpp audio-ctx": Kind(*_CPP, _whisper_cpp_audio_ctx, "f16"),
    "whisper.cpp q8_0": Kind(*_CPP, _whisper_cpp, "q8_0"),
    "whisper.cpp q8_0 audio-ctx": Kind(*_CPP, _whisper_cpp_audio_ctx, "q8_0"),
    "moonshine tiny": Kind(*_MOONSHINE, _moonshine),
    "moonshine tiny onnxruntime": Kind(*_MOONSHINE, _moonshine_onnxruntime),
    "pocketsphinx": Kind("pocketsphinx", "pocketsphinx", _pocketsphinx),
}
"""All peers by name."""


def _serve(name: str, model: str, threads: str) -> None:
    """Be a peer: answer each utterance on the standard input with a line of JSON."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the libraries print
    recognise = KINDS[name].load(Path(model), int(threads))
    print("{}", file=answers, flush=True)
    while (samples := _utterance(sys.stdin.buffer)) is not None:
        began_s, used_s = time.perf_counter(), _cpu_s()
        text = recognise(samples)
        answer = {
            "wall_s": time.perf_counter() - began_s,
            "cpu_s": _cpu_s() - used_s,
            "text": text,
            "resident_mb": _resident_mb(),
        }
        print(json.dumps(answer), file=answers, flush=True)


def _utterance(file: BinaryIO) -> Samples | None:
    head = file.read(4)
    if not head:
        return None
    (count,) = struct.unpack("<I", head)
    return np.frombuffer(file.read(4 * count), "<f4")


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _resident_mb() -> float:
    (resident_kb,) = re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(resident_kb) / 1024


if __name__ == "__main__":
    _serve(*sys.argv[1:])
