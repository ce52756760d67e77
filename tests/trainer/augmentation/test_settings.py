"""The table of a recipe."""

from __future__ import annotations

import msgspec
import pytest

from trainer.augmentation.settings import AugmentSettings


def test_a_recipe_overrides_what_it_names():
    settings = msgspec.convert({"clean_share": 0.5, "snr_db": [5, 15]}, AugmentSettings)

    assert settings == AugmentSettings(clean_share=0.5, snr_db=(5, 15))
    assert 0.3 <= AugmentSettings().clean_share <= 0.5


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"clean_share": 1.5}, "clean_share"),
        ({"speed": [1.1, 0.9]}, "speed"),
        ({"speed": [0, 1]}, "speed"),
        ({"gain": [float("nan"), 1]}, "gain"),
        ({"snr_db": [10]}, "snr_db"),
        ({"echo": 1}, "echo"),
    ],
)
def test_what_is_wrong_is_named(table, named):
    with pytest.raises(msgspec.ValidationError, match=named):
        msgspec.convert(table, AugmentSettings)
