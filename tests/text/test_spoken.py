"""What is said, and what is typed for it, by the tables in `spoken/`."""

from __future__ import annotations

import pytest

from tests.text.spoken_tables import TABLES, rows, sentences, settings_of, typed

LANGUAGES = sorted({file.name.partition(".")[0] for file in TABLES.iterdir()})


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_is_typed_as_the_table_has_it(language):
    wrong = [
        f"{row.place}: [{row.settings}] {row.spoken}\n  typed    {result}\n  not      {row.typed}"
        for row in rows(language)
        if (result := typed(row.spoken, language, settings_of(row.settings))) != row.typed
    ]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(rows(language))}", *wrong])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", ["strict", "anywhere"])
def test_sentences_about_commands_are_text(language, mode):
    settings = settings_of(mode)
    wrong = [
        f"{sentence}\n  typed {result}"
        for sentence in sentences(language)
        if (result := typed(sentence, language, settings)) != sentence.replace(" | ", " ")
    ]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(sentences(language))}", *wrong])
