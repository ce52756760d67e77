"""What the device keeps of what came by the drive: the owner's settings and key, and what came of it last."""

from __future__ import annotations

import logging
import os
import shutil
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from device import __version__
from device.corrections.store import FOLDER as CORRECTIONS_FOLDER
from device.corrections.store import Store
from device.doctor.finding import without_computers
from device.drive.image import FatImage, size_for
from device.drive.words import (
    CORRECTIONS,
    DOCTOR,
    INFO,
    RESULT,
    SETTINGS,
    WORDS,
    About,
    info,
    on_drive,
    one_line,
    plain,
    template,
)
from device.errors import DriveError, SaykeyError, SettingsError
from device.kept_host import state_folder
from device.kept_words import KeptWords, text_of
from device.models.check import check
from device.models.files import new_file, replace_file, sync
from device.models.store import resolve, store_of
from device.models.trust import Trust
from device.settings_files import DEFAULT_FILE, FILE, load, located

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from device.models.store import Store as ModelStore
    from device.settings import GpioSettings, RecognitionSettings, Settings
    from device.settings_files import Loaded

log = logging.getLogger(__name__)

_LAST_RESULT = "last_result.txt"

_REFUSED = {SETTINGS: "refused.toml", WORDS: "refused_words.txt"}

_LAST_FAULT = "last_fault.txt"

DRIVE, CARD = "drive", "card"
"""Where something may be with which the device does not come to its end."""

_MOST_TRIES = 3
"""So often what an earlier drive has left, or a model on a card, is begun to be taken, before it is thrown
away: the device may not come to its end with it, and would not come to anything else."""

_LONGEST, _MOST_LINES, _LONGEST_LINE = 64 << 10, 1000, 2000
"""Bytes, lines and bytes of a line that settings may have: several times what the template has. The parser's
work grows with their squares."""


_CORRECTIONS_SHARE = 1 / 4
"""Of the drive that corrections may take up: a model has room, and the others are there the next time."""


