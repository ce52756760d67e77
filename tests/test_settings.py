from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from device.errors import SettingsError
from device.settings import LanguageSettings, Settings
from device.settings_files import DEFAULT, DEFAULT_FILE, load
from device.settings_words import TYPES, allowed

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [(table, key) for table, keys in TYPES.items() for key in keys]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Stands for /etc."""
    (tmp_path / "saykey.d").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for /etc where one test writes many files, one after the other."""
    return tmp_path_factory.mktemp("etc")


def write(file: Path, content: str | bytes) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def complaint(root: Path, content: str | bytes) -> str:
    """What is said about a file with this content, without the file's name."""
    file = write(root / "saykey.toml", content)
    with pytest.raises(SettingsError) as caught:
        load(root=root)
    name, _, rest = str(caught.value).partition(", ")
    assert name == str(file)
    return rest


# The file of defaults.


def test_default_file_is_the_defaults():
    sections = asdict(Settings())
    assert sections.pop("hosts") == sections.pop("languages") == {}
    assert tomllib.loads(DEFAULT_FILE.read_text()) == {
        table: asdict(section) for table, section in sections.items()
    }


@pytest.mark.parametrize(("table", "key"), NAMES)
def test_default_file_explains_every_key_and_says_what_is_allowed(table: str, key: str):
    section = DEFAULT_FILE.read_text().partition(f"\n[{table}]\n")[2]
    found = re.search(rf"((?:^#.*\n)+)^{key} = ", section, re.MULTILINE)
    assert found
    *explanation, last = found[1].splitlines()
    assert explanation
    assert last == f"# Allowed: {allowed(TYPES[table][key])}."


def test_default_file_explains_every_table():
    text = DEFAULT_FILE.read_text()
    assert all(re.search(rf"^# .+\.\n\[{table}\]$", text, re.MULTILINE) for table in TYPES)


# Which file counts.


def test_without_files_the_defaults_are_in_force(tmp_path: Path):
    loaded = load(root=tmp_path / "missing")
    assert loaded.settings == Settings()
    assert loaded.origins == {f"{table}.{key}": DEFAULT for table, key in NAMES}


def test_later_files_win_and_each_value_knows_its_file(root: Path):
    first = write(root / "saykey.toml", "[button]\ntap_ms = 1\ndebounce_ms = 1\nmode = 'both'")
    ten = write(root / "saykey.d/10.toml", "[button]\ntap_ms = 10\ndebounce_ms = 10")
    nine = write(root / "saykey.d/9.toml", "button.tap_ms = 9\nspeech = {threshold = 1}")
    write(root / "saykey.d/99.toml~", "an editor's copy")
    write(root / "saykey.d/.toml", "a hidden file")
    config = write(root / "trial.toml", "[microphone]\ndevice = 'ReSpeaker'")

    loaded = load(config, root)

    button = loaded.settings.button
    assert (button.mode, button.debounce_ms, button.tap_ms) == ("both", 10, 9)
    assert loaded.settings.speech.threshold == 1.0
    assert loaded.settings.microphone.device == "ReSpeaker"
    assert {name: origin for name, origin in loaded.origins.items() if origin != DEFAULT} == {
        "button.mode": str(first),
        "button.debounce_ms": str(ten),
        "button.tap_ms": str(nine),
        "speech.threshold": str(nine),
        "microphone.device": str(config),
    }


def test_config_wins_over_all(root: Path):
    write(root / "saykey.d/zz.toml", "[text]\nsentence_case = true")
    config = write(root / "trial.toml", "[text]\nsentence_case = false")
    assert load(config, root).settings.text.sentence_case is False


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"# nothing\n[button]\n", b"\xef\xbb\xbf[button]\r\ntap_ms = 300\r\n"]
)
def test_empty_files_and_those_of_windows_editors_are_fine(root: Path, content: bytes):
    write(root / "saykey.toml", content)
    assert load(root=root).settings == Settings()


# Files that cannot be read.


def test_missing_config_is_an_error(tmp_path: Path):
    missing = tmp_path / "trial.toml"
    with pytest.raises(SettingsError, match=f"^{re.escape(str(missing))} cannot be read: No such file"):
        load(missing, tmp_path)


