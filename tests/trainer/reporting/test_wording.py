from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.significance import CHANCE
from trainer.reporting import wording


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.change(4.64, 3.2), "4.6 % → 3.2 %"),
        (wording.change(4.64, 4.61), "4.64 % → 4.61 %"),
        (wording.change(4.6, 4.6), "4.6 % → 4.6 %"),
        (wording.signed(0.82), "+0.8"),
        (wording.signed(-0.82), "\N{MINUS SIGN}0.8"),
        (wording.signed(-0.04), "0.0"),
        (wording.probability(0.0001), "p < 0.001"),
        (wording.probability(0.0042), "p = 0.004"),
        (wording.probability(0.0123), "p = 0.01"),
        (wording.probability(0.0451), "p = 0.045"),
        (wording.probability(0.04964), "p = 0.0496"),
        (wording.probability(0.0504), "p = 0.0504"),
        (wording.probability(0.05), "p = 0.05"),
        (wording.chance(0.0002), "< 0.001"),
        (wording.chance(0.6), "0.60"),
        (wording.chance(0.6, 3), "0.600"),
        (wording.length(3.21), "3.2 s"),
        (wording.length(59.6), "1 min 0 s"),
        (wording.length(260), "4 min 20 s"),
        (wording.length(3900), "1 h 5 min"),
        (wording.size(41_234_567), "41.2 MB"),
        (wording.size(2_345), "2.3 kB"),
        (wording.per_cent(None), ""),
        (wording.between(1.0, 2.26), "1.0 to 2.3"),
        (wording.between(None, None), ""),
        (wording.counted(1, "word"), "1 word"),
        (wording.counted(0, "word"), "0 words"),
        (wording.listed([]), ""),
        (wording.listed(["a"]), "a"),
        (wording.listed(["a", "b", "c"]), "a, b and c"),
    ],
)
def test_figures_read_like_words(text, expected):
    assert text == expected


@given(p=st.floats(0.001, 1) | st.floats(0.0499, 0.0501), decimals=st.integers(2, 3))
def test_a_probability_shows_on_which_side_of_the_limit_it_is(p, decimals):
    shown = float(wording.chance(p, decimals))
    assert (shown < CHANCE, shown > CHANCE) == (p < CHANCE, p > CHANCE)
    assert shown == pytest.approx(p, abs=0.005)


@given(name=st.text(max_size=60), longest=st.integers(1, 40))
def test_a_shortened_name_fits(name, longest):
    short = wording.shortened(name, longest)
    assert len(short) <= longest
    assert short == name or short[:-1] == name[: longest - 1]
