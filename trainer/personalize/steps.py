"""Steps whose results are kept: which of them are to be done, and doing them, whatever stops the program.

`steps.json` in the work folder says which results are whole, and by a key what each was made of. A step is
struck off, with all that follows from it, before it begins, and entered after its result is in place. So
whenever the program ends, the list names nothing that is not there, and at most one step is lost.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from trainer.errors import DataError
from trainer.files import write_text
from trainer.progress import Report, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

STEPS = "steps.json"
"""The list's name in a work folder."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: Its name in the list.
        what: What it does, for people.
        run: Does it, and puts `results` in place, each whole or not at all.
        results: Files and folders.
        inputs: What the results depend on besides the results of other steps; of JSON's types.
        needs: Names of steps before it, whose results it takes.
        estimate_s: About how long it takes.
    """

    name: str
    what: str
    run: Callable[[Report], None]
    results: tuple[Path, ...]
    inputs: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    estimate_s: float = 0.0


class Done(msgspec.Struct, frozen=True):
    """A step that was done.

    Attributes:
        key: What its results were made of.
        seconds: How long it took; of a step that was interrupted and went on, the last time.
        estimate_s: How long it was expected to take.
    """

    key: str
    seconds: float
    estimate_s: float


class Show(Protocol):
    """What tells people about the steps."""

    def before(self, number: int, step: Step) -> None:
        """Say that a step was done by an earlier call."""

    def begin(self, number: int, step: Step) -> Report:
        """Say that a step begins; give what it reports to."""

    def end(self, step: Step, seconds: float) -> None:
        """Say that a step has ended, also when it failed or was interrupted."""


class Quiet:
    """Tells nothing."""

    def before(self, number: int, step: Step) -> None:
        """Say nothing."""

    def begin(self, number: int, step: Step) -> Report:  # noqa: ARG002  # the protocol's
        """Say nothing."""
        return silent

    def end(self, step: Step, seconds: float) -> None:
        """Say nothing."""


def keys(steps: Sequence[Step]) -> dict[str, str]:
    """Give what each step's results are made of, from its inputs and the keys of what it needs."""
    made: dict[str, str] = {}
    for step in steps:
        parts = [step.name, step.inputs, [made[name] for name in step.needs]]
        made[step.name] = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return made


def read(work: Path) -> dict[str, Done]:
    """Give the steps that were done; none where there is no list.

    Raises:
        DataError: The list is damaged.
    """
    file = work / STEPS
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Done])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): delete it, and all steps are done anew") from error


def to_do(steps: Sequence[Step], work: Path) -> list[Step]:
    """Give the steps that are not done, and those that follow from them.

    Raises:
        DataError: The list is damaged.
    """
    done, made = read(work), keys(steps)
    still: dict[str, Step] = {}
    for step in steps:
        whole = step.name in done and done[step.name].key == made[step.name]
        if not (whole and all(result.exists() for result in step.results)) or still.keys() & set(step.needs):
            still[step.name] = step
    return list(still.values())


def run(steps: Sequence[Step], work: Path, show: Show | None = None) -> None:
    """Do the steps that are to be done, in their order.

    Raises:
        DataError: The list is damaged.
        OSError: It cannot be written.
        Exception: Whatever a step raises; the next call goes on with that step.
    """
    show, made = show or Quiet(), keys(steps)
    for number, step in enumerate(steps, 1):
        if step not in to_do(steps, work):
            show.before(number, step)
            continue
        _write(work, {name: done for name, done in read(work).items() if name not in _following(step, steps)})
        began = time.monotonic()
        report = show.begin(number, step)
        try:
            step.run(report)
        finally:
            seconds = time.monotonic() - began
            show.end(step, seconds)
        _write(work, read(work) | {step.name: Done(made[step.name], seconds, step.estimate_s)})


def _following(first: Step, steps: Sequence[Step]) -> set[str]:
    """Give the names of a step and of all that follow from it."""
    found = {first.name}
    for step in steps:
        if found & set(step.needs):
            found.add(step.name)
    return found


def _write(work: Path, done: Mapping[str, Done]) -> None:
    write_text(work / STEPS, msgspec.json.format(msgspec.json.encode(done), indent=1).decode() + "\n")
