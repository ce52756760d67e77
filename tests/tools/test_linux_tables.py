from __future__ import annotations

import string
import tomllib
import unicodedata

import pytest

from device.errors import SaykeyError
from device.keyboard.layout import TABLES, layout_named, layouts
from device.keyboard.reports import LEFT_SHIFT, RIGHT_ALT
from tools.layouts.linux import SOURCES, USAGES, origin, table_of
from tools.layouts.table import written

BY_NAME = {source.name: source for source in SOURCES}

# After CLDR's main exemplar characters of each language, small letters.
CYRILLIC = "абвгдежзйклмнопрстуфхцчшьюя"
ALPHABETS = {
    "be": CYRILLIC.replace("щ", "") + "ёіўыэ",
    "bg": CYRILLIC + "ищъ",
    "cs": string.ascii_lowercase + "áčďéěíňóřšťúůýž",
    "da": string.ascii_lowercase + "æøå",
    "de": string.ascii_lowercase + "äöüß",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "en": string.ascii_lowercase,
    "es": string.ascii_lowercase + "áéíñóúü",
    "et": string.ascii_lowercase + "šžõäöü",
    "fi": string.ascii_lowercase + "åäöšž",
    "fr": string.ascii_lowercase + "àâæçéèêëîïôœùûüÿ",
    "ga": string.ascii_lowercase + "áéíóú",
    "he": "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
    "hr": string.ascii_lowercase + "čćđšž",
    "hu": string.ascii_lowercase + "áéíóöőúüű",
    "is": string.ascii_lowercase + "áðéíóúýþæö",
    "it": string.ascii_lowercase + "àéèìíòóùú",
    "lt": string.ascii_lowercase + "ąčęėįšųūž",
    "lv": string.ascii_lowercase + "āčēģīķļņšūž",
    "nl": string.ascii_lowercase + "áäéëíïóöúü",
    "no": string.ascii_lowercase + "æøåàéòóô",
    "pl": string.ascii_lowercase + "ąćęłńóśźż",
    "pt": string.ascii_lowercase + "áàâãçéêíòóôõú",
    "ro": string.ascii_lowercase + "ăâîșț",
    "ru": CYRILLIC + "ёищъыэ",
    "sk": string.ascii_lowercase + "áäčďéíĺľňóôŕšťúýž",
    "sl": string.ascii_lowercase + "čšž",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "sr-Latn": string.ascii_lowercase + "čćđšž",
    "sv": string.ascii_lowercase + "åäöàé",
    "tr": string.ascii_lowercase + "çğıöşü",
    "uk": CYRILLIC + "ґєиіїщ",
}
NOT_LATIN = {"bg", "by", "gr", "il", "rs", "ru", "ua"}
LACKING = {
    "bg": "\N{CYRILLIC CAPITAL LETTER SOFT SIGN}",
    "ca-fr": "ÆæŒœ",
    "ch-fr": "Ç",
    "fr": "ÇŒœ",
}  # so they are, on paper too
CASELESS_ALONE = {"ß", "ΐ", "ΰ", "ς"}  # their capitals are other letters, or several


def capitals(language: str) -> set[str]:
    letters = set(ALPHABETS[language]) - CASELESS_ALONE
    return {"İ" if (language, each) == ("tr", "i") else each.upper() for each in letters}


def test_there_is_a_table_for_each_source_and_no_other():
    assert {path.stem for path in (TABLES / "linux").glob("*.toml")} == BY_NAME.keys()
    assert layouts("linux") == sorted(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_table_is_what_is_made_anew(name):
    kept = (TABLES / "linux" / f"{name}.toml").read_text(encoding="utf-8")
    made_from = tomllib.loads(kept)["origin"]
    try:
        here = origin(BY_NAME[name])
        table = table_of(BY_NAME[name])
    except SaykeyError as error:
        pytest.skip(str(error))
    if here != made_from:
        pytest.skip(f"the table was made from {made_from}; here is {here}")
    assert written(table, "linux") == kept


@pytest.mark.parametrize("name", BY_NAME)
def test_a_table_is_in_order_and_of_keys_that_type(name):
    layout = layout_named("linux", name)
    for section in (layout.keys, layout.with_caps):
        assert list(section) == sorted(section)
    assert layout.with_caps.keys() <= layout.keys.keys()
    assert not {each for each in layout.keys if len(each) != 1 or unicodedata.category(each) in {"Cc", "Cs"}}
    for keystrokes in (*layout.keys.values(), *filter(None, layout.with_caps.values())):
        assert 1 <= len(keystrokes) <= 3
        assert {each.usage for each in keystrokes} <= set(USAGES)
        assert not any(each.modifiers & ~(LEFT_SHIFT | RIGHT_ALT) for each in keystrokes)


@pytest.mark.parametrize("name", BY_NAME)
def test_caps_lock_stands_only_where_it_changes_something(name):
    layout = layout_named("linux", name)
    assert not [each for each, keystrokes in layout.with_caps.items() if keystrokes == layout.keys[each]]


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - NOT_LATIN))
def test_latin_layouts_have_all_of_ascii(name):
    assert set(map(chr, range(0x20, 0x7F))) <= layout_named("linux", name).keys.keys()


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, each) for name, source in BY_NAME.items() for each in source.languages.split()],
)
def test_a_layout_has_the_letters_of_its_languages(name, language):
    letters = set(ALPHABETS[language]) | capitals(language)
    assert letters - layout_named("linux", name).keys.keys() == set(LACKING.get(name, ""))
