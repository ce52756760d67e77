from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from trainer.data.splits import STRICTNESS, Item, assign, leaks

seeds = st.integers(0, 1000)


@st.composite
def data(draw, splits=("",), most=25):
    """Items of up to two sets, in which texts and speakers occur again, and some have no text."""
    count = draw(st.integers(1, most))
    texts = st.integers(0, max(count, 3)).map(lambda number: f"text {number}" if number else "")
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from("ab"),
                texts,
                st.sampled_from(["", "ann", "bob", "cy"]),
                st.sampled_from(splits),
            ),
            min_size=count,
            max_size=count,
        )
    )
    return [Item(str(number), *row) for number, row in enumerate(rows)]


def where(items, chosen, key):
    places = defaultdict(set)
    for item in items:
        if key(item):
            places[key(item)].add(chosen[item.id])
    return places


@given(items=data(), seed=seeds)
def test_no_text_is_in_two_splits(items, seed):
    chosen = assign(items, seed)
    assert set(chosen) == {item.id for item in items}
    assert set(chosen.values()) <= set(STRICTNESS)
    assert all(len(places) == 1 for places in where(items, chosen, lambda item: item.text).values())


@given(items=data(), seed=seeds)
def test_no_speaker_is_in_two_splits_when_asked(items, seed):
    chosen = assign(items, seed, speaker_disjoint=True)
    for key in (lambda item: item.text, lambda item: item.speaker):
        assert all(len(places) == 1 for places in where(items, chosen, key).values())


@given(items=data(), seed=seeds, order=st.randoms(use_true_random=False))
def test_the_same_data_and_seed_give_the_same_splits_in_any_order(items, seed, order):
    chosen = assign(items, seed)
    order.shuffle(items)
    assert assign(items, seed) == chosen


@given(count=st.integers(3, 200), seed=seeds)
def test_shares(count, seed):
    chosen = Counter(assign([Item(str(n), "a", f"text {n}", "", "") for n in range(count)], seed).values())
    assert chosen["test"] == max(round(0.15 * count), 1)
    assert chosen["validation"] == max(round(0.1 * count), 1)
    assert chosen["train"] > 0


def test_another_seed_gives_other_splits():
    items = [Item(str(n), "a", f"text {n}", "", "") for n in range(50)]
    assert assign(items, 0) != assign(items, 1)


def test_too_few_for_three():
    assert assign([], 0) == {}
    assert assign([Item("1", "a", "yes", "", "")], 0) == {"1": "train"}
    two = assign([Item("1", "a", "yes", "", ""), Item("2", "a", "no", "", "")], 0)
    assert sorted(two.values()) == ["test", "train"]


@given(items=data(splits=("train", "validation", "test")), seed=seeds)
def test_what_the_data_says_stays(items, seed):
    kept = [item for item in items if item.id not in leaks(items)]
    chosen = assign(kept, seed)
    for item in kept:
        assert chosen[item.id] == item.split or item.split == "train"
    for places in where(kept, chosen, lambda item: item.text).values():
        assert len(places) == 1


@given(items=data(splits=("train", "validation", "test")), seed=seeds)
def test_all_three_given_are_taken_as_they_are(items, seed):
    kept = [item for item in items if item.id not in leaks(items)]
    if {item.split for item in kept} == {"train", "validation", "test"}:
        assert assign(kept, seed) == {item.id: item.split for item in kept}


@given(items=data(splits=("", "train", "validation", "test")), seed=seeds)
def test_no_text_is_in_two_splits_where_only_some_are_given(items, seed):
    kept = [item for item in items if item.id not in leaks(items)]
    chosen = assign(kept, seed)
    assert all(len(places) == 1 for places in where(kept, chosen, lambda item: item.text).values())


def test_validation_comes_out_of_train():
    items = [Item(str(n), "a", f"text {n}", "ann", "train" if n < 40 else "test") for n in range(50)]
    chosen = assign(items, 0)
    assert Counter(chosen.values()) == {"train": 36, "validation": 4, "test": 10}
    assert all(chosen[item.id] == "test" for item in items if item.split == "test")


def test_train_alone_gives_all_three():
    chosen = assign([Item(str(n), "a", f"text {n}", "", "train") for n in range(20)], 0)
    assert Counter(chosen.values()) == {"train": 15, "validation": 2, "test": 3}


def test_a_leak_leaves_train():
    items = [
        Item("1", "a", "yes", "", "train"),
        Item("2", "b", "yes", "", "test"),
        Item("3", "a", "no", "", "train"),
        Item("4", "a", "", "", "train"),
        Item("5", "a", "", "", "test"),
    ]
    assert leaks(items) == {"1": items[1]}


@given(items=data(splits=("", "train", "validation", "test")))
def test_without_leaks_there_are_none(items):
    assert leaks([item for item in items if item.id not in leaks(items)]) == {}
