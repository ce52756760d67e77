from __future__ import annotations

import errno

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped
from tests.trainer.recording.desk import Scene, quiet, spoken, voice
from trainer import files
from trainer.errors import DataError
from trainer.recording.folder import RecordingFolder
from trainer.recording.prompts import Prompt, load, save
from trainer.recording.studio import Studio

PROMPTS = [
    Prompt(f"Sentence number {number} of three to read.", "dictation") for number in ("one", "two", "three")
]
TEXTS = [prompt.text for prompt in PROMPTS]
TAKE = [" ", spoken(), " "]


@pytest.fixture
def place(tmp_path):
    save(tmp_path, PROMPTS)
    return tmp_path


def perform(place, *steps, speaker="me", **options):
    scene = Scene(*steps, **options)
    kept = RecordingFolder(place)
    studio = Studio(scene.desk, load(place), place, kept, speaker)
    with scene.desk.screen:
        studio.run()
    scene.kept, scene.open = kept.texts(speaker), studio.open
    return scene


def sounds(place):
    return [soundfile.read(file, dtype="float32")[0] for file in sorted(place.glob("*.flac"))]


def test_sentences_are_shown_recorded_and_kept_one_after_the_other(place):
    scene = perform(place, *TAKE, " ", *TAKE, " ", *TAKE, " ")
    assert (scene.kept, scene.open) == (set(TEXTS), 0)
    places = [scene.text.index(text) for text in TEXTS]
    assert places == sorted(places)
    assert scene.text.count("good: peak") == 3
    assert not scene.owner.steps, "it ended by itself"


def test_what_is_kept_is_the_speech_with_a_little_of_the_silence_around_it(place):
    perform(place, *TAKE, " ")
    (sound,) = sounds(place)
    assert sound.size == pytest.approx(voice().size + 0.5 * SAMPLE_RATE_HZ, abs=1100)
    speech = np.flatnonzero(np.abs(sound) > 0.1)
    np.testing.assert_allclose(sound[speech[0] - 1 : speech[0] + 20_000], voice()[0:20_001], atol=2e-3)


def test_the_next_session_goes_on_where_this_one_ended(place):
    assert perform(place, *TAKE, " ", "s").open == 1
    scene = perform(place)
    assert TEXTS[2] in scene.text
    assert TEXTS[0] not in scene.text
    assert TEXTS[1] not in scene.text
    assert perform(place, *TAKE, " ").open == 0
    assert "Be quiet" not in perform(place).text


def test_another_speaker_reads_it_all_too(place):
    perform(place, *TAKE, " ")
    scene = perform(place, *TAKE, " ", speaker="you")
    assert scene.kept == {TEXTS[0]}
    assert len(sounds(place)) == 2


@pytest.mark.parametrize(
    ("take", "told"),
    [
        (quiet(40), "no speech is heard"),
        (spoken(amplitude=4.0).clip(-1, 1), "clipped"),
        (np.concatenate([voice(), quiet()]), "the beginning is cut off"),
        (np.concatenate([quiet(), voice()]), "the end is cut off"),
        (spoken(windows=12), "too short for its text"),
        (spoken(windows=400), "too long for its text"),
    ],
)
def test_a_bad_take_is_explained_and_recorded_again(place, take, told):
    scene = perform(place, " ", take, " ", *TAKE, " ")
    assert told in scene.text
    assert len(sounds(place)) == 1
    assert scene.kept == {TEXTS[0]}


@pytest.mark.parametrize(
    ("take", "told"),
    [
        (spoken(amplitude=0.03), "quiet: move nearer"),
        (np.concatenate([5 * quiet(), voice(amplitude=0.05), 5 * quiet()]) * 0.5, "noisy"),
    ],
)
def test_what_only_disturbs_is_told_and_can_be_kept(place, take, told):
    scene = perform(place, " ", take, " ", " ")
    assert told in scene.text
    assert scene.kept == {TEXTS[0]}


def test_a_bad_take_may_be_kept_all_the_same(place):
    assert perform(place, " ", spoken(windows=12), " ", "k").kept == {TEXTS[0]}
    assert perform(place, " ", quiet(40), " ", "k").kept == {TEXTS[0]}


def test_a_take_is_listened_to_and_the_loudspeaker_is_silent_before_the_next(place):
    scene = perform(place, *TAKE, "l", "l", " ", *TAKE)
    assert len(scene.loudspeaker.played) == 2
    assert not scene.loudspeaker.is_playing
    np.testing.assert_allclose(scene.loudspeaker.played[0], sounds(place)[0], atol=2**-15)


def test_without_a_loudspeaker_it_goes_on(place):
    scene = perform(place, *TAKE, "l", " ", speaker_error="nothing can be played: no device")
    assert "nothing can be played" in scene.text
    assert scene.kept == {TEXTS[0]}


def test_going_back_replaces_the_recording(place):
    scene = perform(place, *TAKE, " ", "b", " ", spoken(amplitude=0.2), " ", " ")
    assert "1 of 3, recorded already" in scene.text
    (sound,) = sounds(place)
    assert np.abs(sound).max() == pytest.approx(0.2, abs=0.01)


def test_what_was_skipped_can_be_recorded_after_all(place):
    perform(place, "s", "b", *TAKE, " ")
    assert not any(prompt.skipped for prompt in load(place))
    assert perform(place).kept == {TEXTS[0]}


def test_sound_that_was_lost_is_a_reason_to_record_again(place):
    scene = perform(place, " ", spoken(), SoundDropped(), " ", *TAKE, " ")
    assert "lost some of the sound" in scene.text
    assert scene.kept == {TEXTS[0]}


def test_a_microphone_that_is_pulled_out_can_be_put_back(place):
    lost = [MicrophoneLost("mic: it stopped; was it unplugged?"), MicrophoneReady("mic")]
    scene = perform(place, " ", spoken(), *lost, " ", *TAKE, " ")
    assert "was it unplugged" in scene.text
    assert "mic is back" in scene.text
    assert scene.kept == {TEXTS[0]}


def test_the_noise_of_the_room_is_told(place):
    assert "The room is quiet enough, -60 dB" in perform(place).text
    assert "The room is noisy, -40 dB" in perform(place, room=10 * quiet(64)).text


def test_the_owner_may_end_it_before_the_first_sentence(place):
    scene = perform(place, "q", room=quiet(1))
    assert TEXTS[0] not in scene.text


def test_other_keys_do_nothing(place):
    assert perform(place, "xyz\x1b", *TAKE, "?", " ").kept == {TEXTS[0]}


def test_on_a_terminal_the_level_and_the_keys_are_shown_all_the_time(place):
    scene = perform(place, *TAKE, " ", terminal=True)
    for shown in ("\u2588", "Space records", "Recording: Space stops", "Space keeps it", "-10 dB"):
        assert shown in scene.text


def test_a_disk_that_is_full_ends_it_with_what_was_kept(place, monkeypatch):
    def fill():
        def full(_path):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files, "sync", full)

    with pytest.raises(DataError, match="make room"):
        perform(place, *TAKE, " ", *TAKE, fill, " ")
    monkeypatch.undo()
    assert RecordingFolder(place).texts("me") == {TEXTS[0]}
