"""Whether a tuned model is better than stock, by how much, and whether to flash it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from trainer.evaluation.results import CLEAN
from trainer.evaluation.scores import ALL_GENERAL
from trainer.evaluation.significance import CHANCE
from trainer.reporting.wording import change, counted, listed, per_cent, probability, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.evaluation.results import Comparison, Evaluation

STOCK = "stock"
"""The name of the model that the others are compared with, unless another was asked for."""

MARGIN = 0.5
"""A word error rate that rises by no more points than this is called as before."""

FEW = 40
"""A general set of fewer utterances is judged only together with the others: one slip would decide."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation says to its owner.

    Attributes:
        better: The owner is understood better, by more than chance; `None` when that was not measured.
        flash: It is better, and nothing that was measured speaks against it.
        sentences: All this in words, the last being what to do.
    """

    better: bool | None
    flash: bool
    sentences: tuple[str, ...]


class Sum(NamedTuple):
    """Several comparisons taken together."""

    stock_errors: int
    errors: int
    words: int

    @property
    def stock_wer(self) -> float:
        """Stock's word error rate in per cent."""
        return 100 * self.stock_errors / self.words

    @property
    def wer(self) -> float:
        """The other model's word error rate in per cent."""
        return 100 * self.errors / self.words

    @property
    def difference(self) -> float:
        """The other's rate less stock's, in points; of the counts, so that no rate is rounded before."""
        return 100 * (self.errors - self.stock_errors) / self.words


class _Finding(NamedTuple):
    fine: bool | None
    sentences: tuple[str, ...]


def stock_name(evaluation: Evaluation) -> str:
    """Give the model that the others are compared with, the first: `STOCK`, or what `--against` named."""
    return evaluation.models[0].name if evaluation.models else STOCK


def tuned_name(evaluation: Evaluation) -> str | None:
    """Give the model that is meant for the device: "tuned", else the first that is compared."""
    names = [model.name for model in evaluation.models[1:]]
    return "tuned" if "tuned" in names else next(iter(names), None)


def pooled(comparisons: Iterable[Comparison]) -> Sum | None:
    """Add comparisons of sets up, each recording once; `None` when they have no words."""
    sets = [one for one in comparisons if one.set != ALL_GENERAL]
    counts = [(one.stock_errors, one.errors, one.words) for one in sets]
    total = Sum(*map(sum, zip(*counts, strict=True))) if counts else None
    return total if total and total.words else None


def verdict(evaluation: Evaluation) -> Verdict:
    """Judge the tuned model.

    It is better when the word error rate of the owner's sets (where there are none, of those with the words
    of the list) falls with p below `CHANCE`. It is no worse for others when every general set of `FEW`
    utterances or more stays within `MARGIN`, or its difference's interval includes zero, and all general sets
    together stay within `MARGIN`. Under noise neither the owner nor all others together may be understood
    worse by more than `MARGIN` and by more than chance. And it must type nothing where nothing is said. What
    was not measured does not speak against a model; the sentences say that it is not known.
    """
    model = tuned_name(evaluation)
    ours = [one for one in evaluation.comparisons if one.model == model]
    compared = [one for one in ours if one.tier == CLEAN]
    owner = _owner(compared)
    others = _others([one for one in compared if one.role == "general"], _sizes(evaluation, model))
    tiers = _under_noise([one for one in ours if one.tier != CLEAN])
    noise = _noise(evaluation, model)
    flash = owner.fine is True and False not in {others.fine, tiers.fine, noise.fine}
    advice = "Flash it." if flash else "Do not flash it: keep the model that you have."
    about = (*owner.sentences, *_words(evaluation, model), *others.sentences)
    sentences = (*about, *tiers.sentences, *noise.sentences, advice)
    return Verdict(owner.fine, flash, sentences)


