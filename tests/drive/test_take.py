"""What comes of what was dropped, in a folder; bundles are real, but nothing is installed."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from device.app import check_start
from device.drive.folder import FolderPlace
from device.drive.image import LEAST_BYTES, FatImage
from device.drive.take import take
from device.errors import BundleError, DriveError, ModelError, PinError
from device.models.install import Installed
from device.settings_files import load
from tests import tiny_model
from tests.bundles import OWNER, STRANGER, bundle, encoded, index_of, public
from tests.drive.fat import drop, needs_mtools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from device.drive.kept import Kept
    from device.drive.take import Taken
    from device.settings import GpioSettings

BUNDLE = bundle()
ID = hashlib.sha256(encoded(index_of())).hexdigest()


class Installer:
    """Stands for `install`: reads the bundle, and gives or raises what it is told."""

    def __init__(self, *, fails: BaseException | None = None) -> None:
        self.contents: list[bytes] = []
        self.keys: list[Any] = []
        self.stores: list[Path] = []
        self._fails = fails

    def __call__(self, store, stream, key, progress, *, keep) -> Installed:
        self.kept = keep
        self.contents.append(stream.read())
        self.keys.append(key)
        self.stores.append(store.root)
        progress("unpacking", 1.0)
        if self._fails:
            raise self._fails
        return Installed("anna-01234567", ID, 40_000_000, "stock", "What was heard.", 2.5, 0.5)


class Desk:
    """A folder in which files are dropped, and the device that takes them."""

    def __init__(self, folder: Path, kept: Kept) -> None:
        self.folder, self.kept = folder, kept
        self.install = Installer()
        self.asked: list[str] = []
        self.confirms: Callable[[], bool] = lambda: True
        folder.mkdir()

    def drop(self, **files: bytes) -> None:
        for name, content in files.items():
            (self.folder / name.replace("__", ".")).write_bytes(content)

    def confirm(self, key) -> bool:
        self.asked.append(key.id)
        return self.confirms()

    def take(self, shown: Mapping[str, bytes] | None = None, *, stays: bool = False) -> Taken:
        return take(
            FolderPlace(self.folder),
            self.kept,
            self.confirm,
            lambda *_: None,
            shown=shown,
            stays=stays,
            install=self.install,
        )

    @property
    def left(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


@pytest.fixture
def desk(tmp_path: Path, kept: Kept) -> Desk:
    return Desk(tmp_path / "dropped", kept)


def key(pair=OWNER) -> bytes:
    return bytes(pair.public_key)


def mode(config: Path | None = None) -> str:
    return load(config).settings.button.mode


# The key.


def test_the_first_key_is_trusted_when_its_owner_says_so(desk: Desk, kept: Kept):
    desk.drop(SAYKEY__PUB=key())
    taken = desk.take()
    assert taken.sentences == (
        f"The key {public().id} is trusted from now on: models that it has signed are taken.",
    )
    assert (taken.about, taken.has_failed) == ("file: SAYKEY.PUB", False)
    assert kept.trust.key() == public()
    assert desk.asked == [public().id]
    assert desk.left == []


def test_the_key_may_have_the_name_that_the_trainer_gave_it(desk: Desk, kept: Kept):
    desk.drop(owner__pub=key())
    assert desk.take().about == "file: owner.pub"
    assert kept.trust.key() == public()
    assert desk.left == []


def test_a_key_that_nobody_confirms_is_not_trusted_nor_is_its_model(desk: Desk, kept: Kept):
    desk.confirms = lambda: False
    desk.drop(SAYKEY__PUB=key(), anna__saykey=BUNDLE)
    taken = desk.take()
    assert kept.trust.key() is None
    assert "nobody pressed the device's button" in taken.sentences[0]
    assert taken.sentences[1].startswith("anna.saykey was refused, and the model is as before: no key is")
    assert taken.about == f"bundle: {ID}"
    assert taken.has_failed
    assert desk.install.contents == []
    assert desk.left == []


def test_the_key_that_is_trusted_already_is_nothing_new(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    desk.drop(saykey__pub=key())
    assert desk.take().sentences == ()
    assert desk.asked == []
    assert desk.left == []


def test_another_key_is_refused_without_a_question(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    desk.drop(SAYKEY__PUB=key(STRANGER))
    (sentence,) = desk.take().sentences
    assert sentence.startswith("SAYKEY.PUB was refused: ")
    assert "saykey key forget" in sentence
    assert desk.asked == []
    assert kept.trust.key() == public()


def test_a_key_whose_file_is_damaged_is_shown_again_as_the_first_time(desk: Desk, kept: Kept, state: Path):
    kept.trust.trust(public())
    (state / "owner.pub").write_bytes(b"")
    desk.confirms = lambda: False
    desk.drop(SAYKEY__PUB=key(), anna__saykey=BUNDLE)
    assert "owner.pub is damaged: show this device your key again" in desk.take().sentences[1]
    assert desk.install.contents == []
    desk.confirms = lambda: True
    desk.drop(SAYKEY__PUB=key(), anna__saykey=BUNDLE)
    assert not desk.take().has_failed
    assert kept.trust.key() == public()
    assert desk.asked == [public().id] * 2


def test_what_is_no_key_is_refused(desk: Desk):
    desk.drop(SAYKEY__PUB=b"\0" * 5000)
    (sentence,) = desk.take().sentences
    assert "no public key" in sentence


def test_a_key_too_long_to_be_read_is_refused(desk: Desk):
    desk.drop(SAYKEY__PUB=bytes(2 << 20))
    assert desk.take().sentences == ("SAYKEY.PUB was refused: it is longer than 1024 KiB.",)


def test_a_secret_key_is_refused_gone_and_kept_nowhere(desk: Desk, state: Path):
    desk.drop(SAYKEY__PUB=bytes(OWNER.secret_key))
    taken = desk.take()
    (sentence,) = taken.sentences
    assert sentence.startswith("SAYKEY.PUB was refused: This is your secret key, not the public one: ")
    assert (desk.left, desk.asked) == ([], [])
    secret = bytes(OWNER.secret_key).splitlines()[1]
    assert not any(secret in file.read_bytes() for file in state.iterdir())


# The settings.


def test_edited_settings_are_in_force_and_kept(desk: Desk, kept: Kept, state: Path):
    text = kept.settings().replace(b'#mode = "hold"', b'mode = "toggle"').replace(b"\n", b"\r\n")
    desk.drop(SAYKEY__TOML=b"\xef\xbb\xbf" + text)
    taken = desk.take()
    assert taken.sentences == ("The settings in SAYKEY.TOML are in force.",)
    assert taken.about == "file: SAYKEY.TOML"
    assert mode() == "toggle"
    assert b'\nmode = "toggle"\n' in kept.settings()
    assert sorted(file.name for file in state.iterdir()) == ["last_result.txt", "saykey.toml"]
    assert desk.left == []


def test_a_pin_that_the_board_lacks_leaves_the_button_where_it_is(desk: Desk, kept: Kept):
    def check(gpio: GpioSettings) -> None:
        if gpio.button == "PC6":
            raise PinError("PC6 is not on this board")

    kept.check_button = check
    desk.drop(SAYKEY__TOML=b'[gpio]\nbutton = "GPIO17"\n')
    assert desk.take().sentences == ("The settings in SAYKEY.TOML are in force.",)
    desk.drop(SAYKEY__TOML=b'[gpio]\nbutton = "PC6"\n')
    (sentence,) = desk.take().sentences
    assert sentence.startswith("SAYKEY.TOML was refused, and the settings are as before: PC6 is not on this")
    assert b"GPIO17" in kept.settings()


def test_settings_as_they_are_now_are_nothing_new(desk: Desk, kept: Kept):
    desk.drop(SAYKEY__TOML=kept.settings().replace(b"\n", b"\r\n"))
    assert desk.take().sentences == ()
    kept.change_settings(b'[button]\nmode = "both"\n')
    desk.drop(SAYKEY__TOML=b'[button]  \r\nmode = "both"')
    assert desk.take().sentences == ()


def test_settings_with_a_mistake_leave_those_before_and_the_text(desk: Desk, kept: Kept):
    kept.change_settings(b'[button]\nmode = "both"\n')
    wrong = b'# mine\n[button]\nmode = "hodl"\n'
    desk.drop(SAYKEY__TOML=wrong)
    taken = desk.take()
    (sentence,) = taken.sentences
    assert sentence.startswith(
        "SAYKEY.TOML was refused, and the settings are as before: SAYKEY.TOML, line 3: "
    )
    assert '"toggle"' in sentence
    assert taken.refused == {"SAYKEY.TOML": wrong}
    assert mode() == "both"
    assert desk.left == ["SAYKEY.TOML"]
    again = desk.take(shown=taken.refused)
    assert (again.sentences, again.refused) == ((), {"SAYKEY.TOML": wrong})


def test_settings_pasted_below_all_others_are_told_where_they_belong(desk: Desk, kept: Kept):
    before = kept.settings()
    line = before.split(b"\n").index(b"[corrections]") + 1
    desk.drop(SAYKEY__TOML=before + b"[corrections]\nkeep = true\n")
    assert f": [corrections] is there already, in line {line}: " in desk.take().sentences[0]
    desk.drop(SAYKEY__TOML=before.replace(b"\n[corrections]\n", b"\n[corrections]\nkeep = true\n"))
    assert desk.take().sentences == ("The settings in SAYKEY.TOML are in force.",)


@pytest.mark.parametrize("text", [b"\xff\xfe[\0b\0", b"[button\n", b"[buton]\n", b"[keyboard]\nlayout='x'\n"])
def test_whatever_is_wrong_with_settings_is_said(desk: Desk, text: bytes):
    desk.drop(SAYKEY__TOML=text)
    taken = desk.take()
    assert "SAYKEY.TOML, " in taken.sentences[0]
    assert "saykey.toml" not in taken.sentences[0]
    assert mode() == "hold"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'[recognition]\nmodel = "gone"\n', "There is no speech model 'gone'"),
        (b'[recognition]\nmodel = "/tmp/eve"\n', "take recognition.model out of it."),
        (b'[recognition]\nstore = "/tmp"\n', "take recognition.store out of it."),
        (b'[recognition]\nmodel = "a\\u0000"\n', "cannot be the name of a model"),
    ],
)
def test_settings_lead_to_no_other_models_and_to_none_that_is_missing(desk: Desk, text: bytes, said: str):
    desk.drop(SAYKEY__TOML=text)
    taken = desk.take()
    assert said in taken.sentences[0]
    assert taken.refused == {"SAYKEY.TOML": text}
    assert load().settings.recognition.model == load().settings.recognition.store == ""


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model of random weights that knows English and German."""
    folder = tmp_path_factory.mktemp("multilingual") / "base"
    return tiny_model.write(folder, dtype="int8", size=tiny_model.MULTILINGUAL, languages=["de"])


