"""Augmentation as training sees it: repeatable, within bounds, and as often as asked."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.augmentation.augmenter import Augmenter, apply
from trainer.augmentation.settings import AugmentSettings

ALL = AugmentSettings(
    clean_share=0, pitch_share=1, speed_share=1, room_share=1, noise_share=1, microphone_share=1
)
NONE = AugmentSettings(
    clean_share=0, pitch_share=0, speed_share=0, room_share=0, noise_share=0, microphone_share=0, gain=(1, 1)
)


@pytest.fixture(scope="module")
def everything():
    return Augmenter(ALL, [], [], 7)


@pytest.fixture(scope="module")
def usual():
    return Augmenter(AugmentSettings(), [], [], 7)


def speech(seconds: float = 0.5):
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.4 * np.sin(2 * np.pi * 300 * time_s) * np.sin(9 * time_s)).astype(np.float32)


@given(name=st.text(), epoch=st.integers(0, 1000))
@settings(max_examples=20)
def test_the_same_utterance_and_epoch_give_the_same_bytes(usual, name, epoch):
    first = usual(speech(), name, epoch)
    usual(speech(), "another", 3)

    assert np.array_equal(usual(speech(), name, epoch), first)
    assert usual.change(name, epoch) == usual.change(name, epoch)


def test_another_augmenter_of_the_seed_gives_the_same_and_of_another_not(everything):
    made = everything(speech(), "a", 1)

    assert np.array_equal(Augmenter(ALL, [], [], 7)(speech(), "a", 1), made)
    assert np.array_equal(pickle.loads(pickle.dumps(everything))(speech(), "a", 1), made)  # noqa: S301
    assert not np.array_equal(Augmenter(ALL, [], [], 8)(speech(), "a", 1)[:7000], made[:7000])


def test_epochs_and_names_differ(everything):
    made = [everything(speech(), *which)[:7000] for which in (("a", 1), ("a", 2), ("b", 1))]

    assert not np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_another_process_gives_the_same_bytes(everything):
    script = """
import hashlib, sys
import numpy as np
from trainer.augmentation.augmenter import Augmenter
from trainer.augmentation.settings import AugmentSettings
samples = np.frombuffer(sys.stdin.buffer.read(), np.float32)
shares = {f"{name}_share": 1 for name in ("pitch", "speed", "room", "noise", "microphone")}
made = Augmenter(AugmentSettings(clean_share=0, **shares), [], [], 7)(samples, "a", 1)
print(hashlib.sha256(made.tobytes()).hexdigest())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], input=speech().tobytes(), capture_output=True, check=True
    )

    assert done.stdout.decode().strip() == hashlib.sha256(everything(speech(), "a", 1).tobytes()).hexdigest()


@given(
    samples=hnp.arrays(np.float32, st.integers(0, 3000), elements=st.floats(-1, 1, width=32)),
    epoch=st.integers(0, 100),
)
@settings(max_examples=40)
def test_what_comes_out_is_sound(everything, samples, epoch):
    made = everything(samples, "any", epoch)

    assert made.dtype == np.float32
    assert made.ndim == 1
    assert np.isfinite(made).all()
    assert np.abs(made).max(initial=0) <= 1
    assert len(samples) / 1.1 - 1 <= len(made) <= len(samples) / 0.9 + 1


def test_silence_stays_finite(everything):
    for epoch in range(10):
        assert np.isfinite(everything(np.zeros(4000, np.float32), "silence", epoch)).all()


def test_what_is_given_is_not_written_to(everything):
    samples = speech()
    samples.flags.writeable = False

    everything(samples, "a", 1)


@pytest.mark.parametrize("snr_db", [10.0, 17.0, 25.0])
def test_noise_is_as_loud_as_was_drawn(snr_db):
    only_noise = {**{name: getattr(NONE, name) for name in NONE.__struct_fields__}, "noise_share": 1}
    augmenter = Augmenter(AugmentSettings(**only_noise | {"snr_db": (snr_db, snr_db)}), [], [], 1)

    for epoch in range(8):  # all noises that are made have their turn
        samples = speech(2)
        added = augmenter(samples, "a", epoch).astype(np.float64) - samples
        got_db = 10 * np.log10(np.mean(samples.astype(np.float64) ** 2) / np.mean(added**2))
        assert got_db == pytest.approx(snr_db, abs=0.5)


def test_shares_are_of_all_and_of_the_rest(usual):
    changes = [usual.change(f"utterance {number}", 0) for number in range(2000)]
    rest = [change for change in changes if change.gain is not None]

    assert 1 - len(rest) / len(changes) == pytest.approx(0.4, abs=0.04)
    for name, share in (
        ("pitch_semitones", 0.3),
        ("speed", 0.5),
        ("room", 0.3),
        ("noise", 0.7),
        ("microphone", 0.3),
    ):
        done = [change for change in rest if getattr(change, name) is not None]
        assert len(done) / len(rest) == pytest.approx(share, abs=0.05)
    assert {type(change.room) for change in changes if change not in rest} == {type(None)}
    assert all(0.7 <= change.gain <= 1.3 and 10 <= change.snr_db <= 25 for change in rest)
    assert all(0.9 <= change.speed <= 1.1 for change in rest if change.speed)


def test_a_clean_utterance_is_the_same_object(usual):
    samples = speech()
    clean = next(epoch for epoch in range(100) if str(usual.change("a", epoch)) == "nothing")

    assert usual(samples, "a", clean) is samples


def test_sounds_are_read_once(tmp_path):
    noise, room = tmp_path / "fan.wav", tmp_path / "kitchen.wav"
    soundfile.write(noise, np.random.default_rng(0).uniform(-0.1, 0.1, 3000), SAMPLE_RATE_HZ)
    soundfile.write(room, np.r_[0.9, np.zeros(50), 0.5], SAMPLE_RATE_HZ)
    augmenter = Augmenter(ALL, [noise], [room], 1)
    noise.unlink()
    room.unlink()

    change = augmenter.change("a", 1)

    assert len(apply(change, speech(3))) > 2.7 * SAMPLE_RATE_HZ  # noise that is shorter begins again
    assert "fan.wav at" in str(change)
    assert "kitchen.wav" in str(change)
    assert "pitch" in str(change)
    assert "speed" in str(change)
    assert "microphone" in str(change)
    assert "gain" in str(change)
