from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from trainer.errors import DataError
from trainer.recording import prompts
from trainer.recording.prompts import Prompt, choose, cover, load, load_sentences, renewed, save, trigrams
from trainer.words import Word

WORDS = [Word("Kubernetes"), Word("Nguyen"), Word("kubectl")]
SHIPPED = [
    line
    for name in ("dictation", "hard")
    for line in (Path(prompts.__file__).parent / f"{name}.txt").read_text().splitlines()
]


def covered(sentences):
    return set().union(*map(trigrams, sentences))


def test_what_ships_is_150_different_sentences_that_fit_one_breath():
    assert len(SHIPPED) == len(set(SHIPPED)) == 150
    assert all(10 < len(line) < 100 and line == line.strip() and line.isascii() for line in SHIPPED)


def test_what_ships_has_every_letter_in_every_place_of_a_word_that_english_knows():
    pairs = covered(SHIPPED)
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert all(any(letter in run[1:] for run in pairs) for letter in letters)
    assert len(pairs) > 1500


def test_three_in_five_carry_the_own_words_and_one_in_ten_is_hard():
    chosen = choose(WORDS, [], 100)
    assert Counter(each.kind for each in chosen) == {"word": 60, "dictation": 30, "hard": 10}
    assert Counter(each.word for each in chosen if each.kind == "word") == dict.fromkeys(
        (word.text for word in WORDS), 20
    )
    assert all(each.word.lower() in each.text.lower() for each in chosen)


@pytest.mark.parametrize("words", [0, 1, 3])
@pytest.mark.parametrize("own", [0, 2, 60])
@pytest.mark.parametrize("count", [1, 2, 7, 100, 250])
def test_as_many_as_asked_for_all_different_and_the_same_again(count, words, own):
    own_sentences = [f"My sentence number {number}." for number in range(own)]
    chosen = choose(WORDS[:words], own_sentences, count)
    assert len({each.text for each in chosen}) == len(chosen)
    assert len(chosen) == (count if words else min(count, 150 + own))
    assert chosen == choose(WORDS[:words], own_sentences, count)
    dictation = sum(each.kind == "dictation" for each in chosen)
    assert sum(each.text in own_sentences for each in chosen) == min(own, dictation)


def test_any_beginning_has_about_the_same_shares():
    beginning = Counter(each.kind for each in choose(WORDS, [], 200)[:40])
    assert abs(beginning["word"] - 24) <= 2
    assert abs(beginning["dictation"] - 12) <= 2
    assert abs(beginning["hard"] - 4) <= 1


def test_a_cover_has_more_for_its_length_than_chance():
    chance = random.Random(0)

    def worth(sentences):
        return len(covered(sentences)) / sum(map(len, sentences))

    assert worth(cover(SHIPPED, 40)) > max(worth(chance.sample(SHIPPED, 40)) for _ in range(50))


def test_a_cover_leaves_out_what_is_covered():
    assert cover(["the cat", "the dog"], 1, trigrams("the cat")) == ["the dog"]
    assert sorted(cover(["a", "b"], 5)) == ["a", "b"]


def test_trigrams_are_of_words_with_their_edges():
    assert trigrams("An ox, 2!") == {" an", "an ", " ox", "ox "}


def test_prompts_are_read_as_they_were_written(tmp_path):
    chosen = [*choose(WORDS, ["Sch\u00f6n, \u201cgut\u201d."], 20), Prompt("x", "hard", skipped=True)]
    save(tmp_path, chosen)
    assert load(tmp_path) == chosen


def test_there_may_be_none(tmp_path):
    assert load(tmp_path) == []


def test_sentences_have_nothing_that_nobody_sees(tmp_path):
    (tmp_path / "sentences.txt").write_text("A soft\u00adly \u200bplan.\n\u200b\n", encoding="utf-8")
    assert load_sentences(tmp_path / "sentences.txt") == ["A softly plan."]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]\n",
        '{"text": "x"}\n',
        '{"text": "x", "kind": "y", "z": 1}\n',
        "\xff",
        '{"text": 5, "kind": "x"}\n',
    ],
)
def test_a_damaged_list_is_named(tmp_path, content):
    (tmp_path / prompts.FILE).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"prompts\.jsonl is no list of prompts"):
        load(tmp_path)


def test_a_new_choice_keeps_what_was_recorded_or_skipped_and_asks_for_it_no_more():
    before = choose(WORDS[:1], [], 20)
    before[3] = replace(before[3], skipped=True)
    recorded = {before[0].text, before[1].text}
    chosen = choose(WORDS, [], 30)
    after = renewed(before, recorded, chosen)
    assert after[:3] == [before[0], before[1], before[3]]
    assert len({each.text for each in after}) == len(after)
    assert len(after) == 30


def test_the_same_choice_again_changes_nothing_but_the_order():
    before = choose(WORDS, [], 50)
    after = renewed(before, {each.text for each in before[5:9]}, before)
    assert sorted(after, key=str) == sorted(before, key=str)


def test_own_sentences_are_read_one_a_line(tmp_path):
    (tmp_path / "own.txt").write_text("\ufeffOne  two.\n\n---\nThree!\nOne two.\n")
    assert load_sentences(tmp_path / "own.txt") == ["One two.", "Three!"]


@pytest.mark.parametrize(
    ("content", "told"),
    [("\n", "has no sentences"), ("ok\n" + "word " * 50, "line 2: more than 200 characters")],
)
def test_a_wrong_file_of_sentences_is_named(tmp_path, content, told):
    (tmp_path / "own.txt").write_text(content)
    with pytest.raises(DataError, match=told):
        load_sentences(tmp_path / "own.txt")
