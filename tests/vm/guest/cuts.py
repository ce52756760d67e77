"""Saykey's store on a file system that loses its power, again and again; see test_cuts.py.

A process puts another model in use. At some moment it is killed and the power taken away; then the file
system is mounted again, and the model in use is tried.
"""

from __future__ import annotations

import json
import os
import random
import stat
import sys
import time
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import card
import msgspec
from endless_bundles import Bundles
from forked import ENDED, Worker, course, in_child

from device.models.bundle import Index
from device.models.manifest import INDEX
from device.models.starts import MOST_FAILURES, Starts
from device.models.store import Store

if TYPE_CHECKING:
    from forked import Course, Tell, Work

_STORE = Store(card.CARD / "models")

_KINDS = ("install", "rollback", "install", "switch", "install", "given up")
"""What is done, in turn. Each second time it is an installation, which has the most steps."""

_AFTERWARDS = 0.2
"""How long after its end the power may go, as a part of how long it takes."""


@dataclass
class Cut:
    """What became of one cut.

    Attributes:
        kind: What was being done.
        step: The step of it before which the power went; 0 where the moment was chosen by time.
        phase: How far it was.
        active: The model in use afterwards: "old", "new", or what else.
        wrong: What is not as it must be; empty where all is well.
    """

    kind: str
    step: int
    phase: str = ""
    active: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Moment:
    """When the power goes.

    Attributes:
        phase: In this phase.
        after_s: So long after its beginning.
        step: Or else before this step.
        with_journal: The kernel has just written its journal.
    """

    phase: str = ENDED
    after_s: float = 0.0
    step: int = 0
    with_journal: bool = False


@dataclass(frozen=True)
class Change:
    """Something that puts another model in use.

    Attributes:
        work: Does it.
        before: The model in use before.
        after: The one that will be.
    """

    work: Work
    before: str
    after: str


def main(model: str, seed: str, cuts: str, careless: str) -> None:
    """Cut so often, and leave what was found in a file.

    Args:
        model: The folder of a model: a tiny one, or `/models/tiny.en`.
        seed: Chooses the moments.
        cuts: How many.
        careless: How many more, of an installation that does not synchronise files, just after its end.
    """
    is_tiny = not Path(model).is_relative_to("/models")
    card.insert(64 if is_tiny else 256)
    bench = Bench(Path(model), random.Random(seed), is_tiny=is_tiny)
    found = {
        "cuts": [asdict(bench.cut(kind)) for kind in islice(cycle(_KINDS), int(cuts))],
        "careless": [asdict(bench.cut_careless()) for _ in range(int(careless))],
    }
    card.unmount()
    card.check()
    Path("cuts.json").write_text(json.dumps(found))


class Bench:
    """A card with a store, and endless bundles for it."""

    def __init__(self, model: Path, chance: random.Random, *, is_tiny: bool) -> None:
        """Make the card, and measure how long each kind of change takes."""
        self._chance = chance
        self._bundles = Bundles(model, _STORE, chance, is_tiny=is_tiny)
        card.make()
        self._fill()
        self._courses: dict[str, Course] = {}
        for kind in dict.fromkeys(_KINDS):
            self._do(kind, self._change(kind))

    def cut(self, kind: str) -> Cut:
        """Cut while something is done; where nothing came of it, it can be done afterwards."""
        change = self._change(kind)
        cut = self._cut(kind, change, self._moment(self._courses[kind]))
        if cut.active == "old" and not cut.wrong:
            try:
                self._do(kind, change)
            except ChildProcessError as error:
                cut.wrong = f"afterwards, {error}"
        print(f"lab: {cut}", flush=True)
        if cut.wrong:
            self._renew()
        return cut

    def cut_careless(self) -> Cut:
        """Cut an installation that does not synchronise files when it has ended; then begin anew."""
        change = self._change("install")

        def work(tell: Tell) -> None:
            synchronise = os.fsync
            os.fsync = lambda file: None if stat.S_ISREG(os.fstat(file).st_mode) else synchronise(file)
            change.work(tell)

        cut = self._cut("install", replace(change, work=work), Moment(ENDED))
        print(f"lab: careless: {cut}", flush=True)
        self._renew()
        return cut

    def _moment(self, course: Course) -> Moment:
        """Choose a moment, uniform over time; or else a step, since what may go wrong takes no time."""
        if self._chance.random() < 1 / 2:
            with_journal = self._chance.random() < 1 / 2
            return Moment(step=self._chance.randint(1, course.steps), with_journal=with_journal)
        began_s = [*course.phases.values(), course.phases[ENDED] * (1 + _AFTERWARDS)]
        lengths_s = [end_s - begin_s for begin_s, end_s in pairwise(began_s)]
        ((phase, length_s),) = self._chance.choices([*zip(course.phases, lengths_s, strict=True)], lengths_s)
        return Moment(phase, self._chance.uniform(0, length_s))

    def _cut(self, kind: str, change: Change, moment: Moment) -> Cut:
        with Worker(change.work, moment.step) as worker:
            worker.reach(moment.phase)
            if not moment.step:
                time.sleep(moment.after_s)
            worker.kill()
            card.cut(with_journal=moment.with_journal)
        card.unmount()
        card.mount()
        active = _STORE.current() or "none"
        cut = Cut(kind, moment.step, worker.phase)
        cut.active = {change.before: "old", change.after: "new"}.get(active, active)
        if cut.active != "new" and (cut.active != "old" or worker.phase == ENDED):
            cut.wrong = f"in use is {cut.active}"
        try:
            in_child(lambda: self._try(active))
        except ChildProcessError as error:
            cut.wrong = str(error)
        return cut

    def _try(self, active: str) -> None:
        """Verify the model in use and the one before, and try the one in use."""
        for name in filter(None, (active, _STORE.previous())):
            _STORE.verify(name)
        folder = _STORE.folder(active)
        index = msgspec.json.decode((folder / INDEX).read_bytes(), type=Index)
        self._bundles.test(folder, index.self_test)

    def _do(self, kind: str, change: Change) -> None:
        """Do something undisturbed, and measure it.

        Raises:
            ChildProcessError: It failed.
        """
        self._courses[kind] = course(change.work)
        if _STORE.current() != change.after:
            raise ChildProcessError("it had no effect")

    def _change(self, kind: str) -> Change:
        """Make ready to put another model in use."""
        while _STORE.previous() is None:
            course(self._bundles.installation(self._bundles.new()))
        before, previous = _STORE.current(), _STORE.previous()
        assert before
        assert previous
        if kind == "install":
            bundle = self._bundles.new()
            return Change(self._bundles.installation(bundle), before, bundle)
        if kind == "switch":  # it is in the store already
            return Change(self._bundles.installation(previous), before, previous)
        if kind == "rollback":
            return Change(lambda _: _STORE.switch_back(), before, previous)
        starts = Starts(_STORE)
        for _ in range(MOST_FAILURES):
            starts.begin()
        return Change(lambda _: starts.begin(), before, previous)

    def _renew(self) -> None:
        card.unmount()
        card.make()
        self._fill()

    def _fill(self) -> None:
        """Take in two models, the second of which is then in use."""
        card.mount()
        for _ in range(2):
            course(self._bundles.installation(self._bundles.new()))
        os.sync()


if __name__ == "__main__":
    main(*sys.argv[1:])
