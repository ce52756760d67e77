"""Which language counts: as the settings say, as it was chosen, as it was kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SettingsError
from device.kept_json import KeptJson
from device.languages import Languages
from device.settings import RecognitionSettings

BOTH = RecognitionSettings(languages=["en", "de"])
HEARD = RecognitionSettings(language="auto", languages=["en", "de"])


def kept_in(folder) -> KeptJson:
    return KeptJson(folder / "language.json", "the choice")


def after_restart(folder, settings, **others) -> Languages:
    return Languages(settings, kept=kept_in(folder), **others)


codes = st.sampled_from(["en", "de", "fr", "es"])


@given(st.just("auto") | codes, st.lists(codes))
def test_next_goes_round_all_of_them_once_and_begins_with_that_of_the_settings(language, others):
    languages = Languages(RecognitionSettings(language=language, languages=others))
    assert languages.chosen == language
    round_trip = []
    for _ in languages.choices:
        round_trip.append(languages.chosen)
        assert bool(languages.next()) == (len(languages.choices) == 1)
    assert languages.chosen == language
    assert set(round_trip) == {language, *others}
    assert len(round_trip) == len(set(round_trip))


def test_a_choice_outlives_a_restart(tmp_path):
    languages = after_restart(tmp_path, BOTH)
    languages.use("de")
    languages.close()
    assert after_restart(tmp_path, BOTH).chosen == "de"


def test_a_choice_is_forgotten_when_the_settings_say_something_else(tmp_path):
    languages = after_restart(tmp_path, BOTH)
    languages.use("de")
    languages.close()
    assert after_restart(tmp_path, HEARD).chosen == "auto"
    assert after_restart(tmp_path, RecognitionSettings(languages=["fr"])).chosen == "en"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"language": 1, "set": "en"}', '{"language": "de"}', "[" * 100_000]
)
def test_a_file_that_cannot_be_used_is_as_good_as_none(tmp_path, content):
    (tmp_path / "language.json").write_text(content)
    assert after_restart(tmp_path, BOTH).chosen == "en"


def test_a_choice_that_cannot_be_kept_counts_all_the_same(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    languages = after_restart(tmp_path / "file", BOTH)
    languages.use("de")
    languages.close()
    assert languages.chosen == "de"
    assert "the choice will be forgotten" in caplog.text


def test_nothing_is_ever_half_written(tmp_path):
    languages = after_restart(tmp_path, BOTH)
    for _ in range(20):
        languages.next()
    languages.close()
    assert json.loads((tmp_path / "language.json").read_text()) == {"language": "en", "set": "en"}
    assert [file.name for file in tmp_path.iterdir()] == ["language.json"]


def test_what_is_none_of_them_is_refused():
    languages = Languages(BOTH)
    with pytest.raises(SettingsError, match=r"'fr' is none of en, de: .* recognition\.languages"):
        languages.use("fr")
    assert languages.chosen == "en"


def test_a_model_that_knows_only_english_leaves_no_choice(tmp_path):
    before = after_restart(tmp_path, BOTH)
    before.use("de")
    before.close()
    languages = after_restart(tmp_path, BOTH, is_multilingual=False)
    assert languages.chosen == "en"
    assert "knows only English" in languages.next()
    with pytest.raises(SettingsError, match="knows only English"):
        languages.use("de")
    assert after_restart(tmp_path, BOTH).chosen == "de"


def test_what_is_shown_of_it():
    assert Languages(RecognitionSettings()).name == ""
    languages = Languages(HEARD)
    assert (languages.name, languages.now) == ("auto", "")
    languages.heard = "de"
    assert (languages.name, languages.now) == ("auto de", "de")
    languages.use("en")
    assert (languages.name, languages.now) == ("en", "en")
