from __future__ import annotations

import json

import pytest

from device.errors import ModelError
from tests import tiny_model
from trainer.conversion.whisper import (
    Specials,
    config_of,
    ctranslate2_config_of,
    generation_config_of,
    vocabulary_of,
)

SIZE = 256 + len(tiny_model.SPECIAL)


def test_the_configuration_says_what_the_model_is(model):
    assert config_of(model) == {
        "d_model": 16,
        "vocab_size": SIZE,
        "num_mel_bins": 80,
        "max_source_positions": 1500,
        "max_target_positions": 448,
        "decoder_start_token_id": 257,
        "bos_token_id": 256,
        "eos_token_id": 256,
        "pad_token_id": 256,
        "encoder_layers": 1,
        "encoder_attention_heads": 2,
        "encoder_ffn_dim": 64,
        "decoder_layers": 1,
        "decoder_attention_heads": 2,
        "decoder_ffn_dim": 64,
    }


def test_a_model_of_english_has_no_languages_to_choose_from(model):
    generation = generation_config_of(model)
    assert generation["is_multilingual"] is False
    assert "lang_to_id" not in generation
    assert generation["no_timestamps_token_id"] == 262


@pytest.mark.model
def test_the_real_model_is_described_as_its_makers_do(real_model):
    config, generation = config_of(real_model), generation_config_of(real_model)
    # openai/whisper-tiny.en, config.json and generation_config.json
    assert (config["d_model"], config["encoder_layers"], config["decoder_attention_heads"]) == (384, 4, 6)
    assert (config["vocab_size"], config["eos_token_id"], config["decoder_start_token_id"]) == (
        51864,
        50256,
        50257,
    )
    assert generation["begin_suppress_tokens"] == [220, 50256]
    assert generation["no_timestamps_token_id"] == 50362
    assert len(generation["suppress_tokens"]) == 90
    assert vocabulary_of(real_model, 51864) == (real_model / "vocabulary.txt").read_text().split("\n")[:-1]


def test_settings_come_back_as_ctranslate2_had_them(model):
    generation = generation_config_of(model) | {"suppress_tokens": [1, 2]}
    assert ctranslate2_config_of(generation, Specials(model)) == {
        "alignment_heads": [[0, 0]],
        "lang_ids": [258],
        "suppress_ids": [1, 2],
        "suppress_ids_begin": [],
    }


def test_time_stamps_that_the_tokenizer_leaves_out_are_filled_in(model):
    tokens = vocabulary_of(model, SIZE + 1501)
    assert tokens[:SIZE] == json.loads((model / "vocabulary.json").read_text())
    assert (tokens[SIZE], tokens[SIZE + 1], tokens[-1]) == ("<|0.00|>", "<|0.02|>", "<|30.00|>")


def test_a_tokenizer_of_another_model_is_refused(model):
    with pytest.raises(ModelError, match="has not the 200 tokens of the model"):
        vocabulary_of(model, 200)


def without(model, token: str) -> None:
    file = model / "tokenizer.json"
    content = json.loads(file.read_text())
    content["added_tokens"] = [one for one in content["added_tokens"] if one["content"] != token]
    file.write_text(json.dumps(content))


def test_a_token_that_is_missing_is_named(model):
    without(model, "<|startoftranscript|>")
    with pytest.raises(ModelError, match=r"lacks <\|startoftranscript\|>"):
        config_of(model)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"added_tokens": [1]}'])
def test_what_is_no_tokenizer_is_named(model, content):
    (model / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        Specials(model)