def use(kept: Kept, model: Path) -> None:
    """Make a model the one in use, as it stands."""
    shutil.copytree(model, kept.store().root / model.name)
    kept.store().point_to(model.name)


@pytest.fixture
def english(kept: Kept, tmp_path: Path) -> Path:
    """The folder of the model in use, which knows only English. The device looks whether it could start."""
    kept.check_start = check_start
    use(kept, tiny_model.write(tmp_path / "tiny.en"))
    return kept.store().root / "tiny.en"


@pytest.mark.parametrize("language", ["auto", "de"])
@pytest.mark.parametrize("named", [b"", b'model = "tiny.en"\n'])
def test_a_language_that_the_model_does_not_know_leaves_the_settings_as_they_are(
    desk: Desk, english: Path, language: str, named: bytes
):
    desk.drop(SAYKEY__TOML=b'[recognition]\nlanguage = "%b"\n%b' % (language.encode(), named))
    (sentence,) = desk.take().sentences
    assert sentence == (
        "SAYKEY.TOML was refused, and the settings are as before: SAYKEY.TOML, line 2: "
        f"The model {english} knows only English, but recognition.language is '{language}': "
        'use a multilingual model, or set it to "en".'
    )
    assert load().settings.recognition.language == "en"


@pytest.mark.usefixtures("english")
def test_languages_for_another_model_are_taken(desk: Desk):
    desk.drop(SAYKEY__TOML=b'[recognition]\nlanguages = ["en", "de"]\n[languages.de]\nlayout = "de"\n')
    assert desk.take().sentences == ("The settings in SAYKEY.TOML are in force.",)


