from __future__ import annotations

import atexit
import logging
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from device.errors import SoundError
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard
from device.hardware import sounddevice_microphone
from device.hardware.portaudio_callbacks import FINISHED_CALLBACK, INPUT_OVERFLOW, STREAM_CALLBACK
from device.hardware.sounddevice_microphone import SoundDeviceMicrophone, list_inputs, load_sounddevice
from device.settings import MicrophoneSettings
from tests.pulse import PulseMicrophone

HEADSET = {"name": "Headset: USB Audio (hw:1,0)", "max_input_channels": 1, "default_samplerate": 48_000.0}
ARRAY = {"name": "seeed-2mic: bcm2835 (hw:2,0)", "max_input_channels": 2, "default_samplerate": 44_100.0}
LOUDSPEAKER = {"name": "Headphones: (hw:0,0)", "max_input_channels": 0, "default_samplerate": 44_100.0}


class FakePortAudioError(Exception):
    pass


class FakeStream:
    """An open stream. The test plays the device: it calls the pointers that it was given."""

    def __init__(self, sounddevice, options):
        self.sounddevice = sounddevice
        self.__dict__.update(options)
        self.finish = lambda: FINISHED_CALLBACK(self.finished_callback)(None)

    def __enter__(self):
        self.sounddevice.streams.put(self)
        return self

    def __exit__(self, *_error):
        self.sounddevice.closing.wait(timeout=60)
        self.sounddevice.is_open = False
        self.finish()

    def hear(self, frames, *, overflow=False):
        flags = INPUT_OVERFLOW if overflow else 0
        assert STREAM_CALLBACK(self.callback)(frames.ctypes.data, None, len(frames), None, flags, None) == 0


class FakeSoundDevice:
    """What of sounddevice is used, with PortAudio's habit of knowing only the devices of its start."""

    PortAudioError = FakePortAudioError
    _ffi = SimpleNamespace(cast=lambda _kind, address: address)

    def __init__(self, *devices):
        self.present = list(devices)
        self.fixed_rate_hz = None
        self.streams = queue.Queue()
        self.closing = threading.Event()
        self.closing.set()
        self.is_open = False
        self._initialize()

    def _initialize(self):
        self.known = [device | {"index": index} for index, device in enumerate(self.present)]

    def _terminate(self):
        assert not self.is_open, "terminating PortAudio closes what is open"
        self.known = None

    def _exit_handler(self):
        raise AssertionError("hangs")

    def query_devices(self, kind=None):
        if kind is None:
            return list(self.known)
        return next(device for device in self.known if device["max_input_channels"])

    def _StreamBase(self, **options):  # noqa: N802  # sounddevice's name
        device = self.known[options["device"]]
        if all(device["name"] != present["name"] for present in self.present):
            raise FakePortAudioError("Device unavailable")
        if self.fixed_rate_hz not in (None, options["samplerate"]):
            raise FakePortAudioError("Invalid sample rate")
        self.is_open = True
        return FakeStream(self, options | {"name": device["name"]})


class Listener:
    """A microphone on a fake sounddevice, started, and the queue on which it posts."""

    def __init__(self, sounddevice, name="", load=None):
        self.sounddevice = sounddevice
        self.events = queue.Queue()
        self.microphone = SoundDeviceMicrophone(
            MicrophoneSettings(device=name), load or (lambda: sounddevice)
        )

    def __enter__(self):
        self.microphone.start(self.events.put)
        return self

    def __exit__(self, *_error):
        self.microphone.stop()

    def next(self):
        return self.events.get(timeout=10)

    def stream(self):
        return self.sounddevice.streams.get(timeout=10)


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(sounddevice_microphone, "_RETRY_S", 0.01)


def block(value=0.25, channels=1, frames=WINDOW):
    return np.full((frames, channels), value, np.float32)


