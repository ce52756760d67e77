"""Which utterances go together, and what the model is given of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from device.speech import features
from tests.trainer.training.made import batches, examples
from trainer.training.batches import IGNORED, chosen, planned
from trainer.training.recipe import Recipe

PLAIN = Recipe(timestamps_share=0.0, batch_size=3)
SAID = [("personal", "one", 8_000), ("personal", "two and more", 20_321), ("general", "three", 12_345)]

lots = st.tuples(*(st.integers(0, 40) for _ in range(3))).filter(lambda counts: counts[0] + counts[2] > 0)
shares = st.tuples(st.floats(0, 0.5), st.floats(0, 0.4))


def lot(counts):
    names = ("personal", "general", "synthetic")
    said = [
        (name, "x", 400 + 37 * number)
        for name, count in zip(names, counts, strict=True)
        for number in range(count)
    ]
    return examples(said).examples


@given(lots, shares, st.integers(1, 5), st.integers(0, 2**40))
def test_an_epoch_has_all_of_the_owner_and_a_share_of_the_others(counts, shares, epoch, seed):
    personal, general, synthetic = counts
    recipe = Recipe(general_share=shares[0], synthetic_share=shares[1], seed=seed)
    found = chosen(lot(counts), recipe, epoch)
    owner = range(personal) if personal else range(general, general + synthetic)
    taken = Counter(found)

    assert all(taken[index] == 1 for index in owner)
    others = {"general": range(personal, personal + general)}
    if personal:
        others["synthetic"] = range(personal + general, sum(counts))
    asked = {"general": shares[0], "synthetic": shares[1]}
    present = {name: asked[name] for name, indices in others.items() if indices}
    total = len(owner) / (1 - sum(present.values()))
    for name, share in present.items():
        assert sum(taken[index] for index in others[name]) == pytest.approx(total * share, abs=0.5)
    assert found == chosen(lot(counts), recipe, epoch)


@given(st.integers(1, 8), st.integers(1, 20))
def test_all_of_the_others_have_their_turn(personal, general):
    recipe = Recipe(general_share=0.5)
    taken = Counter(
        index
        for epoch in range(1, 2 + general)
        for index in chosen(lot((personal, general, 0)), recipe, epoch)
    )
    times = [taken[index] for index in range(personal, personal + general)]

    assert min(times) >= 1
    assert max(times) - min(times) <= 1  # none is taken twice before all were taken


@given(lots, st.integers(1, 9), st.integers(1, 3))
def test_batches_hold_an_epoch_once(counts, size, epoch):
    recipe = Recipe(batch_size=size)
    found = planned(lot(counts), recipe, epoch)

    assert Counter(index for batch in found for index in batch) == Counter(chosen(lot(counts), recipe, epoch))
    assert sorted(map(len, found))[1:] == [size] * (len(found) - 1)
    assert found == planned(lot(counts), recipe, epoch)


def test_what_goes_together_is_about_as_long():
    chance = np.random.default_rng(0)
    several = examples([("personal", "x", int(chance.integers(8_000, 80_000))) for _ in range(200)]).examples
    lengths = np.array([each.length for each in several])
    found = planned(several, Recipe(batch_size=8), 1)
    padding = sum(len(batch) * max(lengths[batch]) for batch in found) / lengths.sum() - 1
    by_chance = chance.permutation(200).reshape(-1, 8)

    assert padding < 0.2
    assert padding < 0.4 * (8 * lengths[by_chance].max(1).sum() / lengths.sum() - 1)
    assert [sorted(batch) for batch in found] != [sorted(batch) for batch in planned(several, Recipe(), 2)]


def test_features_are_those_that_the_device_computes(tmp_path, base):
    made = batches(tmp_path, base, PLAIN, SAID)
    batch = made.make([0, 1, 2], 1, 0)
    frames = batch.mel.shape[2]

    assert frames % 2 == 0
    for mel, example in zip(batch.mel.numpy(), examples(SAID).examples, strict=True):
        expected = features.window(examples(SAID).sound(example), 80, frames)
        assert np.array_equal(mel, expected)


@given(st.integers(1, 5_000))
def test_features_and_silence_are_the_devices_for_any_length(tmp_path_factory, base, length):
    said = [("personal", "x", length), ("personal", "x", 7_000)]
    batch = batches(tmp_path_factory.mktemp("any"), base, PLAIN, said).make([0, 1], 1, 0)
    expected = features.window(examples(said).sound(examples(said).examples[0]), 80, batch.mel.shape[2])

    assert np.array_equal(batch.mel[0].numpy(), expected)


def test_the_decoder_reads_the_devices_prompt_and_learns_what_follows(tmp_path, base, tokens):
    batch = batches(tmp_path, base, PLAIN, SAID).make([0, 1], 1, 0)
    prompt = tokens.prompt(None, "", "")
    for row, (_, text, _) in enumerate(SAID[:2]):
        whole = [*prompt, *text.encode(), tokens.end]
        read, said = batch.tokens[row].tolist(), batch.labels[row].tolist()
        assert read[: len(whole) - 1] == whole[:-1]
        assert set(read[len(whole) - 1 :]) <= {tokens.end}
        assert said[: len(prompt) - 1] == [IGNORED] * (len(prompt) - 1)
        assert said[len(prompt) - 1 : len(whole) - 1] == whole[len(prompt) :]
        assert set(said[len(whole) - 1 :]) <= {IGNORED}
    assert batch.tokens.shape[1] == len(prompt) + len(SAID[1][1])


def test_times_frame_the_text(tmp_path, base, tokens):
    batch = batches(tmp_path, base, replace(PLAIN, timestamps_share=1.0), SAID).make([1], 1, 0)
    start, without = tokens.prompt(None, "", "")
    times = [without + 1, without + 1 + round(20_321 / 16_000 / 0.02)]

    assert batch.tokens[0].tolist() == [start, times[0], *b"two and more", times[1]]
    assert batch.labels[0].tolist() == [times[0], *b"two and more", times[1], tokens.end]


def test_times_are_those_of_the_sound_as_it_is_heard(tmp_path, base, tokens):
    recipe = replace(PLAIN, timestamps_share=1.0)
    slower = batches(tmp_path, base, recipe, SAID, lambda samples, _id, _epoch: np.repeat(samples, 2))
    zero = tokens.prompt(None, "", "")[-1] + 1

    assert slower.make([0], 1, 0).labels[0, -2] == zero + 50


def test_a_sound_made_longer_than_whisper_hears_is_taken_as_it_was(tmp_path, base):
    said = [("personal", "long", features.MAX_SAMPLES - 160)]
    longer = batches(tmp_path, base, PLAIN, said, lambda samples, _id, _epoch: np.repeat(samples, 2))

    assert np.array_equal(
        longer.make([0], 1, 0).mel, batches(tmp_path, base, PLAIN, said).make([0], 1, 0).mel
    )
    assert longer.make([0], 1, 0).mel.shape[2] == features.MAX_FRAMES


def test_augmentation_is_told_apart_by_source_name_and_epoch(tmp_path, base):
    asked = []

    def augmented(samples, name, epoch):
        asked.append((name, epoch))
        return samples if name == "personal/0" else samples[:4_000]

    batch = batches(tmp_path, base, PLAIN, SAID, augmented).make([0, 2], 7, 0)

    assert asked == [("personal/0", 7), ("general/2", 7)]
    part = examples(SAID).sound(examples(SAID).examples[2])[:4_000]
    assert np.array_equal(batch.mel[1], features.window(part, 80, batch.mel.shape[2]))


@pytest.mark.parametrize(
    ("memory", "least", "most"), [("spliced", 100, 104), ("short", 20, 104), ("whole", None, None)]
)
def test_silence_behind_the_longest(tmp_path, base, memory, least, most):
    made = batches(tmp_path, base, replace(PLAIN, memory=memory), SAID)
    found = [made.make([0, 1], 1, step) for step in range(8)]

    assert {batch.short for batch in found} == {memory == "short"}
    for batch in found:
        frames = batch.mel.shape[2]
        assert frames % 2 == 0
        if most is None:
            assert frames == features.MAX_FRAMES
        else:
            assert least <= frames - 20_321 // 160 <= most
    assert (len({batch.mel.shape[2] for batch in found}) > 1) == (memory == "short")


def test_batches_of_both_memories_are_mixed(tmp_path, base):
    made = batches(tmp_path, base, replace(PLAIN, memory="mixed"), SAID)
    short = [made.make([0], 1, step).short for step in range(200)]

    assert 70 < sum(short) < 130


def test_masks_blank_speech_and_leave_silence(tmp_path, base):
    plain = batches(tmp_path, base, PLAIN, SAID).make([1], 1, 0).mel[0].numpy()
    recipe = replace(PLAIN, time_masks=3.0, band_masks=2)
    masked = batches(tmp_path, base, recipe, SAID).make([1], 1, 0).mel[0].numpy()
    spoken = 20_321 // 160 + 3
    changed = masked != plain

    assert changed[:, :spoken].mean() > 0.1
    assert not changed[:, spoken:].any()
    assert np.unique(masked[changed]).size == 1
    blanked = changed[:, :spoken]
    assert any(row.all() or row.sum() > 0.9 * spoken for row in blanked)


def test_a_batch_depends_on_nothing_but_its_place(tmp_path, base):
    recipe = Recipe(memory="mixed", timestamps_share=0.5, time_masks=2.0, band_masks=1)
    one, two = (batches(tmp_path, base, recipe, SAID) for _ in range(2))
    one.make([2], 3, 1)
    first, again = one.make([0, 1], 1, 2), two.make([0, 1], 1, 2)

    assert first.mel.equal(again.mel)
    assert first.tokens.equal(again.tokens)
    assert first.labels.equal(again.labels)
    assert not two.make([0, 1], 2, 2).mel.equal(again.mel)


@pytest.mark.model
def test_the_real_model_is_given_in_training_what_the_device_gives_it(tmp_path, real_model):
    """CTranslate2 gets the engine's prompt; a reference tokenizer writes the rest."""
    from faster_whisper.tokenizer import Tokenizer
    from tokenizers import Tokenizer as Library

    from device.speech.tokens import Tokens
    from trainer.training.examples import framed

    reference = Tokenizer(Library.from_file(str(real_model / "tokenizer.json")), multilingual=False)
    tokens = Tokens(real_model / "tokenizer.json")
    text = tokens.encode(" Six spoons of fresh snow peas.")

    assert text == reference.encode(" Six spoons of fresh snow peas.")
    written, prompt = framed(text, tokens, None, None)
    assert written == [*reference.sot_sequence, reference.no_timestamps, *text, reference.eot]
    assert prompt == 2
    timed, prompt = framed(text, tokens, None, 30.0)
    first = reference.timestamp_begin
    assert timed == [*reference.sot_sequence, first, *text, first + 1500, reference.eot]
    assert prompt == 1
