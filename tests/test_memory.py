"""Free memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Strings of a few kilobytes, every other one freed: glibc keeps the holes.
PROGRAM = """
import re, threading
from pathlib import Path
from device.memory import give_back, share_one_heap

def resident_kb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

share_one_heap()
kept = []

def fill():
    for _ in range(2):
        chunks = [bytearray(9_000) for _ in range(6_000)]
        kept.append(chunks[::32])

threads = [threading.Thread(target=fill) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
before = resident_kb()
give_back()
print(before, resident_kb())
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="glibc keeps freed memory; others have habits of their own"
)
def test_memory_that_threads_freed_is_given_back():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before_kb, after_kb = map(int, done.stdout.split())
    assert after_kb < before_kb / 2
