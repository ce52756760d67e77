from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.demo import RECORDING, SENTENCE
from device.errors import ModelError
from device.models.bundle import SelfTest
from device.models.fetch import fetch
from device.models.self_test import self_test, words_apart
from device.models.store import Store, resolve
from tests.models.flashing import silent

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = SelfTest("selftest.flac", "")


@pytest.fixture(scope="module")
def taken_in(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Store(tmp_path_factory.mktemp("store"))
    fetch(store, "anna", pristine, silent)
    shutil.copy(RECORDING, store.folder("anna") / "selftest.flac")
    return store.folder("anna")


@pytest.fixture
def folder(taken_in: Path, tmp_path: Path) -> Path:
    """A model that may be damaged, with its recording."""
    return shutil.copytree(taken_in, tmp_path / "anna")


# What the model hears.


def test_the_real_model_understands_its_recording(real_settings, tmp_path: Path):
    folder = shutil.copytree(resolve(real_settings.recognition), tmp_path / "model")
    shutil.copy(RECORDING, folder / "selftest.flac")
    heard = self_test(folder, SelfTest("selftest.flac", SENTENCE.upper()))
    assert words_apart(heard.text, SENTENCE) == 0
    assert heard.real_time_factor > 0
    assert heard.seconds > 0
    wrong = "You never want to see it in the superlative degree"
    with pytest.raises(
        ModelError, match=r"heard '.*nd you always .*' instead of 'You never .*\(2 words differ, 1 may"
    ):
        self_test(folder, SelfTest("selftest.flac", wrong, 1))
    self_test(folder, SelfTest("selftest.flac", wrong, 2))


def test_a_model_is_tried_with_its_own_settings(folder: Path):
    (folder / "settings.toml").write_text("[recognition]\nlanguage = 'de'\n")
    with pytest.raises(ModelError, match=r"failed its self-test: .*knows only English"):
        self_test(folder, NOTHING)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("model.bin", b"\0" * 100, r"model\.bin is damaged"),
        ("tokenizer.json", b"{}", r"tokenizer\.json is no tokenizer"),
        ("selftest.flac", b"no sound", "selftest.flac: "),
        ("config.json", b'{"lang_ids": 7, "suppress_ids": "x"}', "failed its self-test: "),
        ("silence.npy", b"no numbers", "failed its self-test: "),
    ],
    ids=["weights", "tokenizer", "recording", "config", "silence"],
)
def test_a_model_that_cannot_be_run_is_explained(folder: Path, file: str, content: bytes, said: str):
    (folder / file).write_bytes(content)
    with pytest.raises(ModelError, match=said):
        self_test(folder, NOTHING)


# Processes that do not do what they should.


@pytest.fixture
def instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Have a shell script run in place of the trial."""

    def put(script: str) -> None:
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(file))

    return put


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -SEGV $$", r"it crashed \(Segmentation fault\)"),
        ("kill -ILL $$", r"it crashed \(Illegal instruction\)"),
        ("kill -KILL $$", "it was killed, as where memory runs out"),
        ("echo garbage", "ended with status 0"),
        ("printf '\\377'", "ended with status 0"),
        ("echo first >&2; echo last >&2; exit 3", r"ended with status 3 \(last\)"),
        ("echo '{\"text\": 1}'", "ended with status 0"),
        ('echo \'{"error": "It is bad: mend it."}\'', r"self-test: It is bad: mend it\."),
    ],
)
def test_whatever_becomes_of_the_process_is_explained(instead, tmp_path: Path, script: str, said: str):
    instead(script)
    with pytest.raises(ModelError, match=said):
        self_test(tmp_path, NOTHING)


def test_a_process_that_hangs_is_ended_with_all_that_it_started(instead, tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    instead(f"exec 9>{pipe}; echo ready >&9; sleep 1000 & sleep 1000")
    try:
        with pytest.raises(ModelError, match=r"no answer within 0\.5 s"):
            self_test(tmp_path, NOTHING, within_s=0.5)
        os.set_blocking(reader, True)
        with os.fdopen(os.dup(reader), "rb") as everything:
            assert everything.read() in (b"ready\n", b"")  # it ends: nobody has the other end any more
    finally:
        os.close(reader)


def test_what_it_prints_without_end_does_not_stop_it(instead, tmp_path: Path):
    instead('head -c 1000000 /dev/zero >&2; echo \'{"text": ""}\'')
    assert self_test(tmp_path, NOTHING).text == ""


# Comparing words.

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6)


def test_only_words_count():
    assert words_apart("Don't, stop -- NOW!", "dont stop now") == 0
    assert words_apart("", "...") == 0
    assert words_apart("STRASSE", "Straße") == 0


@given(WORDS, WORDS)
def test_the_distance_is_that_of_the_shortest_way(one: list[str], other: list[str]):
    """Held to the plain recursion that defines it."""

    def distance(first: list[str], second: list[str]) -> int:
        if not first or not second:
            return len(first) + len(second)
        if first[0] == second[0]:
            return distance(first[1:], second[1:])
        return 1 + min(
            distance(first[1:], second), distance(first, second[1:]), distance(first[1:], second[1:])
        )

    assert words_apart(" ".join(one), " ".join(other)) == distance(one, other)
