"""What an evaluation found, as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from trainer.evaluation.results import CLEAN
from trainer.evaluation.scores import ALL_GENERAL
from trainer.reporting.wording import chance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trainer.evaluation.results import Comparison, Evaluation, Model, Score, WordScore


def tables(evaluation: Evaluation) -> Iterator[Group]:
    """Give the tables that have rows: models, error rates, noise, comparisons, words, silence."""
    clean = [score for score in evaluation.scores if score.tier == CLEAN]
    titled = {
        "Models": _models(evaluation.models),
        "Error rates": _rates([score for score in clean if score.utterances]),
        "Under noise, WER %": _noise(evaluation.scores),
        f"Beside {evaluation.models[0].name}": _comparisons(
            [each for each in evaluation.comparisons if each.tier == CLEAN]
        ),
        "Words, right of said, and + where nobody said them": _words(
            evaluation.words, [model.name for model in evaluation.models]
        ),
        "Without speech": _silence([score for score in clean if score.silent]),
    }
    for title, table in titled.items():
        if table.row_count:
            yield Group(Text(title, style="bold"), table, "")


def _models(models: Iterable[Model]) -> Table:
    table = _table(("model",), ("weights", "MB", "real-time factor"))
    for each in models:
        table.add_row(each.name, each.quantization, f"{each.size / 1e6:.0f}", f"{each.real_time_factor:.3f}")
    return table


def _rates(scores: Iterable[Score]) -> Table:
    table = _table(("set", "model"), ("recordings", "WER %", "95 %", "CER %"))
    for each in scores:
        interval = _interval(each.wer_low, each.wer_high)
        table.add_row(
            each.set, each.model, str(each.utterances), _number(each.wer), interval, _number(each.cer)
        )
    return table


def _noise(scores: Iterable[Score]) -> Table:
    """Give one row a set and model, with the rate under each noise. General sets stand together."""
    noisy = [score for score in scores if score.tier != CLEAN]
    together = any(score.set == ALL_GENERAL for score in noisy)
    tiers = list(dict.fromkeys(score.tier for score in noisy))
    rows: dict[tuple[str, str, int], dict[str, str]] = {}
    for each in noisy:
        if not together or each.role != "general" or each.set == ALL_GENERAL:
            rows.setdefault((each.set, each.model, each.utterances), {})[each.tier] = _number(each.wer)
    table = _table(("set", "model"), ("recordings", *(f"SNR {tier} dB" for tier in tiers)))
    for (name, model, count), rates in rows.items():
        table.add_row(name, model, str(count), *(rates.get(tier, "") for tier in tiers))
    return table


def _comparisons(comparisons: Iterable[Comparison]) -> Table:
    headings = ("words", "errors before", "after", "WER difference", "95 %", "p")
    table = _table(("set", "model"), headings)
    for each in comparisons:
        table.add_row(
            each.set,
            each.model,
            str(each.words),
            str(each.stock_errors),
            str(each.errors),
            f"{each.difference:+.2f}",
            f"{each.low:+.2f} to {each.high:+.2f}",
            chance(each.p, 3),
        )
    return table


def _words(scores: Sequence[WordScore], models: Sequence[str]) -> Table:
    table = _table(("word",), models)
    rows: dict[str, dict[str, WordScore]] = {}
    for each in scores:
        rows.setdefault(each.word, {})[each.model] = each
    for word, by in rows.items():
        table.add_row(word, *(_counts([by[model]]) for model in models))
    if len(rows) > 1:
        table.add_section()
        table.add_row("all", *(_counts([by[model] for by in rows.values()]) for model in models))
    return table


def _silence(scores: Iterable[Score]) -> Table:
    table = _table(("set", "model"), ("recordings", "characters invented"))
    for each in scores:
        table.add_row(each.set, each.model, str(each.silent), str(each.invented))
    return table


def _table(names: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in names:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _counts(scores: Sequence[WordScore]) -> str:
    invented = sum(each.invented for each in scores)
    counts = f"{sum(each.right for each in scores)}/{sum(each.of for each in scores)}"
    return f"{counts} +{invented}" if invented else counts


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None else f"{_number(low)} to {_number(high)}"


def _number(per_cent: float | None) -> str:
    return "" if per_cent is None else f"{per_cent:.2f}"
