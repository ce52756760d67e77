from __future__ import annotations

from msgspec.structs import replace
from rich.console import Console

from trainer.evaluation.results import Evaluation, Model, Result
from trainer.evaluation.scores import score
from trainer.evaluation.tables import tables
from trainer.evaluation.words import word_scores
from trainer.words import Word

MODELS = tuple(Model(name, f"/{name}", "int8", 42_300_000, False, 0.1234) for name in ("stock", "tuned"))  # noqa: FBT003  # a value


def heard(reference: str, stock: str, tuned: str, name: str, role: str, *tiers: str) -> list[Result]:
    return [
        Result(model, name, role, tier, reference, "1.wav", "", reference, text, 1.0, 0.1)
        for tier in ("clean", *tiers)
        for model, text in (("stock", stock), ("tuned", tuned))
    ]


def shown(results: list[Result], *words: str) -> str:
    found = Evaluation(
        MODELS, tuple(results), *map(tuple, score(results)), tuple(word_scores([*map(Word, words)], results))
    )
    return printed(found)


def printed(found: Evaluation) -> str:
    console = Console(width=100, no_color=True)
    with console.capture() as capture:
        for table in tables(found):
            console.print(table)
    return capture.get()


def row(text: str, title: str, *beginning: str) -> list[str]:
    """Give what the row of this table that begins so goes on with."""
    lines = [line.split() for line in text[text.index(title) :].splitlines()]
    return next(line[len(beginning) :] for line in lines if line[: len(beginning)] == [*beginning])


def test_everything_that_was_found_is_shown():
    text = shown(
        [
            *heard("ask Siobhan now", "ask she one now", "ask Siobhan now", "mine", "personal", "20", "5"),
            *heard("ask Siobhan", "ask Siobhan", "ask her", "a", "general", "20", "5"),
            *heard("red", "red", "red", "b", "general"),
            *heard("", "Thanks", "", "hiss", "silence"),
        ],
        "Siobhan",
        "Eoghan",
    )
    assert row(text, "Models", "tuned") == ["int8", "42", "0.123"]
    assert row(text, "Error rates", "mine", "tuned")[:2] == ["1", "0.00"]
    assert row(text, "Error rates", "all", "general", "stock")[:2] == ["2", "0.00"]
    assert row(text, "Under noise", "mine", "stock") == ["1", "66.67", "66.67"]
    assert row(text, "Under noise", "all", "general", "tuned") == ["1", "50.00", "50.00"]
    assert row(text, "Beside stock", "mine", "tuned")[:4] == ["3", "2", "0", "-66.67"]
    assert row(text, "Beside stock", "mine", "tuned")[-1] == "1.000"
    assert row(text, "Words", "Siobhan") == ["1/2", "1/2"]
    assert row(text, "Words", "Eoghan") == ["0/0", "0/0"]
    assert row(text, "Words", "all") == ["1/2", "1/2"]
    assert row(text, "Without speech", "hiss", "stock") == ["1", "6"]


def test_a_word_where_nobody_said_it_is_marked():
    text = shown(heard("ask her", "ask Siobhan", "ask her", "mine", "personal"), "Siobhan")
    assert row(text, "Words", "Siobhan") == ["0/0", "+1", "0/0"]


def test_tables_without_rows_are_left_out():
    text = shown(heard("red", "red", "red", "mine", "personal"))
    assert "Error rates" in text
    assert not [title for title in ("Under noise", "Words", "Without speech") if title in text]


def test_a_p_near_the_limit_shows_on_which_side_it_is():
    results = heard("red", "", "red", "a", "personal")
    scores, comparisons = score(results)
    near = tuple(replace(one, p=0.0497) for one in comparisons)
    found = Evaluation(MODELS, tuple(results), tuple(scores), near, ())
    assert row(printed(found), "Beside stock", "a", "tuned")[-1] == "0.0497"


def test_the_smallest_p_is_no_zero():
    results = [
        one for number in range(20) for one in heard(f"red green {number}", "", "red", "a", "personal")
    ]
    assert row(shown(results), "Beside stock", "a", "tuned")[-2:] == ["<", "0.001"]
