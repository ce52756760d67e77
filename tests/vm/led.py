"""Reads the state from a LED, as somebody does who looks at it and sees no colours."""

from __future__ import annotations

import math
from collections import Counter
from itertools import cycle, pairwise

from device.indicator import pattern
from device.ports import State

LAG_S = 0.6
"""By so much what a program tells may be ahead of the LED or behind it."""

_LIT_S = max(lit_s for state in State for lit_s in pattern(state).rhythm[::2]) + LAG_S
"""Lit for so long, it does not blink."""

_GLANCE = max(len(pattern(state).rhythm) for state in State)
"""So many flashes and pauses are looked at together: enough to tell the longest rhythm from all others."""

_FEWEST = 3


def read_light(turns: list[tuple[float, bool]], from_s: float, to_s: float) -> State | None:
    """Give the state to whose rhythm a LED comes nearest between two moments, most of the time.

    A flash that was not seen spoils the glances that it is in and no others: a machine that has much to do
    looks at the LED too late now and then.

    Args:
        turns: When it was lit (true) or went dark, in seconds.
        from_s: The first moment.
        to_s: The last one.

    Returns:
        The state, or none where the LED turned too seldom to tell.
    """
    before = [lit for at_s, lit in turns if at_s <= from_s][-1:]
    whole = [turn for turn in turns if from_s < turn[0] < to_s]
    if before == [True] and not whole:
        return State.LISTENING if to_s - from_s > _LIT_S else None
    lasted = [(later_s - at_s, lit) for (at_s, lit), (later_s, _) in pairwise(whole)]
    if len(lasted) < _FEWEST:
        return None
    starts = range(max(1, len(lasted) - _GLANCE + 1))
    glances = Counter(_nearest(lasted[start : start + _GLANCE]) for start in starts)
    return glances.most_common(1)[0][0]


def _nearest(lasted: list[tuple[float, bool]]) -> State:
    lasted_s = [each_s for each_s, _ in lasted]
    dark_first = not lasted[0][1]

    def distance(state: State) -> float:
        rhythm_s = pattern(state).rhythm
        turned = [rhythm_s[start:] + rhythm_s[:start] for start in range(dark_first, len(rhythm_s), 2)]
        return min((_apart(lasted_s, each_s) for each_s in turned), default=math.inf)

    return min(State, key=distance)


def _apart(lasted_s: list[float], rhythm_s: tuple[float, ...]) -> float:
    return sum(abs(math.log(each_s / due_s)) for each_s, due_s in zip(lasted_s, cycle(rhythm_s)))