def test_it_listens_at_16_khz_and_posts_what_it_hears():
    with Listener(FakeSoundDevice(LOUDSPEAKER, HEADSET)) as listener:
        stream = listener.stream()
        assert (stream.samplerate, stream.channels, stream.blocksize, stream.dtype) == (
            SAMPLE_RATE_HZ,
            1,
            WINDOW,
            "float32",
        )
        buffer = block(0.25)
        stream.hear(buffer)
        buffer[:] = 0.5  # PortAudio uses its buffer again
        stream.hear(buffer)
        assert listener.next() == MicrophoneReady(HEADSET["name"])
        np.testing.assert_array_equal(listener.next().samples, block(0.25)[:, 0])
        np.testing.assert_array_equal(listener.next().samples, block(0.5)[:, 0])


def test_one_that_is_muted_while_the_sound_system_starts_is_not_opened_any_more(monkeypatch):
    monkeypatch.setattr(sounddevice_microphone, "_STOP_S", 0.0)
    sounddevice, go = FakeSoundDevice(HEADSET), threading.Event()
    with Listener(sounddevice, load=lambda: go.wait(60) and sounddevice) as listener:
        starting = listener.microphone._thread
    go.set()
    starting.join(60)
    assert not starting.is_alive()
    assert sounddevice.streams.empty()
    assert listener.events.empty()


def test_a_stereo_microphone_at_its_own_rate_is_converted():
    sounddevice = FakeSoundDevice(ARRAY)
    sounddevice.fixed_rate_hz = ARRAY["default_samplerate"]
    with Listener(sounddevice) as listener:
        stream = listener.stream()
        assert (stream.samplerate, stream.channels) == (44_100, 2)
        time_s = np.arange(44_100) / 44_100
        tone = np.sin(2 * np.pi * 440 * time_s).astype(np.float32)[:, np.newaxis]
        for frames in np.array_split(np.repeat(tone, 2, axis=1), 30):
            stream.hear(frames)
        assert listener.next() == MicrophoneReady(ARRAY["name"])
        heard = np.concatenate([listener.next().samples for _ in range(28)])
    crossings = np.count_nonzero(np.diff(np.signbit(heard)))
    assert crossings * SAMPLE_RATE_HZ / heard.size / 2 == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("", "USB first"),
        ("second", "usb SECOND"),
        ("usb", "usb"),
        ("USB", "usb"),
        ("us", "USB first"),
        ("speaker", "speaker and microphone"),
    ],
)
def test_the_microphone_is_found_by_a_part_of_its_name(name, chosen, caplog):
    names = ("USB first", "usb SECOND", "usb", "speaker and microphone")
    devices = [LOUDSPEAKER | {"name": "USB speaker"}, *(HEADSET | {"name": each} for each in names)]
    with caplog.at_level(logging.INFO), Listener(FakeSoundDevice(*devices), name) as listener:
        assert listener.stream().name == chosen
    assert ("microphones are called" in caplog.text) == (name.casefold() in {"usb", "us"})


def test_a_name_that_no_microphone_has_says_which_there_are():
    with Listener(FakeSoundDevice(LOUDSPEAKER, HEADSET, ARRAY), "yeti") as listener:
        reason = listener.next().reason
    assert "microphone.device" in reason
    assert "'yeti'" in reason
    assert f"{HEADSET['name']}, {ARRAY['name']}" in reason
    assert LOUDSPEAKER["name"] not in reason


def test_lost_sound_is_reported_where_it_was_lost():
    with Listener(FakeSoundDevice(HEADSET)) as listener:
        stream = listener.stream()
        stream.hear(block(), overflow=True)  # before the first block there was nothing to lose
        stream.hear(block())
        stream.hear(block(), overflow=True)
        kinds = [type(listener.next()) for _ in range(5)]
    assert kinds == [MicrophoneReady, SoundHeard, SoundHeard, SoundDropped, SoundHeard]


def test_a_microphone_that_is_missing_at_the_start_is_found_when_it_comes():
    sounddevice = FakeSoundDevice(LOUDSPEAKER)
    with Listener(sounddevice) as listener:
        assert listener.next() == MicrophoneLost("there is no microphone; plug one in")
        sounddevice.present.append(HEADSET)
        listener.stream().hear(block())
        assert listener.next() == MicrophoneReady(HEADSET["name"])


