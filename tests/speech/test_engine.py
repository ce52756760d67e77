from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import SENTENCE
from device.errors import ModelError
from device.settings import RecognitionSettings
from device.speech.engine import Engine, token_cap
from device.speech.tokens import CONTEXT

NOISE = (0.1 * np.random.default_rng(1).standard_normal(16_000)).astype(np.float32)


def words(text):
    return re.findall(r"[a-z']+", text.lower())


@pytest.fixture(scope="module")
def engine(pristine) -> Engine:
    """A model that knows no end: it goes on until it is stopped."""
    return Engine(pristine, RecognitionSettings(threads=1))


@pytest.fixture
def folder(pristine, tmp_path):
    """A model that a test may damage."""
    return shutil.copytree(pristine, tmp_path / "model")


@pytest.mark.parametrize("search", [{"beam_size": 1}, {"beam_size": 5}, {"beam_size": 5, "no_repeat": 4}])
@pytest.mark.parametrize("prompt", ["", "x" * 60, "x" * 500])
@pytest.mark.parametrize("duration_s", [0, 0.5, 4, 30])
def test_an_answer_without_end_is_stopped_at_the_cap(pristine, search, prompt, duration_s):
    engine = Engine(pristine, RecognitionSettings(threads=1, initial_prompt=prompt))
    decoded = engine.decode(engine.encode(NOISE), duration_s, **search)
    room = CONTEXT - len(engine._prompt)
    assert len(decoded.tokens) == min(token_cap(duration_s), room)
    assert decoded.capped


def test_fast_speech_fits_under_the_cap():
    # 7 syllables a second is about the fastest that people talk, and few syllables take two tokens.
    assert all(token_cap(seconds) > 7 * seconds for seconds in range(1, 31))
    assert token_cap(30) == CONTEXT // 2


def test_the_same_sound_gives_the_same_result(engine):
    results = [engine.decode(engine.encode(NOISE), 2, beam_size=1) for _ in range(3)]
    assert results[0] == results[1] == results[2]
    assert results[0].text == engine.text(results[0].tokens)


@pytest.mark.parametrize("length", [0, 1, 159, 400, 16_000, 480_000])
def test_every_length_of_sound_is_taken(engine, length):
    engine.decode(engine.encode(np.zeros(length, np.float32)), 0.1, beam_size=1)


def test_the_words_to_expect_are_in_the_prompt(pristine):
    def prompt(**settings):
        return Engine(pristine, RecognitionSettings(threads=1, **settings))._prompt

    plain = prompt()
    assert prompt(initial_prompt="Gregson") == prompt(hotwords="Gregson") != plain
    assert prompt(initial_prompt="Gregson")[-len(plain) :] == plain


@pytest.mark.parametrize("file", ["model.bin", "vocabulary.json", "tokenizer.json", "config.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"])
def test_a_damaged_file_is_an_error(folder, file, content):
    (folder / file).write_bytes(content)
    with pytest.raises(ModelError, match=r"saykey model (verify|fetch)"):
        Engine(folder, RecognitionSettings())


@pytest.mark.parametrize("file", ["model.bin", "vocabulary.json", "tokenizer.json"])
def test_a_missing_file_is_an_error(folder, file):
    (folder / file).unlink()
    with pytest.raises(ModelError, match=re.escape(str(folder))):
        Engine(folder, RecognitionSettings())


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="saykey model verify"):
        Engine(tmp_path / "nothing", RecognitionSettings())


def test_a_model_that_is_cut_short_anywhere_is_an_error(folder):
    whole = (folder / "model.bin").read_bytes()
    for length in range(0, len(whole), len(whole) // 50):
        (folder / "model.bin").write_bytes(whole[:length])
        with pytest.raises(ModelError, match="cannot be loaded"):
            Engine(folder, RecognitionSettings())


def test_weights_that_are_not_whispers_are_an_error(folder):
    whole = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(whole.replace(b"decoder/embeddings", b"decoder/embroidery"))
    with pytest.raises(ModelError, match="cannot be loaded"):
        Engine(folder, RecognitionSettings())


def test_files_that_do_not_fit_together_are_an_error(folder):
    vocabulary = json.loads((folder / "vocabulary.json").read_text())
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary[:100]))
    engine = Engine(folder, RecognitionSettings())
    with pytest.raises(ModelError, match="saykey model verify"):
        engine.warm_up()


def test_an_english_model_is_not_asked_for_another_language(pristine):
    with pytest.raises(ModelError, match=r"knows only English, but recognition\.language is 'de'"):
        Engine(pristine, RecognitionSettings(language="de"))


def test_loading_and_running_imports_only_what_the_device_has(pristine):
    program = (
        "import sys; from pathlib import Path; from device.speech.engine import Engine;"
        "from device.settings import RecognitionSettings; import device.speech.recogniser;"
        "Engine(Path(sys.argv[1]), RecognitionSettings()).warm_up();"
        "heavy = ('torch', 'faster_whisper', 'av', 'huggingface_hub', 'transformers', 'onnxruntime');"
        "print([name for name in heavy if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(pristine)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
    assert not done.stderr


@pytest.mark.model
def test_the_demo_is_understood(real_engine, demo):
    memory = real_engine.encode(demo)
    searched = real_engine.decode(memory, len(demo) / SAMPLE_RATE_HZ, beam_size=5)
    assert words(searched.text) == words(SENTENCE)
    greedy = real_engine.decode(memory, len(demo) / SAMPLE_RATE_HZ, beam_size=1)
    assert words(greedy.text) == words(SENTENCE)


@pytest.mark.model
def test_the_demo_is_recognised_the_same_each_time(real_engine, demo):
    results = {real_engine.decode(real_engine.encode(demo), 3, beam_size=1) for _ in range(3)}
    assert len(results) == 1


@pytest.mark.model
def test_the_real_model_is_stopped_at_the_cap(real_engine, demo):
    # Eight sentences, of which the engine is told that they take no time at all.
    sound = np.concatenate([demo] * 8)
    decoded = real_engine.decode(real_engine.encode(sound), 0, beam_size=1)
    assert len(decoded.tokens) == token_cap(0)
    assert decoded.capped


@pytest.mark.model
@pytest.mark.parametrize("setting", ["initial_prompt", "hotwords"])
def test_a_name_is_spelled_as_the_user_does(real_model, demo, setting):
    settings = RecognitionSettings(threads=1, **{setting: "Superlatyve, Superlatyve."})
    engine = Engine(real_model, settings)
    decoded = engine.decode(engine.encode(demo), len(demo) / SAMPLE_RATE_HZ, beam_size=1)
    assert "Superlatyve" in decoded.text


@pytest.mark.model
def test_silence_has_no_words(real_engine):
    real_engine.warm_up()
    memory = real_engine.encode(np.zeros(32_000, np.float32))
    assert real_engine.decode(memory, 2, beam_size=1).no_speech_prob > 0.5
