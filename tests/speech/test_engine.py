from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import ctranslate2
import numpy as np
import pytest

from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import SENTENCE
from device.errors import ModelError
from device.settings import LanguageSettings, RecognitionSettings
from device.speech.engine import Engine, token_cap
from device.speech.tokens import CONTEXT
from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path

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
    room = CONTEXT - len(engine._prompt_in("en"))
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
        return Engine(pristine, RecognitionSettings(threads=1, **settings))._prompt_in("en")

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


# Several languages.

SPOKEN = {"threads": 1, "language": "auto", "languages": ["de", "en"]}


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory) -> Path:
    """Folder of a model of random weights that knows English, German, French and Hawaiian."""
    folder = tmp_path_factory.mktemp("multilingual") / "whisper"
    return tiny_model.write(folder, dtype="int8", size=tiny_model.MULTILINGUAL, languages=["de", "fr", "haw"])


def test_an_english_model_cannot_hear_which_language_is_spoken(pristine):
    with pytest.raises(ModelError, match=r"knows only English, but recognition\.language is 'auto'"):
        Engine(pristine, RecognitionSettings(language="auto", languages=["en", "de"]))


def test_an_english_model_is_not_hindered_by_what_the_user_speaks_with_another_one(pristine):
    engine = Engine(pristine, RecognitionSettings(threads=1, languages=["en", "de"]))
    memory = engine.encode(NOISE)
    engine.decode(memory, 1, beam_size=1, language="en")
    with pytest.raises(ModelError, match=r"knows only English, but recognition\.language is 'de'"):
        engine.decode(memory, 1, beam_size=1, language="de")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"language": "xx"}, "recognition.language"),
        ({"language": "en", "languages": ["en", "xx"]}, "recognition.languages"),
        ({"language": "auto", "languages": ["xx"]}, "recognition.languages"),
    ],
)
def test_a_language_that_the_model_lacks_is_named_with_its_setting(multilingual, settings, key):
    with pytest.raises(ModelError, match=rf"does not know the language 'xx' \({re.escape(key)}\)"):
        Engine(multilingual, RecognitionSettings(threads=1, **settings))


@pytest.mark.parametrize(
    ("among", "found"), [(["de", "en"], {"de", "en"}), ([], {"en", "de", "fr", "haw"}), (["haw"], {"haw"})]
)
def test_only_languages_that_may_be_spoken_are_heard(multilingual, among, found):
    engine = Engine(multilingual, RecognitionSettings(**SPOKEN | {"languages": among}))
    probabilities = engine.languages(engine.encode(NOISE), len(NOISE))
    assert probabilities.keys() == found
    assert sum(probabilities.values()) == pytest.approx(1)


def test_the_language_is_heard_in_the_speech_and_not_in_the_silence_behind_it(multilingual):
    engine = Engine(multilingual, RecognitionSettings(**SPOKEN))
    short = Engine(multilingual, RecognitionSettings(**SPOKEN), short_window=True)
    sound = NOISE[:12_345]
    spliced, whole = (engine.languages(engine.encode(sound, whole=way), len(sound)) for way in (False, True))
    expected = engine._model.detect_language(
        ctranslate2.StorageView.from_array(
            np.ascontiguousarray(np.asarray(engine.encode(sound))[:, : (12_345 // 160 + 100 + 1) // 2])
        )
    )[0]
    expected = {token[2:-2]: probability for token, probability in expected}
    assert spliced["de"] / spliced["en"] == pytest.approx(expected["de"] / expected["en"])
    assert whole != spliced  # that is another encoding of the same frames
    memory = short.encode(sound)
    assert np.array_equal(np.asarray(short._window.heard(memory, len(sound))), np.asarray(memory))


def test_each_language_has_a_prompt_of_its_own(multilingual):
    own = {
        "de": LanguageSettings(hotwords="Saykey", initial_prompt="Hallo"),
        "fr": LanguageSettings(initial_prompt="Salut"),
    }
    settings = RecognitionSettings(threads=1, language="fr", hotwords="word", initial_prompt="before")
    engine = Engine(multilingual, settings, languages=own)
    tokens = engine._tokens
    assert engine._prompt_in("de") == tokens.prompt("de", "Hallo", "Saykey")
    assert engine._prompt_in("fr") == tokens.prompt("fr", "Salut", "word")
    assert engine._prompt_in("en") == tokens.prompt("en", "before", "word")
    assert engine._prompt_in("de") is engine._prompt_in("de")


def test_it_is_decoded_in_the_language_that_is_asked_for_or_else_in_that_of_the_settings(multilingual):
    def made(**settings):
        return Engine(multilingual, RecognitionSettings(**{"threads": 1, **settings}))

    def said(engine, language=""):
        return engine.decode(engine.encode(NOISE), 1, beam_size=1, language=language)

    english, german = made(), made(language="de")
    assert said(english, "de") == said(german) == said(german, "de") != said(english)
    assert said(made(**SPOKEN)) == said(german)  # the first of those that may be spoken
    made(**SPOKEN).warm_up()


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
@pytest.mark.parametrize("languages", [["en", "de", "fr", "es"], []])
def test_the_language_of_the_demo_is_heard(real_multilingual, demo, languages):
    settings = RecognitionSettings(threads=1, language="auto", languages=languages)
    engine = Engine(real_multilingual, settings)
    for sound in (demo, demo[: 2 * SAMPLE_RATE_HZ]):
        probabilities = engine.languages(engine.encode(sound), len(sound))
        assert max(probabilities, key=probabilities.get) == "en"
        assert probabilities["en"] > 0.8


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


@pytest.mark.parametrize("length_s", [0.5, 4, 30])
@pytest.mark.parametrize("whole", [False, True])
def test_every_token_that_was_decoded_has_its_moments_in_the_sound(engine, length_s, whole):
    sound = np.resize(NOISE, int(length_s * SAMPLE_RATE_HZ))
    memory = engine.encode(sound, whole=whole)
    decoded = engine.decode(memory, length_s, beam_size=1)
    moments = engine.align(memory, length_s, decoded.tokens)
    assert sorted(moments) == moments
    assert all(0 < moment_s < length_s for _, moment_s in moments)
    assert {token for token, _ in moments} >= set(range(len(decoded.tokens)))


def test_a_model_trained_for_short_windows_is_aligned_too(pristine):
    short = Engine(pristine, RecognitionSettings(threads=1), short_window=True)
    memory = short.encode(NOISE)
    assert short.align(memory, 1, short.decode(memory, 1, beam_size=1).tokens)


@pytest.mark.parametrize("heads", ["missing", None, []])
def test_a_model_that_names_no_heads_for_time_says_so(folder, heads):
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["alignment_heads"] = heads
    if heads == "missing":
        del config["alignment_heads"]
    file.write_text(json.dumps(config))
    engine = Engine(folder, RecognitionSettings(threads=1))
    with pytest.raises(ModelError, match="cannot be run"):
        engine.align(engine.encode(NOISE), 1, [1, 2, 3])