class Kept:
    """The state folder, as far as the drive has to do with it.

    Attributes:
        image: The drive's file system: there while the device is a drive, or was one when it was cut off.
        trust: Whose models are taken.
        corrections: What was taken back and said again.
        doctor: Says what is wrong with the device; nothing where nobody looks.
        check_button: Raises `PinError` where this board cannot have its button there. Without one it is no
            keyboard, and no drive any more.
        check_start: Raises a `SaykeyError` where the daemon could not start with these settings.
    """

    def __init__(  # noqa: PLR0913  what a test does without
        self,
        config: Path | None = None,
        *,
        folder: Path | None = None,
        serial: str = "",
        doctor: Callable[[], str] = str,
        check_button: Callable[[GpioSettings], object] = bool,
        check_start: Callable[[Settings], object] = bool,
    ) -> None:
        """Name the places.

        Args:
            config: The settings file of the command line, if one was given.
            folder: The state folder; without, the usual one.
            serial: The device's number.
            doctor: Says what is wrong with the device; nothing where nobody looks.
            check_button: Raises `PinError` where this board cannot have its button there.
            check_start: Raises a `SaykeyError` where the daemon could not start with these settings.
        """
        self.doctor = doctor
        self.check_button = check_button
        self.check_start = check_start
        self._config = config
        self._folder = folder or state_folder()
        self._serial = serial
        self.image = self._folder / "drive.img"
        self.trust = Trust(self._folder / "owner.pub")
        self._words = KeptWords(self._folder)
        self.corrections = Store(self._folder / CORRECTIONS_FOLDER)

    # The settings.

    def settings(self) -> bytes:
        """Give the owner's settings as they came last; before that, a text that sets nothing.

        Raises:
            OSError: They cannot be read.
        """
        try:
            return plain((self._folder / FILE).read_bytes())
        except FileNotFoundError:
            return plain(template(DEFAULT_FILE.read_text(encoding="utf-8")).encode())

    def change_settings(self, text: bytes) -> None:
        """Put other settings in their place, if they are allowed.

        Raises:
            SettingsError: They are not; the line is that of the drive's file.
            OSError: The disk refuses.
        """
        _check_size(text)
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".settings", dir=self._folder) as name:
            new = self._folder / name / FILE
            with new_file(new) as file:
                file.write(text)
            try:
                loaded = load(self._config, state=new.parent)
                self._check(loaded, new)
            except SaykeyError as error:
                raise SettingsError(str(error).replace(str(new), SETTINGS)) from error
            new.replace(self._folder / FILE)
            sync(self._folder)

    def _check(self, loaded: Loaded, new: Path) -> None:
        """Refuse what is allowed, but would leave the device without a keyboard."""
        _check_model(loaded, str(new))
        try:
            if loaded.origins["gpio.button"] == str(new):
                self.check_button(loaded.settings.gpio)
            self.check_start(loaded.settings)
        except SaykeyError as error:
            raise located(error, loaded, new) from error

    # The words.

    def words(self) -> bytes:
        """Give the owner's list of words; before there is one, what a new one begins with.

        Raises:
            OSError: It cannot be read.
        """
        try:
            return plain(self._words.file.read_bytes())
        except FileNotFoundError:
            return plain(self._words.content().encode())

    def change_words(self, text: bytes) -> int:
        """Put another list of words in its place, if it is right; give how many they are.

        Raises:
            SettingsError: A line is wrong, or the disk refuses.
        """
        return self._words.change(text_of(text, WORDS), WORDS)

    # The models.

    def store(self) -> ModelStore:
        """Give the store that the settings name.

        Raises:
            SettingsError: The settings cannot be read.
            ModelError: What they name can be no folder.
        """
        return store_of(self._recognition())

    @property
    def model(self) -> str:
        """The model that the settings name; empty where it is the one that was flashed or chosen last.

        Raises:
            SettingsError: The settings cannot be read.
        """
        return self._recognition().model

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the settings name, which stay when others make room.

        Raises:
            SettingsError: The settings cannot be read.
        """
        recognition = self._recognition()
        return (recognition.model, *recognition.models)

    def check_settings(self) -> None:
        """Look whether the daemon can start with the settings and the model as they are now.

        Raises:
            SaykeyError: It cannot.
        """
        self.check_start(load(self._config).settings)

    def _recognition(self) -> RecognitionSettings:
        return load(self._config).settings.recognition

    # The drive.

    def make_image(self, refused: Mapping[str, bytes] | None = None) -> FatImage:
        """Make the drive's file system anew, with what belongs on it. What was on the one before is gone.

        Args:
            refused: Texts to be corrected, by the names that they have there; else, there are those in force.

        Raises:
            DriveError: There is no room, or mtools is missing.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            texts = {SETTINGS: self.settings(), WORDS: self.words()} | dict(refused or {})
            last = self.last_result()
            self.discard_image()  # so that its room counts as free
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise DriveError(f"{self._folder} cannot be used ({error.strerror}): check the disk.") from error
        new = FatImage.make(self._new_image, size_for(free))
        new.put(INFO, info(self._about(free)))
        for name, text in texts.items():
            new.put(name, text.replace(b"\n", b"\r\n"))
        if last:
            new.put(RESULT, last)
        if found := self.wrong():
            new.put(DOCTOR, on_drive(found))
        self._put_corrections(new)
        return new.finish(self.image)

    def _put_corrections(self, image: FatImage) -> None:
        """Put what is kept of corrections there, but for what would take too much room.

        First are those that the owner's key opens, the oldest first: the others may never be collected, and
        would take their room each time.
        """
        try:
            files, size, ours = [], 0, self._key_id()
            for each in sorted(
                self.corrections.kept(), key=lambda each: self.corrections.key_id(each) != ours
            ):
                size += each.size
                if size <= image.path.stat().st_size * _CORRECTIONS_SHARE:
                    files.append(self.corrections.folder / each.name)
            if files:
                image.put_folder(CORRECTIONS, files)
        except (DriveError, OSError) as error:  # it shall not cost the drive
            log.warning("no corrections are on the drive: %s", error)

    def _key_id(self) -> str:
        try:
            key = self.trust.key()
        except SaykeyError:  # INFO.TXT says so
            return ""
        return key.id if key else ""

    def discard_image(self) -> None:
        """Remove the drive's file system. Where it cannot be, it is looked at once more at the next start."""
        try:
            self.image.unlink(missing_ok=True)
            self._new_image.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s is left: %s", self.image, error.strerror)
        self.forget_tries(DRIVE)

    def try_again(self, place: str, what: str = "") -> bool:
        """Count that what is on the drive or card is begun to be taken anew; say whether not too often.

        Args:
            place: Where it is.
            what: Which it is, where another may have come in its place meanwhile, as on a card.
        """
        tries = self._folder / f"{place}{what}.tries"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # No link is followed: root takes a card, too, in a folder that is another user's.
            file = os.open(tries, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            try:
                count = os.fstat(file).st_size + 1
                os.ftruncate(file, count)  # its length alone takes no room on a full disk
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            log.warning("%s cannot be written: %s", tries, error.strerror)
            return True
        return count <= _MOST_TRIES

    def forget_tries(self, place: str) -> None:
        """Forget how often anything was begun there: the device came to its end with what is there now."""
        for tries in self._folder.glob(f"{place}*.tries"):
            try:
                tries.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s is left: %s", tries, error.strerror)

    @property
    def _new_image(self) -> Path:
        return self.image.with_suffix(".new")

    def _about(self, free: int) -> About:
        try:
            model = self.model or self.store().current() or ""
        except SaykeyError:  # the drive is there to mend such things
            model = "unknown"
        try:
            key = self.trust.shown()
        except SaykeyError as error:
            return About(__version__, model, self._serial, free, str(error))
        return About(__version__, model, self._serial, free, key.id if key else "")

    # What came of it.

    def last_result(self) -> bytes:
        """Give the latest RESULT.TXT, or nothing."""
        try:
            return (self._folder / _LAST_RESULT).read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:  # it shall not cost the drive
            log.warning("%s cannot be read: %s", self._folder / _LAST_RESULT, error.strerror)
            return b""

    def keep_result(self, content: bytes) -> None:
        """Keep a RESULT.TXT.

        Raises:
            OSError: The disk refuses.
        """
        self._keep(_LAST_RESULT, content)

    # Why there is no keyboard.

    def keep_fault(self, why: str) -> None:
        """Keep why the daemon ended, for DOCTOR.TXT."""
        try:
            self._keep(_LAST_FAULT, why.encode())
        except OSError as error:  # it is in the log
            log.warning("%s cannot be written: %s", self._folder / _LAST_FAULT, error.strerror)

    def forget_fault(self) -> None:
        """Forget it: the daemon works."""
        try:
            (self._folder / _LAST_FAULT).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s is left: %s", self._folder / _LAST_FAULT, error.strerror)

    def wrong(self) -> str:
        """Give DOCTOR.TXT: why the daemon ended, and what else is wrong; empty where nobody looks."""
        try:
            found = self.doctor()
        except Exception as error:  # noqa: BLE001  it shall not cost the drive
            log.warning("what is wrong could not be found out: %s", type(error).__name__)
            found = f"What else is wrong could not be found out ({type(error).__name__}).\n"
        return self._fault() + found

    def _fault(self) -> str:
        try:
            why = (self._folder / _LAST_FAULT).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return f"Saykey could not begin when it was started last: {one_line(without_computers(why))}\n\n"

    # Texts that stay where they were refused, as on a card.

    def refused(self) -> dict[str, bytes]:
        """Give the texts that were refused where they stay, as on a card, by their names there."""
        found = {}
        for name, kept in _REFUSED.items():
            try:
                found[name] = (self._folder / kept).read_bytes()
            except FileNotFoundError:
                pass
            except OSError as error:  # it is refused once more
                log.warning("%s cannot be read: %s", self._folder / kept, error.strerror)
        return found

    def keep_refused(self, texts: Mapping[str, bytes]) -> None:
        """Keep the texts that were refused, so that they are not tried and reported at every start."""
        before = self.refused()
        for name, kept in _REFUSED.items():
            try:
                if name not in texts:
                    (self._folder / kept).unlink(missing_ok=True)
                elif texts[name] != before.get(name):
                    self._keep(kept, texts[name])
            except OSError as error:  # it is refused once more
                log.warning("%s cannot be written: %s", self._folder / kept, error.strerror)

    def _keep(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_file(self._folder / name, content)


def _check_size(text: bytes) -> None:
    lines = text.split(b"\n")
    if len(text) > _LONGEST or len(lines) > _MOST_LINES or max(map(len, lines)) > _LONGEST_LINE:
        raise SettingsError(
            f"{SETTINGS} is too long: it may have {_LONGEST >> 10} KiB, {_MOST_LINES} lines, and "
            f"{_LONGEST_LINE} bytes a line"
        )


def _check_model(loaded: Loaded, new: str) -> None:
    """Refuse settings with which there would be no model: without one, the device is no keyboard.

    And none of theirs leads to another place than the store, where all that was flashed is signed.
    """
    recognition = loaded.settings.recognition
    is_path = "/" in recognition.model and loaded.origins["recognition.model"] == new
    if is_path or (recognition.store and loaded.origins["recognition.store"] == new):
        raise SettingsError(
            f"{SETTINGS} names a folder for models, which only a file in /etc may do: take recognition."
            f"{'model' if is_path else 'store'} out of it"
        )
    if recognition.model and loaded.origins["recognition.model"] == new:
        check(resolve(recognition))
