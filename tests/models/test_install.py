from __future__ import annotations

import errno
import io
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from device.errors import BundleError, ModelError
from device.models import files
from device.models.fetch import fetch
from device.models.install import install
from device.models.store import Store
from tests.bundles import STRANGER, Pipe, public
from tests.models.flashing import SAID, altered, packed, parts_of, passes, silent

if TYPE_CHECKING:
    from pathlib import Path

    from device.models.bundle import SelfTest
    from device.models.install import Installed
    from device.models.self_test import Heard

pytestmark = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")


@pytest.fixture(scope="module")
def template(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("template"))
    fetch(store, "stock", pristine, silent)
    return store


@pytest.fixture(scope="module")
def parts(template: Store) -> dict[str, bytes]:
    """The parts of a bundle."""
    return parts_of(template.folder("stock"))


@pytest.fixture
def stocked(store: Store, template: Store) -> Store:
    """A store with a model that was fetched."""
    shutil.copytree(template.root, store.root, symlinks=True)
    return store


def take(store: Store, content: bytes, test: Any = passes, **options: Any) -> Installed:
    return install(store, Pipe(content, 1 << 16), public(), silent, test, **options)


def leftovers(store: Store) -> list[str]:
    return [entry.name for entry in store.root.iterdir() if entry.name.startswith(".")]


# What is taken in.


def test_a_bundle_becomes_the_model_in_use_and_the_one_before_stays(stocked: Store, parts):
    found = take(stocked, packed(parts))
    assert found.name == f"anna-{found.bundle[:8]}"
    assert (found.before, found.heard, found.real_time_factor) == ("stock", SAID, 0.25)
    assert found.size == sum(map(len, parts.values()))
    assert (stocked.current(), stocked.previous()) == (found.name, "stock")
    folder = stocked.folder(found.name)
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.name in parts} == parts
    assert {file.name for file in folder.iterdir()} - parts.keys() == {"bundle.json", "bundle.minisig"}
    assert leftovers(stocked) == []
    for name in stocked.names():
        stocked.verify(name)


def test_a_bundle_may_be_the_first_model(store: Store, parts):
    found = take(store, packed(parts))
    assert (found.before, store.current(), store.previous()) == (None, found.name, None)


def test_what_was_flashed_before_the_last_two_makes_room_for_the_next(stocked: Store, parts):
    names = [take(stocked, packed(parts, number)).name for number in range(4)]
    assert stocked.names() == sorted(["stock", *names[1:]])
    assert stocked.flashed() == sorted(names[1:])
    assert (stocked.current(), stocked.previous()) == (names[3], names[2])


def test_what_the_settings_name_is_kept(stocked: Store, parts):
    first = take(stocked, packed(parts)).name
    for number in (1, 2, 3):
        take(stocked, packed(parts, number), keep=(first,))
    assert first in stocked.names()
    assert len(stocked.flashed()) == 4


def test_a_bundle_that_is_in_use_is_only_tried_again(stocked: Store, parts):
    content = packed(parts)
    first = take(stocked, content)
    without_parts = content[: 4 * 512 + 2048]
    again = take(stocked, without_parts)
    assert again.before == again.name == first.name
    assert (stocked.current(), stocked.previous()) == (first.name, "stock")


def test_the_bundle_before_is_switched_to(stocked: Store, parts):
    first, second = (take(stocked, packed(parts, number)).name for number in (1, 2))
    assert take(stocked, packed(parts, 1)[: 4 * 512 + 2048]).name == first
    assert (stocked.current(), stocked.previous()) == (first, second)


@pytest.mark.parametrize("file", ["model.bin", "selftest.flac", "bundle.json"])
def test_a_damaged_model_is_replaced_by_its_bundle(stocked: Store, parts, file: str):
    name = take(stocked, packed(parts)).name
    damaged = stocked.folder(name) / file
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"damaged .*flash it again|bundle\.json is damaged"):
        stocked.verify(name)
    take(stocked, packed(parts))
    stocked.verify(name)
    assert (stocked.current(), stocked.previous()) == (name, "stock")


def test_a_fetched_model_of_the_same_name_is_not_taken_for_the_bundle(stocked: Store, parts, pristine: Path):
    name = take(stocked, packed(parts)).name
    stocked.use("stock")
    fetch(stocked, name, pristine, silent, force=True)
    assert stocked.flashed() == []
    take(stocked, packed(parts))
    assert stocked.flashed() == [name]


def test_a_model_may_bring_settings(stocked: Store, parts):
    own = {"settings.toml": b"[recognition]\ninitial_prompt = 'Dear Anna'\n"}
    name = take(stocked, packed(parts | own)).name
    assert (stocked.folder(name) / "settings.toml").read_bytes() == own["settings.toml"]


# What is refused.


def fails(_folder: Path, _expected: SelfTest) -> Heard:
    raise ModelError("The model failed its self-test: it heard nothing.")


class Breaking(io.BytesIO):
    """A stream from a stick that is pulled out."""

    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content)
        self._after = after

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > self._after:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().read(size)


def settings_that_set(text: str) -> dict[str, bytes]:
    return {"settings.toml": text.encode()}


