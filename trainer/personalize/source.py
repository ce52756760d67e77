"""What a folder of recordings holds, before anything is heard: its sets, how much of each, and its state."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from trainer.data.checks import cleaned
from trainer.data.sound import declared
from trainer.data.splits import TEST, VALIDATION
from trainer.dataset import Listing, Utterance, read_listing
from trainer.errors import DataError
from trainer.reporting.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TOO_FEW = 5
"""With fewer recordings to learn from, training is nonsense."""

FEW, FEW_S = 20, 60.0
"""With fewer recordings to learn from, or less speech, the owner had better record more first."""


@dataclass(frozen=True, slots=True)
class Source:
    """Some sets of a folder.

    Attributes:
        folder: The folder.
        sets: The sets with speech.
        silent_sets: Sets in which no recording has text: nobody speaks there.
        spoken: The recordings of `sets`.
        silent: The recordings of `silent_sets`.
        sha256: Changes with the list and the files.
    """

    folder: Path
    sets: tuple[str, ...]
    silent_sets: tuple[str, ...]
    spoken: tuple[Utterance, ...]
    silent: tuple[Utterance, ...]
    sha256: str

    @property
    def has_validation(self) -> bool:
        """Whether the list itself says what is for validation."""
        return any(each.split == "validation" for each in self.spoken)


class Amount(NamedTuple):
    """So much sound: of some splits it is an expectation, and no whole number."""

    recordings: float = 0.0
    seconds: float = 0.0

    def times(self, factor: float) -> Amount:
        """Give a multiple of it."""
        return Amount(self.recordings * factor, self.seconds * factor)

    def plus(self, other: Amount) -> Amount:
        """Give both together."""
        return Amount(self.recordings + other.recordings, self.seconds + other.seconds)


def own_source(folder: Path, named: str | None) -> tuple[Source, Source | None]:
    """Give the owner's part of a folder, with the recordings in which nobody speaks, and others' speech.

    Args:
        folder: In any of the forms that `trainer.data.formats` reads.
        named: The owner's set; not needed where only one has speech.

    Raises:
        DataError: It is not clear which set is the owner's, there is none with speech, or there is no folder.
    """
    listing = read_listing(folder)
    spoken, silent = _sets(listing)
    own = _chosen(folder, listing, spoken, named)
    others = [name for name in spoken if name != own]
    return (
        _source(folder, listing, [own], silent),
        _source(folder, listing, others, []) if others else None,
    )


def general_source(folder: Path) -> Source:
    """Give all of a folder of other people's speech.

    Raises:
        DataError: Nobody speaks there, or there is no folder.
    """
    listing = read_listing(folder)
    spoken, silent = _sets(listing)
    if not spoken:
        raise DataError(
            f"{folder} holds no recordings with text: give folders of speech with --general, of noise "
            "with --noise"
        )
    return _source(folder, listing, spoken, silent)


def expected(utterances: Iterable[Utterance]) -> dict[str, Amount]:
    """Give about how much an audit will make of them for each split."""
    of: dict[str, Amount] = dict.fromkeys(("train", "validation", "test", ""), Amount())
    for each in utterances:
        of[each.split] = of[each.split].plus(Amount(1, _seconds(each)))
    open_ = of.pop("")
    for split, share in (("train", 1 - VALIDATION - TEST), ("validation", VALIDATION), ("test", TEST)):
        of[split] = of[split].plus(open_.times(share))
    train = of["train"]
    for split, share in (("validation", VALIDATION), ("test", TEST)):
        if not of[split].recordings:  # it then comes out of train
            of[split] = train.times(share)
            of["train"] = of["train"].plus(train.times(-share))
    return of


def total(utterances: Iterable[Utterance]) -> Amount:
    """Give how much all of them are."""
    lengths_s = [_seconds(each) for each in utterances]
    return Amount(len(lengths_s), sum(lengths_s))


def too_little(recordings: float, seconds: float) -> str:
    """Say what is too little about what there is to learn from; nothing where it is enough."""
    if recordings >= FEW and seconds >= FEW_S:
        return ""
    there = f"{counted(round(recordings), 'recording')} of {seconds:.0f} s together to learn from"
    return f"{there} will hardly help; from {FEW} and {FEW_S:.0f} s on they may, and 100 are better"


def check_enough(recordings: float, place: str, folder: Path) -> None:
    """Refuse to learn from next to nothing.

    Raises:
        DataError: There is next to nothing.
    """
    if round(recordings) < TOO_FEW:
        raise DataError(
            f"{place} has {counted(round(recordings), 'recording')} to learn from: {TOO_FEW} are the least, "
            f"and {FEW} the least that may help; record more with saykey-trainer record {folder}"
        )


def files_sha256(files: Sequence[Path], folder: Path) -> str:
    """Give what changes when a file of a folder is changed, comes or goes."""
    return _sha256(_state(file, folder) for file in files)


def _sets(listing: Listing) -> tuple[list[str], list[str]]:
    """Give the sets with and without speech."""
    spoken = {each.set for each in listing.utterances if cleaned(each.text)}
    return sorted(spoken), sorted({each.set for each in listing.utterances} - spoken)


def _chosen(folder: Path, listing: Listing, spoken: Sequence[str], named: str | None) -> str:
    counts = Counter(each.set for each in listing.utterances)
    there = ", ".join(f"{name} ({counts[name]})" for name in spoken)
    if not spoken:
        problem = f" ({listing.problems[0]})" if listing.problems else ""
        raise DataError(f"{folder} has no recording with text{problem}: write what is said in each")
    if named is None and len(spoken) > 1:
        raise DataError(f"{folder} has several sets: say with --set which is yours; there are {there}")
    if named is not None and named not in spoken:
        raise DataError(f"{folder} has no recordings with text in a set {named}; there are {there}")
    return named or spoken[0]


def _source(folder: Path, listing: Listing, sets: Sequence[str], silent_sets: Sequence[str]) -> Source:
    spoken = tuple(each for each in listing.utterances if each.set in sets)
    silent = tuple(each for each in listing.utterances if each.set in silent_sets)
    rows = [
        (*_state(each.path, folder), each.id, each.text, each.set, each.speaker, each.split, each.synthetic)
        for each in (*spoken, *silent)
    ]
    problems = [(str(problem).replace(str(folder), ""),) for problem in listing.problems]
    return Source(folder, tuple(sets), tuple(silent_sets), spoken, silent, _sha256([*rows, *problems]))


def _state(file: Path, folder: Path) -> tuple[object, ...]:
    """Give what tells whether a file was changed, without reading it."""
    name = file.relative_to(folder) if file.is_relative_to(folder) else file
    state = file.stat()
    return name.as_posix(), state.st_size, state.st_mtime_ns


def _sha256(rows: Iterable[tuple[object, ...]]) -> str:
    lines = "\n".join(map(repr, rows))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _seconds(each: Utterance) -> float:
    if each.duration_s is not None:
        return each.duration_s
    facts = declared(each.path)
    return facts.duration_s if facts else 0.0  # the audit will name it
