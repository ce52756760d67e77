from __future__ import annotations

import numpy as np
import pytest
import soundfile

from device.audio.files import read
from trainer.data.fingerprint import SAME, difference, fingerprint


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.ogg", "VORBIS"), ("a.mp3", "MPEG_LAYER_III"), ("a.wav", "PCM_U8"), ("a.wav", "ULAW")],
)
def test_the_same_sound_in_another_encoding_and_level(tmp_path, speechlike, name, subtype):
    sound = speechlike(3.0)
    soundfile.write(tmp_path / name, sound / 2, 16_000, subtype=subtype)
    assert difference(fingerprint(sound), fingerprint(read(tmp_path / name))) < SAME


def test_the_same_sound_a_little_later(speechlike):
    sound = speechlike(3.0)
    assert difference(fingerprint(sound), fingerprint(np.concatenate([sound[1600:], sound[:800]]))) < SAME


def test_other_sounds(speechlike):
    prints = [fingerprint(speechlike(3.0, seed)) for seed in range(8)]
    others = [difference(one, other) for place, one in enumerate(prints) for other in prints[:place]]
    assert min(others) > SAME


def test_a_sound_is_its_own(speechlike):
    own = fingerprint(speechlike(2.0))
    assert len(own) == pytest.approx((2.0 - 0.37) / 0.02, abs=1)
    assert difference(own, own) == 0


def test_what_is_too_short_is_like_nothing():
    nothing = fingerprint(np.ones(4_000, np.float32))
    assert difference(nothing, nothing) == 1