@pytest.mark.parametrize("name", ["saykey.toml", "saykey.d/10.toml"])
def test_what_is_no_file_is_an_error(root: Path, name: str):
    (root / name).mkdir()
    with pytest.raises(SettingsError, match=f"{name} cannot be read: Is a directory"):
        load(root=root)


@pytest.mark.parametrize("name", ["saykey.toml", "saykey.d/10.toml"])
def test_dangling_link_is_an_error(root: Path, name: str):
    (root / name).symlink_to(root / "gone")
    with pytest.raises(SettingsError, match=f"{name} cannot be read: No such file"):
        load(root=root)


def test_folder_that_is_a_file_is_an_error(tmp_path: Path):
    write(tmp_path / "saykey.d", "")
    with pytest.raises(SettingsError, match=r"saykey\.d cannot be read: Not a directory"):
        load(root=tmp_path)


def test_other_encoding_is_named_with_its_line(root: Path):
    text = '[recognition]\n# names\nhotwords = "Zoë"\n'
    assert complaint(root, text.encode("latin-1")) == "line 3: this is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize(
    ("content", "line", "hint"),
    [
        ("[button]\nmode = hold\n", 2, 'text stands in quotes, as in mode = "hold"'),
        ("[button\n", 1, "Expected ']'"),
        ("[button]\n\nmode: 'hold'\n", 3, "Expected '='"),
        ("[button]\nx = [\n1]\nx = [\n2]\n", 5, "Cannot overwrite a value"),
        ("x = [\n[button]\ntap_ms = 1\n", 2, "Invalid value"),
        ("[[button]]\nx = 1\nx = 2\n", 3, "Cannot overwrite a value"),
        ("[button]\nx = {a = 1, a = 2}\n", 2, "Duplicate inline table key"),
        ("a = 1" + "0" * 5000, 1, "limit"),
        ("a = " + "[" * 5000, 1, ""),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(root: Path, content: str, line: int, hint: str):
    said = complaint(root, content)
    assert said.startswith(f"line {line}: this is not TOML: ")
    assert hint in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[text]\n\n[button]\n[text] # mine\njoin = 'none'", "line 4: [text] is there already, in line 1: "),
        ("[hosts.'a b']\n[hosts.\"a b\"]", 'line 2: [hosts."a b"] is there already, in line 1: '),
        ("[languages.de]\n[text]\n[languages.de]", "line 3: [languages.de] is there already, in line 1: "),
        ("[button]\ntap_ms = 1\n#\ntap_ms = 2", "line 4: button.tap_ms is set already, in line 2: "),
        ("x = 1\nx = 2\n", "line 2: x is set already, in line 1: "),
    ],
)
def test_what_is_there_twice_is_named_with_both_lines(root: Path, content: str, said: str):
    assert complaint(root, content).startswith(said)


def test_a_table_that_is_there_already_is_told_with_what_to_do_with_its_settings(root: Path):
    assert complaint(root, "[text]\n[text]\njoin = 'none'\n") == (
        "line 2: [text] is there already, in line 1: put the settings that follow under that line, "
        "and take this one out"
    )


# Names that do not exist.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "[microphone]\npre_rol_ms = 1",
            "line 2: microphone.pre_rol_ms is not a setting; did you mean 'pre_roll_ms'?",
        ),
        (
            "microphone.PreRoll = 1",
            "line 1: microphone.PreRoll is not a setting; did you mean 'pre_roll_ms'?",
        ),
        (
            "[text]\nnewlines = true",
            "line 2: text.newlines is not a setting; set commands.new_line in its place",
        ),
        ("[mircophone]", "line 1: [mircophone] is not a table of the settings; did you mean 'microphone'?"),
        (
            "\n\n[wifi]\n",
            (
                "line 3: [wifi] is not a table of the settings; "
                f"the tables are {', '.join(TYPES)}, hosts.NAME and languages.CODE"
            ),
        ),
        ("[text]\ntap_ms = 1", "line 2: text.tap_ms is not a setting; it belongs under [button]"),
        ("tap_ms = 1", "line 1: tap_ms is not a setting outside of a table; it belongs under [button]"),
        (
            "loud = 1",
            "line 1: loud is not a setting outside of a table; settings stand under a table such as [button]",
        ),
        (
            "[button]\n'two\\nwords' = 1".replace("'", '"'),
            (
                'line 2: button."two\\nwords" is not a setting; [button] has mode, tap_ms, debounce_ms, '
                "double_press, triple_press, gap_ms, long_press, long_press_s"
            ),
        ),
        (
            "button = 3",
            "line 1: button is a table: write [button] on a line of its own, and its settings below",
        ),
        (
            "[[button]]\ntap_ms = 1",
            "line 1: button is a table: write [button] on a line of its own, and its settings below",
        ),
    ],
)
def test_unknown_name_says_what_was_meant(root: Path, content: str, said: str):
    assert complaint(root, content) == said


