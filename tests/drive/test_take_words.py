"""The list of words on the drive: taken, refused, and shown again to be corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.drive.folder import FolderPlace
from device.drive.kept import Kept
from device.drive.take import take
from device.kept_words import words_in_force
from device.text.vocabulary import HEAD, Word

if TYPE_CHECKING:
    from pathlib import Path


def dropped(folder: Path, kept: Kept, content: bytes | None = None, shown=None, *, stays=False):
    folder.mkdir(exist_ok=True)
    if content is not None:
        (folder / "WORDS.TXT").write_bytes(content)
    return take(FolderPlace(folder), kept, lambda _: False, lambda *_: None, shown=shown, stays=stays)


def test_an_edited_list_is_in_force(tmp_path: Path, kept: Kept):
    shown = kept.words()
    assert shown.decode() == HEAD
    taken = dropped(tmp_path / "in", kept, b"\xef\xbb\xbf" + shown + b"KiCad\r\nZo\xc3\xab = zoey\r\n")
    assert taken.sentences == ("The list in WORDS.TXT is in force: 2 words.",)
    assert (taken.about, taken.has_failed, taken.refused) == ("file: WORDS.TXT", False, {})
    assert words_in_force() == (Word("KiCad"), Word("Zoë", ("zoey",)))
    assert not list((tmp_path / "in").iterdir())
    assert kept.words() == shown + "KiCad\nZoë = zoey\n".encode()


def test_a_list_that_was_not_edited_is_nothing_new(tmp_path: Path, kept: Kept):
    assert dropped(tmp_path / "in", kept, kept.words().replace(b"\n", b"\r\n")).sentences == ()
    dropped(tmp_path / "in", kept, b"KiCad\n")
    assert dropped(tmp_path / "in", kept, b"KiCad\r\n").sentences == ()


def test_a_list_without_words_takes_all_out(tmp_path: Path, kept: Kept):
    dropped(tmp_path / "in", kept, b"KiCad\n")
    assert dropped(tmp_path / "in", kept, b"").sentences == ("The list in WORDS.TXT is in force: 0 words.",)
    assert words_in_force() == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Forgejo\n= x\n", "WORDS.TXT, line 2: there is no word; write it first"),
        (b"Forgejo\ncaf\xe9\n", "WORDS.TXT, line 2: this is not UTF-8"),
        (b"#" * 300_000, "WORDS.TXT is longer than 256 KiB"),
    ],
)
def test_a_list_that_is_wrong_is_refused_and_the_one_before_stays(tmp_path: Path, kept: Kept, content, told):
    dropped(tmp_path / "in", kept, b"KiCad\n")
    taken = dropped(tmp_path / "in", kept, content)
    (sentence,) = taken.sentences
    assert sentence.startswith(f"WORDS.TXT was refused, and the words are as before: {told}")
    assert taken.has_failed
    assert words_in_force() == (Word("KiCad"),)
    assert list(taken.refused) == ["WORDS.TXT"]


def test_a_list_that_was_refused_is_shown_again_and_not_refused_twice(tmp_path: Path, kept: Kept):
    taken = dropped(tmp_path / "in", kept, b"= x\n")
    image = kept.make_image(taken.refused)
    with image.open("WORDS.TXT") as file:
        shown = file.read()
    assert shown == b"= x\r\n"
    again = dropped(tmp_path / "in", kept, shown, shown=taken.refused)
    assert (again.sentences, again.refused) == ((), taken.refused)
    mended = dropped(tmp_path / "in", kept, b"a = x\n", shown=again.refused)
    assert (mended.has_failed, mended.refused) == (False, {})


def test_settings_that_are_refused_do_not_cost_the_words(tmp_path: Path, kept: Kept):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "SAYKEY.TOML").write_bytes(b"[text]\njoin = 'x'\n")
    taken = dropped(tmp_path / "in", kept, b"KiCad\n")
    assert list(taken.refused) == ["SAYKEY.TOML"]
    assert words_in_force() == (Word("KiCad"),)


def test_on_a_card_what_was_refused_stays_and_is_told_once(tmp_path: Path, kept: Kept):
    first = dropped(tmp_path / "in", kept, b"= x\n", stays=True)
    kept.keep_refused(first.refused)
    assert (tmp_path / "in" / "WORDS.TXT").exists()
    again = Kept(serial="c0ffee")  # at the next start
    second = dropped(tmp_path / "in", again, shown=again.refused(), stays=True)
    assert second.sentences == ()
    kept.keep_refused(second.refused)
    third = dropped(tmp_path / "in", again, b"a = x\n", shown=again.refused(), stays=True)
    kept.keep_refused(third.refused)
    assert third.sentences == ("The list in WORDS.TXT is in force: 1 word.",)
    assert again.refused() == {}
