from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trainer.reporting.made import compared, evaluation, judged, model, scored
from trainer.evaluation.results import Evaluation, WordScore
from trainer.evaluation.scores import ALL_GENERAL
from trainer.reporting.verdict import FEW, MARGIN, verdict

BETTER = compared("mine", "personal", stock=52, tuned=36, words=1119, p=0.01)
SAME = compared("mine", "personal", stock=52, tuned=50, words=1119, p=0.6)
WORSE = compared("mine", "personal", stock=52, tuned=90, words=1119, p=0.001)
QUIET = scored("hiss", "silence", 0, silent=15)


def general(name: str, points: float, half: float = 0.1, words: int = 1000) -> object:
    errors = words // 10
    return compared(
        name, "general", stock=errors, tuned=errors + round(points * words / 100), words=words, half=half
    )


def test_a_better_model_is_flashed_and_the_figures_are_said():
    found = verdict(judged(BETTER, general("books", 0.1), scores=(QUIET,)))
    assert (found.better, found.flash) == (True, True)
    assert found.sentences == (
        "Better: 31 % fewer wrong words in your own speech (4.6 % → 3.2 %, p = 0.01).",
        "Others are understood as before.",
        "No more than 0.5 points worse: books; all general speech together: +0.1 points (10.0 % → 10.1 %).",
        "Nothing is typed for noise.",
        "Flash it.",
    )


@pytest.mark.parametrize(
    ("owner", "sentence"),
    [
        (
            SAME,
            (
                "No difference beyond chance in your own speech (4.6 % → 4.5 %, p = 0.60); "
                "more recordings may show one."
            ),
        ),
        (WORSE, "Worse: more wrong words in your own speech (4.6 % → 8.0 %, p = 0.001)."),
    ],
)
def test_a_model_that_is_no_better_is_not_flashed(owner, sentence):
    found = verdict(judged(owner, general("books", -1.0), scores=(QUIET,)))
    assert (found.better, found.flash) == (False, False)
    assert found.sentences[0] == sentence
    assert found.sentences[-1] == "Do not flash it: keep the model that you have."


def test_the_p_that_decides_is_not_rounded_to_the_limit():
    nearly, just = (verdict(judged(replace(BETTER, p=p))) for p in (0.0503, 0.0497))
    assert nearly.sentences[0].startswith("No difference beyond chance")
    assert "p = 0.0503)" in nearly.sentences[0]
    assert just.sentences[0].startswith("Better")
    assert "p = 0.0497)" in just.sentences[0]


def test_a_general_set_that_rises_beyond_chance_speaks_against_it():
    found = verdict(judged(BETTER, general("books", 1.2, half=0.5), general("news", -1.5), scores=(QUIET,)))
    assert (found.better, found.flash) == (True, False)
    assert "Others are understood worse." in found.sentences
    assert "worse: books (+1.2 points, +0.7 to +1.7)" in " ".join(found.sentences)


def test_a_rise_within_chance_is_allowed_and_said():
    found = verdict(judged(BETTER, general("books", 0.8, half=0.9), general("news", 0.0), scores=(QUIET,)))
    assert found.flash
    assert (
        "No more than 0.5 points worse: news; worse, but not beyond chance: books (+0.8 points, "
        "\N{MINUS SIGN}0.1 to +1.7); "
        "all general speech together: +0.4 points (10.0 % → 10.4 %)."
    ) in found.sentences


def test_all_general_sets_together_must_stay_within_the_margin():
    sets = [general("books", 0.9, half=1.0), general("news", 0.9, half=1.0)]
    found = verdict(judged(BETTER, *sets, scores=(QUIET,)))
    assert (found.better, found.flash) == (True, False)
    assert "Others may be understood worse." in found.sentences
    assert "+0.9 points (10.0 % → 10.9 %); 0.5 points are allowed." in " ".join(found.sentences)


def test_a_rise_by_just_the_margin_is_as_before():
    half_a_point = compared("books", "general", stock=6, tuned=11, words=1000)
    assert MARGIN < 1.1 - 0.6  # what rounding makes of the two rates
    found = verdict(judged(BETTER, half_a_point, scores=(QUIET,)))
    assert found.flash
    assert "all general speech together: +0.5 points (0.6 % → 1.1 %)." in " ".join(found.sentences)


def test_a_set_is_as_large_as_it_is_though_nobody_speaks_in_one_of_its_recordings():
    sets = (general("books", 5.0, words=100), general("news", 0.0, words=10_000))
    silent = scored("books", "silence", 0, silent=1)
    found = verdict(judged(BETTER, *sets, scores=(silent,)))
    assert "Others are understood worse." in found.sentences
    assert not found.flash


def test_the_sum_of_all_general_sets_is_not_counted_twice():
    sets = [general("books", 1.0, half=2.0, words=1000), general("news", 0.0, words=1000)]
    together = general("all general", 0.5, words=2000)
    found = verdict(judged(BETTER, *sets, together))
    assert found.sentences == verdict(judged(BETTER, *sets)).sentences


