"""Work folders and evaluations made by hand, as `personalize` leaves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile

from trainer.evaluation.results import CLEAN, Comparison, Evaluation, Model, Result, Score, WordScore
from trainer.evaluation.scores import score

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.evaluation.results import Role

RATE_HZ = 16_000


class Said(NamedTuple):
    """One recording with what two models heard."""

    id: str
    reference: str
    stock: str
    tuned: str
    set: str = "mine"
    role: Role = "personal"


SAID = (
    Said(
        "m1",
        "The gantry stood by the river.",
        "The country stood by the river.",
        "The gantry stood by the river.",
    ),
    Said(
        "m2",
        "Call Kubernetes from the shell.",
        "Call cuba Nettie's from the shell.",
        "Call Kubernetes from the shell.",
    ),
    Said("m3", "Close the gantry at nine.", "Close the country at 9.", "Close the gantry at nine."),
    Said("m4", "It rained all day.", "It rained all day.", "It rained all the day."),
    Said("m5", "Nothing else was said.", "Nothing else was.", "Nothing was said."),
    Said("m6", "She sells sea shells.", "She sells sea shells.", "She sells sea shells."),
    Said(
        "g1",
        "He read the letter twice.",
        "He read the letter twice.",
        "He red the letter twice.",
        "others",
        "general",
    ),
    Said(
        "g2",
        "Snow fell on the hills.",
        "Snow fell on the bills.",
        "Snow fell on the hills.",
        "others",
        "general",
    ),
    Said("w1", "Is Kubernetes up?", "Is communities up?", "Is Kubernetes up?", "words", "words"),
    Said("n1", "", "Thank you.", "", "hiss", "silence"),
)
"""Tuned against stock: m1, m2, m3, g2 and w1 are better, m4 and g1 worse, m5 and m6 as before."""


AUDIT = {
    "folder": "recordings",
    "seed": 0,
    "text_checked": True,
    "recordings": 11,
    "accepted": 10,
    "hours": 0.0056,
    "counts": {"rejected": 1, "flagged": 2, "noted": 0},
    "parts": [{"set": "mine", "split": "train", "recordings": 10, "seconds": 20.0, "speakers": 1}],
    "findings": [
        {
            "severity": "rejected",
            "kind": "empty file",
            "file": "a.wav",
            "wrong": "has no bytes",
            "done": "left out",
            "remedy": "record it again",
        },
        {
            "severity": "flagged",
            "kind": "clipped",
            "file": "b.wav",
            "wrong": "0.4 % clipped",
            "done": "kept",
            "remedy": "speak softer",
        },
        {
            "severity": "flagged",
            "kind": "clipped",
            "file": "c.wav",
            "wrong": "0.9 % clipped",
            "done": "kept",
            "remedy": "speak softer",
        },
    ],
}


def results(said: tuple[Said, ...] = SAID, tier: str = CLEAN) -> list[Result]:
    """Give each recording with each model's text."""
    return [
        Result(
            model=model,
            set=one.set,
            role=one.role,
            tier=tier,
            id=one.id,
            audio=f"data/audio/{one.id}.flac",
            speaker="me" if one.role == "personal" else "",
            reference=one.reference,
            text=text,
            duration_s=2.0,
            seconds=0.25,
        )
        for one in said
        for model, text in (("stock", one.stock), ("tuned", one.tuned))
    ]


def model(name: str, quantization: str = "int8") -> Model:
    """Give a model of tiny's size."""
    return Model(name, f"/models/{name}", quantization, 40_000_000, name != "stock", 0.12)


def evaluation(found: list[Result] | None = None) -> Evaluation:
    """Give a whole evaluation: clean, under noise, with a list of words."""
    if found is None:
        found = results() + [one for tier in ("20", "5") for one in results(SAID[:6], tier)]
    scores, comparisons = score(found)
    words = (WordScore("stock", "Kubernetes", 0, 2, 0), WordScore("tuned", "Kubernetes", 2, 2, 1))
    return Evaluation(
        (model("stock"), model("tuned")), tuple(found), tuple(scores), tuple(comparisons), words
    )


def compared(
    set_name: str, role: Role, *, stock: int, tuned: int, words: int, half: float = 0.4, p: float = 0.5
) -> Comparison:
    """Give a comparison of the tuned model by its counts; its interval is so wide to either side."""
    difference = 100 * (tuned - stock) / words
    low, high = difference - half, difference + half
    return Comparison("tuned", set_name, role, CLEAN, stock, tuned, words, difference, low, high, p)


def scored(set_name: str, role: Role, utterances: int, *, silent: int = 0, invented: int = 0) -> Score:
    """Give a score of the tuned model of which only the counts matter."""
    return Score("tuned", set_name, role, CLEAN, utterances, None, None, None, None, silent, invented)


def judged(*comparisons: Comparison, scores: tuple[Score, ...] = (), utterances: int = 100) -> Evaluation:
    """Give an evaluation with these comparisons, each of so many utterances."""
    sizes = tuple(scored(one.set, one.role, utterances) for one in comparisons)
    return Evaluation((model("stock"), model("tuned")), (), (*sizes, *scores), comparisons, ())


def write_work(folder: Path) -> Path:
    """Write what `personalize` leaves beside the evaluation: data, run and export."""
    for name in ("data/audio", "run/model", "export/int8"):
        (folder / name).mkdir(parents=True)
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE_HZ) / RATE_HZ)
    for one in SAID:
        soundfile.write(folder / "data" / "audio" / f"{one.id}.flac", tone, RATE_HZ)
    log = [
        {"epoch": 0, "validation_wer": 5.5, "general_wer": 9.1},
        {
            "epoch": 1,
            "loss": 0.41,
            "validation_wer": 4.1,
            "general_wer": 9.2,
            "learning_rate": 1e-5,
            "seconds": 52.0,
        },
        {
            "epoch": 2,
            "loss": 0.22,
            "validation_wer": 3.6,
            "general_wer": 9.3,
            "learning_rate": 1e-6,
            "seconds": 51.5,
        },
    ]
    (folder / "run" / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    (folder / "run" / "recipe.toml").write_text(
        'strategy = "full"\nlearning_rate = 1e-5\n[mix]\ngeneral = 0.4\n'
    )
    training = {"base": "tiny.en", "interpolation": 0.5, "recipe": {}, "versions": {"torch": "2.13.0"}}
    (folder / "run" / "model" / "training.json").write_text(json.dumps(training))
    (folder / "data" / "audit.json").write_text(json.dumps(AUDIT))
    (folder / "export" / "int8" / "model.bin").write_bytes(bytes(123_456))
    return folder
