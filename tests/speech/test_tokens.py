from __future__ import annotations

import subprocess
import sys
from functools import cache
from types import SimpleNamespace

import pytest
import tokenizers
from hypothesis import example, given
from hypothesis import strategies as st

from device.errors import ModelError
from device.speech.tokens import CONTEXT, Tokens
from tests.tiny_model import SPECIAL

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
words = st.lists(st.sampled_from(["Gregson", "sharply", "table,", "naïve", "a"]), max_size=60).map(" ".join)


@pytest.fixture(scope="module")
def tokens(pristine) -> Tokens:
    return Tokens(pristine / "tokenizer.json")


@pytest.fixture(scope="module")
def real_tokens(real_model) -> Tokens:
    return Tokens(real_model / "tokenizer.json")


@cache
def loaded(file):
    return tokenizers.Tokenizer.from_file(str(file))


def theirs(file, language, initial_prompt, hotwords):
    """Give the prompt that faster-whisper starts from."""
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import WhisperModel

    tokenizer = Tokenizer(loaded(file), language is not None, task="transcribe", language=language)
    previous = tokenizer.encode(" " + initial_prompt.strip()) if initial_prompt.strip() else []
    return WhisperModel.get_prompt(
        SimpleNamespace(max_length=CONTEXT),
        tokenizer,
        previous,
        without_timestamps=True,
        hotwords=hotwords.strip() or None,
    )


@given(st.sampled_from([None, "en"]), words, words)
@example(None, "", "")
@example("en", "", "")
def test_prompts_are_those_of_faster_whisper(tokens, pristine, language, initial_prompt, hotwords):
    prompt = tokens.prompt(language, initial_prompt, hotwords)
    reference = theirs(pristine / "tokenizer.json", language, initial_prompt, hotwords)
    if len(reference) <= CONTEXT // 2:
        assert prompt == reference
    else:
        # faster-whisper lets both take half the context, so that nothing may be left to answer in.
        room = CONTEXT // 2 - 1
        start = tokens.prompt(language, "", "")
        told = prompt[: -len(start)]
        names = tokens.encode(" " + hotwords.strip())[:room] if hotwords.strip() else []
        given_in = [" " + words for words in (hotwords, initial_prompt) if words]
        assert len(told) == 1 + min(room, sum(len(tokens.encode(words)) for words in given_in))
        assert told[: 1 + len(names)] == reference[: 1 + len(names)]
        text = told[1 + len(names) :]
        assert text == (reference[: -len(start)][-len(text) :] if text else [])
        assert prompt[-len(start) :] == start


def test_the_end_of_the_prompt_and_the_beginning_of_the_hotwords_are_kept(tokens):
    start = tokens.prompt(None, "", "")
    told = tokens.prompt(None, "x" * 300 + "yz", "ab")[1 : -len(start)]
    assert tokens.decode(told) == "ab" + "x" * (CONTEXT // 2 - 1 - len(" abyz")) + "yz"
    told = tokens.prompt(None, "xyz", "ab" + "c" * 300)[1 : -len(start)]
    assert tokens.decode(told) == "ab" + "c" * (CONTEXT // 2 - 1 - 3)


@pytest.mark.parametrize("blank", ["", " ", "\n\t "])
def test_blank_words_are_no_words(tokens, blank):
    assert tokens.prompt(None, blank, blank) == tokens.prompt(None, "", "")


@given(texts)
def test_text_survives_its_tokens(tokens, text):
    assert tokens.decode(tokens.encode(text)) == text.strip()


@given(texts)
@example("<|endoftext|> <|transcribe|>")
def test_special_tokens_have_no_text(tokens, text):
    special = tokens.prompt("en", "", "")
    assert tokens.decode([*special, *tokens.encode(text), tokens.end]) == text.strip()


@pytest.mark.model
@given(texts)
def test_text_survives_the_real_tokens(real_tokens, text):
    assert real_tokens.decode(real_tokens.encode(text)) == text.strip()


@pytest.mark.model
@given(words, words)
def test_prompts_for_the_real_model_are_those_of_faster_whisper(
    real_tokens, real_model, initial_prompt, hotwords
):
    reference = theirs(real_model / "tokenizer.json", None, initial_prompt, hotwords)
    if len(reference) <= CONTEXT // 2:
        assert real_tokens.prompt(None, initial_prompt, hotwords) == reference


@given(st.lists(st.integers(0, 255 + len(SPECIAL)), max_size=20))
def test_any_tokens_have_the_text_that_the_library_gives_them(tokens, pristine, numbers):
    # Also halves of letters, as a model that is cut off in one leaves behind.
    theirs = loaded(pristine / "tokenizer.json").decode(numbers)
    assert tokens.decode(numbers) == theirs.strip()


@pytest.mark.model
@given(st.lists(st.integers(0, 51_863), max_size=20))
def test_any_real_tokens_have_the_text_that_the_library_gives_them(real_tokens, real_model, numbers):
    text = [number for number in numbers if number < real_tokens.end]
    theirs = loaded(real_model / "tokenizer.json").decode(text)
    assert real_tokens.decode(numbers) == theirs.strip()


@pytest.mark.model
def test_every_real_token_has_the_text_that_the_library_gives_it(real_tokens, real_model):
    theirs = loaded(real_model / "tokenizer.json")
    for number in range(real_tokens.end):
        assert real_tokens.decode([number]) == theirs.decode([number]).strip()


def test_what_needs_no_encoding_loads_no_library(pristine):
    program = (
        "import sys; from pathlib import Path; from device.speech.tokens import Tokens;"
        "tokens = Tokens(Path(sys.argv[1])); tokens.prompt('en', '', ''); tokens.decode([1]);"
        "print('tokenizers' in sys.modules)"
    )
    command = [sys.executable, "-c", program, pristine / "tokenizer.json"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "False\n"


def test_an_unknown_language_is_named(tokens):
    with pytest.raises(ModelError, match=r"'tlh' \(recognition.language\)"):
        tokens.prompt("tlh", "", "")


@pytest.mark.parametrize("content", [None, b"", b"{", b"{}", b"\xff\xfe", b'{"model": 1}'])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, content):
    file = tmp_path / "tokenizer.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer: .*saykey model fetch"):
        Tokens(file)


def test_the_tokenizer_of_another_kind_of_model_is_an_error(tmp_path):
    file = tmp_path / "tokenizer.json"
    tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0}, [])).save(str(file))
    with pytest.raises(ModelError, match=r"lacks <\|endoftext\|>: it is not a Whisper model"):
        Tokens(file)


@given(texts)
def test_the_texts_of_tokens_are_the_parts_of_their_text(tokens, text):
    numbers = tokens.encode(text)
    parts = tokens.texts(numbers)
    assert len(parts) == len(numbers)
    if text.isascii():
        assert "".join(parts) == text


def test_of_a_letter_in_two_tokens_each_is_a_part(tokens):
    assert tokens.texts(tokens.encode("é")) == ["\N{REPLACEMENT CHARACTER}"] * 2


def test_the_start_of_a_transcript_is_that_of_faster_whisper(tokens, pristine):
    from faster_whisper.tokenizer import Tokenizer

    for language in (None, "en"):
        reference = Tokenizer(
            loaded(pristine / "tokenizer.json"), language is not None, task="transcribe", language=language
        )
        assert tokens.start(language) == list(reference.sot_sequence)
