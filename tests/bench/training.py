"""Speed of training beside transformers' own trainer, on the same recordings, model, batches and machine.

    python -m tests.bench.training --data FOLDER [--base tiny.en] [--steps 6] [--rounds 3]

The peer is Seq2SeqTrainer as its guides use it for Whisper: each utterance padded to 30 s. Ours runs over the
speech alone. Both train all weights with AdamW, in float32 and in bfloat16, in turn and in one process;
printed are the medians of the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
    WhisperFeatureExtractor,
)

from device.app import load_detector
from device.settings import Settings
from device.speech.tokens import Tokens
from trainer.conversion.base import find, load_transformers
from trainer.dataset import load_manifest
from trainer.progress import silent
from trainer.training.adapters import own_state, prepare
from trainer.training.batches import Batches, Speech
from trainer.training.examples import Examples, framed, gather
from trainer.training.features import Features
from trainer.training.learner import Learner
from trainer.training.precision import Mixed, processor
from trainer.training.recipe import Recipe

KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--set", help="only this set of them")
    parser.add_argument("--base", default="tiny.en", help="folder or name of the model")
    parser.add_argument("--batch", type=int, default=8, help="utterances in a step")
    parser.add_argument("--steps", type=int, default=6, help="steps in a round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    source = find(arguments.base)
    utterances = [
        (each, "personal")
        for each in load_manifest(arguments.data)
        if each.text and arguments.set in {None, each.set}
    ][: arguments.batch * arguments.steps]
    tokens = Tokens(source / "tokenizer.json")
    examples = gather(utterances, tokens, load_detector(), Settings().speech, silent)
    lengths = [example.length / 16_000 for example in examples.examples]
    print(
        f"{len(lengths)} utterances of {statistics.median(lengths):.1f} s at the median, "
        f"batches of {arguments.batch}, {torch.get_num_threads()} threads, {processor().type}\n"
    )
    speeds: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.rounds):
        for kind in KINDS:
            for name, measure in (("Seq2SeqTrainer, 30 s", _peer), ("ours", _ours)):
                speed = measure(source, examples, tokens, arguments.batch, kind)
                speeds.setdefault((name, kind), []).append(speed)
                print(f"{name} {kind}: {speed:.2f}", file=sys.stderr)
    _table(speeds)
    return 0


def _table(speeds: dict[tuple[str, str], list[float]]) -> None:
    print(f"{'utterances/s':24}{'float32':>12}{'bfloat16':>12}")
    medians = {key: statistics.median(each) for key, each in speeds.items()}
    for name in dict.fromkeys(name for name, _ in medians):
        print(f"{name:24}" + "".join(f"{medians[name, kind]:12.2f}" for kind in KINDS))
    ratios = (medians["ours", kind] / medians["Seq2SeqTrainer, 30 s", kind] for kind in KINDS)
    print(f"{'ratio':24}" + "".join(f"{ratio:12.1f}" for ratio in ratios))


def _ours(source: Path, examples: Examples, tokens: Tokens, batch: int, kind: str) -> float:
    recipe = Recipe(batch_size=batch, embeddings=True, memory="spliced", precision=kind, timestamps_share=0)
    model = load_transformers(source)
    stock, device = own_state(model), processor()
    prepare(model, recipe)
    learner = Learner(model.to(device), stock, None, recipe, Mixed(KINDS[kind], device))
    with tempfile.TemporaryDirectory() as folder:
        kept = Features(examples, model.config.num_mel_bins, Path(folder), silent)
        batches = Batches(Speech(examples, kept), tokens, _language(model), recipe)
        learner.begin_epoch()
        first, *plan = batches.of_epoch(1)
        learner.step(batches.make(first, 1, 0), 1e-6, 0, 0)
        began = time.perf_counter()
        for step, indices in enumerate(plan, 1):
            learner.step(batches.make(indices, 1, step), 1e-6, step, step)
        return sum(map(len, plan)) / (time.perf_counter() - began)


def _peer(source: Path, examples: Examples, tokens: Tokens, batch: int, kind: str) -> float:
    model = load_transformers(source)
    extract = WhisperFeatureExtractor(feature_size=model.config.num_mel_bins)
    rows = [
        {
            "input_features": extract(examples.sound(each), sampling_rate=16_000).input_features[0],
            "labels": framed(each.text, tokens, _language(model), None)[0][1:],
        }
        for each in examples.examples
    ]

    def collate(batch_rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["labels"]) for row in batch_rows)
        labels = [row["labels"] + [-100] * (longest - len(row["labels"])) for row in batch_rows]
        features = np.stack([row["input_features"] for row in batch_rows])
        return {"input_features": torch.from_numpy(features), "labels": torch.tensor(labels)}

    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = Seq2SeqTrainingArguments(
            folder,
            per_device_train_batch_size=batch,
            num_train_epochs=1,
            learning_rate=1e-6,
            bf16=kind == "bfloat16",
            use_cpu=processor().type == "cpu",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
        )
        trainer = Seq2SeqTrainer(model, settings, collate, rows, callbacks=[clock])
        trainer.train()
    return (len(rows) - batch) / (clock.ends[-1] - clock.ends[0])


class _Clock(TrainerCallback):
    """Notes when each step has ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.perf_counter())


def _language(model: Any) -> str | None:
    return "en" if model.generation_config.is_multilingual else None


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.simplefilter("ignore")
    sys.exit(main())
