"""Finds calls that block the event loop: by what is called on its thread, not by how long that took.

A call that waits for a disk, a lock or another process may take a microsecond on one machine and a second on
another, so that a clock finds it only by chance. What was called is the same everywhere.
"""

from __future__ import annotations

import _queue
import _socket
import _thread
import builtins
import importlib._bootstrap
import io
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from device.speech import features
from device.speech.engine import Engine
from device.speech.window import load_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_BUILT_IN = {
    function: name
    for name, function in {
        "open": builtins.open,
        "io.open_code": io.open_code,
        "select.select": select.select,
        "time.sleep": time.sleep,
        "socket.getaddrinfo": _socket.getaddrinfo,
        **{
            f"os.{name}": getattr(os, name)
            for name in (
                "open", "stat", "lstat", "listdir", "scandir", "access", "readlink", "mkdir", "rmdir",
                "unlink", "rename", "replace", "truncate", "ftruncate", "fsync", "fdatasync", "sync",
                "system", "waitpid",
            )
        },
    }.items()
}  # fmt: skip
"""Functions written in C. What only reads or writes an open file is not among them: it may be a device's."""

_IN_PYTHON = {
    function.__code__: name
    for name, function in {
        "import": importlib._bootstrap._find_and_load,  # the disk is read for a module
        "subprocess.Popen": subprocess.Popen.__init__,
        "Thread.join": threading.Thread.join,
        "Condition.wait": threading.Condition.wait,  # also of events, queues and futures
        "the loading of a model": load_model,
        "the spectrogram": features.log_mel,
        "the encoder": Engine.encode,
        "the decoder": Engine.decode,
    }.items()
}
"""Functions written in Python. CTranslate2's own are hidden from a profiler behind ours."""

_SOCKET = {
    "accept",
    "connect",
    "recv",
    "recv_into",
    "recvfrom",
    "recvmsg",
    "send",
    "sendall",
    "sendmsg",
    "sendto",
}

_THREADING = threading.Thread.start.__code__.co_filename


@contextmanager
def watched() -> Iterator[list[str]]:
    """Give a list that grows by every call in this thread that may block, while the block runs."""
    found: list[str] = []

    def look(frame: FrameType, event: str, argument: Any) -> None:
        name = None
        if event == "call" and frame.f_back:
            name, frame = _python_call(frame), frame.f_back
        elif event == "c_call":
            name = _built_in_call(frame, argument)
        if name:
            found.append(f"{name} in {_place(frame)}")

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)


def _python_call(frame: FrameType) -> str | None:
    name = _IN_PYTHON.get(frame.f_code)
    if name == "import":
        return f"import of {frame.f_locals['name']}"
    if name == "Condition.wait" and (
        frame.f_locals["timeout"] == 0
        or _is_within(frame, threading.Thread.start)  # waits until it runs, not for what it does
    ):
        return None
    return name


def _built_in_call(frame: FrameType, function: Any) -> str | None:
    owner = getattr(function, "__self__", None)
    name = function.__name__
    if isinstance(owner, _socket.socket):
        return f"socket.{name}" if name in _SOCKET and owner.gettimeout() != 0 else None
    if isinstance(owner, _queue.SimpleQueue):
        return "SimpleQueue.get" if name == "get" else None
    if isinstance(owner, _thread.LockType):
        # The module's own functions are looked at themselves.
        return "Lock.acquire" if name == "acquire" and frame.f_code.co_filename != _THREADING else None
    return _BUILT_IN.get(function) if owner is None or isinstance(owner, type(os)) else None


def _is_within(frame: FrameType | None, function: Any) -> bool:
    while frame is not None:
        if frame.f_code is function.__code__:
            return True
        frame = frame.f_back
    return False


def _place(frame: FrameType) -> str:
    """Name the innermost line of ours."""
    ours = frame
    while f"{os.sep}lib{os.sep}python" in ours.f_code.co_filename or ours.f_code.co_filename.startswith("<"):
        if ours.f_back is None:
            ours = frame
            break
        ours = ours.f_back
    return f"{ours.f_code.co_qualname} ({ours.f_code.co_filename}:{ours.f_lineno})"
