"""What the bench of folds shows: wrong words with stock and with each mixture, added up over the folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trainer.evaluation.results import CLEAN
from trainer.evaluation.scores import ALL_GENERAL, score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.evaluation.results import Comparison, Result

HEAD = (
    f"{'learned':>8}{'blend':>7}{'stock':>7}{'tuned':>7}{'words':>7}{'change':>9}{'p':>7}"
    f"{'points, 95 %':>18}{'general':>9}  folds"
)


class Row(NamedTuple):
    """One mixture of the models that learned from so many recordings.

    Attributes:
        amount: So many recordings, "all" for all that are not in the fold.
        pooled: The owner's recordings of all folds, beside stock.
        folds: The same of each fold.
        general: Other people's recordings, beside stock; `None` where they were not heard.
    """

    amount: str
    pooled: Comparison
    folds: Sequence[Comparison]
    general: Comparison | None


def rows(
    amount: str, stock: Sequence[Result], found: Sequence[Sequence[Result]], others: Sequence[Result]
) -> list[Row]:
    """Give a row for each mixture.

    Args:
        amount: So many recordings were learned from.
        stock: What stock makes of all recordings.
        found: What the models of each fold make of that fold.
        others: What those of the first fold make of other people's recordings; may be empty.
    """
    models = list(dict.fromkeys(result.model for result in found[0]))
    # By models, so that the folds of each follow each other as those of stock do.
    together = [result for model in models for fold in found for result in fold if result.model == model]
    pooled, each = _by_model(stock, together), [_by_model(stock, fold) for fold in found]
    general = _by_model(stock, others)
    return [
        Row(amount, pooled[model], [fold[model] for fold in each], general.get(model)) for model in models
    ]


def show(shown: Sequence[Row]) -> None:
    """Print a line for each row."""
    print(HEAD)
    for amount, pooled, folds, general in shown:
        change = 100 * (pooled.errors - pooled.stock_errors) / pooled.stock_errors
        interval = f"{pooled.low:+.2f} to {pooled.high:+.2f}"
        beside = f"{general.difference:+.2f}" if general else ""
        print(
            f"{amount:>8}{pooled.model:>7}{pooled.stock_errors:>7}{pooled.errors:>7}{pooled.words:>7}"
            f"{change:>+8.1f}%{pooled.p:>7.3f}{interval:>18}{beside:>9}  "
            + " ".join(f"{fold.stock_errors}>{fold.errors}" for fold in folds)
        )


def _by_model(stock: Sequence[Result], found: Sequence[Result]) -> dict[str, Comparison]:
    """Compare each model with stock on the recordings that it heard, all sets of others' speech together."""
    known = {(result.set, result.id): result for result in stock}
    first = [result for result in found if result.model == found[0].model]
    _, comparisons = score([*(known[result.set, result.id] for result in first), *found])
    clean = [each for each in comparisons if each.tier == CLEAN]
    sets = {each.set for each in clean}
    return {each.model: each for each in clean if len(sets) == 1 or each.set == ALL_GENERAL}
