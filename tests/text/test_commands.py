"""What holds for all commands, whatever is said."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.settings import CommandsSettings, FormsSettings, Settings, TextSettings
from device.settings_words import TYPES
from device.speech.transcript import Segment
from device.text.body import KEYS
from device.text.format import format_text
from device.text.grammar import FILES, grammar_of, read_grammar
from device.text.written import controls_of, may_hold_command, understand, write
from tests.text.listing import PAGE, with_tables
from tests.text.spoken_tables import rows, segments, sentences, settings_of

LANGUAGES = sorted(file.stem for file in FILES.glob("*.toml"))
PLAIN = FormsSettings(**dict.fromkeys(FormsSettings.__struct_fields__, False))

GRAMMAR = grammar_of("en")
PHRASES = sorted(" ".join(phrase) for phrase in GRAMMAR.rules)
IN_PHRASES = {word for phrase in GRAMMAR.rules for word in phrase}
WORDS = ["I", "went", "home", "Peter", "don't", "well-known", "3.5", "and", "milk", "Rome", "(maybe)", "etc."]

others = st.text(string.ascii_letters + "'-.,;:!?()\"0123456789\u00e9\u2019", min_size=1).filter(
    lambda word: not IN_PHRASES & set(word.casefold().replace("-", " ").strip(".,;:!?()\"'").split())
)
marks = st.sampled_from(["", "", "", ",", ".", "?"])
parts = st.sampled_from(WORDS) | st.sampled_from(PHRASES) | st.sampled_from(PHRASES).map(str.capitalize)
passages = st.lists(st.tuples(parts, marks).map("".join), min_size=1, max_size=6).map(" ".join)
dictations = st.lists(passages, min_size=1, max_size=4)
modes = st.sampled_from(["strict", "anywhere"]).map(
    lambda mode: CommandsSettings(**dict.fromkeys(CommandsSettings.__struct_fields__, mode))
)


def said(*texts):
    return [Segment(2.0 * at, 2.0 * at + 1, text, -0.1, 0.01) for at, text in enumerate(texts)]


def typed(texts, settings, before="", *, is_open=False):
    return write(understand(said(*texts), "en", settings, is_open=is_open).body, before, settings)


plain_texts = st.lists(st.lists(others, min_size=1).map(" ".join), max_size=4)


@given(plain_texts, modes, st.sampled_from(["", "So.", "a ("]))
def test_text_without_a_phrase_is_what_it_is_without_commands(texts, commands, before):
    settings = Settings(commands=commands, forms=PLAIN)
    reading = understand(said(*texts), "en", settings)
    assert reading.acts == ()
    assert write(reading.body, before, settings) == format_text(" ".join(texts), before, settings.text)


@given(dictations, st.sampled_from(["xx", "it"]))
def test_a_language_without_a_grammar_has_no_commands(texts, language):
    settings = settings_of("anywhere")
    assert understand(said(*texts), language, settings).acts == ()
    settings = Settings(commands=settings.commands, forms=PLAIN)
    body = understand(said(*texts), language, settings).body
    assert write(body, "", settings) == format_text(" ".join(texts), "", settings.text)


@given(dictations, modes)
def test_only_what_is_allowed_is_ever_pressed(texts, commands):
    settings = Settings(commands=commands, forms=PLAIN)
    plain = Settings(commands=CommandsSettings(), forms=PLAIN)
    assert set(filter(lambda each: ord(each) < 32, typed(texts, settings))) <= set(controls_of(settings))
    assert all(ord(each) >= 32 for each in typed(texts, plain))
    assert controls_of(plain) == ""


@given(dictations, modes, st.integers(0, 30))
def test_no_beginning_of_a_dictation_presses_a_key_or_acts_otherwise_than_all_of_it(texts, commands, words):
    settings = Settings(commands=commands, forms=PLAIN)
    whole = understand(said(*texts), "en", settings)
    assert not any(piece.text in KEYS for piece in whole.body.until_key.pieces)
    for count in range(1, len(texts)):  # passages that are all recognised
        beginning = understand(said(*texts[:count]), "en", settings)
        assert beginning.acts == whole.acts
    spoken = " | ".join(texts).split(" ")[:words]
    cut = understand(segments(" ".join(spoken)), "en", settings, is_open=True)
    assert cut.acts in {(), whole.acts}


@given(dictations, modes)
def test_what_was_typed_has_no_double_space_and_ends_with_none(texts, commands):
    settings = Settings(commands=commands, forms=PLAIN)
    text = typed(texts, settings)
    assert "  " not in text
    assert text == text.strip(" ")
    assert " \n" not in text
    assert "\n " not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_typed_is_text_when_it_is_read_again(language):
    # But where marks were said in words that a mark of the model's makes a command.
    for sentence in sentences(language):
        for mode in ("", "strict"):
            settings = settings_of(mode)
            once = write(understand(segments(sentence), language, settings).body, "", settings)
            again = write(understand(said(once), language, settings).body, "", settings)
            assert again == once


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("New line.", False),  # it is off
        ("Well, full, stop.", True),
        ("I wrote a comma.", True),
        ("Hello there.", False),
        ("", False),
    ],
)
def test_a_text_that_may_hold_a_command_is_told_from_one_that_cannot(text, may):
    assert may_hold_command(text, "en", Settings()) is may


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_said_alone_in_some_row_or_is_covered_by_its_command(language):
    """Each command of a language has a row in which it counts."""
    spoken = " | ".join(row.spoken.casefold() for row in rows(language) if "off" not in row.settings)
    heard = " ".join("".join(each if each.isalnum() or each == "'" else " " for each in spoken).split())
    by_rule = {}
    for phrase, rule in grammar_of(language).rules.items():
        by_rule.setdefault((rule.group, rule.name), []).append(" ".join(phrase))
    unsaid = [
        name for name, phrases in by_rule.items() if not any(f" {each} " in f" {heard} " for each in phrases)
    ]
    assert unsaid == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_are_as_long_as_promised_and_say_nothing_twice(language):
    table, stay = rows(language), sentences(language)
    assert len(table) >= 300
    assert len(stay) >= 300
    assert len({(row.settings, row.spoken) for row in table}) == len(table)
    assert len(set(stay)) == len(stay)


# The files.


def test_every_group_of_phrases_has_a_setting_and_the_other_way_round():
    assert {rule.group for rule in GRAMMAR.rules.values()} == set(TYPES["commands"])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[commands.new_line]\nphrases = []", "commands|new_line has no phrases"),
        ("[commands.new_lines]\nphrases = ['a']", "new_lines"),
        ("[commands.cap]\nphrases = ['a']\nwords = 1", "words"),
        ("[commands.cap]\nphrases = ['a']\nnot_after = ['@x']", "there is no list @x"),
        ("[commands.cap]\nphrases = ['a b']\n[commands.spell]\nphrases = ['A-b']", "both cap and spell"),
        ("[punctuation.x]\ntext = 'x'\nkind = 'other'\nphrases = ['x']", "kind|other"),
        ("[spelling]\ncapital = ['a']\n[spelling.letters]\na = 'a'", "two ways"),
    ],
)
def test_a_file_with_a_mistake_is_refused(content, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_grammar(content.encode(), "xx")


def test_a_phrase_may_begin_with_another_one():
    settings = Settings(text=TextSettings(), commands=CommandsSettings())
    assert typed(["all caps on", "so", "all caps off", "all caps", "it"], settings) == "SO IT"


def test_nobody_reads_in_a_trace_what_was_said():
    reading = understand(said("secret", "comma", "spell alpha"), "en", Settings())
    assert "secret" not in repr(reading)


def test_the_manual_lists_what_can_be_said():
    page = PAGE.read_text("utf-8")
    assert page == with_tables(page), "python -m tests.text.listing writes it anew"
