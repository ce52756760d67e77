"""About how long each step takes: from what there is to do, and how fast this computer does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trainer.evaluation.trials import GENERAL_UNDER_NOISE, TIERS_DB
from trainer.personalize.prepare import MOST_VALIDATION
from trainer.personalize.words import MEASURED_PER_WORD, PER_WORD

if TYPE_CHECKING:
    from trainer.personalize.source import Amount
    from trainer.personalize.speed import Speed
    from trainer.training.recipe import Recipe

EXPORT_S = 3.0
"""Writing one model: loading the weights, making them int8, and a first recognition."""

MEASUREMENT_S = 2.5
"""The same within training, before the validation recordings are recognised."""

SAVING_S = 3.0
"""Bringing the weights and the state of training to the disk: 500 MB for tiny."""

LISTENING_S = 0.02
"""To read one recording, measure it, and write it."""

SPEAKING_S = 0.2
"""To have one sentence spoken."""

SENTENCE_S = 4.0
"""Length of a sentence that is spoken."""

REPORT_S = 2.0

NOISY = 1.7
"""A noisy recording takes so much longer to recognise than a clean one: more passes, more doubt."""

STEPS = 1.25
"""What training does between its steps: augmentation, batches, checkpoints."""


class Work(NamedTuple):
    """What there is to do.

    Attributes:
        own: The owner's recordings with speech by split.
        general: Other people's.
        silent: Recordings in which nobody speaks.
        words: How many words are in the list.
    """

    own: dict[str, Amount]
    general: dict[str, Amount]
    silent: Amount
    words: int


def estimates(work: Work, recipe: Recipe, speed: Speed) -> dict[str, float]:
    """Give the seconds that each step may take, by its name."""
    own, general = _all(work.own), _all(work.general)
    exports = {"stock": EXPORT_S, "export": EXPORT_S, "conversions": 2 * EXPORT_S}
    return exports | {
        "data": LISTENING_S * (own.recordings + work.silent.recordings) + speed.recognise * own.seconds,
        "general": LISTENING_S * general.recordings,
        "words": SPEAKING_S * work.words * (PER_WORD + MEASURED_PER_WORD),
        "finetune": _training_s(work, recipe, speed),
        "evaluate": _evaluation_s(work, speed),
        "report": REPORT_S,
    }


def _training_s(work: Work, recipe: Recipe, speed: Speed) -> float:
    held = work.general["train"].plus(work.general["validation"])
    mixed_in = (recipe.general_share if held.recordings else 0) + (
        recipe.synthetic_share if work.words else 0
    )
    epoch_s = work.own["train"].seconds / (1 - mixed_in)
    fraction = min(0.5, MOST_VALIDATION / held.recordings) if held.recordings else 0.0
    validated_s = work.own["validation"].seconds + fraction * held.seconds
    measurements = 1 + recipe.soup * recipe.epochs + len(recipe.blends)
    heard_s = (1 - fraction) * held.seconds  # what stock makes of it is the text that is learned
    return (
        EXPORT_S
        + recipe.soup * recipe.epochs * (STEPS * speed.train * epoch_s + SAVING_S)
        + measurements * (MEASUREMENT_S + speed.recognise * validated_s)
        + speed.recognise * heard_s
    )


def _evaluation_s(work: Work, speed: Speed) -> float:
    own_s, general = work.own["test"].seconds, work.general["test"]
    under_noise_s = own_s
    if general.recordings:
        under_noise_s += general.seconds * min(1.0, GENERAL_UNDER_NOISE / general.recordings)
    said_s = SENTENCE_S * work.words * MEASURED_PER_WORD
    once_s = own_s + general.seconds + work.silent.seconds + said_s
    both_s = 2 * (once_s + NOISY * len(TIERS_DB) * under_noise_s)
    return EXPORT_S + speed.recognise * (both_s + 2 * own_s)  # and the two other conversions


def _all(amounts: dict[str, Amount]) -> Amount:
    train, *others = amounts.values()
    for other in others:
        train = train.plus(other)
    return train