REFUSED = {
    "key": (lambda parts: packed(parts, pair=STRANGER), passes, "signed with the key"),
    "byte": (lambda parts: packed(parts).replace(b"fLaC", b"fLac"), passes, "selftest.flac .*damaged"),
    "cut": (lambda parts: packed(parts)[:-4000], passes, "cut short"),
    "self-test": (packed, fails, "failed its self-test"),
    "weights": (lambda parts: packed(parts | {"model.bin": b"no model"}), passes, "^model.bin is damaged"),
    "vocabulary": (
        lambda parts: packed({name: part for name, part in parts.items() if "vocabulary" not in name}),
        passes,
        "^'anna' lacks vocabulary",
    ),
    "manifest": (
        lambda parts: packed(altered(parts, "saykey.json", files={"config.json": {"sha256": "", "size": 1}})),
        passes,
        "manifest says something else of config.json",
    ),
    "missing": (
        lambda parts: packed(altered(parts, "saykey.json", files={"more.bin": {"sha256": "", "size": 1}})),
        passes,
        "manifest says something else of more.bin",
    ),
    "no manifest": (
        lambda parts: packed(parts | {"saykey.json": b"{"}),
        passes,
        "^saykey.json is damaged",
    ),
    "foreign setting": (
        lambda parts: packed(parts | settings_that_set("[keyboard]\nos = 'linux'")),
        passes,
        "^settings.toml, line 2: keyboard.os is not for a model to set",
    ),
    "wrong setting": (
        lambda parts: packed(parts | settings_that_set("[recognition]\nbeam_size = 99")),
        passes,
        "^settings.toml, line 2: recognition.beam_size is 99",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_changes_nothing(stocked: Store, parts, what: str):
    make, test, said = REFUSED[what]
    first, second = (take(stocked, packed(parts, number)).name for number in (1, 2))
    before = stocked.names()
    with pytest.raises(ModelError, match=said) as caught:
        take(stocked, make(parts), test)
    assert ".incoming" not in str(caught.value)
    assert stocked.names() == before
    assert (stocked.current(), stocked.previous()) == (second, first)
    assert leftovers(stocked) == []
    for name in before:
        stocked.verify(name)


@pytest.mark.parametrize("after", [0, 1000, 50_000])
def test_a_stream_that_breaks_is_not_taken_for_a_bad_store(stocked: Store, parts, after: int):
    with pytest.raises(BundleError, match=r"bundle cannot be read \(Input/output error\)"):
        install(stocked, Breaking(packed(parts), after), public(), silent, passes)
    assert (stocked.names(), leftovers(stocked)) == (["stock"], [])


def test_while_another_program_changes_the_store_nothing_is_taken_in(stocked: Store, parts):
    with (
        Store(stocked.root).changing(),
        pytest.raises(ModelError, match="Another saykey command"),
    ):
        take(stocked, packed(parts))


# The disk.


def test_a_disk_that_is_too_small_is_not_filled_first(stocked: Store, parts, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9 << 20, 9 << 20, 5000))
    monkeypatch.setattr(files.SummedFile, "write", None)
    with pytest.raises(ModelError, match=r"'anna' needs 5 MB, .* 0 MB free.*recognition\.store"):
        take(stocked, packed(parts))
    assert (stocked.names(), leftovers(stocked)) == (["stock"], [])


def test_what_could_make_room_is_named(stocked: Store, parts, monkeypatch):
    take(stocked, packed(parts))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9 << 20, 9 << 20, 5000))
    with pytest.raises(ModelError, match="saykey model remove stock"):
        take(stocked, packed(parts, 2))


def test_what_is_no_longer_needed_makes_room_first(stocked: Store, parts, monkeypatch):
    names = [take(stocked, packed(parts, number)).name for number in range(2)]

    def usage(_path: object) -> object:
        free = 0 if (stocked.root / names[0]).exists() else 100 << 20
        return shutil._ntuple_diskusage(1 << 30, 1 << 30, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(ModelError, match="0 MB free"):
        take(stocked, packed(parts, 2))
    stocked.use("stock")
    take(stocked, packed(parts, 2))


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("writes", [0, 1, 3, 5, 8])
def test_a_disk_that_refuses_is_named_and_left_clean(stocked: Store, parts, monkeypatch, error, writes):
    write, left = files.SummedFile.write, iter(range(writes))

    def limited(file: files.SummedFile, data: bytes) -> None:
        if next(left, None) is None:
            raise OSError(error, os.strerror(error))
        write(file, data)

    monkeypatch.setattr(files.SummedFile, "write", limited)
    said = "cannot be changed" if error == errno.EIO else r"'anna' needs 5 MB, .* MB free"
    with pytest.raises(ModelError, match=said):
        take(stocked, packed(parts))
    assert (stocked.names(), stocked.current(), leftovers(stocked)) == (["stock"], "stock", [])


# With a real trial.


def test_a_model_is_tried_in_earnest(stocked: Store, parts):
    said = "Hello there."  # which is not what random weights make of any recording
    with pytest.raises(
        ModelError, match=r"heard '(.*)' instead of 'Hello there\.' \(2 .*, 0 may\)"
    ) as caught:
        install(stocked, Pipe(packed(parts, text=said), 1 << 16), public(), silent)
    assert stocked.current() == "stock"
    heard = re.search("heard '(.*)' instead", str(caught.value))[1]
    found = install(stocked, Pipe(packed(parts, text=heard), 1 << 16), public(), silent)
    assert found.heard == heard
    assert found.seconds > 0
    assert stocked.current() == found.name
