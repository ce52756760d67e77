"""The wake word: the adapter on a package of the test's, and the real one where it is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
import soundfile
import soxr

from device.app import load_wake_word
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from device.errors import SettingsError
from device.settings import HandsFreeSettings, Settings
from device.speech.wake_word import MicroWakeWord


def named(name):
    return Settings(hands_free=HandsFreeSettings(wake_word=name))


def test_without_a_wake_word_nothing_is_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    assert load_wake_word(Settings()) is None


def test_without_its_package_the_setting_is_named_and_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    with pytest.raises(SettingsError, match=r'hands_free.wake_word is "alexa".*saykey\[wakeword\]'):
        load_wake_word(named("alexa"))


class Features:
    """Makes features of every ten milliseconds, as the package does."""

    def __init__(self):
        self.sound = self.rest = b""

    def reset(self):
        self.rest = b""

    def process_streaming(self, sound):
        self.sound += sound
        self.rest += sound
        while len(self.rest) >= 320:
            features, self.rest = self.rest[:320], self.rest[320:]
            yield features


class Network:
    """Hears its word in any feature that is loud."""

    @classmethod
    def from_builtin(cls, model):
        assert model == "okay_nabu"
        return cls()

    def __init__(self):
        self.heard = 0

    def reset(self):
        self.heard = 0

    def process_streaming(self, features):
        self.heard += 1
        return bool(np.frombuffer(features, "<i2").max() > 30_000) or None


@pytest.fixture
def package(monkeypatch):
    module = ModuleType("pymicro_wakeword")
    module.MicroWakeWord, module.MicroWakeWordFeatures, module.Model = Network, Features, str
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", module)


@pytest.mark.usefixtures("package")
def test_the_sound_arrives_whole_as_samples_of_16_bits():
    wake_word = MicroWakeWord("okay_nabu")
    sound = np.linspace(-1.2, 0.9, 5 * WINDOW, dtype=np.float32)
    assert not any(wake_word.heard(window) for window in sound.reshape(-1, WINDOW))
    arrived = np.frombuffer(wake_word._features.sound, "<i2")
    np.testing.assert_allclose(arrived / 32_767, np.clip(sound, -1, 1), atol=1 / 32_767)
    assert wake_word._network.heard == 5 * WINDOW // 160
    assert wake_word.heard(np.full(WINDOW, 0.95, np.float32))


real = pytest.mark.skipif(not find_spec("pymicro_wakeword"), reason="pymicro-wakeword is not installed")


def windows(sound):
    return sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)


@real
@pytest.mark.parametrize("name", ["okay_nabu", "hey_jarvis", "hey_mycroft", "alexa"])
def test_every_word_of_the_settings_is_in_the_package_and_is_not_heard_where_it_is_not_said(name, demo):
    wake_word = load_wake_word(named(name))
    assert not any(wake_word.heard(window) for window in windows(demo))
    assert not any(wake_word.heard(np.zeros(WINDOW, np.float32)) for _ in range(100))


@real
@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
def test_the_word_is_heard_once_it_is_said_and_again_after_a_reset():
    wake_word = load_wake_word(named("okay_nabu"))
    spoken = subprocess.run(
        ["espeak-ng", "-v", "en-us", "-s", "145", "--stdout", "okay nabu"], capture_output=True, check=True
    ).stdout
    sound, rate_hz = soundfile.read(io.BytesIO(spoken), dtype="float32")
    sound = np.pad(soxr.resample(sound, rate_hz, SAMPLE_RATE_HZ).astype(np.float32), SAMPLE_RATE_HZ)
    for _ in range(2):
        heard = [wake_word.heard(window) for window in windows(sound)]
        assert any(heard)
        wake_word.reset()
