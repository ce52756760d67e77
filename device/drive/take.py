"""Taking what was dropped for the device: first the owner's key, then a model, then settings and words.

Whatever is wrong with one of them is said in a sentence, and leaves the others and what was before alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from device.corrections.words import counted
from device.drive.place import LONGEST_TEXT
from device.drive.words import COLLECTED, KEY, KEYS, OURS, SETTINGS, WORDS, one_line, plain, result
from device.errors import BundleError, DriveError, SaykeyError, SettingsError
from device.models.archive import Archive
from device.models.bundle import SUFFIX
from device.models.install import install as install_bundle
from device.models.manifest import INDEX
from device.models.signature import PublicKey

if TYPE_CHECKING:
    from collections.abc import Container
    from typing import BinaryIO

    from device.drive.kept import Kept
    from device.drive.place import Place
    from device.models.convert import Progress
    from device.models.install import Installed

log = logging.getLogger(__name__)

Confirm = Callable[[PublicKey], bool]
"""Asks the user whether a key is theirs."""

Install = Callable[..., "Installed"]
"""Takes in a bundle: `device.models.install.install`."""

_LONGEST_INDEX = 256 << 10

_MOST_FILES = 1000
"""More than whoever drops something has beside it."""

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of what was dropped.

    Attributes:
        sentences: It, in words; none where nothing new was there.
        about: What it came of: "bundle: ID" or "file: NAME".
        refused: Texts that are not allowed, as they were on the drive, by their names: to be corrected there.
        has_failed: Something was not taken that should have been.
    """

    sentences: tuple[str, ...] = ()
    about: str = ""
    refused: Mapping[str, bytes] = field(default_factory=dict)
    has_failed: bool = False

    @property
    def result(self) -> bytes:
        """RESULT.TXT."""
        return result(self.sentences, self.about)


def take(  # noqa: PLR0913  what a desk and a test want otherwise
    place: Place,
    kept: Kept,
    confirm: Confirm,
    progress: Progress,
    *,
    shown: Mapping[str, bytes] | None = None,
    stays: bool = False,
    install: Install = install_bundle,
) -> Taken:
    """Take what was dropped on a place, and remove it there; what came of it is kept as the last result.

    Args:
        place: Where it was dropped.
        kept: What the device keeps of it.
        confirm: Asked before the first key is trusted. What it raises ends all, and leaves the rest there.
        progress: Told what is being done with a bundle.
        shown: The texts that were there to be edited, by their names, where they are not those in force.
        stays: What is not for the device stays there, to be met again: alone, it is nothing new.
        install: Takes in a bundle.
    """
    taking = _Taking(place, kept, shown or {})
    taking.do("", "What is on the drive cannot be read", taking.look)
    taking.take_collected()
    taking.take_key(confirm)
    taking.take_bundle(install, progress)  # before the settings, which may be for this model and no other
    taking.take_text(SETTINGS, "settings")
    taking.do("", "The settings cannot be read", taking.tell_hidden)
    taking.take_text(WORDS, "words")
    if stays and len(taking.sentences) == taking.passed_over:
        return Taken(refused=taking.refused)
    taken = Taken(tuple(taking.sentences), taking.about, taking.refused, taking.has_failed)
    if taken.sentences:
        taking.do("", "The result cannot be kept", lambda: kept.keep_result(taken.result))
    return taken


