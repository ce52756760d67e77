"""Which model is in use, and which was before: what `use`, going back and going back for good make of it."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.errors import ModelError
from device.models.fetch import fetch
from device.models.store import Store
from tests.full_disk import fill, small_disk
from tests.models.flashing import silent

NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def template(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store(tmp_path_factory.mktemp("template"))
    for name in NAMES:
        fetch(store, name, pristine, silent)
    return store.root


@pytest.fixture
def three(template: Path, tmp_path: Path) -> Store:
    """A store with three models, of which the first is in use."""
    return Store(Path(shutil.copytree(template, tmp_path / "store", symlinks=True)))


def both(store: Store) -> tuple[str | None, str | None]:
    return store.current(), store.previous()


def damage(store: Store, name: str) -> None:
    (store.root / name / "config.json").write_text("{")


def test_at_first_there_is_none_to_go_back_to(three: Store):
    assert both(three) == ("one", None)
    with pytest.raises(ModelError, match="no model to go back to"):
        three.switch_back()
    assert both(three) == ("one", None)


def test_going_back_can_be_taken_back(three: Store):
    three.use("two")
    assert both(three) == ("two", "one")
    assert three.switch_back() == "one"
    assert both(three) == ("one", "two")
    assert three.switch_back() == "two"
    assert both(three) == ("two", "one")


def test_going_back_for_good_cannot(three: Store):
    three.use("two")
    assert three.switch_back(for_good=True) == "one"
    assert both(three) == ("one", None)
    with pytest.raises(ModelError, match="no model to go back to"):
        three.switch_back(for_good=True)


def test_to_use_what_is_in_use_changes_nothing(three: Store):
    three.use("two")
    three.use("two")
    assert both(three) == ("two", "one")


@pytest.mark.parametrize("for_good", [False, True])
def test_a_damaged_model_is_not_gone_back_to(three: Store, for_good: bool):  # noqa: FBT001
    three.use("two")
    damage(three, "one")
    with pytest.raises(ModelError, match=r"'one' .* is damaged"):
        three.switch_back(for_good=for_good)
    assert both(three) == ("two", "one")


def test_what_is_gone_is_not_gone_back_to(three: Store):
    three.use("two")
    shutil.rmtree(three.root / "one")
    assert both(three) == ("two", None)


def test_where_the_model_in_use_is_gone_the_one_before_can_be_used(three: Store):
    three.use("two")
    shutil.rmtree(three.root / "two")
    assert both(three) == ("two", "one")
    assert three.switch_back() == "one"
    assert three.current() == "one"


@pytest.mark.parametrize("link", ["../elsewhere", ".incoming", "current", "/etc", ""])
def test_a_link_to_no_model_is_none(three: Store, link: str):
    (three.root / "previous").symlink_to(link or "x" * 200)
    assert three.previous() is None
    three.use("two")
    assert both(three) == ("two", "one")


def test_a_model_is_removed_unless_it_is_in_use(three: Store):
    three.use("two")
    with pytest.raises(ModelError, match="'two' is in use: use another one first"):
        three.remove("two")
    with pytest.raises(ModelError, match="no speech model 'four'"):
        three.remove("four")
    three.remove("one")
    assert (three.names(), both(three)) == (["three", "two"], ("two", None))
    three.use("three")
    assert both(three) == ("three", "two")


def test_a_model_is_removed_from_a_full_disk_which_makes_room(template: Path, tmp_path: Path):
    with small_disk(tmp_path) as disk:
        full = Store(Path(shutil.copytree(template, disk / "store", symlinks=True)))
        fill(disk)
        full.remove("three")
        assert full.names() == ["one", "two"]
        assert shutil.disk_usage(disk).free
        assert not (full.root / ".incoming").exists()


def test_the_links_are_no_models(three: Store):
    three.use("two")
    assert three.names() == sorted(NAMES)
    with pytest.raises(ModelError, match="but not 'current' or 'previous'"):
        three.folder("previous")


def test_while_another_program_changes_the_store_nothing_is_switched(three: Store):
    three.use("two")
    folder = os.open(three.root, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        with pytest.raises(ModelError, match="Another saykey command"):
            three.switch_back()
    finally:
        os.close(folder)
    assert both(three) == ("two", "one")


def after(state: tuple[str, str | None], step: str) -> tuple[str, str | None]:
    """What a step makes of the model in use and the one before."""
    current, previous = state
    match step:
        case "back":
            return (previous, current) if previous else state
        case "for good":
            return (previous, None) if previous else state
        case name:
            return state if name == current else (name, current)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from([*NAMES, "back", "for good"]), max_size=8))
def test_however_it_is_switched_it_is_known_what_is_in_use(three: Store, steps: list[str]):
    (three.root / "previous").unlink(missing_ok=True)
    three.use("one")
    (three.root / "previous").unlink(missing_ok=True)
    state: tuple[str, str | None] = ("one", None)
    for step in steps:
        with suppress(ModelError):
            if step in NAMES:
                three.use(step)
            else:
                three.switch_back(for_good=step == "for good")
        state = after(state, step)
        assert both(three) == state
    assert not [entry for entry in three.root.iterdir() if entry.name.startswith(".")]
