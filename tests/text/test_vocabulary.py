from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SettingsError
from device.text.vocabulary import HEAD, LONGEST, MOST_SOUNDS, MOST_WORDS, Word, add, parse, remove, serialise

PARTS = st.text(
    st.characters(categories=["L", "N"], include_characters="-'.&+", codec="utf-8").filter(
        lambda letter: letter.isprintable()
    ),
    min_size=1,
    max_size=10,
).filter(lambda part: any(map(str.isalnum, part)))


def texts(most):
    """Entries as a list may have them, already in the form that is kept."""
    entries = st.lists(PARTS, min_size=1, max_size=most).map(" ".join)
    return entries.filter(lambda text: parse(text, "x")[0].text == text)


WORDS = st.lists(
    st.builds(Word, texts(5), st.lists(texts(4), max_size=3).map(tuple)),
    max_size=20,
    unique_by=lambda w: w.text,
).map(tuple)


def complaint(content):
    with pytest.raises(SettingsError) as caught:
        parse(content, "WORDS.TXT")
    return str(caught.value)


@given(WORDS)
def test_what_is_written_is_read(words):
    assert parse(serialise(words), "words") == words


@given(WORDS, texts(3))
def test_what_was_added_is_there_and_what_was_removed_is_not(words, text):
    before = "# Mine.\n\n" + serialise(words)
    word = Word(text, ("as heard",))
    added = add(before, word, "words")
    assert word in parse(added, "words")
    assert {each for each in words if each.text != text} <= set(parse(added, "words"))
    removed = remove(added, text, "words")
    assert removed is not None
    assert parse(removed, "words") == tuple(each for each in words if each.text != text)
    assert removed.startswith("# Mine.\n\n")
    alike = [each for each in words if each.text != text and each.text.casefold() == text.casefold()]
    assert (remove(removed, text, "words") is None) == (len(alike) != 1)


@given(st.text())
def test_whatever_stands_in_the_file_is_read_or_refused_with_its_line(content):
    try:
        parse(content, "words")
    except SettingsError as error:
        assert str(error).startswith("words, line ")  # noqa: PT017  not all texts are refused


def test_a_list_as_a_person_writes_it():
    content = (
        "\ufeff# Ours\r\nKubernetes = cooper  netties, cuban eddies\r\n\r\n  Anna Bergstro\u0308m\n"
        "Nguyen\twin\nC++\nx =\n"
    )
    assert parse(content, "words") == (
        Word("Kubernetes", ("cooper netties", "cuban eddies")),
        Word("Anna Bergstr\u00f6m"),
        Word("Nguyen", ("win",)),
        Word("C++"),
        Word("x"),
    )


def test_a_new_list_has_no_words_but_says_how_to_write_them():
    assert parse(HEAD, "words") == ()
    assert parse(HEAD.replace("#     ", ""), "words")[0].text == "Kubernetes"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a\nb\na = x", "WORDS.TXT, line 3: 'a' is in line 1 already; take one out"),
        ("a\n = x", "WORDS.TXT, line 2: there is no word; write it first"),
        ("a = b = c", "WORDS.TXT, line 1: more than one part says how 'a' sounds; keep one"),
        ("a = b, --", "WORDS.TXT, line 1: '--' has no letter; write what 'a' is heard as"),
        ("This is not a word at all", "WORDS.TXT, line 1: 'This is not a word at all' is a sentence"),
        ("a\x07b", "WORDS.TXT, line 1: 'a\\x07b' has a control character; take it out"),
        ("a" * (LONGEST + 1), "WORDS.TXT, line 1: 'aaaaaaaaaaaaaaaaaaaa'... has more than 64 characters"),
        ("a = " + ", ".join("b" * n for n in range(1, MOST_SOUNDS + 2)), "heard in more than 10 ways"),
        ("\n".join(f"w{n}" for n in range(MOST_WORDS + 1)), "line 501: a list has at most 500 words"),
        (
            "\n".join(f"w{n} = {', '.join('bcdefghijk'[:MOST_SOUNDS])}" for n in range(100)),
            "line 91: a list has at most 1000 words and ways in which they are heard",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_the_remedy(content, told):
    assert told in complaint(content)


@pytest.mark.parametrize("text", ["", "#a", "a = b", "a\tb", "two\nlines", "one two three four five six"])
def test_what_cannot_stand_in_a_list_is_not_added(text):
    with pytest.raises(SettingsError):
        add("b\n", Word(text), "words")


def test_a_word_that_is_there_gets_another_line_in_the_same_place():
    assert add("a\nb = x\nc\n", Word("b", ("y",)), "words") == "a\nb = y\nc\n"


def test_a_list_that_is_full_takes_no_more():
    full = serialise(Word(f"w{number}") for number in range(MOST_WORDS))
    with pytest.raises(SettingsError, match="at most 500 words"):
        add(full, Word("more"), "words")
