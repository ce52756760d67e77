"""What a CTranslate2 model says of itself, in the words of transformers, and the other way round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from device.errors import ModelError
from device.models.check import CONFIG, TOKENIZER, check
from device.models.files import unreadable
from trainer.conversion.weights import count_layers, read_scalars

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_END, _START = "<|endoftext|>", "<|startoftranscript|>"

_LANGUAGE = re.compile(r"<\|[a-z]{2,3}\|>")

_INITIAL_TIMESTAMPS = 50
"""Speech begins in the first second: 50 steps of 20 ms (Whisper, decoding.py, `max_initial_timestamp`)."""


def config_of(folder: Path) -> dict[str, Any]:
    """Give what transformers' `WhisperConfig` is made from.

    Args:
        folder: A Whisper model in CTranslate2's format.

    Raises:
        ModelError: The folder holds no whole model.
    """
    model = check(folder)
    shapes = {variable.name: variable.shape for variable in model.contents.variables}
    scalars, layers, tokens = read_scalars(folder), count_layers(model.contents), Specials(folder)
    config = {
        "d_model": model.width,
        "vocab_size": model.tokens,
        "num_mel_bins": model.n_mels,
        "max_source_positions": shapes["encoder/position_encodings/encodings"][0],
        "max_target_positions": shapes["decoder/position_encodings/encodings"][0],
        "decoder_start_token_id": tokens[_START],
    }
    for part in ("encoder", "decoder"):
        config[f"{part}_layers"] = layers[part]
        config[f"{part}_attention_heads"] = int(scalars[f"{part}/num_heads"])
        config[f"{part}_ffn_dim"] = shapes[f"{part}/layer_0/ffn/linear_0/weight"][0]
    return config | dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokens[_END])


def generation_config_of(folder: Path) -> dict[str, Any]:
    """Give what transformers' `GenerationConfig` of a Whisper model is made from.

    Args:
        folder: A Whisper model in CTranslate2's format.

    Raises:
        ModelError: The folder holds no whole model.
    """
    model, config, tokens = check(folder), read_json(folder / CONFIG), Specials(folder)
    generation = {
        "max_length": config_of(folder)["max_target_positions"],
        "return_timestamps": False,
        "is_multilingual": model.is_multilingual,
        "suppress_tokens": config.get("suppress_ids"),
        "begin_suppress_tokens": config.get("suppress_ids_begin"),
        "alignment_heads": config.get("alignment_heads"),
        "max_initial_timestamp_index": _INITIAL_TIMESTAMPS,
        "decoder_start_token_id": tokens[_START],
        "no_timestamps_token_id": tokens["<|notimestamps|>"],
        "prev_sot_token_id": tokens["<|startofprev|>"],
    }
    generation |= dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokens[_END])
    if model.is_multilingual:
        generation["lang_to_id"] = tokens.languages
        generation["task_to_id"] = {task: tokens[f"<|{task}|>"] for task in ("transcribe", "translate")}
    return generation


def ctranslate2_config_of(generation: Mapping[str, Any], tokens: Specials) -> dict[str, Any]:
    """Give what CTranslate2 reads beside the weights, from transformers' `GenerationConfig`."""
    return {
        "alignment_heads": generation.get("alignment_heads"),
        "lang_ids": sorted(tokens.languages.values()),
        "suppress_ids": generation.get("suppress_tokens") or [],
        "suppress_ids_begin": generation.get("begin_suppress_tokens") or [],
    }


def vocabulary_of(folder: Path, size: int) -> list[str]:
    """Give every token of a model in order, from the tokenizer in its folder.

    A tokenizer of Whisper may leave out the time stamps, which are the last tokens (CTranslate2's converter
    fills them in likewise).

    Args:
        folder: Where `tokenizer.json` is.
        size: How many tokens the model has.

    Raises:
        ModelError: The tokenizer is damaged or has more tokens.
    """
    content = read_json(folder / TOKENIZER)
    numbers = dict(content["model"]["vocab"])
    numbers |= {token["content"]: token["id"] for token in content["added_tokens"]}
    texts = {number: text for text, number in numbers.items()}
    if sorted(texts) != list(range(len(texts))) or len(texts) > size:
        raise ModelError(
            f"{folder / TOKENIZER} has not the {size} tokens of the model: it is of another one."
        )
    stamps = (f"<|{number * 0.02:.2f}|>" for number in range(size - len(texts)))
    return [texts[number] for number in range(len(texts))] + list(stamps)


class Specials:
    """The tokens of a model that stand for no text.

    Raises:
        ModelError: Its tokenizer cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / TOKENIZER
        try:
            self._ids = {token["content"]: token["id"] for token in read_json(self._file)["added_tokens"]}
        except (KeyError, TypeError) as error:
            raise ModelError(f"{self._file} is no tokenizer of a Whisper model.") from error

    def __getitem__(self, token: str) -> int:
        """Give the number of a token.

        Raises:
            ModelError: The tokenizer lacks it.
        """
        if token not in self._ids:
            raise ModelError(f"{self._file} lacks {token}: it is of no Whisper model.")
        return int(self._ids[token])

    @property
    def languages(self) -> dict[str, int]:
        """The tokens of languages, by themselves, as in "<|en|>"."""
        return {token: number for token, number in self._ids.items() if _LANGUAGE.fullmatch(token)}


def read_json(file: Path) -> dict[str, Any]:
    """Read an object of JSON.

    Raises:
        ModelError: The file is missing or damaged.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except FileNotFoundError as error:
        raise ModelError(f"{file.parent} lacks {file.name}: copy the model again.") from error
    except OSError as error:
        raise unreadable(file, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} is damaged ({error}): copy the model again.") from error
