"""What benches that keep their work by steps show of them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from trainer.progress import shown

if TYPE_CHECKING:
    from trainer.personalize.steps import Step
    from trainer.progress import Report


class Shown:
    """Shows steps and their bars on standard error."""

    def __init__(self) -> None:
        """Begin with no bar."""
        self._bars = ExitStack()

    def before(self, number: int, step: Step) -> None:
        """Say that a step was done by an earlier call."""
        print(f"{number}. {step.what}: done before", file=sys.stderr)

    def begin(self, number: int, step: Step) -> Report:
        """Say that a step begins; give the bar that it reports to."""
        print(f"{number}. {step.what}", file=sys.stderr)
        return self._bars.enter_context(shown())

    def end(self, _step: Step, _seconds: float) -> None:
        """Leave the bar as it stands."""
        self._bars.close()
