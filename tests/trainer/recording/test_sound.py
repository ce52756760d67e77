from __future__ import annotations

import numpy as np
import pytest

from device.errors import SoundError
from device.events import MicrophoneLost
from trainer.recording.sound import Ear, SoundDevicePlayer


class LostMicrophone:
    """A microphone that is not there."""

    def __init__(self, reason):
        self.reason = reason
        self.stopped = False

    def start(self, post):
        post(MicrophoneLost(self.reason))

    def stop(self):
        self.stopped = True


class FakePortAudioError(Exception):
    pass


class FakeSoundDevice:
    """What of sounddevice plays."""

    PortAudioError = FakePortAudioError

    def __init__(self, rate_hz=None):
        self.rate_hz = rate_hz
        self.played = None

    def query_devices(self, kind):
        assert kind == "output"
        if self.rate_hz is None:
            raise FakePortAudioError("Error querying device -1")
        return {"default_samplerate": self.rate_hz}

    def play(self, samples, rate_hz):
        self.played = (samples, rate_hz)

    def stop(self):
        self.played = None


def test_without_a_microphone_it_says_what_to_do():
    microphone = LostMicrophone("there is no microphone; plug one in")
    with pytest.raises(SoundError, match=r"plug one in .*--device NAME .*--long"):
        Ear(microphone).open()
    assert microphone.stopped


def test_the_option_is_named_rather_than_the_setting():
    with pytest.raises(SoundError, match=r"^--device: no microphone is called 'x'"):
        Ear(LostMicrophone("microphone.device: no microphone is called 'x'; there are: y")).open()


@pytest.mark.parametrize("rate_hz", [16_000.0, 44_100.0, 48_000.0])
def test_a_take_is_played_at_the_rate_that_the_loudspeaker_prefers(rate_hz):
    sounddevice = FakeSoundDevice(rate_hz)
    player = SoundDevicePlayer(lambda: sounddevice)
    player.play(np.sin(np.arange(16_000, dtype=np.float32) / 10))
    samples, rate = sounddevice.played
    assert rate == rate_hz
    assert samples.size == pytest.approx(rate_hz, abs=2)
    player.stop()
    assert sounddevice.played is None


def test_a_missing_loudspeaker_is_explained():
    with pytest.raises(SoundError, match="nothing can be played"):
        SoundDevicePlayer(FakeSoundDevice).play(np.zeros(10, np.float32))
