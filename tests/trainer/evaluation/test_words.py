from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.results import Result
from trainer.evaluation.words import occurrences, word_scores
from trainer.words import Word


def heard(reference: str, text: str, model: str = "stock", tier: str = "clean") -> Result:
    return Result(model, "mine", "personal", tier, "1", "1.wav", "", reference, text, 1.0, 0.1)


@pytest.mark.parametrize(
    ("word", "text", "count"),
    [
        ("Siobhan", "Siobhan, ask SIOBHAN!", 2),
        ("Siobhan", "Siobhan's car", 1),
        ("Siobhan", "Siobhan\N{RIGHT SINGLE QUOTATION MARK}s car", 1),
        ("art", "the party starts", 0),
        ("Queen Mary", "the queen. Mary came", 1),
        ("Queen Mary", "Queen Anne, Mary", 0),
        ("Node.js", "node js and Node-JS", 2),
        ("push-to-talk", "Push to talk", 1),
        ("ha ha", "ha ha ha ha ha", 2),
        ("C#", "the key of C", 0),
        ("C++", "C++ is not C", 1),
        ("Straße", "STRASSE", 1),
        ("café", "cafe\N{COMBINING ACUTE ACCENT}", 1),
        ("word", "", 0),
    ],
)
def test_a_word_is_found_whole_whatever_its_case_and_punctuation(word, text, count):
    assert occurrences(word, text) == count


@given(before=st.text(alphabet="ab ,.", max_size=9), after=st.text(alphabet="ab ,.", max_size=9))
def test_a_word_between_others_is_found_once(before, after):
    assert occurrences("Kubernetes", f"{before} kubernetes. {after}") == 1


def test_right_missed_and_invented_are_counted_by_model():
    results = [
        heard("Ask Siobhan, Siobhan!", "Ask Siobhan, she won."),
        heard("Ask her.", "Ask Siobhan."),
        heard("Ask Siobhan, Siobhan!", "Ask Siobhan, Siobhan.", "tuned"),
        heard("Ask her.", "Ask her.", "tuned"),
        heard("Ask her.", "Ask Siobhan.", "tuned", tier="5"),
    ]
    stock, never, tuned, _ = word_scores([Word("Siobhan"), Word("Eoghan")], results)
    assert (stock.model, stock.word, stock.right, stock.of, stock.invented) == ("stock", "Siobhan", 1, 2, 1)
    assert (never.word, never.right, never.of, never.invented) == ("Eoghan", 0, 0, 0)
    assert (tuned.model, tuned.right, tuned.of, tuned.invented) == ("tuned", 2, 2, 0)
