from __future__ import annotations

import pytest

from device.errors import SaykeyError
from device.keyboard.layout import layout_named
from tests.bench import texts
from tests.bench.coverage import MARK, PAGE, SYSTEMS, tables, trials
from tools.layouts.linux import SOURCES, origin

KNOWN_TO_LACK = {("macos", "fi"): set("šžŠŽ")}
"""Apple's older Finnish layout has no way to these, and a Mac takes no codes there."""


@pytest.fixture(scope="module")
def tried():
    made = layout_named("linux", SOURCES[0].name).origin
    try:
        here = origin(SOURCES[0])
    except SaykeyError as error:
        pytest.skip(str(error))
    if here != made:
        pytest.skip(f"the tables were made from {made}; here is {here}")
    return [trial for system in SYSTEMS for trial in trials(system)]


def test_the_page_shows_what_arrives(tried):
    _, mark, shown = PAGE.read_text(encoding="utf-8").partition(MARK)
    assert mark
    assert shown == tables(), "make it anew: python -m tests.bench.coverage"


def test_latin_layouts_type_all_of_ascii_and_of_their_own_letters(tried):
    lacking = {
        (trial.system, trial.name): lacks
        for trial in tried
        if trial.is_latin and (lacks := {each for kind in trial.kinds[:2] for each in kind.instead})
    }
    assert lacking == KNOWN_TO_LACK


def test_layouts_without_latin_letters_type_ascii_by_the_second_one(tried):
    second = [trial for trial in tried if trial.other]
    assert second
    assert all(not trial.kinds[0].instead for trial in second)


def test_whatever_does_not_arrive_is_reported(tried):
    assert [(trial, kind.lost) for trial in tried for kind in trial.kinds if kind.lost] == []


def test_the_letters_of_languages_are_those_of_cldr():
    if not texts.CLDR.is_dir():
        pytest.skip("Unicode CLDR is not installed (on Debian: apt-get install unicode-cldr-core, 230 MB)")
    made = texts.written(texts.CLDR)
    committed = texts.EXEMPLARS.read_text(encoding="utf-8")
    if (here := _origin(made)) != (there := _origin(committed)):
        pytest.skip(f"the letters were taken from: {there}; here is: {here}")
    assert made == committed, "make them anew: python -m tests.bench.texts"


def test_the_letters_of_a_layout_are_those_of_all_its_languages():
    letters = texts.letters(("da", "de"))
    assert set("azæßåÖØ") <= set(letters)
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("language", sorted(texts.PROSE))
def test_mixed_texts_are_as_long_as_asked(language):
    assert len(texts.mixed(language, 2000)) == 2000


def _origin(toml: str) -> str:
    return next(line for line in toml.splitlines() if line.startswith("origin"))
