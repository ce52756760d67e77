"""The tables of the report, as text: the template only sets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.evaluation.results import CLEAN
from trainer.evaluation.scores import ALL_GENERAL
from trainer.reporting.verdict import pooled, stock_name, tuned_name
from trainer.reporting.wording import between, chance, counted, length, per_cent, signed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.data.findings import Finding
    from trainer.data.results import Summary
    from trainer.evaluation.results import Comparison, Evaluation, Model, Role, Score
    from trainer.reporting.heard import Confusion
    from trainer.reporting.work import Epoch, Exported

_ROLES = {"personal": "you", "words": "your words", "general": "others", "silence": "no speech"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        caption: What it shows.
        headings: One a column.
        rows: Each with a text a column; the first heads the row.
        texts: So many columns hold words and stand left; the others hold figures and stand right.
    """

    caption: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    texts: int = 1


def by_role(scores: Iterable[Score]) -> list[Score]:
    """Give the scores of clean recordings, the owner's sets first, all general sets together behind each."""
    order = list(_ROLES)
    clean = [one for one in scores if one.tier == CLEAN]
    return sorted(clean, key=lambda one: (order.index(one.role), one.set == ALL_GENERAL))


def sets(evaluation: Evaluation) -> Table:
    """Give the error rates of stock and the tuned model by set."""
    stock, model = stock_name(evaluation), tuned_name(evaluation)
    ours = (one for one in evaluation.comparisons if one.model == model and one.tier == CLEAN)
    compared = {(one.set, one.role): one for one in ours}
    # In some recordings of a set nobody may speak: these stand in a row of their own.
    scores: dict[tuple[str, Role], dict[str, Score]] = {}
    for one in by_role(evaluation.scores):
        scores.setdefault((one.set, one.role), {})[one.model] = one
    rows = [
        _set_row(group[0], by.get(stock), by.get(model or ""), compared.get(group))
        for group, by in scores.items()
    ]
    headings = ("set", "who", "recordings", stock, "tuned", "difference", "p", "characters")
    caption = (
        "Wrong words (and, last, characters) by set in per cent with 95 % intervals; differences in points"
    )
    return Table(caption, headings, rows, texts=2)


def _set_row(
    name: str, stock: Score | None, tuned: Score | None, compared: Comparison | None
) -> tuple[str, ...]:
    sides = [one for one in (stock, tuned) if one]
    cer = [f"{one.cer:.1f}" for one in sides if one.cer is not None]
    return (
        name,
        _ROLES[sides[0].role] if sides else "",
        str(sides[0].utterances or sides[0].silent) if sides else "",
        _rate(stock),
        _rate(tuned),
        f"{signed(compared.difference)} ({signed(compared.low)} to {signed(compared.high)})"
        if compared
        else "",
        chance(compared.p) if compared else "",
        " → ".join(cer),
    )


def _rate(score: Score | None) -> str:
    if score is None:
        return ""
    if score.wer is None:
        return f"types {counted(score.invented, 'character')}" if score.invented else "types nothing"
    return f"{score.wer:.1f} ({between(score.wer_low, score.wer_high)})"


def conversions(evaluation: Evaluation) -> Table:
    """Give every model that was measured, with its size, speed and error rates."""
    headings = (
        "model",
        "matrices",
        "short window",
        "size",
        "real-time factor",
        "you",
        "your words",
        "others",
    )
    rows = [
        (
            one.name,
            one.quantization,
            "yes" if one.short_window else "no",
            size(one.size),
            f"{one.real_time_factor:.2f}",
            *(_model_rate(evaluation, one, role) for role in list(_ROLES)[:3]),
        )
        for one in evaluation.models
    ]
    return Table("Wrong words in per cent by model, clean recordings", headings, rows, texts=3)


