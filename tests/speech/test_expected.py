from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from device.settings import LanguageSettings, RecognitionSettings, Settings, VocabularySettings
from device.speech.expected import with_words
from device.speech.tokens import CONTEXT, tokens_of
from device.text.vocabulary import Word


@pytest.fixture(scope="module")
def tokens(pristine):
    return tokens_of(pristine)


def settings(use, hotwords="", initial_prompt=""):
    return Settings(
        recognition=RecognitionSettings(hotwords=hotwords, initial_prompt=initial_prompt),
        vocabulary=VocabularySettings(use=use),
    )


def merged(tokens, *words, **wanted):
    changed, fit = with_words(settings(**wanted), [Word(word) for word in words], tokens)
    recognition = changed.recognition
    return recognition.hotwords, recognition.initial_prompt, fit


def test_words_join_what_the_settings_say(tokens):
    own = {"hotwords": "Anna", "initial_prompt": "Dear all,"}
    assert merged(tokens, "KiCad", "Zoë", use="none", **own) == ("Anna", "Dear all,", 0)
    assert merged(tokens, "KiCad", "Zoë", use="hotwords", **own) == ("Anna, KiCad, Zoë", "Dear all,", 2)
    assert merged(tokens, "KiCad", "Zoë", use="prompt", **own) == (
        "Anna",
        "Glossary: KiCad, Zoë. Dear all,",
        2,
    )


@pytest.mark.parametrize("use", ["none", "hotwords", "prompt"])
def test_without_words_the_settings_stay(tokens, use):
    assert merged(tokens, use=use) == ("", "", 0)


@given(
    st.sampled_from(["hotwords", "prompt"]),
    st.lists(st.text("abcXYZé", min_size=1, max_size=12), max_size=80),
    st.text("ab c", max_size=300),
    st.text("ab c", max_size=300),
)
def test_the_first_words_are_there_whole_and_push_nothing_out(tokens, use, texts, hotwords, prompt):
    wanted = settings(use, hotwords, prompt)
    words = [Word(text) for text in texts]
    told, fit = with_words(wanted, words, tokens)
    recognition = told.recognition
    changed = recognition.hotwords if use == "hotwords" else recognition.initial_prompt
    if fit:
        assert ", ".join(texts[:fit]) in changed
        # What is cut off would be missing here.
        start = tokens.prompt(None, recognition.initial_prompt, recognition.hotwords)
        both = " ".join(
            part.strip() for part in (recognition.hotwords, recognition.initial_prompt) if part.strip()
        )
        assert tokens.decode(start) == tokens.decode(tokens.encode(f" {both}"))
        assert len(start) <= CONTEXT // 2 + 4
    if fit < len(texts):
        more, _ = with_words(wanted, words[: fit + 1], tokens)
        assert more == told


def test_a_language_with_hotwords_of_its_own_has_the_words_besides(tokens):
    own = {"de": LanguageSettings(hotwords="Grüße"), "fr": LanguageSettings(layout="fr")}
    spoken = replace(settings("hotwords", initial_prompt="Dear all,"), languages=own)
    changed, _ = with_words(spoken, [Word("KiCad")], tokens)
    assert changed.languages["de"].hotwords == "Grüße, KiCad"
    assert changed.languages["de"].initial_prompt == "Dear all,"
    assert changed.languages["fr"] == own["fr"]