def test_a_small_general_set_is_judged_only_with_the_others():
    sets = (general("few", 5.0, half=1.0, words=100), general("many", 0.0, words=10_000))
    sizes = (scored("few", "general", FEW - 1), scored("many", "general", FEW))
    whole = Evaluation((model("stock"), model("tuned")), (), sizes, (BETTER, *sets), ())
    assert verdict(whole).flash
    larger = replace(whole, scores=(scored("few", "general", FEW), sizes[1]))
    assert not verdict(larger).flash


def test_text_for_noise_speaks_against_it():
    loud = scored("hiss", "silence", 0, silent=15, invented=12)
    found = verdict(judged(BETTER, general("books", 0.0), scores=(loud,)))
    assert (found.better, found.flash) == (True, False)
    assert "Noise makes it type 12 characters (stock: 0); it should be none." in found.sentences


def test_what_was_not_measured_is_said_and_does_not_speak_against_it():
    found = verdict(judged(BETTER))
    assert found.flash
    assert found.sentences[1:-1] == (
        "How others are understood was not measured.",
        "Whether noise makes it type was not measured.",
    )


@pytest.mark.parametrize("models", [(model("stock"),), (model("stock"), model("tuned"))])
def test_without_the_owners_recordings_nothing_is_claimed(models):
    found = verdict(Evaluation(models, (), (), (), ()))
    assert (found.better, found.flash) == (None, False)
    assert found.sentences[0] == "Whether it understands you better was not measured."


def test_without_recordings_of_the_owner_the_words_count():
    found = verdict(judged(compared("new", "words", stock=90, tuned=20, words=400, p=1e-9)))
    assert (found.better, found.flash) == (True, True)
    assert found.sentences[0] == (
        "Better: 78 % fewer wrong words in sentences with your words (22.5 % → 5.0 %, p < 0.001)."
    )


def test_the_words_of_the_list_are_counted_together():
    words = [WordScore(name, "a", right, 10, 0) for name, right in (("stock", 1), ("tuned", 9))]
    words += [WordScore(name, "b", 5, 10, 0) for name in ("stock", "tuned")]
    found = verdict(replace(judged(BETTER), words=tuple(words)))
    assert "Words of your list: 30.0 % → 70.0 % right." in found.sentences


def test_one_of_two_sets_that_became_worse_is_enough():
    mixed = judged(BETTER, compared("away", "personal", stock=10, tuned=25, words=1000, p=0.001))
    assert verdict(mixed).better is False
    assert "p = 0.001" in verdict(mixed).sentences[0]


def test_the_model_for_the_device_is_judged_and_no_other_conversion():
    other = replace(WORSE, model="tuned float16")
    whole = replace(judged(other, BETTER), models=tuple(map(model, ("stock", "tuned float16", "tuned"))))
    assert verdict(whole).flash


def test_noise_tiers_count_for_nothing_in_the_owners_rate():
    noisy = replace(WORSE, tier="5")
    assert verdict(judged(BETTER, noisy)).sentences[0] == verdict(judged(BETTER)).sentences[0]


@pytest.mark.parametrize(
    ("role", "name", "who"), [("general", ALL_GENERAL, "others are"), ("personal", "me", "you are")]
)
def test_to_be_worse_under_noise_beyond_chance_speaks_against_it(role, name, who):
    better = compared("me", "personal", stock=50, tuned=30, words=1000, p=0.01)
    worse = replace(compared(name, role, stock=100, tuned=150, words=1000, p=0.01), tier="10")

    told = verdict(judged(better, worse))

    assert not told.flash
    assert f"Under noise (10 dB), {who} understood worse (10.0 % → 15.0 %, p = 0.01)." in told.sentences
    assert verdict(judged(better, replace(worse, p=0.2))).flash


def test_a_general_set_that_is_alone_is_judged_under_noise_and_one_of_several_is_not():
    noisy = replace(compared("books", "general", stock=100, tuned=150, words=1000, p=0.01), tier="10")
    found = verdict(judged(BETTER, noisy))
    assert not found.flash
    assert "Under noise (10 dB), others are understood worse (10.0 % → 15.0 %, p = 0.01)." in found.sentences
    together = replace(noisy, set=ALL_GENERAL, difference=0.0)
    assert verdict(judged(BETTER, noisy, together)).flash


def test_a_whole_evaluation_is_judged():
    assert verdict(evaluation()).sentences[0] == (
        "No difference beyond chance in your own speech (21.4 % → 7.1 %, p = 0.50); "
        "more recordings may show one."
    )


@given(
    points=st.floats(-5, 5),
    half=st.floats(0, 5),
    p=st.floats(0, 1, exclude_min=True),
    invented=st.integers(0, 3),
)
def test_it_is_flashed_only_if_it_is_better_and_nothing_speaks_against_it(points, half, p, invented):
    mine = compared("mine", "personal", stock=100, tuned=80, words=1000, p=p)
    others = general("books", points, half=half, words=100_000)
    silence = scored("hiss", "silence", 0, silent=5, invented=invented)
    found = verdict(judged(mine, others, scores=(silence,)))
    assert found.better == (p < 0.05)
    assert found.flash == (p < 0.05 and others.difference <= MARGIN and not invented)
    assert all(sentence.endswith(".") for sentence in found.sentences)
