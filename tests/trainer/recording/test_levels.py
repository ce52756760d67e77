from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.endpointing import Passage
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from trainer.recording.levels import FLOOR_DB, Fault, Levels, faults, measure, noise_db, peak_db

GOOD = Levels(peak_db=-6, speech_db=-25, noise_db=-60, clipped=False)
TEXT = "A sentence of forty letters or about it."


def passage(start: int, end: int, spoken_s: float | None = None) -> Passage:
    spoken = end - start if spoken_s is None else round(spoken_s * SAMPLE_RATE_HZ)
    return Passage(start, end, end, 0.99, spoken, start)


def tone(amplitude: float, windows: int) -> np.ndarray:
    """Give a tone with a whole number of periods in each window: its power is half its amplitude's square."""
    phase = 2 * np.pi * 16 * np.arange(windows * WINDOW) / WINDOW
    return (amplitude * np.sin(phase)).astype(np.float32)


def noise(level: float, windows: int) -> np.ndarray:
    """Give a noise of exactly this power: signs by chance."""
    chance = np.random.default_rng(0)
    return (level * chance.choice([-1.0, 1.0], windows * WINDOW)).astype(np.float32)


@given(st.floats(0.003, 0.9), st.floats(1e-4, 1e-2))
def test_levels_are_those_of_the_definitions(amplitude, hiss):
    sound = np.concatenate([noise(hiss, 10), tone(amplitude, 20), noise(hiss, 10)])
    levels = measure(sound, [passage(10 * WINDOW, 30 * WINDOW)], room_db=0)
    assert levels.peak_db == pytest.approx(20 * np.log10(max(amplitude, hiss)), abs=0.01)
    assert levels.speech_db == pytest.approx(20 * np.log10(amplitude) - 10 * np.log10(2), abs=0.01)
    assert levels.noise_db == pytest.approx(20 * np.log10(hiss), abs=0.01)
    assert not levels.clipped


def test_the_noise_is_not_counted_as_voice():
    both = 10 * np.log10(10**-2 + 10**-4)
    assert Levels(0, both, -40, clipped=False).snr_db == pytest.approx(20)
    assert Levels(0, -40, -40, clipped=False).snr_db == pytest.approx(FLOOR_DB + 40)


def test_a_click_of_a_key_is_no_noise():
    sound = np.concatenate([noise(0.001, 10), tone(0.3, 20), noise(0.001, 10)])
    sound[100:140] = 0.9
    levels = measure(sound, [passage(10 * WINDOW, 30 * WINDOW)], room_db=0)
    assert levels.noise_db == pytest.approx(-60, abs=0.01)


def test_a_take_without_pauses_has_the_noise_of_its_room():
    assert measure(tone(0.3, 20), [passage(0, 20 * WINDOW)], room_db=-51).noise_db == -51


def test_silence_has_a_level_too():
    for windows in (0, 3):
        silence = np.zeros(windows * WINDOW, np.float32)
        assert noise_db(silence) == peak_db(silence) == FLOOR_DB
        levels = measure(silence, [], room_db=-50)
        assert (levels.peak_db, levels.speech_db, levels.clipped) == (FLOOR_DB, FLOOR_DB, False)


@pytest.mark.parametrize(("gain", "clipped"), [(0.9, False), (1.5, True), (10, True)])
def test_what_touches_full_scale_is_clipped(gain, clipped):
    sound = np.clip(gain * tone(1.0, 20), -1, 1)
    assert measure(sound, [passage(0, 20 * WINDOW)], -60).clipped is clipped


@pytest.mark.parametrize(
    ("levels", "passages", "found"),
    [
        (GOOD, [passage(3_000, 40_000)], []),
        (GOOD, [passage(3_000, 20_000), passage(25_000, 40_000)], []),
        (GOOD, [], [Fault.NO_SPEECH]),
        (GOOD, [passage(0, 40_000)], [Fault.CUT_START]),
        (GOOD, [passage(3_000, 50_000)], [Fault.CUT_END]),
        (GOOD, [passage(3_000, 12_000)], [Fault.TOO_SHORT]),
        (GOOD, [passage(3_000, 40_000, spoken_s=9)], [Fault.TOO_LONG]),
        (Levels(0, -25, -60, clipped=True), [passage(3_000, 40_000)], [Fault.CLIPPED]),
        (Levels(-30, -45, -80, clipped=False), [passage(3_000, 40_000)], [Fault.QUIET]),
        (Levels(-6, -25, -40, clipped=False), [passage(3_000, 40_000)], [Fault.NOISY]),
        (
            Levels(0, -25, -40, clipped=True),
            [passage(0, 50_000)],
            [Fault.CLIPPED, Fault.CUT_START, Fault.CUT_END, Fault.NOISY],
        ),
    ],
)
def test_each_fault_is_found(levels, passages, found):
    assert faults(levels, passages, 50_000, TEXT) == found


def test_what_only_disturbs_may_be_kept():
    assert {fault for fault in Fault if not fault.again} == {Fault.QUIET, Fault.NOISY}


@pytest.mark.parametrize(
    ("text", "spoken_s"),
    [("Yes.", 0.4), ("My number is 0 4 1, 5 5 7, 9 2.", 5.0), ("In 2024.", 1.4), ("Hm?", 1.2)],
)
def test_short_texts_and_digits_have_time(text, spoken_s):
    take = [passage(3_000, 40_000, spoken_s)]
    assert faults(GOOD, take, 50_000, text) == []
