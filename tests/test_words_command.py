"""`saykey words`, and the file that it keeps."""

from __future__ import annotations

import asyncio

import pytest

from device.cli import main
from device.control import serving
from device.errors import SettingsError
from device.kept_words import KeptWords, words_in_force
from device.models.store import default_root
from device.text.vocabulary import HEAD, Word
from tests.control import FakeHosts

STORE = default_root()
"""Where the real models are, whatever a test calls the state folder."""


class FakeDaemon:
    """A daemon of which nothing is asked but to begin anew."""

    is_drive = is_muted = False

    def __init__(self):
        self.reloads = 0

    def reload(self):
        self.reloads += 1


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return tmp_path / "state"


def test_words_are_added_listed_and_removed(state, capsys):
    assert main(["words"]) == 0
    assert capsys.readouterr().out == f"The list is empty. It is {state}/words.txt.\n"
    assert main(["words", "add", "Kubernetes", "--sounds-like", "cooper netties,  cuban eddies"]) == 0
    assert capsys.readouterr().out == "The list has 1 word now.\n"
    assert main(["words", "add", "Nextcloud", "Anna  Bergström"]) == 0
    assert capsys.readouterr().out == "The list has 3 words now.\n"
    assert main(["words", "list"]) == 0
    assert capsys.readouterr().out == (
        "Kubernetes = cooper netties, cuban eddies\nNextcloud\nAnna Bergström\n"
        "The words are put in where they are heard as something else.\n"
    )
    assert main(["words", "remove", "Nextcloud", "Kubernetes"]) == 0
    assert words_in_force() == (Word("Anna Bergström"),)
    assert (state / "words.txt").read_text(encoding="utf-8") == f"{HEAD}Anna Bergström\n"


def test_one_more_way_in_which_a_word_is_heard_is_added_to_the_others(capsys):
    main(["words", "add", "Saoirse", "--sounds-like", "sir sha"])
    main(["words", "add", "Saoirse", "--sounds-like", "seer sha, sir sha"])
    main(["words", "add", "Saoirse"])
    assert words_in_force() == (Word("Saoirse", ("sir sha", "seer sha")),)


def test_what_its_owner_wrote_besides_stays(state):
    state.mkdir()
    (state / "words.txt").write_bytes(b"\xef\xbb\xbf# mine\r\n\r\nKiCad\r\n")
    main(["words", "add", "Forgejo"])
    assert (state / "words.txt").read_text() == "# mine\n\nKiCad\nForgejo\n"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (["add", "a=b"], "cannot stand in a list"),
        (["add", "one two three four five six"], "is a sentence"),
        (["add", "a", "b", "--sounds-like", "c"], "one word at a time"),
        (["remove", "Forgejo"], "The list has no 'Forgejo'"),
        (["remove", "KiCad", "Forgejo"], "The list has no 'Forgejo'"),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_the_list_as_it_was(capsys, call, told):
    main(["words", "add", "KiCad"])
    capsys.readouterr()
    assert main(["words", *call]) == 1
    said = capsys.readouterr()
    assert told in said.out + said.err
    assert words_in_force() == (Word("KiCad"),)


def test_a_word_is_removed_whatever_its_capitals(capsys):
    main(["words", "add", "Nextcloud", "KiCad"])
    assert main(["words", "remove", "nextcloud"]) == 0
    assert words_in_force() == (Word("KiCad"),)


def test_what_may_be_meant_by_a_word_that_is_not_there_is_named(capsys):
    main(["words", "add", "Nextcloud", "NextCloud", "KiCad"])
    capsys.readouterr()
    assert main(["words", "remove", "nextcloud"]) == 1
    assert capsys.readouterr().out == (
        "The list has no 'nextcloud': did you mean 'Nextcloud' or 'NextCloud'? Nothing was taken out.\n"
    )
    assert main(["words", "remove", "KiCat"]) == 1
    assert "did you mean 'KiCad'? Nothing" in capsys.readouterr().out
    assert main(["words", "remove", "Nextcloud"]) == 0
    assert words_in_force() == (Word("NextCloud"), Word("KiCad"))


async def test_a_running_daemon_goes_on_with_the_new_list():
    daemon = FakeDaemon()
    async with serving(FakeHosts(None), daemon=daemon):
        assert await asyncio.to_thread(main, ["words", "add", "KiCad"]) == 0
        assert await asyncio.to_thread(main, ["words"]) == 0
    assert daemon.reloads == 1


def test_a_list_that_is_wrong_is_told_with_its_line_but_costs_no_start(state, capsys, caplog):
    state.mkdir()
    (state / "words.txt").write_text("private\nprivate\n")
    assert main(["words"]) == 1
    assert f"{state}/words.txt, line 2: 'private' is in line 1 already" in capsys.readouterr().err
    assert words_in_force() == ()
    assert "saykey words says why" in caplog.text
    assert "private" not in caplog.text


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"a\ncaf\xe9", "line 2: this is not UTF-8"), (b"#" * 300_000, "is longer than 256 KiB")],
)
def test_a_file_that_is_no_list_is_named(state, content, told):
    state.mkdir()
    (state / "words.txt").write_bytes(content)
    with pytest.raises(SettingsError, match=told):
        KeptWords().words()


def test_a_folder_that_cannot_be_written_is_named(state, monkeypatch):
    state.write_text("a file")
    with pytest.raises(SettingsError, match=r"words\.txt cannot be changed"):
        KeptWords().change("KiCad\n", "words")


def test_a_list_that_cannot_be_written_whole_leaves_the_one_before(state, monkeypatch):
    KeptWords().change("KiCad\n", "words")

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("device.models.files.os.fsync", full)
        with pytest.raises(SettingsError, match="No space left"):
            KeptWords().change("Forgejo\n", "words")
    assert words_in_force() == (Word("KiCad"),)


# How many the model is told.


def test_how_many_words_fit_is_told(tmp_path, capsys, real_settings):
    config = tmp_path / "saykey.toml"
    config.write_text(
        f'[recognition]\nmodel = "tiny.en"\nstore = "{STORE}"\n\n'
        '[vocabulary]\nuse = "hotwords"\nrepair = false\n'
    )
    main(["words", "add", "KiCad", "Forgejo"])
    assert main(["words", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert "not put in" in out
    assert "The model is told all of them (hotwords)." in out
    main(["words", "add", *(f"Przybylski{number}" for number in range(100))])
    main(["words", "--config", str(config)])
    assert "of 102, up to 'Przybylski" in capsys.readouterr().out


def test_without_a_model_nobody_knows_how_many_fit(tmp_path, capsys):
    config = tmp_path / "saykey.toml"
    config.write_text('[recognition]\nmodel = "none.such"\n\n[vocabulary]\nuse = "prompt"\n')
    main(["words", "add", "KiCad"])
    assert main(["words", "--config", str(config)]) == 0
    assert "How many the model is told is unknown: " in capsys.readouterr().out
