"""The evaluation: stock against tuned on all that is for testing, and the other conversions on the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from device.settings import Settings
from trainer.evaluation.evaluate import STOCK, evaluate
from trainer.evaluation.results import CLEAN
from trainer.evaluation.scores import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trainer.dataset import Utterance
    from trainer.evaluation.results import Evaluation
    from trainer.progress import Report
    from trainer.words import Word

TUNED = "tuned"
"""The tuned model's name, as the device runs it; with the others goes their type, as in "tuned float16"."""


def measure(  # noqa: PLR0913  # what is measured, and how
    models: Mapping[str, Path],
    utterances: Sequence[Utterance],
    *,
    personal: str,
    noise: Sequence[Path],
    words: Sequence[Word],
    report: Report,
) -> Evaluation:
    """Compare the tuned model with stock, and its other conversions with both on the owner's recordings.

    Args:
        models: Folders by name: `STOCK`, `TUNED`, and conversions.
        utterances: Recordings for testing.
        personal: The owner's set.
        noise: Sound files for the noise tiers.
        words: The owner's words.
        report: Told how far it is.

    Raises:
        SaykeyError: There is nothing to recognise, or a model or sound file cannot be loaded.
    """
    first = [(name, models[name]) for name in (STOCK, TUNED)]
    found = evaluate(
        first, utterances, Settings(), personal=personal, noise=noise, words=words, report=report
    )
    # Of those with the role "personal" alone: stock's results are taken from among these.
    own = [each for each in utterances if each.set == personal and each.text and not each.synthetic]
    others = [(name, folder) for name, folder in models.items() if name not in {STOCK, TUNED}]
    if not own or not others:
        return found
    more = evaluate(
        others,
        own,
        Settings(),
        personal=personal,
        tiers_db=(),
        report=lambda _what, done: report("Recognising with other conversions", done),
    )
    # Stock has heard the same recordings already, in the same order.
    stock = [
        each
        for each in found.results
        if each.model == STOCK and each.role == "personal" and each.tier == CLEAN
    ]
    scores, comparisons = score([*stock, *more.results])
    return replace(
        found,
        models=(*found.models, *more.models),
        results=(*found.results, *more.results),
        scores=(*found.scores, *(each for each in scores if each.model != STOCK)),
        comparisons=(*found.comparisons, *comparisons),
    )
