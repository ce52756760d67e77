"""The settings: their names, types, limits and defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Language = Annotated[
    str,
    Meta(pattern=r"^[a-z]{2,3}\Z", description='a language code of two or three small letters, such as "en"'),
]
BluetoothName = Annotated[
    str,
    Meta(pattern=r"^[^\x00-\x1f\x7f]{1,29}\Z", description="text in quotes, of 1 to 29 characters"),
]
PressAction = Literal["undo", "again", "next_host", "none"]


class _Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the settings file. Unknown keys are refused."""


class ButtonSettings(_Section, frozen=True):
    """How the button is understood."""

    mode: Literal["hold", "toggle", "both"] = "hold"
    tap_ms: Milliseconds = 300
    debounce_ms: Milliseconds = 25
    double_press: PressAction = "undo"
    triple_press: PressAction = "again"
    gap_ms: Annotated[int, Meta(ge=0, le=2_000)] = 400
    long_press: Literal["pair", "none"] = "pair"
    long_press_s: Annotated[float, Meta(ge=3.0, le=60.0)] = 8.0


class MicrophoneSettings(_Section, frozen=True):
    """Which microphone, and how much sound around the button's press is kept."""

    device: str = ""
    pre_roll_ms: Annotated[int, Meta(ge=0, le=2_000)] = 300
    tail_ms: Annotated[int, Meta(ge=0, le=2_000)] = 200
    max_recording_s: Annotated[int, Meta(ge=1, le=3_600)] = 300


class SpeechSettings(_Section, frozen=True):
    """When sound counts as speech. The names are Silero's."""

    threshold: Probability = 0.5
    neg_threshold: Probability = 0.35
    min_speech_duration_ms: Milliseconds = 250
    min_silence_duration_ms: Milliseconds = 700
    speech_pad_ms: Annotated[int, Meta(ge=0, le=2_000)] = 200


class RecognitionSettings(_Section, frozen=True):
    """Which model recognises, and when its output is not believed."""

    model: str = ""
    store: str = ""
    language: Language = "en"
    threads: Annotated[int, Meta(ge=0, le=64)] = 0
    beam_size: Annotated[int, Meta(ge=1, le=10)] = 1
    type_while_speaking: bool = False
    initial_prompt: str = ""
    hotwords: str = ""
    no_speech_threshold: Probability = 0.6
    log_prob_threshold: Annotated[float, Meta(ge=-10.0, le=0.0)] = -0.6
    compression_ratio_threshold: Annotated[float, Meta(ge=1.0, le=10.0)] = 2.4


class TextSettings(_Section, frozen=True):
    """How the transcript becomes what is typed."""

    typography: Literal["ascii", "keep"] = "ascii"
    sentence_case: bool = True
    join: Literal["space", "none"] = "space"
    newlines: bool = False


class KeyboardSettings(_Section, frozen=True):
    """How the host reads the keys."""

    os: Literal["linux", "windows", "macos", "ios", "android", "other"] = "other"
    layout: str = "us"
    other_layout: str = ""
    layout_toggle: str = ""
    unicode: bool = True
    pace: Literal["fast", "normal", "remote"] | Annotated[int, Meta(ge=0, le=1_000)] = "normal"


class BluetoothSettings(_Section, frozen=True):
    """Whether computers may receive the text without a cable, and how they find the device."""

    enabled: bool = False
    name: BluetoothName = "Saykey"
    window_s: Annotated[int, Meta(ge=10, le=600)] = 120


class Settings(_Section, frozen=True):
    """All settings, one attribute a table of the file.

    Attributes:
        hosts: What a host has in the place of `keyboard`, by its name, in which small and capital letters
            are the same.
    """

    button: ButtonSettings = ButtonSettings()
    microphone: MicrophoneSettings = MicrophoneSettings()
    speech: SpeechSettings = SpeechSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    text: TextSettings = TextSettings()
    keyboard: KeyboardSettings = KeyboardSettings()
    bluetooth: BluetoothSettings = BluetoothSettings()
    hosts: dict[str, KeyboardSettings] = {}
