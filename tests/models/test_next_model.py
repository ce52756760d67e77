from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.errors import ModelError
from device.models.fetch import fetch
from device.models.next_model import next_model
from device.settings import RecognitionSettings
from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path

    from device.models.store import Store


@pytest.fixture(scope="session")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("multilingual") / "whisper"
    return tiny_model.write(folder, size=tiny_model.MULTILINGUAL, languages=["de"])


@pytest.fixture
def three(store: Store, pristine: Path) -> Store:
    """A store with three models, of which "a" is in use."""
    for name in ("a", "b", "c"):
        fetch(store, name, pristine, lambda *_: None)
    return store


def settings(store: Store, **others) -> RecognitionSettings:
    return RecognitionSettings(store=str(store.root), **others)


def rounds(store: Store, times: int, **others) -> list[str]:
    return [next_model(settings(store, **others)) for _ in range(times)]


def test_all_that_are_installed_are_gone_round(three: Store):
    assert rounds(three, 4) == ["b", "c", "a", "b"]
    assert (three.current(), three.previous()) == ("b", "a")


def test_those_of_the_settings_are_gone_round_in_their_order(three: Store):
    assert rounds(three, 3, models=["c", "a"]) == ["c", "a", "c"]
    three.use("b")  # which is none of them
    assert rounds(three, 1, models=["c", "a"]) == ["c"]


@pytest.mark.parametrize("other", ["gone", "current", "../b"])
def test_one_that_cannot_be_used_is_passed_over(three: Store, other: str, caplog):
    (three.root / "b" / "model.bin").write_bytes(b"damaged")
    assert rounds(three, 1, models=["a", "b", other, "c"]) == ["c"]
    assert "the model b is passed over" in caplog.text
    assert f"the model {other} is passed over" in caplog.text


def test_where_there_is_no_other_one_nothing_changes(three: Store):
    with pytest.raises(ModelError, match="no other speech model"):
        rounds(three, 1, models=["a"])
    (three.root / "b" / "model.bin").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"'b' in .* is damaged"):
        rounds(three, 1, models=["a", "b"])
    assert (three.current(), three.previous()) == ("a", None)


def test_one_that_lacks_the_language_is_passed_over(three: Store, multilingual: Path):
    fetch(three, "all", multilingual, lambda *_: None)
    assert rounds(three, 1, language="de", models=["b", "all", "c"]) == ["all"]
    with pytest.raises(ModelError, match=r"c knows only English, but recognition\.language is 'auto'"):
        rounds(three, 1, language="auto", models=["all", "c"])
    assert three.current() == "all"


def test_the_language_that_a_model_brought_goes_with_it(three: Store, multilingual: Path):
    fetch(three, "german", multilingual, lambda *_: None)
    (three.root / "german" / "settings.toml").write_text("[recognition]\nlanguage = 'de'")
    three.use("german")
    assert rounds(three, 1, language="de", models=["german", "a"]) == ["a"]


def test_a_model_that_the_settings_name_stays(three: Store):
    with pytest.raises(ModelError, match=r"remove recognition\.model"):
        rounds(three, 1, model="a")
    assert three.current() == "a"


def test_an_empty_store_has_none(store: Store):
    with pytest.raises(ModelError, match="no other speech model"):
        rounds(store, 1)