# Values that are not allowed.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "[microphone]\npre_roll_ms = 2001",
            "microphone.pre_roll_ms is 2001, but allowed is a whole number from 0 to 2000",
        ),
        ("[button]\ntap_ms = -1", "button.tap_ms is -1, but allowed is a whole number from 0 to 60000"),
        ("[button]\ntap_ms = 3.0", "button.tap_ms is 3.0, but allowed is a whole number from 0 to 60000"),
        ("[button]\ntap_ms = true", "button.tap_ms is true, but allowed is a whole number from 0 to 60000"),
        (
            "[button]\ntap_ms = 0x" + "f" * 6000,
            "button.tap_ms is a number of more than 64 bits, but allowed is a whole number from 0 to 60000",
        ),
        ("[button]\nmode = 'push'", 'button.mode is "push", but allowed is "hold", "toggle" or "both"'),
        (
            "[keyboard]\npace = 1.5",
            f"keyboard.pace is 1.5, but allowed is {allowed(TYPES['keyboard']['pace'])}",
        ),
        ("[speech]\nthreshold = 50", "speech.threshold is 50, but allowed is a number from 0 to 1"),
        ("[speech]\nthreshold = nan", "speech.threshold is nan, but allowed is a number from 0 to 1"),
        ("[speech]\nthreshold = '0.5'", 'speech.threshold is "0.5", but allowed is a number from 0 to 1'),
        ("[text]\nsentence_case = 1", "text.sentence_case is 1, but allowed is true or false"),
        ("[text]\nsentence_case = []", "text.sentence_case is a list, but allowed is true or false"),
        ("[text]\nsentence_case.a = 1", "text.sentence_case is a table, but allowed is true or false"),
        (
            "[microphone]\ndevice = 2024-01-01",
            "microphone.device is a date or time, but allowed is text in quotes",
        ),
        (
            "[recognition]\nlanguage = 'en\\n'".replace("'", '"'),
            f'recognition.language is "en\\n", but allowed is {allowed(TYPES["recognition"]["language"])}',
        ),
        (
            f"[button]\nmode = '{'hold ' * 20}'",
            f'button.mode is "{("hold " * 20)[:56]}..., but allowed is "hold", "toggle" or "both"',
        ),
    ],
)
def test_wrong_value_says_what_is_allowed(root: Path, content: str, said: str):
    assert complaint(root, content) == f"line 2: {said}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("layout = 'US'", "keyboard.layout is 'US', but there is no layout 'US' for other: choose one of at"),
        ("os = 'windows'\nlayout = 'at'", "keyboard.layout is 'at', but there is no layout 'at' for windows"),
        ("other_layout = 'x'\nlayout_toggle = 'alt+x'", "keyboard.other_layout is 'x', but there is no"),
        ("other_layout = 'ru'", "keyboard.layout_toggle is '', but they belong together"),
        ("other_layout = 'ru'\nlayout_toggle = 'fn+x'", "keyboard.layout_toggle is 'fn+x', but that is no"),
    ],
)
def test_a_host_that_cannot_be_is_refused(root: Path, content: str, said: str):
    assert said in complaint(root, f"[keyboard]\n{content}")


def test_a_pin_that_is_to_be_two_things_is_refused(root: Path):
    board = write(root / "saykey.d/board.toml", "[gpio]\nbutton = 'GPIO17'\nled = 'GPIO27'")
    own = write(root / "saykey.d/own.toml", "[gpio]\nled = 'GPIO17'")
    with pytest.raises(SettingsError) as caught:
        load(root=root)
    assert str(caught.value) == (
        f"gpio.button ({board}) and gpio.led ({own}) are both GPIO17: give each a pin of its own"
    )


@pytest.mark.parametrize("name", ["17", "GPIO28", "BOARD11", "pc6"])
def test_a_pin_that_is_none_is_refused_with_examples(root: Path, name: str):
    assert f'gpio.undo is "{name}", but allowed is a pin in quotes, such as "GPIO17", "PC6"' in complaint(
        root, f'[gpio]\nundo = "{name}"'
    )


