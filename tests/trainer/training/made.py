"""Small things to train with: a Whisper of random weights, sounds, and a validation without a recogniser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import soundfile
import torch

from device.audio.sound import SAMPLE_RATE_HZ
from tests import tiny_model
from tests.parts import SignDetector
from trainer.conversion.base import load_transformers
from trainer.training import finetune
from trainer.training.adapters import own_state, prepare
from trainer.training.batches import Batches, Speech
from trainer.training.choice import Rates
from trainer.training.examples import Example, Examples
from trainer.training.features import Features
from trainer.training.learner import Learner
from trainer.training.loop import Lesson, Training
from trainer.training.precision import Mixed, precision
from trainer.training.recipe import LoraSettings, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from trainer.training.adapters import State

TIMESTAMPS = 1501
CPU = torch.device("cpu")
LORA = LoraSettings(rank=2, alpha=4)


def write_base(folder: Path, *, seed: int = 0, layers: int = 2) -> Path:
    """Write a model of transformers with random weights and a vocabulary of bytes; give the folder."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    from device.speech.tokens import Tokens

    tiny = tiny_model.write(folder.with_name(f"{folder.name}-ct2"))
    tokens = Tokens(tiny / "tokenizer.json")
    config = WhisperConfig(
        vocab_size=tokens.end + len(tiny_model.SPECIAL) + TIMESTAMPS,
        d_model=16,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        init_std=0.5,
        decoder_start_token_id=tokens.prompt(None, "", "")[0],
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokens.end),
    )
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    WhisperForConditionalGeneration(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((tiny / "tokenizer.json").read_bytes())
    return folder


def sound(length: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Make a sound of positive samples, which `tests.parts.SignDetector` hears as speech."""
    chance = np.random.default_rng(seed)
    wave = 0.3 + 0.2 * np.sin(np.arange(length) * chance.uniform(0.1, 1.0)) + 0.05 * chance.random(length)
    return np.rint(wave * 32767).astype(np.int16)


def examples(said: Sequence[tuple[str, str, int]]) -> Examples:
    """Make examples of (source, text, samples)."""
    made, start = [], 0
    for number, (source, text, length) in enumerate(said):
        made.append(Example(str(number), source, start, length, tuple(text.encode())))  # type: ignore[arg-type]
        start += length
    parts = [sound(length, number) for number, (_, _, length) in enumerate(said)]
    return Examples(tuple(made), np.concatenate(parts), ())


def batches(
    folder: Path, base: Path, recipe: Recipe, said: Sequence[tuple[str, str, int]], augmented: Any = None
) -> Batches:
    from device.speech.tokens import Tokens

    folder.mkdir(exist_ok=True)
    learned = examples(said)
    kept = Features(learned, 80, folder, lambda _what, _done: None)
    return Batches(Speech(learned, kept, augmented), Tokens(base / "tokenizer.json"), None, recipe)


def learner(base: Path, recipe: Recipe) -> tuple[Learner, State, Any]:
    """Give what learns, the weights that it begins with, and its model."""
    import copy

    model = load_transformers(base)
    stock = own_state(model)
    teacher = copy.deepcopy(model).eval() if recipe.distillation else None
    prepare(model, recipe)
    return Learner(model, stock, teacher, recipe, Mixed(precision(recipe, CPU), CPU)), stock, model


class Measured:
    """A validation that finds weights the better the farther they are from stock, or as it is told."""

    def __init__(self, base: Path, rates: Sequence[Rates] = ()) -> None:
        self._stock = own_state(load_transformers(base))
        self._rates = list(rates)
        self.asked: list[tuple[State, bool]] = []

    def measure(self, state: State, *, short: bool) -> Rates:
        self.asked.append((state, short))
        if self._rates:
            return self._rates.pop(0)
        moved = sum(float((state[name] - each).abs().sum()) for name, each in self._stock.items())
        return Rates(50 - moved, 1000)


def training(
    folder: Path,
    base: Path,
    recipe: Recipe,
    said: Sequence[tuple[str, str, int]],
    rates: Sequence[Rates] = (),
) -> tuple[Training, Measured]:
    """Give a training in a folder, ready to run or to go on."""
    learns, stock, _ = learner(base, recipe)
    measured = Measured(base, rates)
    lesson = Lesson(batches(folder, base, recipe, said), measured, recipe)  # type: ignore[arg-type]
    return Training(learns, stock, lesson, folder, "key"), measured


class Killed(Exception):  # noqa: N818  no error
    """The power is gone."""


def killed_at(step: int) -> Callable[[str, float], None]:
    """Give a report that kills after so many steps."""
    steps = iter(range(1, step + 1))

    def report(what: str, _done: float) -> None:
        if what == "Training" and next(steps) == step:
            raise Killed

    return report


def same(one: State, other: State) -> bool:
    """Say whether two sets of weights are the same, bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def write_prepared(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write a prepared folder of such rows, each with a sound of its own; give the folder."""
    (folder / "audio").mkdir(parents=True)
    lines = []
    for number, row in enumerate(rows):
        name = f"audio/{number}.flac"
        samples = row.pop("samples", None)
        samples = sound(16_000 + 320 * number, number) if samples is None else samples
        soundfile.write(folder / name, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
        lines.append(json.dumps({"id": str(number), "audio": name, "set": "me", "speaker": "me"} | row))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


class Judge:
    """Stands in for `Validation` in a whole run, and keeps what it was made with and asked for."""

    made: ClassVar[list[Judge]]

    def __init__(self, shell: Any, _tokenizer: Path, _settings: Any, lot: Any, _scratch: Path) -> None:
        self._stock = own_state(shell)
        self.own, self.general = lot.validation, lot.general_validation
        self.shorts: list[bool] = []
        self.retelling: list[str] = []
        self.made.append(self)

    def measure(self, state: State, *, short: bool) -> Rates:
        self.shorts.append(short)
        moved = sum(float((state[name] - each).abs().sum()) for name, each in self._stock.items())
        return Rates(max(1.0, 50 - moved), 100, 9.0 if self.general else None)

    def retold(self, _stock: State, utterances: Any, _report: Any) -> list[str]:
        self.retelling += [each.id for each in utterances]
        return ["heard so" for _ in utterances]


def play_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whole runs be judged, and their sounds be heard, without the real models."""
    monkeypatch.setattr(Judge, "made", [], raising=False)
    monkeypatch.setattr(finetune, "Validation", Judge)
    monkeypatch.setattr(finetune, "load_detector", SignDetector)


def write_own(folder: Path) -> Path:
    """Write recordings of an owner: four to learn from, one without text, one to judge by, one to test."""
    rows = [{"text": f"number {number}", "split": "train"} for number in range(4)]
    rows += [
        {"text": text, "split": split}
        for text, split in (("", "train"), ("held", "validation"), ("never", "test"))
    ]
    return write_prepared(folder, rows)


def write_others(folder: Path) -> Path:
    """Write recordings of other people: two to learn from and one to judge by."""
    rows = [("THEIRS", "train"), ("AND THEIRS", "train"), ("HELD", "validation")]
    return write_prepared(folder, [{"text": text, "split": split} for text, split in rows])
