"""What a model brings, and what came by the drive, among the other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.commands import config
from device.errors import SettingsError
from device.models.model_settings import MAY_SET
from device.settings import Settings, SpeechSettings
from device.settings_files import DEFAULT, Loaded, load, of_model
from device.settings_words import TYPES

if TYPE_CHECKING:
    from pathlib import Path

OWNERS = {
    "button", "gpio", "display", "microphone", "hands_free", "keyboard", "bluetooth",
    "vocabulary", "corrections",
    "recognition.model", "recognition.store", "recognition.threads", "recognition.type_while_speaking",
    "recognition.models", "recognition.languages",
    "text.punctuation", "text.paragraph_pause_s", "text.fillers", "commands", "forms", "style",
}  # fmt: skip
"""What is not for a model to set."""


class Device:
    """The folders of a device: /etc, its state, and a store with two models."""

    def __init__(self, root: Path) -> None:
        self.etc, self.state, self.store = root / "etc", root / "state", root / "models"
        for folder in (self.etc / "saykey.d", self.state, self.store / "anna", self.store / "ben"):
            folder.mkdir(parents=True)
        self.use("anna")
        self.write(self.etc / "saykey.toml", f"[recognition]\nstore = '{self.store}'")

    def use(self, name: str) -> None:
        (self.store / "current").unlink(missing_ok=True)
        (self.store / "current").symlink_to(name)

    def write(self, file: Path, text: str) -> Path:
        file.write_text(f"{text}\n")
        return file

    def brings(self, text: str, name: str = "anna") -> Path:
        """Have a model bring settings."""
        return self.write(self.store / name / "settings.toml", text)

    def load(self, config: Path | None = None) -> Loaded:
        return load(config, self.etc, self.state)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


# Which file counts.


def test_the_model_counts_less_than_its_owner(device: Device):
    own = device.brings("[recognition]\nhotwords = 'Anna'\nbeam_size = 2\ninitial_prompt = 'Dear'")
    file = device.write(device.etc / "saykey.d/1.toml", "[recognition]\nbeam_size = 3")
    given = device.write(device.state / "saykey.toml", "[recognition]\ninitial_prompt = 'Hello'")
    loaded = device.load()
    recognition = loaded.settings.recognition
    assert (recognition.hotwords, recognition.beam_size, recognition.initial_prompt) == ("Anna", 3, "Hello")
    names = ("recognition.hotwords", "recognition.beam_size", "recognition.initial_prompt")
    assert [loaded.origins[name] for name in names] == [str(own), str(file), str(given)]


def test_what_came_by_the_drive_is_between_etc_and_the_command_line(device: Device, tmp_path: Path):
    device.write(device.etc / "saykey.d/1.toml", "[button]\ntap_ms = 1\ngap_ms = 1\nlong_press_s = 3")
    device.write(device.state / "saykey.toml", "[button]\ntap_ms = 2\ngap_ms = 2")
    trial = device.write(tmp_path / "trial.toml", "[button]\ntap_ms = 3")
    button = device.load(trial).settings.button
    assert (button.tap_ms, button.gap_ms, button.long_press_s) == (3, 2, 3)


def test_only_the_model_in_use_counts(device: Device):
    device.brings("[recognition]\nlanguage = 'de'")
    device.brings("[recognition]\nlanguage = 'fr'", "ben")
    assert device.load().settings.recognition.language == "de"
    device.use("ben")
    assert device.load().settings.recognition.language == "fr"
    device.use("gone")
    assert device.load().settings.recognition.language == "en"


@pytest.mark.parametrize("file", ["etc/saykey.d/1.toml", "state/saykey.toml", "trial.toml"])
def test_the_owner_says_which_is_in_use_in_any_file(device: Device, tmp_path: Path, file: str):
    device.brings("[recognition]\nlanguage = 'fr'", "ben")
    written = device.write(tmp_path / file, "[recognition]\nmodel = 'ben'")
    assert device.load(written).settings.recognition.language == "fr"
    device.write(written, f"[recognition]\nmodel = '{device.store / 'ben'}'")
    assert device.load(written).settings.recognition.language == "fr"


def test_the_usual_folders_are_looked_in(device: Device, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(device.state))
    device.store.rename(device.state / "models")
    device.store = device.state / "models"
    device.brings("[recognition]\nlanguage = 'de'")
    device.write(device.state / "saykey.toml", "[button]\ntap_ms = 2")
    settings = load(root=device.etc / "none").settings
    assert (settings.recognition.language, settings.button.tap_ms) == ("de", 2)


def test_who_has_no_home_has_the_defaults(device: Device, monkeypatch):
    for name in ("HOME", "STATE_DIRECTORY", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert load(root=device.etc / "none").settings == Settings()


def test_the_command_shows_what_the_model_brings(device: Device):
    own = device.brings("[speech]\nspeech_pad_ms = 99")
    given = device.write(device.state / "saykey.toml", "[button]\ntap_ms = 2")
    printed = config.render(device.load())
    (line,) = [line for line in printed.splitlines() if line.startswith("speech_pad_ms")]
    assert line.endswith(f"# {own}")
    (line,) = [line for line in printed.splitlines() if line.startswith("tap_ms")]
    assert line.endswith(f"# {given}")


# What a model may set.


def test_every_setting_is_either_the_models_or_the_owners():
    names = {f"{table}.{key}" for table, keys in TYPES.items() for key in keys}
    models = {f"{table}.{key}" for table, keys in MAY_SET.items() for key in keys}
    assert models <= names
    assert {name for name in names if name in OWNERS or name.partition(".")[0] in OWNERS} == names - models


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[recognition]\nthreads = 1",
            "recognition.threads is not for a model to set",
        ),
        (
            "[keyboard]\nlayout = 'de'",
            "keyboard.layout is not for a model to set",
        ),
        ("[hosts.usb]\nlayout = 'de'", "hosts.usb.layout is not for a model to set"),
        ("[commands]\npress_enter = 'strict'", "commands.press_enter is not for a model to set"),
        ("[text]\npunctuations = 'none'", "text.punctuations is not a setting; did you mean 'punctuation'?"),
        ("[text]\njoin = 'tab'", 'text.join is "tab", but allowed is "space" or "none"'),
        ("[text]\njoin =", "this is not TOML"),
    ],
)
def test_what_a_model_may_not_set_is_refused_with_its_line(device: Device, text: str, said: str):
    file = device.brings(text)
    with pytest.raises(SettingsError) as caught:
        of_model(file.parent)
    assert str(caught.value).startswith(f"{file}, line 2: {said}")


def test_a_model_whose_settings_have_gone_bad_does_not_keep_the_device_from_starting(device: Device, caplog):
    file = device.brings("[commands]\nnew_line = 'strict'")
    assert device.load().settings.text == Settings().text
    assert f"what the model brings is passed over: {file}, line 2" in caplog.text


def test_the_owners_thresholds_replace_both_of_the_model(device: Device):
    """One of each might not fit together, and a model must not keep the device from starting."""
    device.brings("[speech]\nthreshold = 0.3\nneg_threshold = 0.2\nspeech_pad_ms = 9")
    speech = device.load().settings.speech
    assert (speech.threshold, speech.neg_threshold, speech.speech_pad_ms) == (0.3, 0.2, 9)
    device.write(device.state / "saykey.toml", "[speech]\nneg_threshold = 0.4")
    loaded = device.load()
    assert loaded.settings.speech == SpeechSettings(neg_threshold=0.4, speech_pad_ms=9)
    assert loaded.origins["speech.threshold"] == DEFAULT


def test_a_model_is_tried_with_what_it_brings_alone(device: Device):
    assert of_model(device.store / "anna") == Settings()
    device.brings("[recognition]\nlanguage = 'de'")
    device.write(device.state / "saykey.toml", "[recognition]\nbeam_size = 3")
    recognition = of_model(device.store / "anna").recognition
    assert (recognition.language, recognition.beam_size) == ("de", 1)
    device.brings("[speech]\nthreshold = 0.1")
    with pytest.raises(SettingsError, match=r"neg_threshold is 0\.35 \(default\), but must not exceed"):
        of_model(device.store / "anna")


def test_what_a_model_may_set_is_said(device: Device):
    file = device.brings("[recognition]\nthreads = 1")
    with pytest.raises(SettingsError, match=r"but for the owner; of \[recognition\] it may set beam_size, "):
        of_model(file.parent)
    device.brings("[keyboard]\nos = 'linux'")
    with pytest.raises(SettingsError, match=r"it may set only speech, recognition, text$"):
        of_model(file.parent)


# Files that cannot be read.


def test_what_came_by_the_drive_is_checked_as_all(device: Device):
    file = device.write(device.state / "saykey.toml", "[button]\nmod = 1")
    with pytest.raises(SettingsError, match=f"^{file}, line 2: button.mod is not a setting"):
        device.load()
    file.unlink()
    file.symlink_to("gone")
    with pytest.raises(SettingsError, match=r"saykey\.toml cannot be read: No such file"):
        device.load()