def test_only_a_led_may_be_the_boards_own(root: Path):
    assert load(root=root).settings.gpio.led == "board"
    write(root / "saykey.toml", "[gpio]\nled = ''")
    assert load(root=root).settings.gpio.led == ""
    assert 'gpio.led is "Board", but allowed is "board", or a pin in quotes' in complaint(
        root, '[gpio]\nled = "Board"'
    )
    assert 'gpio.mute is "board", but allowed is a pin' in complaint(root, '[gpio]\nmute = "board"')


def test_error_names_the_file_that_brought_the_value(root: Path):
    write(root / "saykey.toml", "[button]\ntap_ms = 1")
    guilty = write(root / "saykey.d/10.toml", "[button]\ntap_ms = -1")
    config = write(root / "trial.toml", "[button]\ntap_ms = 1")
    with pytest.raises(SettingsError, match=f"^{re.escape(str(guilty))}, line 2: button.tap_ms is -1"):
        load(config, root)


@pytest.mark.parametrize("table", TYPES)
def test_what_is_allowed_is_said_in_plain_words(table: str):
    for kind in TYPES[table].values():
        assert not re.search(r"None|Type|Literal|int|float|bool|\[a-z\]", allowed(kind))


# The value's line: statements of any length, comments and decoys before the wrong one.
BEFORE = st.sampled_from(
    [
        "",
        "# tap_ms = -1",
        'hotwords = "tap_ms = -1"',
        'initial_prompt = """\n[button]\ntap_ms = -1\n"""',
        "model = '''\ntap_ms = -1'''",
        'store = """\\\n  tap_ms\\\n  """ # [button]',
    ]
)


@given(st.lists(BEFORE, unique=True), st.sampled_from(["\n", "\r\n"]))
def test_line_is_that_of_the_statement(folder: Path, before: list[str], newline: str):
    text = "\n".join(
        ["[recognition]", *before, "[button]", "debounce_ms = 1", "tap_ms = -1", "mode = 'both'"]
    )
    line = text[: text.rindex("tap_ms")].count("\n") + 1
    said = complaint(folder, text.replace("\n", newline))
    assert said.startswith(f"line {line}: button.tap_ms is -1")


# Hosts that are described by themselves.

TABLET = '[hosts."Anna\'s tablet"]\n'


def test_a_host_has_what_is_said_of_it_over_what_is_said_of_all(root: Path):
    of_all = write(root / "saykey.toml", "[keyboard]\nos = 'linux'\nlayout = 'de'\npace = 7")
    first = write(
        root / "saykey.d/1.toml", TABLET + "os = 'ios'\npace = 'fast'\n[hosts.usb]\nunicode = false"
    )
    second = write(root / "saykey.d/2.toml", 'hosts."ANNA\'S TABLET".pace = 20')
    loaded = load(root=root)
    keyboard = loaded.settings.keyboard
    assert loaded.settings.hosts == {
        "Anna's tablet": replace(keyboard, os="ios", pace=20),
        "usb": replace(keyboard, unicode=False),
    }
    assert {key: origin for key, origin in loaded.origins.items() if key.startswith("hosts.")} == {
        'hosts."Anna\'s tablet".os': str(first),
        'hosts."Anna\'s tablet".layout': str(of_all),
        'hosts."Anna\'s tablet".other_layout': DEFAULT,
        'hosts."Anna\'s tablet".layout_toggle': DEFAULT,
        'hosts."Anna\'s tablet".unicode': DEFAULT,
        'hosts."Anna\'s tablet".pace': str(second),
        "hosts.usb.os": str(of_all),
        "hosts.usb.layout": str(of_all),
        "hosts.usb.other_layout": DEFAULT,
        "hosts.usb.layout_toggle": DEFAULT,
        "hosts.usb.unicode": str(first),
        "hosts.usb.pace": str(of_all),
    }


def test_the_order_of_the_files_does_not_decide_what_a_host_is_described_over(root: Path):
    write(root / "saykey.toml", "[hosts.usb]\nlayout = 'fr'")
    write(root / "saykey.d/1.toml", "[keyboard]\nos = 'linux'\nlayout = 'de'")
    described = load(root=root).settings.hosts["usb"]
    assert (described.os, described.layout) == ("linux", "fr")


