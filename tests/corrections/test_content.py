from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from device.audio.sound import SAMPLE_RATE_HZ
from device.corrections.content import flac
from tests.bundles import OWNER, public
from tests.saykey import ROOT

_HARDENED = """
import ctypes, sys
from ctypes import c_ulong
if ctypes.CDLL(None).prctl(65, c_ulong(1), c_ulong(0), c_ulong(0), c_ulong(0)):
    sys.exit("no MDWE")  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN (prctl(2))
import numpy as np
from device.corrections.content import flac
from device.corrections.sealed import seal
from device.models.signature import PublicKey
print(len(seal(flac(np.zeros(16000, np.int16)), PublicKey(sys.argv[1]))))
"""


@given(arrays(np.int16, st.integers(1, 20_000)))
def test_a_sound_is_kept_as_it_was(sound):
    read, rate_hz = soundfile.read(io.BytesIO(flac(sound)), dtype="int16")
    assert rate_hz == SAMPLE_RATE_HZ
    np.testing.assert_array_equal(read, sound)


def test_it_is_sealed_where_no_memory_is_both_written_and_executed():
    """As on every ARM board: systemd/arm/saykey.service.d/memory.conf."""
    program = [sys.executable, "-c", _HARDENED, public(OWNER).text]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    if "no MDWE" in done.stderr:
        pytest.skip("the kernel has no PR_SET_MDWE: it came with Linux 6.3")
    assert (done.returncode, int(done.stdout or 0) > 0) == (0, True), done.stderr
