from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.text import repair as text_repair
from device.text import sounds
from device.text.repair import Repair
from device.text.vocabulary import Word, parse

HERE = Path(__file__).parent
ORDINARY = tomllib.loads((HERE / "ordinary.toml").read_text(encoding="utf-8"))
PUNS = ORDINARY.pop("puns")
ENGLISH = [
    line
    for name in ("dictation", "hard")
    for line in (HERE.parents[1] / f"trainer/recording/{name}.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
"""What the trainer has people read: it has no word of the lists."""

LISTED = tuple(
    word
    for name in ("vocabulary-irrelevant", "words")
    for word in parse((HERE.parent / f"bench/{name}.txt").read_text(encoding="utf-8"), name)
)


def none_is_common(_: str) -> bool:
    return False


def repaired(text, *words, language="en", common=()):
    """The text, with a list as a file has it, and these common words."""
    listed = parse("\n".join(words), "words")
    return Repair(listed, lambda word: word.lower() in common)(text, language)


# What is left alone.


@pytest.mark.parametrize("language", ORDINARY)
def test_ordinary_sentences_stay_even_if_no_word_of_them_is_known_to_be_common(language):
    sentences = ORDINARY[language] + (ENGLISH if language == "en" else [])
    repair = Repair(LISTED, "soir".__eq__)  # the model has it, and a word sounds like it
    assert [repair(each, language) for each in sentences] == sentences


def test_common_words_stay_that_sound_like_one_of_the_list_together():
    repair = Repair(LISTED, lambda _: True)
    assert [repair(each, "en") for each in PUNS] == PUNS


def test_words_that_were_right_stay():
    text = "Kubernetes and Anna Bergström's kubectl, on Kubernetes."
    assert repaired(text, "Kubernetes = kubectl", "kubectl", "Anna Bergström", "Bergstrom") == text


def test_common_words_are_never_taken_for_what_they_only_sound_like():
    assert repaired("the gene is here", "Jeanie", common={"the", "gene", "is", "here"}) == "the gene is here"
    assert repaired("a whit more", "Whittemore", common={"a", "whit", "more"}) == "a whit more"


def test_a_word_made_of_common_ones_is_common_but_for_its_case():
    common = {"jelly", "fish", "tail", "scale"}
    assert repaired("a jellyfish", "Jellyfin", common=common) == "a jellyfish"
    assert repaired("on tailscale", "Tailscale", common=common) == "on Tailscale"


def test_a_common_word_keeps_its_case():
    words, common = ("Apple", "Polish"), {"an", "apple", "to", "polish"}
    assert repaired("an apple to polish", *words, common=common) == "an apple to polish"


def test_nothing_is_taken_across_the_end_of_a_sentence():
    text = "It was super. Netties came."
    assert repaired(text, "Kubernetes = super netties") == text


def test_a_part_of_a_word_is_none():
    assert repaired("keycloaked", "Key = keyclo") == "keycloaked"


@given(st.text(), st.sampled_from(["en", "de", "fr", "es", "it"]))
def test_without_words_every_text_stays(text, language):
    assert Repair((), none_is_common)(text, language) == text


@given(st.text())
def test_whatever_was_recognised_is_repaired_to_what_stays(text):
    repair = Repair(LISTED, none_is_common)
    once = repair(text, "en")
    assert repair(once, "en") == once


# What it is heard as.


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("use cooper netties now", "use Kubernetes now"),
        ("Cooper Netties is up.", "Kubernetes is up."),
        ("cooper-netties", "Kubernetes"),
        ("cooper netties's pods", "Kubernetes's pods"),
        ("(cooper netties)", "(Kubernetes)"),
        ("cooper netties cooper netties", "Kubernetes Kubernetes"),
    ],
)
def test_what_a_word_is_heard_as_becomes_the_word_also_where_it_is_common(text, fixed):
    assert repaired(text, "Kubernetes = cooper netties", common=set(text.lower().split())) == fixed


def test_the_longer_of_two_is_taken():
    assert repaired("ask anna berg strom", "Anna = anna berg", "Anna Bergström = anna berg strom") == (
        "ask Anna Bergström"
    )


def test_what_sounds_like_nothing_in_letters_is_written_too():
    assert repaired("I write sea plus plus", "C++ = sea plus plus") == "I write C++"


# Its sound.


@pytest.mark.parametrize(
    ("word", "text", "fixed"),
    [
        ("Whittemore", "apologized Whitmore.", "apologized Whittemore."),
        ("Pasquini", "to Pascuini", "to Pasquini"),
        ("Kubernetes", "on kubernetis", "on Kubernetes"),
        ("Denzil", "Denzel's hat", "Denzil's hat"),
        ("kiwano", "two kiwahnos", "two kiwanos"),
        ("Nextcloud", "the next cloud", "the Nextcloud"),
        ("Merneptah", "king mernepta.", "king Merneptah."),
        ("oolong", "Ulong for me. Ulong, and ulong.", "Oolong for me. Oolong, and oolong."),
        ("iOS", "on IOS", "on iOS"),
        ("Zoë", "for Zoe", "for Zoë"),
    ],
)
def test_what_sounds_like_a_word_becomes_the_word(word, text, fixed):
    assert repaired(text, word) == fixed


@pytest.mark.parametrize(
    ("language", "word", "text", "fixed"),
    [
        ("de", "Schwiertz", "mit Herrn Schwirz", "mit Herrn Schwiertz"),
        ("de", "Przybilla", "Frau Pschibilla", "Frau Pschibilla"),
        ("de", "Vogtländer", "die Fogtlender Straße", "die Vogtländer Straße"),
        ("fr", "Deschanel", "avec Monsieur Dechanelle", "avec Monsieur Deschanel"),
        ("fr", "Thibault", "chez Tibeau", "chez Thibault"),
        ("es", "Echeverría", "la casa de Echeberria", "la casa de Echeverría"),
        ("es", "Jiménez", "el señor Gimenes", "el señor Jiménez"),
    ],
)
def test_letters_sound_as_in_their_language(language, word, text, fixed):
    assert repaired(text, word, language=language) == fixed


def test_the_nearest_word_is_taken():
    assert repaired("Johansen came", "Johnson", "Johannsen") == "Johannsen came"


def test_a_word_with_few_sounds_is_not_found_by_them():
    assert repaired("the zue", "Zoo") == "the zue"


def test_all_of_a_word_that_was_heard_as_several_is_replaced():
    assert (
        repaired("the elder rotto mine", "Eldorado", common={"the", "elder", "mine"}) == "the Eldorado mine"
    )


def test_a_word_says_nothing_of_itself():
    assert "secret" not in repr(Repair((Word("secret"),), none_is_common))


def test_of_what_was_said_nothing_is_kept():
    """Any cache without a limit would grow with all that is dictated, and keep it."""
    repair = Repair(parse("Kubernetes = cooper netties", "words"), none_is_common)
    repair("It was cuber neddies.", "en")
    caches = [
        each
        for module in (text_repair, sounds)
        for each in vars(module).values()
        if hasattr(each, "cache_info")
    ]
    before = [cache.cache_info().currsize for cache in caches]
    repair("My password is correct horse battery staple, dear cuban eddies.", "en")
    assert caches
    assert [cache.cache_info().currsize for cache in caches] == before
