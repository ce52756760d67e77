from __future__ import annotations

from tests.bench.folds_tables import rows, show
from trainer.evaluation.results import Result


def heard(model, name, text, reference="red green blue black", of="mine"):
    role = "personal" if of == "mine" else "general"
    return Result(model, of, role, "clean", name, "1.wav", "", reference, text, 1.0, 0.1)


STOCK = [
    heard("stock", "a", "red green blue back"),
    heard("stock", "b", "red green"),
    heard("stock", "c", "red green blue black"),
    heard("stock", "a", "pink red", "pink blue", of="others"),
    heard("stock", "d", "black", "black", of="strangers"),
]


def fold(name, half, whole):
    return [heard("0.5", name, half), heard("1.0", name, whole)]


FOUND = [
    fold("b", "red green blue", "red green blue black"),
    fold("a", "red green blue black", "bed green blue back"),
]


def test_wrong_words_are_added_up_over_the_folds():
    half, whole = rows("all", STOCK, FOUND, [])

    assert (half.pooled.model, half.pooled.stock_errors, half.pooled.errors, half.pooled.words) == (
        "0.5",
        3,
        1,
        8,
    )
    assert [(one.stock_errors, one.errors) for one in half.folds] == [(2, 1), (1, 0)]
    assert [(one.stock_errors, one.errors) for one in whole.folds] == [(2, 0), (1, 2)]
    assert half.general is None


def test_others_speech_counts_with_all_of_its_sets():
    others = [
        heard(model, name, text, text, of=of)
        for model in ("0.5", "1.0")
        for name, text, of in (("a", "pink blue", "others"), ("d", "black", "strangers"))
    ]

    half, _ = rows("all", STOCK, FOUND, others)

    assert half.general is not None
    assert (half.general.stock_errors, half.general.errors, half.general.words) == (1, 0, 3)


def test_a_line_tells_each_mixture(capsys):
    show(rows("40", STOCK, FOUND, []))

    _, half, whole = capsys.readouterr().out.splitlines()

    assert half.split()[:6] == ["40", "0.5", "3", "1", "8", "-66.7%"]
    assert half.split()[-2:] == ["2>1", "1>0"]
    assert whole.split()[:6] == ["40", "1.0", "3", "2", "8", "-33.3%"]