def test_a_microphone_that_is_pulled_out_is_lost_once_and_heard_again_when_it_is_back():
    sounddevice = FakeSoundDevice(LOUDSPEAKER, HEADSET)
    tries = threading.Semaphore(0)

    def load():
        tries.release()
        return sounddevice

    with Listener(sounddevice, load=load) as listener:
        stream = listener.stream()
        tries.acquire()
        stream.hear(block())
        assert [type(listener.next()) for _ in range(2)] == [MicrophoneReady, SoundHeard]
        sounddevice.present.remove(HEADSET)
        stream.finish()
        lost = listener.next()
        assert isinstance(lost, MicrophoneLost)
        assert HEADSET["name"] in lost.reason
        for _ in range(3):
            assert tries.acquire(timeout=10)
        sounddevice.present.append(HEADSET)
        listener.stream().hear(block(0.5))
        assert listener.next() == MicrophoneReady(HEADSET["name"])
        np.testing.assert_array_equal(listener.next().samples, block(0.5)[:, 0])


@pytest.mark.parametrize("first_blocks", [0, 1])
def test_a_microphone_that_falls_silent_without_a_word_is_lost(monkeypatch, first_blocks):
    # Nobody waits for a first sound that comes, however late this thread has its turn.
    monkeypatch.setattr(sounddevice_microphone, "_FIRST_SOUND_S", 60.0 if first_blocks else 0.1)
    monkeypatch.setattr(sounddevice_microphone, "_SILENT_S", 0.2)
    with Listener(FakeSoundDevice(HEADSET)) as listener:
        stream = listener.stream()
        for _ in range(first_blocks):
            stream.hear(block())
            assert [type(listener.next()) for _ in range(2)] == [MicrophoneReady, SoundHeard]
        assert "no sound arrives" in listener.next().reason


def test_without_portaudio_it_says_what_to_install_and_works_once_that_is_done():
    sounddevice = FakeSoundDevice(HEADSET)
    tries = iter([False, False, True])

    def load():
        if not next(tries, True):
            raise SoundError("PortAudio is missing")
        return sounddevice

    with Listener(sounddevice, load=load) as listener:
        assert listener.next() == MicrophoneLost("PortAudio is missing")
        listener.stream().hear(block())
        assert listener.next() == MicrophoneReady(HEADSET["name"])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SoundError("PortAudio is missing"), "PortAudio is missing"),
        (
            FakePortAudioError("internal error"),
            "the microphone failed (FakePortAudioError); it is tried again",
        ),
    ],
)
def test_portaudio_is_prepared_beside_other_work_and_its_absence_told_at_the_start(error, told):
    asked = queue.Queue()

    def load():
        asked.put(threading.current_thread())
        raise error

    listener = Listener(None, load=load)
    listener.microphone.prepare()
    assert asked.get(timeout=10) is not threading.current_thread()
    assert listener.events.empty()
    with listener:
        assert listener.next() == MicrophoneLost(told)


def test_stop_waits_for_what_prepares():
    loaded = threading.Event()
    entered = threading.Event()
    ended = threading.Event()

    def load():
        entered.set()
        loaded.wait(timeout=60)
        ended.set()

    microphone = SoundDeviceMicrophone(MicrophoneSettings(), load)
    microphone.prepare()
    assert entered.wait(timeout=10)
    stopping = threading.Thread(target=microphone.stop)
    stopping.start()
    loaded.set()
    stopping.join(timeout=60)
    assert ended.is_set()


def test_the_missing_library_is_named(tmp_path, monkeypatch):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(SoundError, match="apt install libportaudio2"):
        load_sounddevice()


def test_nothing_is_posted_after_stop():
    with Listener(FakeSoundDevice(HEADSET)) as listener:
        stream = listener.stream()
    stream.hear(block())
    listener.microphone.stop()
    assert listener.events.empty()
    assert not listener.sounddevice.is_open


def test_stop_before_start_does_nothing():
    SoundDeviceMicrophone(MicrophoneSettings(), FakeSoundDevice).stop()