def _model_rate(evaluation: Evaluation, model: Model, role: str) -> str:
    compared = [one for one in evaluation.comparisons if one.role == role and one.tier == CLEAN]
    if model.name == stock_name(evaluation):  # all others are compared with it: any of them has its counts
        total = pooled(one for one in compared if one.model == compared[0].model)
        return per_cent(total.stock_wer) if total else _only_rate(evaluation, role)
    total = pooled(one for one in compared if one.model == model.name)
    return per_cent(total.wer) if total else ""


def _only_rate(evaluation: Evaluation, role: str) -> str:
    """Give stock's rate where nothing was compared, if there is but one set."""
    stock = stock_name(evaluation)
    scores = [one for one in by_role(evaluation.scores) if one.role == role and one.model == stock]
    return per_cent(scores[0].wer) if len(scores) == 1 else ""


def words(evaluation: Evaluation) -> Table | None:
    """Give how often each word of the list was right, the worst first; `None` without a list."""
    first, model = stock_name(evaluation), tuned_name(evaluation)
    found = {(one.model, one.word): one for one in evaluation.words}
    names = {word: (found.get((first, word)), found.get((model or "", word))) for _, word in found}
    if not names:
        return None
    rows = []
    for word, (stock, tuned) in names.items():
        one = tuned or stock
        share = one.right / one.of if one and one.of else 1.0
        sides = [f"{side.right} of {side.of}" if side else "" for side in (stock, tuned)]
        wrong = [str(side.invented) if side else "" for side in (stock, tuned)]
        rows.append((share, word, (word, *sides, *wrong)))
    counts = (f"{what}, {name}" for what in ("right", "where not said") for name in (first, "tuned"))
    return Table("The words of the list", ("word", *counts), [row for _, _, row in sorted(rows)])


def confusions(caption: str, found: Sequence[Confusion], stock: str) -> Table:
    """Give words that were taken for others."""
    rows = [(one.said, one.heard, str(one.stock), str(one.tuned), _gain(one.gain)) for one in found]
    return Table(caption, ("said", "heard", stock, "tuned", "change"), rows, texts=2)


def _gain(gain: int) -> str:
    return f"▼ {gain} fewer" if gain > 0 else f"▲ {-gain} more" if gain < 0 else "as before"


def epochs(logs: Sequence[Sequence[Epoch]]) -> Table:
    """Give the course of each training in figures, and once what they begin with."""
    headings = (
        *(("training",) if logs[1:] else ()),
        "epoch",
        "loss",
        "you, wrong words",
        "others, wrong words",
        "learning rate",
        "recordings/s",
        "time",
    )
    rows = [
        (
            *((str(number) if one.epoch else "",) if logs[1:] else ()),
            f"{one.epoch:g}",
            _number(one.loss, ".3f"),
            per_cent(one.validation_wer),
            per_cent(one.general_wer),
            _number(one.learning_rate, ".2g"),
            _number(one.utterances_per_s, ".1f"),
            "" if one.seconds is None else length(one.seconds),
        )
        for number, log in enumerate(logs, 1)
        for one in log
        if one.epoch or number == 1
    ]
    return Table("The course of training; epoch 0 is the model as it was", headings, rows, texts=0)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def exported(found: Sequence[Exported]) -> Table:
    """Give what was exported."""
    return Table("What stands in export", ("name", "size"), [(one.name, size(one.size)) for one in found])


def parts(audit: Summary) -> Table:
    """Give what the recordings are used for."""
    rows = [
        (one.set, one.split, str(one.recordings), length(one.seconds), str(one.speakers or ""))
        for one in audit.parts
    ]
    return Table("What can be used", ("set", "for", "recordings", "length", "speakers"), rows, texts=2)


def findings(audit: Summary) -> Table:
    """Give what was found in the recordings, by its kind, with the remedy of the first of each."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for one in audit.findings:
        kinds.setdefault((one.severity, one.kind), []).append(one)
    rows = [
        (severity, kind, found[0].wrong, found[0].remedy, str(len(found)))
        for (severity, kind), found in kinds.items()
    ]
    headings = ("how bad", "what", "for example", "remedy", "how often")
    return Table("What the audit found", headings, rows, texts=4)