@pytest.mark.usefixtures("english")
def test_a_language_that_the_model_does_know_is_taken(desk: Desk, kept: Kept, multilingual: Path):
    use(kept, multilingual)
    desk.drop(SAYKEY__TOML=b'[recognition]\nlanguage = "auto"\nlanguages = ["en", "de"]\n')
    assert desk.take().sentences == ("The settings in SAYKEY.TOML are in force.",)
    desk.drop(SAYKEY__TOML=b'[recognition]\nlanguages = ["en", "dee"]\n')
    assert (
        desk.take()
        .sentences[0]
        .endswith(
            "SAYKEY.TOML, line 2: The model does not know the language 'dee' (recognition.languages): "
            "correct the code, or take it out."
        )
    )
    assert load().settings.recognition.languages == ["en", "de"]


@pytest.mark.usefixtures("english")
def test_a_model_and_the_language_that_it_alone_knows_may_come_together(
    desk: Desk, kept: Kept, multilingual: Path
):
    def install(store, *_, **__) -> Installed:
        use(kept, multilingual)
        return Installed("base", ID, 40_000_000, "tiny.en", "What was heard.", 2.5, 0.5)

    kept.trust.trust(public())
    desk.install = install
    desk.drop(SAYKEY__TOML=b'[recognition]\nlanguage = "de"\n', base__saykey=BUNDLE)
    assert desk.take().sentences[1:] == ("The settings in SAYKEY.TOML are in force.",)