@dataclass
class _Taking:
    place: Place
    kept: Kept
    shown: Mapping[str, bytes]
    files: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    about: str = ""
    refused: dict[str, bytes] = field(default_factory=dict)
    has_failed: bool = False
    passed_over: int = 0
    """So many of the sentences are about files that are not for the device."""
    installed: tuple[str, str] | None = None
    """The name of the file with a model that was installed, and what that is called in the store."""

    def do(self, name: str, failed: str, act: Callable[[], None]) -> None:
        """Do a part of it; where it fails, say so, and go on with the others."""
        try:
            act()
        except (SaykeyError, OSError) as error:
            self.fail(name, f"{failed}: {_sentence(error)}")

    def fail(self, name: str, sentence: str) -> None:
        """Say why nothing came of a file."""
        self.has_failed = True
        self.say(name, sentence)

    def say(self, name: str, sentence: str) -> None:
        """Say what came of a file."""
        self.sentences.append(one_line(sentence))
        if name and not self.about.startswith("bundle: "):
            self.about = one_line(f"file: {name}")

    def look(self) -> None:
        """See what there is, and name that of which nothing can come."""
        files = self.place.files()
        if len(files) > _MOST_FILES:
            raise DriveError(f"there are {len(files)} files: drop only what is for the device.")
        self.files = files
        known = OURS | KEYS | {SETTINGS, WORDS, COLLECTED}
        others = [name for name in files if name.upper() not in known and not _is_bundle(name)]
        for name in others[:_MOST_NAMED]:
            self.fail(name, f"'{name}' is no model, whose name ends in {SUFFIX}, and was passed over.")
        if more := others[_MOST_NAMED:]:
            self.fail(more[0], f"{len(more)} other files are no models either.")
        self.passed_over = len(self.sentences)

    # The corrections that the owner's computer has.

    def take_collected(self) -> None:
        """Delete the corrections that were collected, and no others."""
        if name := self._find({COLLECTED}):
            self.do(name, "Corrections that were collected could not be deleted", lambda: self._delete(name))
            self._remove(name)

    def _delete(self, name: str) -> None:
        count = self.kept.corrections.remove(self._text(name).decode(errors="replace").split())
        self.say(name, f"{counted(count)} collected, and deleted here.")

    # The key.

    def take_key(self, confirm: Confirm) -> None:
        """Trust the first key, if its owner says that it is theirs."""
        if name := self._find(KEYS):
            self.do(name, f"{name} was refused", lambda: self._trust(name, confirm))
            self._remove(name)

    def _trust(self, name: str, confirm: Confirm) -> None:
        key = PublicKey.parse(self._text(name))
        known = self.kept.trust.shown()
        if key == known:
            return
        if known is None and not confirm(key):
            self.fail(
                name,
                f"The key {key.id} is not trusted, since nobody pressed the device's button for it: "
                "drop it again, eject the drive while it is plugged in, and press the button when it asks.",
            )
            return
        self.kept.trust.trust(key)
        self.say(name, f"The key {key.id} is trusted from now on: models that it has signed are taken.")

    # The settings, and the list of words.

    def take_text(self, text: str, what: str) -> None:
        """Put an edited text in force, if it is allowed.

        Args:
            text: Its name on the drive.
            what: What is in it.
        """
        if name := self._find({text}):
            failed = f"{name} was refused, and the {what} are as before"
            self.do(name, failed, lambda: self._change(name, text))
            if text not in self.refused:
                self._remove(name)

    def _change(self, name: str, which: str) -> None:
        text = plain(self._text(name))
        before, change = (
            (self.kept.settings, self._change_settings)
            if which == SETTINGS
            else (self.kept.words, self._change_words)
        )
        shown = self.shown.get(which)
        if text == (before() if shown is None else shown):
            if shown is not None:
                self.refused[which] = shown
            return
        try:
            change(name, text)
        except SettingsError:
            self.refused[which] = text
            raise

    def _change_settings(self, name: str, text: bytes) -> None:
        self.kept.change_settings(text)
        self.say(name, f"The settings in {name} are in force.")

    def _change_words(self, name: str, text: bytes) -> None:
        count = self.kept.change_words(text)
        self.say(name, f"The list in {name} is in force: {count} word{'s' * (count != 1)}.")

    # The model.

    def take_bundle(self, install: Install, progress: Progress) -> None:
        """Install the model, if there is just one."""
        names = [name for name in self.files if _is_bundle(name)]
        if len(names) > 1:
            named = ", ".join(names[:_MOST_NAMED]) + ", ..." * (len(names) > _MOST_NAMED)
            self.fail(
                names[-1], f"There are {len(names)} models ({named}), and none was taken: drop only one."
            )
        elif names:
            failed = f"{names[0]} was refused, and the model is as before"
            self.do(names[0], failed, lambda: self._install(names[0], install, progress))
        for name in names:
            self._remove(name)

    def _install(self, name: str, install: Install, progress: Progress) -> None:
        with self.place.open(name) as stream:
            if bundle := _id(stream):
                self.about = f"bundle: {bundle}"
        key = self.kept.trust.key()
        if key is None:
            raise BundleError(f"no key is trusted yet; drop {KEY} too, which is yours.")
        store = self.kept.store()
        with self.place.open(name) as stream:
            installed = install(store, stream, key, progress, keep=self.kept.models)
        self.about = f"bundle: {installed.bundle}"
        self.say(name, _welcome(installed))
        self.installed = (name, installed.name)

    def tell_hidden(self) -> None:
        """Say where the settings, as they are now, leave the model that was installed unused."""
        if not self.installed:
            return
        name, model = self.installed
        if (chosen := self.kept.model) not in {"", model}:
            self.say(
                name,
                f"But the settings name the model '{chosen}': take recognition.model out of them.",
            )
            return
        self.do(name, "But it cannot be used with the settings as they are", self.kept.check_settings)

    # The files.

    def _find(self, wanted: Container[str]) -> str | None:
        return next((name for name in self.files if name.upper() in wanted), None)

    def _text(self, name: str) -> bytes:
        with self.place.open(name) as stream:
            text = stream.read(LONGEST_TEXT + 1)
        if len(text) > LONGEST_TEXT:
            raise DriveError(f"it is longer than {LONGEST_TEXT >> 10} KiB.")
        return text

    def _remove(self, name: str) -> None:
        try:
            self.place.done_with(name)
        except SaykeyError as error:  # taken again, it comes to the same
            log.warning("%s is left where it was dropped: %s", name, error)


def _is_bundle(name: str) -> bool:
    return name.lower().endswith(SUFFIX)


def _id(stream: BinaryIO) -> str | None:
    """Give the id of a bundle that may be wrong in every other way, so that its sender knows the answer."""
    archive = Archive(stream)
    try:
        for _ in range(2):  # the signature, and the index
            member = archive.next()
            if member and member.name == INDEX and member.size <= _LONGEST_INDEX:
                return hashlib.sha256(b"".join(iter(archive.read, b""))).hexdigest()
    except BundleError:
        pass  # to be found again, and said, when it is installed
    return None


def _welcome(installed: Installed) -> str:
    is_other = installed.before not in {None, installed.name}
    kept = f"; the model before, {installed.before}, is kept" if is_other else ""
    return (
        f"Installed {installed.name} ({installed.size / 1e6:.0f} MB, self-test passed in "
        f"{installed.seconds:.1f} s): it is in use from now on{kept}."
    )


def _sentence(error: SaykeyError | OSError) -> str:
    words = str(error) if isinstance(error, SaykeyError) else error.strerror or type(error).__name__
    return words if words.endswith((".", "!", "?")) else f"{words}."
