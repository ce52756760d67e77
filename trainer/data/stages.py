"""The steps of an audit: each looks at all recordings, and gives findings with whom they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.errors import SaykeyError
from trainer.data.checks import heard_findings, sound_findings, text_findings
from trainer.data.duplicates import same_samples, same_sound
from trainer.data.findings import flagged, rejected
from trainer.data.splits import STRICTNESS, Item, leaks
from trainer.evaluation.rates import normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from trainer.data.findings import Finding
    from trainer.data.results import Candidate
    from trainer.progress import Report

    Stage = Callable[[Sequence[Candidate]], Iterator[tuple[Candidate, Finding]]]
    Found = Iterator[tuple[Candidate, Finding]]


_LENGTHS_DIFFER_S = 1.0
"""Lists round, and encoders add a little at either end."""


def judged(candidates: Sequence[Candidate]) -> Found:
    """Judge each recording by itself.

    One without text is taken as one without speech, but only in a set where no recording has text: elsewhere
    the text is missing.
    """
    spoken_sets = {each.utterance.set for each in candidates if each.utterance.text}
    for each in candidates:
        spoken = bool(each.utterance.text)
        for finding in sound_findings(each.file, each.facts, spoken=spoken):
            yield each, finding
        listed_s, duration_s = each.utterance.duration_s, each.facts.duration_s
        if listed_s is not None and abs(listed_s - duration_s) > _LENGTHS_DIFFER_S:
            wrong = f"is {duration_s:.1f} s long, and {listed_s:.1f} s by the list"
            yield each, flagged("duration", each.file, wrong, "look whether it is cut short, or another one")
        if spoken:
            for finding in text_findings(each.file, each.listed_text, each.facts):
                yield each, finding
        elif each.utterance.set in spoken_sets:
            remedy = "write what is said; if nobody speaks, give such recordings a set of their own"
            yield each, rejected("no text", each.file, "its text has no words", remedy)


def heard(recognise: Callable[[Path], str], report: Report) -> Stage:
    """Give the stage that compares each text with what the stock model hears."""

    def stage(candidates: Sequence[Candidate]) -> Found:
        for number, each in enumerate(candidates, 1):
            try:
                text = recognise(each.utterance.path)
            except SaykeyError as error:
                remedy = "listen whether the text is right"
                yield each, flagged("doubtful text", each.file, f"cannot be recognised ({error})", remedy)
            else:
                for finding in heard_findings(each.file, each.utterance.text, text):
                    yield each, finding
            report("Comparing with the text", number / len(candidates))

    return stage


def repeated(candidates: Sequence[Candidate]) -> Found:
    """Find what is there twice; of the same samples one stays, in test rather than in train."""
    for places in same_samples([each.facts for each in candidates]):
        group = sorted((candidates[place] for place in places), key=_strictness)
        if len({normalised(each.utterance.text) for each in group}) > 1:
            yield from (_contradicting(each, group[each is group[0]]) for each in group)
            continue
        for each in group[1:]:
            if each.file == group[0].file:
                wrong, remedy = "is in the list twice", "take one of its lines out"
            else:
                wrong, remedy = f"is the same recording as {group[0].file}", "delete one of them"
            yield each, rejected("duplicate", each.file, wrong, remedy)
    spoken = [each for each in candidates if each.utterance.text]
    for first, second in same_sound([each.facts for each in spoken]):
        one, other = spoken[first], spoken[second]
        if normalised(one.utterance.text) != normalised(other.utterance.text):
            yield from (_contradicting(one, other), _contradicting(other, one))
        else:
            wrong = f"sounds the same as {one.file}"
            yield (
                other,
                flagged("duplicate", other.file, wrong, "delete one, unless it was changed on purpose"),
            )


def leaking(candidates: Sequence[Candidate]) -> Found:
    """Find texts that are in train and in test: what the model learned by heart would be measured."""
    by_id = {each.utterance.id: each for each in candidates}
    for name, owner in leaks(map(item, candidates)).items():
        each = by_id[name]
        wrong = f"is for {each.utterance.split}, but its text is in {owner.split} too: {by_id[owner.id].file}"
        yield each, rejected("leak", each.file, wrong, f"nothing, or take the text out of {owner.split}")


def item(candidate: Candidate) -> Item:
    """Give what decides the split of a recording."""
    utterance = candidate.utterance
    return Item(utterance.id, utterance.set, normalised(utterance.text), utterance.speaker, utterance.split)


def _strictness(candidate: Candidate) -> int:
    split = candidate.utterance.split
    return STRICTNESS.index(split) if split else len(STRICTNESS)


def _contradicting(each: Candidate, other: Candidate) -> tuple[Candidate, Finding]:
    wrong = f"is the same sound as {other.file}, with another text"
    return each, rejected("contradiction", each.file, wrong, "listen, and keep the one whose text is right")
