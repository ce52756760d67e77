"""What personalize shows: the plan, each step with the time that is left, and how long all of it took."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from trainer.progress import shown
from trainer.reporting.wording import length

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from trainer.personalize.steps import Done, Step
    from trainer.progress import Report


class Screen:
    """Shows steps on a console, with bars on standard error."""

    def __init__(self, console: Console, steps: Sequence[Step], to_do: Sequence[Step]) -> None:
        """Get ready.

        Args:
            console: Where it is shown.
            steps: All steps.
            to_do: Those that are still to be done.
        """
        self._console = console
        self._total = len(steps)
        self._left_s = {step.name: step.estimate_s for step in to_do}
        self._bars = ExitStack()

    def before(self, number: int, step: Step) -> None:
        """Say that a step was done by an earlier call."""
        self._line(number, f"{step.what}: done before")

    def begin(self, number: int, step: Step) -> Report:
        """Say that a step begins; give what draws its bars."""
        left_s = sum(self._left_s.values())
        times = f"about {length(step.estimate_s)}, {length(left_s)} left in all"
        self._line(number, f"{step.what} ({times})")
        return self._bars.enter_context(shown())

    def end(self, step: Step, seconds: float) -> None:  # noqa: ARG002  # the protocol's
        """Take the bars away."""
        self._bars.close()
        self._left_s.pop(step.name, None)

    def _line(self, number: int, text: str) -> None:
        self._console.print(f"{number} of {self._total}: {text}", markup=False, highlight=False)


def plan_table(steps: Sequence[Step], to_do: Sequence[Step]) -> Table:
    """Give the plan: each step, what it does, about how long it takes, and the sum."""
    table = _table("step", "what", "about")
    open_names = {step.name for step in to_do}
    for step in steps:
        times = length(step.estimate_s) if step.name in open_names else "done"
        table.add_row(Text(step.name), Text(step.what), times)
    table.add_row("", "all of it", length(sum(step.estimate_s for step in to_do)))
    return table


def times_table(steps: Sequence[Step], done: Mapping[str, Done]) -> Table:
    """Give the time that each step took against its estimate, this time or earlier."""
    table = _table("step", "took", "estimated")
    times = [(step.name, done[step.name]) for step in steps if step.name in done]
    for name, one in times:
        table.add_row(Text(name), length(one.seconds), length(one.estimate_s))
    sums = (sum(one.seconds for _, one in times), sum(one.estimate_s for _, one in times))
    table.add_row("all of it", *map(length, sums))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in {"about", "took", "estimated"} else "left")
    return table