def test_without_memory_for_its_thread_it_can_be_stopped_and_started_again(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    sounddevice = FakeSoundDevice(HEADSET)
    microphone = SoundDeviceMicrophone(MicrophoneSettings(), lambda: sounddevice)
    events = queue.SimpleQueue()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            microphone.start(events.put)
    microphone.stop()
    microphone.start(events.put)
    sounddevice.streams.get(timeout=60)
    microphone.stop()


def test_stop_returns_though_portaudio_hangs_and_so_does_the_end_of_the_process(monkeypatch):
    monkeypatch.setattr(sounddevice_microphone, "_STOP_S", 0.05)
    sounddevice = FakeSoundDevice(HEADSET)
    unregistered = []
    monkeypatch.setattr(atexit, "unregister", unregistered.append)
    sounddevice.closing.clear()
    with Listener(sounddevice) as listener:
        listener.stream().hear(block())
        listener.next()
    assert unregistered == [sounddevice._exit_handler]
    sounddevice.closing.set()


def test_a_device_that_hangs_when_it_is_closed_is_reported_first():
    sounddevice = FakeSoundDevice(HEADSET)
    sounddevice.closing.clear()
    with Listener(sounddevice) as listener:
        listener.stream().finish()
        assert isinstance(listener.next(), MicrophoneLost)
        sounddevice.closing.set()


def test_the_inputs_are_listed(monkeypatch):
    monkeypatch.setattr(
        sounddevice_microphone, "load_sounddevice", lambda: FakeSoundDevice(LOUDSPEAKER, HEADSET, ARRAY)
    )
    assert list_inputs() == [(HEADSET["name"], 48_000, 1), (ARRAY["name"], 44_100, 2)]


# From here on with PortAudio itself.


class Recorder:
    """A process that listens to the default microphone, says each event by its name, and keeps the sound."""

    PROGRAM = """
import ctypes, queue, sys, threading
from ctypes import c_ulong
if sys.argv[3] == "hardened":  # prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), which stays (prctl(2))
    if ctypes.CDLL(None).prctl(65, c_ulong(1), c_ulong(0), c_ulong(0), c_ulong(0)):
        sys.exit("no MDWE")
import numpy as np
from device.events import SoundHeard, StopRequested
from device.hardware.sounddevice_microphone import SoundDeviceMicrophone, load_sounddevice
from device.settings import MicrophoneSettings

class Picky:
    def __getattr__(self, name):
        return getattr(load_sounddevice(), name)
    def _StreamBase(self, *, samplerate, **options):
        if samplerate == 16_000:
            raise self.PortAudioError("Invalid sample rate")
        return load_sounddevice()._StreamBase(samplerate=samplerate, **options)

recording, load = sys.argv[1], {"any": load_sounddevice, "own": Picky}[sys.argv[2]]
events, windows = queue.SimpleQueue(), []
microphone = SoundDeviceMicrophone(MicrophoneSettings(), load)
microphone.start(events.put)
threading.Thread(target=lambda: sys.stdin.read() or events.put(StopRequested()), daemon=True).start()
while not isinstance(event := events.get(), StopRequested):
    if isinstance(event, SoundHeard):
        windows.append(event.samples)
    else:
        print(type(event).__name__, flush=True)
microphone.stop()
np.save(recording, np.concatenate(windows))
"""

    def __init__(self, folder, env, rate="any", memory="usual"):
        self.recording = folder / "heard.npy"
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM, self.recording, rate, memory],
            cwd=Path(__file__).parents[2],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.kill()
        self.process.communicate()

    def next(self):
        return self.process.stdout.readline().strip()

    def stop(self):
        """Give what was said since, and the sound."""
        said, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        return said.split(), np.load(self.recording)