def test_a_host_with_a_layout_of_its_own_has_no_second_one_of_all_others(root: Path):
    both = "layout = 'ru'\nother_layout = 'us'\nlayout_toggle = 'alt+shift'"
    own = write(
        root / "saykey.toml", f"[keyboard]\n{both}\n[hosts.a]\nlayout = 'de'\n[hosts.b]\nunicode = false"
    )
    loaded = load(root=root)
    a, b = loaded.settings.hosts["a"], loaded.settings.hosts["b"]
    assert (a.layout, a.other_layout, a.layout_toggle) == ("de", "", "")
    assert (b.layout, b.other_layout, b.layout_toggle) == ("ru", "us", "alt+shift")
    assert loaded.origins["hosts.a.layout_toggle"] == str(own)


def test_a_host_of_which_nothing_is_said_is_none(root: Path):
    write(root / "saykey.toml", TABLET)
    assert load(root=root).settings == Settings()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            f"{TABLET}layuot = 'us'",
            "line 2: hosts.\"Anna's tablet\".layuot is not a setting; did you mean 'layout'?",
        ),
        (
            f"{TABLET}\npace = 1.5",
            (
                'line 3: hosts."Anna\'s tablet".pace is 1.5, '
                f"but allowed is {allowed(TYPES['keyboard']['pace'])}"
            ),
        ),
        ("[hosts.usb]\ntap_ms = 1", "line 2: hosts.usb.tap_ms is not a setting; it belongs under [button]"),
        (
            "[hosts.usb]\nwho = 1",
            f"line 2: hosts.usb.who is not a setting; [hosts.usb] has {', '.join(TYPES['keyboard'])}",
        ),
        (
            "[hosts.a]\n[hosts.a.layout]\nb = 1",
            "line 2: hosts.a.layout is a table, but allowed is text in quotes",
        ),
        (
            "[hosts]\nlayout = 'us'",
            (
                "line 2: hosts.layout is not a setting; it belongs under [keyboard], "
                "or for one host [hosts.NAME]"
            ),
        ),
        (
            "[hosts]\nusb = 'us'",
            "line 2: hosts.usb is a table: write [hosts.usb] on a line of its own, and its settings below",
        ),
        (
            "hosts = 3",
            "line 1: hosts.NAME is a table: write [hosts.NAME] on a line of its own, and its settings below",
        ),
        ("[host.usb]", "line 1: [host] is not a table of the settings; did you mean 'hosts'?"),
    ],
)
def test_what_is_wrong_with_a_host_is_said_with_its_line(root: Path, content: str, said: str):
    assert complaint(root, content) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("layout = 'x'", "hosts.usb.layout is 'x', but there is no layout 'x' for other"),
        ("os = 'windows'", "hosts.usb.layout is 'at', but there is no layout 'at' for windows"),
        (
            "other_layout = 'ru'",
            "hosts.usb.other_layout is 'ru', and hosts.usb.layout_toggle is '', but they",
        ),
        ("other_layout = 'us'\nlayout_toggle = 'fn+x'", "hosts.usb.layout_toggle is 'fn+x', but that is no"),
    ],
)
def test_a_described_host_that_cannot_be_is_refused(root: Path, content: str, said: str):
    assert said in complaint(root, f"[hosts.usb]\n{content}\n[keyboard]\nlayout = 'at'")


# Languages.


def test_a_language_has_only_what_is_said_of_it(root: Path):
    own = write(root / "saykey.toml", "[languages.de]\nlayout = 'de'\n[languages.fr]\nhotwords = 'Saykey'")
    config = write(root / "trial.toml", "[languages.de]\nhotwords = 'Müller'")
    loaded = load(config, root)
    assert loaded.settings.languages == {
        "de": LanguageSettings(layout="de", hotwords="Müller"),
        "fr": LanguageSettings(hotwords="Saykey"),
    }
    assert loaded.origins["languages.de.layout"] == str(own)
    assert loaded.origins["languages.de.hotwords"] == str(config)
    assert loaded.origins["languages.fr.layout"] == DEFAULT


