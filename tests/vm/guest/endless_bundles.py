"""Endless bundles of one model, made in the guest, and how a tiny one is tried."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from forked import in_child

from device.audio.files import read
from device.audio.sound import seconds
from device.errors import ModelError
from device.models.bundle import open_bundle
from device.models.install import install, slot_name
from device.models.self_test import Heard, self_test
from device.settings import RecognitionSettings
from device.speech.engine import Engine
from tests.bundles import public
from tests.models.flashing import packed, parts_of

if TYPE_CHECKING:
    import random

    from forked import Tell, Work

    from device.models.bundle import SelfTest
    from device.models.self_test import Test
    from device.models.store import Store

_FOLDER = Path("/tmp/bundles")  # noqa: S108  it is the guest's own

_BALLAST = 1 << 20
"""Bytes added to a tiny model, so that there is something to write."""


class Bundles:
    """Bundles of one model, which differ in what its README says.

    Attributes:
        test: Tries it.
    """

    def __init__(self, model: Path, store: Store, chance: random.Random, *, is_tiny: bool) -> None:
        """Have the model say what it understands; the bundles are for this store."""
        self._store = store
        self.test: Test = understands if is_tiny else self_test
        self._numbers = count(1)
        self._chance = chance
        self._ballast = _BALLAST if is_tiny else 0
        self._parts = parts_of(model)
        self._text = "and you always want to see it in the superlative degree."
        if is_tiny:
            self._parts["selftest.flac"] = (model / "selftest.flac").read_bytes()
            self._text = in_child(lambda: heard(model))
            assert self._text
        _FOLDER.mkdir()

    def new(self) -> str:
        """Write one that is in no store yet; give the name that it will have there."""
        for old in _FOLDER.iterdir():
            if old.name not in self._store.names():
                old.unlink()
        number = next(self._numbers)
        readme = f"{number}".encode() + self._chance.randbytes(self._ballast)
        file = _FOLDER / "new"
        file.write_bytes(packed(self._parts | {"README.md": readme}, number, self._text))
        with file.open("rb") as stream:
            name = slot_name(open_bundle(stream, public()))
        file.rename(_FOLDER / name)
        return name

    def installation(self, name: str) -> Work:
        """Give the work of installing one."""

        def work(tell: Tell) -> None:
            def progress(what: str, done: float) -> None:
                tell(f"{what}, done" if done == 1 else what)

            with (_FOLDER / name).open("rb") as stream:
                install(self._store, stream, public(), progress, self.test)

        return work


def heard(folder: Path) -> str:
    """Say what a tiny model makes of the recording beside it."""
    engine = Engine(folder, RecognitionSettings(), short_window=True)
    sound = read(folder / "selftest.flac")
    return engine.decode(engine.encode(sound), seconds(len(sound)), beam_size=1).text


def understands(folder: Path, expected: SelfTest) -> Heard:
    """Try a tiny model: in this process, and without the speech detector, which is slow in the guest."""
    text = heard(folder)
    if text != expected.text:
        raise ModelError(f"it heard {text!r} instead of {expected.text!r}")
    return Heard(text, 0.0, 0.0)