GERMAN = b'[recognition]\nlanguage = "de"\n'


@pytest.mark.parametrize("damage", ["model.bin", "tokenizer.json"])
def test_a_model_that_is_no_good_keeps_no_settings_away_but_those_that_name_it(
    desk: Desk, english: Path, damage: str
):
    (english / damage).write_bytes(b"{")
    desk.drop(SAYKEY__TOML=GERMAN)
    assert desk.take().sentences == ("The settings in SAYKEY.TOML are in force.",)
    desk.drop(SAYKEY__TOML=b'[recognition]\nmodel = "tiny.en"\n')
    assert str(english) in desk.take().sentences[0]
    assert load().settings.recognition.model == ""


def test_before_there_is_a_model_every_language_is_taken(desk: Desk, kept: Kept):
    kept.check_start = check_start
    desk.drop(SAYKEY__TOML=GERMAN)
    assert desk.take().sentences == ("The settings in SAYKEY.TOML are in force.",)


def test_a_wake_word_without_its_package_is_refused(desk: Desk, kept: Kept, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pymicro_wakeword", None)
    kept.check_start = check_start
    desk.drop(SAYKEY__TOML=b'[hands_free]\n\nwake_word = "okay_nabu"\n')
    (sentence,) = desk.take().sentences
    assert sentence == (
        "SAYKEY.TOML was refused, and the settings are as before: SAYKEY.TOML, line 3: "
        'hands_free.wake_word is "okay_nabu", which takes the package pymicro-wakeword: install '
        'saykey[wakeword], or set it to "".'
    )
    assert load().settings.hands_free.wake_word == ""


@pytest.mark.parametrize(
    "text", [b"#\n" * 2001 + b"[x]\n", b".".join([b"a"] * 20_000) + b" = 1\n", b"#" * 100 + b"\n" * 65_536]
)
def test_settings_that_would_take_for_ever_to_read_are_refused(desk: Desk, text: bytes):
    desk.drop(SAYKEY__TOML=text + b"x")
    (sentence,) = desk.take().sentences
    assert "SAYKEY.TOML is too long" in sentence


def test_a_refused_settings_and_a_good_model_are_each_told(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    desk.drop(SAYKEY__TOML=b"[button\n", anna__saykey=BUNDLE)
    taken = desk.take()
    assert [sentence.split()[:2] for sentence in taken.sentences] == [
        ["Installed", "anna-01234567"],
        ["SAYKEY.TOML", "was"],
    ]
    assert taken.about == f"bundle: {ID}"
    assert desk.left == ["SAYKEY.TOML"]


# The model.


def test_a_model_is_installed_with_the_owners_key(desk: Desk, kept: Kept, state: Path):
    desk.drop(SAYKEY__PUB=key(), anna__saykey=BUNDLE)
    taken = desk.take()
    assert taken.sentences[1] == (
        "Installed anna-01234567 (40 MB, self-test passed in 2.5 s): it is in use from now on; "
        "the model before, stock, is kept."
    )
    assert taken.about == f"bundle: {ID}"
    assert (desk.install.contents, desk.install.keys) == ([BUNDLE], [public()])
    assert desk.install.stores == [state / "models"]
    assert desk.left == []
    assert kept.last_result() == taken.result
    assert taken.result.endswith(f"\r\nbundle: {ID}\r\n".encode())
    assert "heard" not in "".join(taken.sentences)


def test_settings_that_name_a_model_hide_the_one_that_came(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    tiny_model.write(kept.store().root / "mine")
    desk.drop(SAYKEY__TOML=b'[recognition]\nmodel = "mine"\n', anna__saykey=BUNDLE)
    assert desk.take().sentences[-1] == (
        "But the settings name the model 'mine': take recognition.model out of them."
    )
    desk.drop(SAYKEY__TOML=b"[recognition]\n", anna__saykey=BUNDLE)
    assert desk.take().sentences[-1] == "The settings in SAYKEY.TOML are in force."


def test_settings_that_name_the_very_model_hide_nothing(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    tiny_model.write(kept.store().root / "anna-01234567")
    kept.change_settings(b'[recognition]\nmodel = "anna-01234567"\nmodels = ["mine"]\n')
    desk.drop(anna__saykey=BUNDLE)
    assert len(desk.take().sentences) == 1
    assert desk.install.kept == ("anna-01234567", "mine")


def test_a_model_that_the_settings_do_not_suit_is_told(
    desk: Desk, kept: Kept, english: Path, multilingual: Path
):
    def install(*_, **__) -> Installed:
        kept.store().point_to(english.name)
        return Installed("tiny.en", ID, 40_000_000, "base", "What was heard.", 2.5, 0.5)

    use(kept, multilingual)
    kept.trust.trust(public())
    kept.change_settings(GERMAN)
    desk.install = install
    desk.drop(anna__saykey=BUNDLE)
    _, told = desk.take().sentences
    assert told.startswith(f"But it cannot be used with the settings as they are: The model {english} knows")
    desk.drop(anna__saykey=BUNDLE, SAYKEY__TOML=b'[recognition]\nlanguage = "en"\n')
    assert desk.take().sentences[1:] == ("The settings in SAYKEY.TOML are in force.",)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BundleError("It is not signed by it: sign it."), "It is not signed by it: sign it."),
        (ModelError("no full stop"), "no full stop."),
        (DriveError("The card is worn: copy again."), "The card is worn: copy again."),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device."),
        (OSError("odd"), "OSError."),
    ],
)
def test_whatever_goes_wrong_with_a_model_is_said(desk: Desk, kept: Kept, error: Exception, said: str):
    kept.trust.trust(public())
    desk.install = Installer(fails=error)
    desk.drop(anna__saykey=BUNDLE)
    taken = desk.take()
    assert taken.sentences == (f"anna.saykey was refused, and the model is as before: {said}",)
    assert taken.about == f"bundle: {ID}"
    assert taken.has_failed
    assert desk.left == []


def test_a_mistake_of_ours_is_no_sentence_and_leaves_all_there(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    desk.install = Installer(fails=ZeroDivisionError())
    desk.drop(anna__saykey=BUNDLE)
    with pytest.raises(ZeroDivisionError):
        desk.take()
    assert desk.left == ["anna.saykey"]


@pytest.mark.parametrize("content", [b"", b"x" * 2000, BUNDLE[:700], b"PK\x03\x04" + bytes(600)])
def test_what_is_no_bundle_is_known_by_its_name(desk: Desk, kept: Kept, content: bytes):
    kept.trust.trust(public())
    desk.install = Installer(fails=BundleError("No."))
    desk.drop(ANNA__SAYKEY=content)
    assert desk.take().about == "file: ANNA.SAYKEY"


def test_of_several_models_none_is_taken(desk: Desk, kept: Kept):
    kept.trust.trust(public())
    desk.drop(a__saykey=BUNDLE, b__saykey=BUNDLE)
    taken = desk.take()
    assert taken.sentences == ("There are 2 models (a.saykey, b.saykey), and none was taken: drop only one.",)
    assert desk.install.contents == []
    assert desk.left == []


def test_a_store_that_the_settings_deny_is_said(desk: Desk, kept: Kept, state: Path):
    kept.trust.trust(public())
    (state / "saykey.toml").write_text("[recognition\n")
    desk.drop(anna__saykey=BUNDLE)
    assert "line 1" in desk.take().sentences[0]


@needs_mtools
def test_what_was_dropped_on_the_drive_is_only_read(kept: Kept, tmp_path: Path):
    """To remove a file whose chain of clusters has no end takes a minute, and a computer can leave many."""
    image = FatImage.make(tmp_path / "drive.img", LEAST_BYTES)
    for name in ("a.saykey", "b.saykey", "SAYKEY.PUB", "COLLECTED.TXT"):
        drop(image.path, name, key())
    before = image.path.read_bytes()
    taken = take(image, kept, lambda _: True, lambda *_: None)
    assert [sentence.split()[0] for sentence in taken.sentences] == ["0", "The", "There"]
    assert image.path.read_bytes() == before


# The rest.


def test_nothing_is_nothing_new(desk: Desk, kept: Kept):
    taken = desk.take()
    assert (taken.sentences, taken.has_failed) == ((), False)
    assert kept.last_result() == b""


def test_other_files_are_named_but_ours_and_the_hidden_are_not(desk: Desk):
    desk.drop(INFO__TXT=b"", RESULT__TXT=b"", photo__jpg=b"", ____anna__saykey=b"")
    taken = desk.take()
    assert taken.sentences == ("'photo.jpg' is no model, whose name ends in .saykey, and was passed over.",)
    assert "photo.jpg" in desk.left


def test_other_files_where_they_stay_are_named_beside_what_is_taken_but_alone_are_nothing_new(
    desk: Desk, kept: Kept
):
    kept.trust.trust(public())
    desk.drop(notes__txt=b"", anna__saykey=BUNDLE)
    passed_over, installed = desk.take(stays=True).sentences
    assert "notes.txt" in passed_over
    assert installed.startswith("Installed ")
    result = kept.last_result()
    again = desk.take(stays=True)
    assert (again.sentences, again.has_failed) == ((), False)
    assert kept.last_result() == result
    assert desk.left == ["notes.txt"]


def test_of_many_other_files_a_few_are_named(desk: Desk, kept: Kept):
    desk.drop(**{f"photo{number:03}__jpg": b"" for number in range(300)})
    *named, rest = desk.take().sentences
    assert len(named) == 5
    assert rest == "295 other files are no models either."


def test_more_files_than_anybody_drops_are_not_looked_at(desk: Desk):
    desk.drop(SAYKEY__PUB=key(), **{f"{number}__saykey": b"" for number in range(1000)})
    assert desk.take().sentences == (
        "What is on the drive cannot be read: there are 1001 files: drop only what is for the device.",
    )
    assert desk.asked == []


def test_names_cannot_write_lines_into_the_result_or_commands_to_a_terminal(desk: Desk):
    for name in ("a\nbundle: 01", "\x1b[2J", "\u202egnp", os.fsdecode(b"\xdcbung.jpg"), "x" * 250):
        (desk.folder / name).touch()
    desk.drop(SAYKEY__TOML=b'"a\\nb\\u001b" = 1\n')
    taken = desk.take()
    assert all(line.isprintable() for line in (*taken.sentences, taken.about))
    assert len(taken.result.decode().splitlines()) == len(taken.sentences) + 1


def test_a_place_that_cannot_be_read_is_said(tmp_path: Path, kept: Kept):
    (tmp_path / "file").touch()
    taken = take(FolderPlace(tmp_path / "file"), kept, lambda _: True, lambda *_: None)
    assert taken.sentences[0].startswith("What is on the drive cannot be read: ")
    assert kept.last_result() == taken.result


def test_a_place_from_which_nothing_can_be_removed_is_taken_all_the_same(desk: Desk, kept: Kept, caplog):
    class Fixed(FolderPlace):
        def done_with(self, name: str) -> None:
            raise DriveError(f"{name} stays.")

    desk.drop(SAYKEY__PUB=key())
    taken = take(Fixed(desk.folder), kept, lambda _: True, lambda *_: None)
    assert kept.trust.key() == public()
    assert not taken.has_failed
    assert "SAYKEY.PUB stays." in caplog.text


def test_a_result_that_cannot_be_kept_is_still_given(desk: Desk, kept: Kept, state: Path):
    kept.trust.trust(public())
    (state / "last_result.txt").mkdir()
    desk.drop(anna__saykey=BUNDLE)
    assert desk.take().sentences[0].startswith("Installed ")
