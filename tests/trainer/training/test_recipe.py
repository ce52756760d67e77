from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.augmentation.settings import AugmentSettings
from trainer.errors import RecipeError
from trainer.training.keys import keys, listed
from trainer.training.recipe import LoraSettings, Recipe, as_toml, load_recipe, recipe_names, summary

share = st.floats(0, 1)
recipes = st.builds(
    Recipe,
    strategy=st.sampled_from(["full", "lora", "qlora"]),
    memory=st.sampled_from(["spliced", "short", "mixed", "whole"]),
    learning_rate=st.floats(1e-9, 1),
    epochs=st.integers(1, 99),
    dropout=share,
    general_share=st.floats(0, 0.4),
    blends=st.lists(share, min_size=1).map(tuple),
    gradient_checkpointing=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    lora=st.builds(LoraSettings, rank=st.integers(1, 64), layers=st.just(("q_proj", "fc1"))),
    augment=st.none() | st.builds(AugmentSettings, clean_share=share),
)


@given(recipes)
def test_a_recipe_is_read_as_it_was_written(tmp_path_factory, recipe):
    file = tmp_path_factory.mktemp("recipe") / "mine.toml"
    file.write_text(as_toml(recipe), encoding="utf-8")

    assert load_recipe(str(file)) == recipe


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_come_with_the_trainer(name):
    assert isinstance(load_recipe(name), Recipe)
    assert 20 < len(summary(name)) < 200
    assert summary(name).endswith(".")


def test_there_is_a_recipe_of_every_kind():
    assert {"personal", "lora", "qlora"} <= set(recipe_names())
    assert load_recipe("lora").strategy == "lora"
    assert load_recipe("qlora").strategy == "qlora"
    assert load_recipe("lora").learning_rate == 1e-3


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("epochs=3", "epochs", 3),
        ("learning_rate = 1", "learning_rate", 1.0),
        ("memory=short", "memory", "short"),
        ('memory="short"', "memory", "short"),
        ("blends=[1, 0.5]", "blends", (1.0, 0.5)),
        ("gradient_checkpointing=true", "gradient_checkpointing", True),
        ("lora.rank=8", "lora", LoraSettings(rank=8)),
    ],
)
def test_single_keys_are_overridden(tmp_path, override, key, value):
    (tmp_path / "mine.toml").write_text("epochs = 9\n")
    assert getattr(load_recipe(str(tmp_path / "mine.toml"), [override]), key) == value


def test_the_last_override_counts_and_the_rest_stays():
    found = load_recipe("lora", ["lora.rank=8", "augment.noise_share=0.2", "lora.rank=4"])
    assert found.lora.rank == 4
    assert found.lora.alpha == 64
    assert found.augment == AugmentSettings(noise_share=0.2)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("learning_rates=1", "learning_rates.*did you mean learning_rate?"),
        ("lora.ranks=1", "ranks.*lora.*did you mean rank?"),
        ("augment.noise=1", "noise.*augment.*did you mean noise_share?"),
        ("xyzzy=1", "xyzzy.*finetune --help lists the keys"),
        ("epochs=two", r"Expected `int`, got `str` - at `\$.epochs`.*with epochs=two"),
        ("epochs=0", r">= 1 - at `\$.epochs`"),
        ("seed=-1", r">= 0 - at `\$.seed`"),
        ("lora.layers=['q']", r"\$.lora.layers"),
        ("memory=long", r"'long' - at `\$.memory`"),
        ("general_share=0.8", "less than a tenth for the owner"),
        ("blends=[]", "blends is empty: give at least 1.0"),
        ("epochs", "'epochs' sets nothing: write KEY=VALUE, as in epochs=3"),
        ("epochs.a=1", "epochs"),
    ],
)
def test_a_wrong_override_is_explained(override, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe("personal", [override])


def test_a_key_below_one_that_has_none_is_explained(tmp_path):
    (tmp_path / "mine.toml").write_text("epochs = 9\n")
    with pytest.raises(RecipeError, match=r"'epochs\.a=1': epochs has no keys"):
        load_recipe(str(tmp_path / "mine.toml"), ["epochs.a=1"])


@pytest.mark.parametrize(
    "content",
    ['strategy = "lora"\nembeddings = true\n', 'parts = "encoder"\nembeddings = true\n'],
)
def test_embeddings_that_would_not_be_trained_are_refused(tmp_path, content):
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(RecipeError, match="embeddings are the decoder's"):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_name_that_is_none_lists_those_there_are():
    with pytest.raises(RecipeError, match=r"no recipe 'personel': name a file, or one of .*personal, qlora"):
        load_recipe("personel")


@pytest.mark.parametrize("content", [b"epochs = = 3", b"\xff\xfe", b"[augment"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(RecipeError, match=r"mine\.toml cannot be read"):
        load_recipe(str(tmp_path / "mine.toml"))


def test_every_key_is_listed_with_its_default_and_a_meaning(tmp_path):
    found = list(keys())
    names = {key.name for key in found}

    assert names >= {"epochs", "lora.rank", "augment.clean_share"}
    assert len(names) == len(found)
    assert all(key.meaning.endswith(".") for key in found)
    assert f"  epochs = {Recipe().epochs}\n" in listed()
    assert max(map(len, listed().splitlines())) <= 78
    # The values are written as TOML has them: a recipe of all of them is one of the defaults.
    (tmp_path / "all.toml").write_text("".join(f"{key.name} = {key.default}\n" for key in found))
    assert load_recipe(str(tmp_path / "all.toml")) == Recipe(augment=AugmentSettings())
