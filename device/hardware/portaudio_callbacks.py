"""Callbacks that PortAudio may call in a process whose memory is never both written and executed.

sounddevice's own are made by cffi, which writes code into memory that it executes. Those of ctypes are
libffi's, which takes code that is in the library, or maps a file in memory twice: once to write to it, once
to execute it (its tramp.c and closures.c). So systemd's MemoryDenyWriteExecute may be on where nothing else
writes code.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

INPUT_OVERFLOW = 0x2
"""Sound was lost before this block: paInputOverflow (portaudio.h, PaStreamCallbackFlags)."""

STREAM_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,  # input
    ctypes.c_void_p,  # output
    ctypes.c_ulong,  # frames
    ctypes.c_void_p,  # time
    ctypes.c_ulong,  # flags
    ctypes.c_void_p,  # user data
)
"""PaStreamCallback; 0, which is paContinue, has the stream go on."""

FINISHED_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
"""PaStreamFinishedCallback."""


def open_input(
    sounddevice: Any,
    hear: Callable[[NDArray[np.float32], bool], None],
    finish: Callable[[], None],
    *,
    channels: int,
    **options: Any,
) -> Any:
    """Open an input as `sounddevice.InputStream` does, in float32.

    Args:
        sounddevice: The module.
        hear: Called in PortAudio's thread with a copy of the frames, of shape (n, channels), and whether
            sound was lost just before them.
        finish: Called there when nothing more comes.
        channels: How many.
        options: The others of `sounddevice.InputStream`.

    Raises:
        sounddevice.PortAudioError: It cannot be opened so.
    """

    def take_block(source: int, _out: int, frames: int, _time: int, flags: int, _data: int) -> int:
        block = (ctypes.c_float * (frames * channels)).from_address(source)
        frames_heard = np.ctypeslib.as_array(block).reshape(frames, channels).copy()
        hear(frames_heard, bool(flags & INPUT_OVERFLOW))
        return 0

    def pointer(callback: Any, kind: str) -> Any:
        return sounddevice._ffi.cast(kind, ctypes.cast(callback, ctypes.c_void_p).value)  # noqa: SLF001

    on_block, on_end = STREAM_CALLBACK(take_block), FINISHED_CALLBACK(lambda _data: finish())
    # The one class that takes pointers, for libraries that make streams of their own, as it says.
    stream = sounddevice._StreamBase(  # noqa: SLF001
        kind="input",
        channels=channels,
        dtype="float32",
        callback=pointer(on_block, "PaStreamCallback*"),
        finished_callback=pointer(on_end, "PaStreamFinishedCallback*"),
        **options,
    )
    stream.callbacks = on_block, on_end  # PortAudio does not keep them
    return stream