def test_a_second_layout_of_a_language_is_switched_to_as_that_of_the_computer(root: Path):
    toggle = "[keyboard]\nother_layout = 'us'\nlayout_toggle = 'alt+shift'\n"
    write(root / "saykey.toml", f"{toggle}[languages.ru]\nlayout = 'ru'\nother_layout = 'us'")
    assert load(root=root).settings.languages["ru"].other_layout == "us"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[languages.de]\nlayuot = 'de'", "languages.de.layuot is not a setting; did you mean 'layout'?"),
        ("[languages.de]\nos = 'linux'", "languages.de.os is not a setting; it belongs under [keyboard]"),
        ("[languages.German]\nlayout = 'de'", "[languages.German] has no language code for its name"),
        ("[languages]\nde = 'de'", "languages.de is a table: write [languages.de] on a line of its own"),
        ("[languages]\nlayout = 'de'", "languages.layout is not a setting; it belongs under [keyboard], or"),
        ("[languages.de]\nlayout = 'x'", "languages.de.layout is 'x', but there is no layout 'x' for other"),
        ("[languages.de]\nother_layout = 'us'", "languages.de.layout is empty: name both, or neither"),
        ("[languages.ru]\nlayout = 'ru'\nother_layout = 'us'", "but keyboard.layout_toggle is empty"),
        (
            "[languages.de]\nlayout = 'at'\n[hosts.usb]\nos = 'windows'",
            "languages.de.layout is 'at', but there is no layout 'at' for windows",
        ),
        (
            "languages = ['en']",
            "languages is not a setting outside of a table; it belongs under [recognition]",
        ),
        ("[recognition]\nlanguages = 'de'", 'recognition.languages is "de", but allowed is a list of'),
        ("[recognition]\nlanguages = ['auto']", "recognition.languages is a list, but allowed is a list of"),
        ("[recognition]\nlanguage = 'German'", 'is "German", but allowed is "auto", or a language code'),
    ],
)
def test_what_is_wrong_with_a_language_is_said(root: Path, content: str, said: str):
    assert said in complaint(root, content)


@pytest.mark.parametrize("name", ["", "x" * 30, "a\\nb"])
def test_a_name_that_no_computer_could_show_is_refused(root: Path, name: str):
    said = complaint(root, f'[bluetooth]\nname = "{name}"')
    assert said.startswith("line 2: bluetooth.name is ")
    assert said.endswith("but allowed is text in quotes, of 1 to 29 characters")


# Values that do not go together.


def test_speech_must_not_end_above_where_it_begins(root: Path):
    low = write(root / "saykey.toml", "[speech]\nthreshold = 0.3")
    with pytest.raises(SettingsError) as caught:
        load(root=root)
    assert str(caught.value) == (
        f"speech.neg_threshold is 0.35 (default), but must not exceed speech.threshold, 0.3 ({low}): "
        "lower the first or raise the second"
    )


def test_files_are_judged_by_what_they_come_to_together(root: Path):
    write(root / "saykey.toml", "[speech]\nthreshold = 0.3")
    write(root / "saykey.d/10.toml", "[speech]\nneg_threshold = 0.3")
    assert load(root=root).settings.speech.neg_threshold == 0.3


# Whatever a file holds, the answer is settings or a sentence.

SCALARS = (
    st.booleans()
    | st.integers().map(str)
    | st.floats().map(repr)
    | st.sampled_from(["'en'", '"hold"', "[]", "['de', 'fr']", "[1]", "{}"])
)


@given(st.binary() | st.text(alphabet="[]{}=.\"'#\\\n\rab1_ -").map(str.encode))
def test_any_bytes_give_settings_or_a_sentence(folder: Path, content: bytes):
    file = write(folder / "saykey.toml", content)
    try:
        answer = load(root=folder).settings
    except SettingsError as error:
        answer = str(error)
    assert answer == Settings() or answer.startswith(f"{file}, line ")


@given(st.sampled_from(NAMES), SCALARS)
def test_any_value_is_taken_as_it_stands_or_refused_by_name(
    folder: Path, name: tuple[str, str], value: object
):
    table, key = name
    text = f"[{table}]\n{key} = {str(value).lower()}"
    file = write(folder / "saykey.toml", text)
    try:
        loaded = load(root=folder)
    except SettingsError as error:
        taken, said = None, str(error)
    else:
        taken, said = getattr(getattr(loaded.settings, table), key), ""
        assert loaded.origins[f"{table}.{key}"] == str(file)
    assert f"{table}.{key}" in said or taken == tomllib.loads(text)[table][key]