def _owner(compared: Sequence[Comparison]) -> _Finding:
    sets = [one for one in compared if one.role == "personal"]
    where = "your own speech" if sets else "sentences with your words"
    sets = sets or [one for one in compared if one.role == "words"]
    total = pooled(sets)
    if total is None:
        return _Finding(fine=None, sentences=("Whether it understands you better was not measured.",))
    real = [one for one in sets if one.p < CHANCE]
    better = [one for one in real if one.difference < 0]
    worse = [one for one in real if one.difference > 0]
    p = probability(min(one.p for one in worse or better or sets))
    figures = f"({change(total.stock_wer, total.wer)}, {p})"
    if better and not worse and total.errors < total.stock_errors:
        share = round(100 * (1 - total.errors / total.stock_errors))
        return _Finding(fine=True, sentences=(f"Better: {share} % fewer wrong words in {where} {figures}.",))
    if worse:
        return _Finding(fine=False, sentences=(f"Worse: more wrong words in {where} {figures}.",))
    return _Finding(
        fine=False,
        sentences=(f"No difference beyond chance in {where} {figures}; more recordings may show one.",),
    )


def _others(sets: Sequence[Comparison], sizes: dict[str, int]) -> _Finding:
    total = pooled(sets)
    if total is None:
        return _Finding(fine=None, sentences=("How others are understood was not measured.",))
    large = [one for one in sets if one.set != ALL_GENERAL and sizes.get(one.set, 0) >= FEW]
    near = [one.set for one in large if one.difference <= MARGIN]
    chance = [one for one in large if one.difference > MARGIN and one.low <= 0 <= one.high]
    worse = [one for one in large if one.difference > MARGIN and one not in chance]
    together = total.difference
    details = (
        f"no more than {MARGIN} points worse: {listed(near)}" if near else "",
        f"worse, but not beyond chance: {listed([_named(one) for one in chance])}" if chance else "",
        f"worse: {listed([_named(one) for one in worse])}" if worse else "",
        f"all general speech together: {signed(together)} points ({change(total.stock_wer, total.wer)})",
        f"{MARGIN} points are allowed" if together > MARGIN else "",
    )
    text = "; ".join(filter(None, details))
    fine = not worse and together <= MARGIN
    how = (
        "are understood as before" if fine else "are understood worse" if worse else "may be understood worse"
    )
    return _Finding(fine, (f"Others {how}.", f"{text[0].upper()}{text[1:]}."))


def _under_noise(compared: Sequence[Comparison]) -> _Finding:
    general = {one.set for one in compared if one.role == "general"}
    others = ALL_GENERAL if ALL_GENERAL in general else next(iter(general), None)  # a single set stands alone
    worse = [one for one in compared if one.p < CHANCE and one.difference > MARGIN]
    sentences = tuple(
        f"Under noise ({one.tier} dB), {'you' if one.role == 'personal' else 'others'} are understood worse "
        f"({change(100 * one.stock_errors / one.words, 100 * one.errors / one.words)}, {probability(one.p)})."
        for one in worse
        if one.role == "personal" or (one.role, one.set) == ("general", others)
    )
    return _Finding(not sentences, sentences)


def _named(one: Comparison) -> str:
    return f"{one.set} ({signed(one.difference)} points, {signed(one.low)} to {signed(one.high)})"


def _noise(evaluation: Evaluation, model: str | None) -> _Finding:
    scores = [one for one in evaluation.scores if one.silent]
    mine = [one for one in scores if one.model == model]
    if not mine:
        return _Finding(fine=None, sentences=("Whether noise makes it type was not measured.",))
    invented = sum(one.invented for one in mine)
    if not invented:
        return _Finding(fine=True, sentences=("Nothing is typed for noise.",))
    stock = stock_name(evaluation)
    before = sum(one.invented for one in scores if one.model == stock)
    return _Finding(
        fine=False,
        sentences=(
            f"Noise makes it type {counted(invented, 'character')} ({stock}: {before}); it should be none.",
        ),
    )


def _words(evaluation: Evaluation, model: str | None) -> tuple[str, ...]:
    shares = []
    for name in (stock_name(evaluation), model):
        scores = [one for one in evaluation.words if one.model == name]
        of = sum(one.of for one in scores)
        shares.append(100 * sum(one.right for one in scores) / of if of else None)
    stock, tuned = shares
    if stock is None or tuned is None:
        return ()
    return (f"Words of your list: {per_cent(stock)} → {per_cent(tuned)} right.",)


def _sizes(evaluation: Evaluation, model: str | None) -> dict[str, int]:
    """Give the recordings with speech of each general set; what nobody speaks in may be called the same."""
    mine = (one for one in evaluation.scores if one.model == model and one.tier == CLEAN)
    return {one.set: one.utterances for one in mine if one.role == "general"}
