from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import DataError
from trainer.words import Word, load_words


def listed(folder, content):
    file = folder / "words.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_words(file)


def test_words_stand_one_a_line_with_how_they_sound_where_that_is_not_plain(tmp_path):
    content = (
        "\ufeff# Ours\nKubernetes = koo burr  net eez\r\n\n  Nguyen\tnwin\nC++\nSaint  John's Wood\nx=\n"
    )
    assert listed(tmp_path, content) == [
        Word("Kubernetes", "koo burr net eez"),
        Word("Nguyen", "nwin"),
        Word("C++"),
        Word("Saint John's Wood"),
        Word("x"),
    ]


def test_of_several_ways_in_which_the_device_hears_a_word_the_first_is_how_it_is_said(tmp_path):
    assert listed(tmp_path, "Saoirse = seer sha, sir sha") == [Word("Saoirse", "seer sha")]


def test_a_word_has_one_form_however_its_accents_are_encoded(tmp_path):
    assert listed(tmp_path, "Zoe\u0308") == [Word("Zo\u00eb")]


@given(
    st.lists(
        st.tuples(*[st.text("abcXYZ\u00e9", min_size=1, max_size=8)] * 2),
        min_size=1,
        unique_by=lambda pair: pair[0],
    ),
    st.sampled_from(["\t", "=", " = "]),
)
def test_what_is_written_is_read(tmp_path_factory, pairs, separator):
    content = "\n".join(separator.join(pair) for pair in pairs)
    assert listed(tmp_path_factory.mktemp("words"), content) == [Word(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has no words"),
        ("# only\n\n", "has no words"),
        ("a\nb\na = x", "line 3: 'a' is in line 1 already"),
        ("a\n = x", "line 2: there is no word"),
        ("a = b = c", "line 1: more than one part says how 'a' sounds"),
        ("This is not a word at all", "line 1: 'This is not a word at all' is a sentence"),
        ("a\x07b", "line 1: .* control character"),
        (b"caf\xe9", "UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_remedy(tmp_path, content, told):
    with pytest.raises(DataError, match=told):
        listed(tmp_path, content)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt cannot be read"):
        load_words(tmp_path / "none.txt")