@pytest.fixture
def tone(tmp_path):
    """Give a file of one second of 440 Hz, and silence so long that all of the tone is recorded."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    soundfile.write(tmp_path / "tone.wav", np.append(wave, np.zeros(15_000)), 48_000)
    return tmp_path / "tone.wav"


def assert_one_second_of_440_hz(sound):
    loud = np.flatnonzero(np.abs(sound) > 0.1)
    heard = sound[loud[0] : loud[-1]]
    assert heard.size == pytest.approx(SAMPLE_RATE_HZ, rel=0.03)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(heard.size), SAMPLE_RATE_HZ))
    assert np.argmax(spectrum) == pytest.approx(440, abs=2)
    assert heard.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize(("sink_hz", "channels", "rate"), [(16_000, 1, "any"), (48_000, 2, "own")])
def test_what_is_played_is_recorded_whole(tmp_path, tone, sink_hz, channels, rate):
    with (
        PulseMicrophone(tmp_path, sink_hz, channels) as pulse,
        Recorder(tmp_path, pulse.env, rate) as recorder,
    ):
        assert recorder.next() == "MicrophoneReady"
        pulse.play(tone)
        said, sound = recorder.stop()
    assert said == []
    assert_one_second_of_440_hz(sound)


def test_it_listens_where_no_memory_is_both_written_and_executed(tmp_path, tone):
    with PulseMicrophone(tmp_path) as pulse, Recorder(tmp_path, pulse.env, memory="hardened") as recorder:
        if not (said := recorder.next()):
            pytest.skip("the kernel has no PR_SET_MDWE: it came with Linux 6.3")
        assert said == "MicrophoneReady"
        pulse.play(tone)
        said, sound = recorder.stop()
    assert said == []
    assert_one_second_of_440_hz(sound)


def test_a_sound_server_that_dies_is_a_lost_microphone_until_it_is_back(tmp_path, tone):
    with PulseMicrophone(tmp_path) as pulse, Recorder(tmp_path, pulse.env) as recorder:
        assert recorder.next() == "MicrophoneReady"
        pulse.pull_out()
        assert recorder.next() == "MicrophoneLost"
        pulse.plug_in()
        assert recorder.next() == "MicrophoneReady"
        pulse.play(tone)
        said, sound = recorder.stop()
    assert said == []
    assert_one_second_of_440_hz(sound)


# Closed for a while, as by the mute.


def test_it_can_be_opened_again_and_finds_what_was_plugged_in_meanwhile():
    with Listener(FakeSoundDevice(HEADSET)) as listener:
        listener.stream().hear(block())
        assert listener.next() == MicrophoneReady(HEADSET["name"])
        assert isinstance(listener.next(), SoundHeard)
        listener.microphone.stop()
        assert not listener.sounddevice.is_open
        listener.sounddevice.present = [ARRAY]
        listener.microphone.start(listener.events.put)
        listener.stream().hear(block(channels=2))
        assert listener.next() == MicrophoneReady(ARRAY["name"])


def test_that_it_is_missing_is_told_again_when_it_is_opened_again():
    with Listener(FakeSoundDevice()) as listener:
        first = listener.next()
        assert isinstance(first, MicrophoneLost)
        listener.microphone.stop()
        listener.microphone.start(listener.events.put)
        assert listener.next() == first


def test_what_a_microphone_hears_that_hangs_in_closing_is_dropped_and_another_waits_for_it(monkeypatch):
    monkeypatch.setattr(sounddevice_microphone, "_STOP_S", 0.01)
    monkeypatch.setattr(atexit, "unregister", lambda _: None)
    sounddevice = FakeSoundDevice(HEADSET)
    with Listener(sounddevice) as listener:
        stream = listener.stream()
        stream.hear(block())
        assert isinstance(listener.next(), MicrophoneReady)
        assert isinstance(listener.next(), SoundHeard)
        sounddevice.closing.clear()
        listener.microphone.stop()
        blocks = listener.microphone._blocks
        while not blocks.empty():
            blocks.get()
        stream.hear(block())
        assert blocks.empty()
        listener.microphone.start(listener.events.put)
        lost = listener.next()
        assert isinstance(lost, MicrophoneLost)
        assert "hangs" in lost.reason
        sounddevice.closing.set()
        listener.stream().hear(block())
        assert isinstance(listener.next(), MicrophoneReady)
