"""`personalize` killed again and again beside `personalize` left alone: do they come to the same?

    python -m tests.bench.kills --data FOLDER --set NAME [--kills 10] [--seed 0] [options of personalize]

Runs it undisturbed. Then runs it anew, and kills it with SIGKILL at random moments of that time, uniform over
it: each next call is killed as far into the step of its moment as the undisturbed run was then, or, where a
step that goes on is shorter than that, as the next one begins. Prints the moments, what each hit, and both
verdicts with their figures. Exits with 1 when any figure differs.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from trainer.evaluation.results import Score, load
from trainer.reporting.verdict import verdict


class Moment(NamedTuple):
    """When to kill: so long after this step of the plan has begun; before the first there is step 0."""

    at_s: float
    step: int
    after_s: float


class Call:
    """One call of personalize."""

    def __init__(self, command: list[str]) -> None:
        """Begin it."""
        self._began = time.monotonic()
        self.steps = {0: 0.0}
        """The steps that have begun, with the seconds since the start."""
        self.names = {0: "plan"}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._errors = ""
        self._readers = [Thread(target=self._follow), Thread(target=self._keep)]
        for reader in self._readers:
            reader.start()

    def seconds(self) -> float:
        """Give how long it has been running."""
        return time.monotonic() - self._began

    def kill(self, moment: Moment) -> str:
        """Kill it at a moment; say what that hit."""
        while self._process.poll() is None:
            begun = self.steps.get(moment.step, float("inf"))
            if self.seconds() >= begun + moment.after_s or max(self.steps) > moment.step:
                self._process.kill()
                break
            time.sleep(0.02)
        self._end()
        name = list(self.names.values())[-1]
        return name if self._process.returncode == -9 else f"nothing: it had ended after {name}"

    def wait(self) -> float:
        """Let it end; give the seconds that it took."""
        self._process.wait()
        took_s = self.seconds()
        self._end()
        if self._process.returncode:
            sys.exit(self._errors)
        return took_s

    def _end(self) -> None:
        self._process.wait()
        for reader in self._readers:
            reader.join()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            number, is_step, rest = line.partition(" of ")
            if is_step and number.isdigit() and not rest.rstrip().endswith("done before"):
                self.names[int(number)] = rest.partition(": ")[2].partition(" (")[0].strip()
                self.steps[int(number)] = self.seconds()

    def _keep(self) -> None:
        assert self._process.stderr is not None
        self._errors = self._process.stderr.read()


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--set", required=True, help="the owner's set")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="chooses the moments")
    parser.add_argument("--work", type=Path, help="new folder that keeps both runs")
    arguments, options = parser.parse_known_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="saykey-kills-") as scratch:
        root = arguments.work or Path(scratch)
        alone, disturbed = (root / name for name in ("alone", "disturbed"))
        command = [sys.executable, "-m", "trainer.cli", "personalize", str(arguments.data)]
        command += ["--set", arguments.set, "--yes", *options, "--out"]
        call = Call([*command, str(alone)])
        took_s = call.wait()
        console.print(f"undisturbed: {took_s:.0f} s")
        for moment in moments(call, took_s, arguments.kills, arguments.seed):
            hit = Call([*command, str(disturbed)]).kill(moment)
            console.print(f"killed at {moment.at_s:.1f} s: {hit}", highlight=False)
        console.print(f"the last call: {Call([*command, str(disturbed)]).wait():.0f} s")
        return compare(alone, disturbed, console)


def moments(call: Call, took_s: float, count: int, seed: int) -> list[Moment]:
    """Draw moments of a run, in their order."""
    chance = random.Random(seed)
    chosen = []
    for at_s in sorted(chance.uniform(0, took_s) for _ in range(count)):
        step = max(step for step, began_s in call.steps.items() if began_s <= at_s)
        chosen.append(Moment(at_s, step, at_s - call.steps[step]))
    return chosen


def compare(alone: Path, disturbed: Path, console: Console) -> int:
    """Print the figures and verdicts of both side by side; give 1 where they differ."""
    found = [load(work) for work in (alone, disturbed)]
    table = Table("model", "set", "tier", "alone", "killed", "", box=None)
    rates = [{(one.model, one.set, one.tier): _figures(one) for one in each.scores} for each in found]
    for key in dict.fromkeys((*rates[0], *rates[1])):
        both = [each.get(key) for each in rates]
        table.add_row(*key, *map(_shown, both), "" if both[0] == both[1] else "differs")
    console.print(table)
    said = [verdict(each).sentences for each in found]
    for name, sentences in zip(("alone", "killed"), said, strict=True):
        console.print(f"{name}: {' '.join(sentences)}", highlight=False)
    heard = [[(one.model, one.set, one.tier, one.id, one.text) for one in each.results] for each in found]
    different = sum(one != other for one, other in zip(*heard, strict=True))
    equal = rates[0] == rates[1] and said[0] == said[1]
    console.print(
        f"{'equal' if equal else 'NOT EQUAL'}: {different} of {len(heard[0])} texts differ", highlight=False
    )
    return int(not equal)


def _figures(score: Score) -> tuple[float | None, ...]:
    return score.wer, score.wer_low, score.wer_high, score.cer, score.invented


def _shown(figures: tuple[float | None, ...] | None) -> str:
    if figures is None:
        return "missing"
    wer, low, high, _, invented = figures
    return f"{invented} typed" if wer is None else f"{wer:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
