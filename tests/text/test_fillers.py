from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.text.fillers import drop


@pytest.mark.parametrize(
    ("language", "said", "left"),
    [
        ("en", "Um, I think so.", "I think so."),
        ("en", "Um, so we go.", "So we go."),
        ("en", "um so we go", "so we go"),
        ("en", "I, um, think.", "I think."),
        ("en", "I um, think.", "I think."),
        ("en", "I um think.", "I think."),
        ("en", "So, uh, we go.", "So we go."),
        ("en", "If it rains, uh we stay.", "If it rains, we stay."),
        ("en", "Yes. Um. No.", "Yes. No."),
        ("en", "Yes. Uh, no.", "Yes. No."),
        ("en", "I think so, um.", "I think so."),
        ("en", "Is it so, erm?", "Is it so?"),
        ("en", "Um, uh, er, well, yes.", "Well, yes."),
        ("en", "It is... um... fine.", "It is... fine."),
        ("en", "Um", ""),
        ("en", "Um.", ""),
        ("en", "the ER is, er, full", "the ER is full"),
        ("de", "Ähm, er geht um drei.", "Er geht um drei."),
        ("de", "Er geht, äh, um drei.", "Er geht um drei."),
        ("de", "Das ist, ähm, gut, ähm.", "Das ist gut."),
        ("fr", "Euh, je pense.", "Je pense."),
        ("fr", "Je, euh, pense.", "Je pense."),
        ("es", "Este, yo creo.", "Yo creo."),
        ("es", "Creo que, este, no.", "Creo que no."),
        ("es", "Esteee, no.", "No."),
        ("es", "Bueno, eh, no.", "Bueno no."),
    ],
)
def test_fillers_are_left_out(language, said, left):
    assert drop(said, language) == left


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Uh-huh, uh-oh."),
        ("en", "The ER is full."),
        ("en", "Hmm, the umbrella is in her error log."),
        ("de", "Er geht um drei."),
        ("de", "Um drei. Er kommt."),
        ("de", "Eh, das ist eh so."),
        ("fr", "Um, er, eh."),
        ("es", "Este libro y este."),
        ("es", "Este, ese y aquel."),
        ("es", "Quiero este, el otro no."),
        ("es", "¿Sí, eh?"),
        ("pt", "Um homem, um, dois."),
        ("pl", "um, er, eh"),
    ],
)
def test_words_stay(language, said):
    assert drop(said, language) == said


@given(
    st.sampled_from(["en", "de", "fr", "es"]),
    st.lists(st.sampled_from(["so", "um,", "uh", "er.", "Um", "Äh,", "euh", "eh,", "este,", "no?"])),
)
def test_once_is_enough_and_no_space_is_left_over(language, words):
    once = drop(" ".join(words), language)
    assert drop(once, language) == once
    assert once == " ".join(once.split())
