"""The settings: their names, types, limits and defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

BOARD = "board"
"""In the place of a LED's pin: the LED on the board itself."""

Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
AUTO = "auto"
"""In the place of a language: the one that is heard."""

LANGUAGE_CODE = r"[a-z]{2,3}"
Language = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{AUTO}|{LANGUAGE_CODE})\Z",
        description=f'"{AUTO}", or a language code of two or three small letters, such as "en"',
    ),
]
Languages = Annotated[
    list[Annotated[str, Meta(pattern=rf"^{LANGUAGE_CODE}\Z")]],
    Meta(max_length=8, description='a list of at most 8 language codes in quotes, such as ["en", "de"]'),
]
ModelNames = Annotated[
    list[str],
    Meta(max_length=16, description='a list of at most 16 names in quotes, such as ["base", "tiny.en"]'),
]
BluetoothName = Annotated[
    str,
    Meta(pattern=r"^[^\x00-\x1f\x7f]{1,29}\Z", description="text in quotes, of 1 to 29 characters"),
]
_PIN = r"GPIO(?:1?[0-9]|2[0-7])|P[A-M](?:[12]?[0-9]|3[01])|GPIO[0-4]_[A-D][0-7]|gpiochip[0-9]{1,2}:[0-9]{1,3}"
PinName = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{_PIN})?\Z",
        description='a pin in quotes, such as "GPIO17", "PC6", "GPIO1_C6" or "gpiochip0:17", or "" for none',
    ),
]
LampName = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{BOARD}|{_PIN})?\Z",
        description=f'"{BOARD}", or a pin in quotes, such as "GPIO17", "PC6", "GPIO1_C6" or "gpiochip0:17", '
        'or "" for none',
    ),
]
Gain = Literal["auto", "leave"] | Annotated[int, Meta(ge=0, le=100)]
PressAction = Literal[
    "undo", "again", "next_host", "next_language", "next_model", "hands_free", "forget_corrections", "none"
]
Phrases = Literal["off", "strict", "anywhere"]


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
    long_press: Literal["pair", "hands_free", "forget_corrections", "none"] = "pair"
    long_press_s: Annotated[float, Meta(ge=3.0, le=60.0)] = 8.0


class GpioSettings(_Section, frozen=True):
    """Which pins the buttons and the LEDs are wired to. An empty name is none."""

    button: PinName = ""
    undo: PinName = ""
    next_host: PinName = ""
    next_language: PinName = ""
    next_model: PinName = ""
    mute: PinName = ""
    hands_free: PinName = ""
    led: LampName = BOARD
    led_red: PinName = ""
    led_green: PinName = ""
    led_blue: PinName = ""
    active_high: bool = True


class DisplaySettings(_Section, frozen=True):
    """Which display is wired to the board, and what it may show."""

    kind: Literal["", "ssd1306", "sh1106"] = ""
    bus: Annotated[int, Meta(ge=0, le=99)] = 1
    address: Literal["0x3C", "0x3D"] = "0x3C"
    height: Literal[64, 32] = 64
    upside_down: bool = False
    preview: bool = False


class MicrophoneSettings(_Section, frozen=True):
    """Which microphone, and how much sound around the button's press is kept."""

    device: str = ""
    gain: Gain = "auto"
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


class HandsFreeSettings(_Section, frozen=True):
    """How dictations begin and end by themselves, while the microphone is open for that."""

    silence_ms: Annotated[int, Meta(ge=300, le=5_000)] = 900
    minutes: Annotated[int, Meta(ge=1, le=1_440)] = 5
    wake_word: Literal["", "okay_nabu", "hey_jarvis", "hey_mycroft", "alexa"] = ""


class RecognitionSettings(_Section, frozen=True):
    """Which model recognises, and when its output is not believed."""

    model: str = ""
    store: str = ""
    models: ModelNames = []
    language: Language = "en"
    languages: Languages = []
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
    punctuation: Literal["automatic", "spoken", "none"] = "automatic"
    paragraph_pause_s: Annotated[float, Meta(ge=0.0, le=60.0)] = 0.0
    fillers: Literal["keep", "drop"] = "keep"


class CommandsSettings(_Section, frozen=True):
    """Which spoken phrases are acted on, by groups of them: never, alone, or also in a sentence."""

    new_line: Phrases = "off"
    new_paragraph: Phrases = "off"
    punctuation: Phrases = "strict"
    quotes: Phrases = "strict"
    brackets: Phrases = "strict"
    caps: Phrases = "strict"
    no_space: Phrases = "strict"
    numeral: Phrases = "strict"
    spell: Phrases = "strict"
    scratch_that: Phrases = "strict"
    type_again: Phrases = "strict"
    press_enter: Phrases = "off"
    press_tab: Phrases = "off"
    press_escape: Phrases = "off"


class FormsSettings(_Section, frozen=True):
    """What is written as people write it rather than as it was said."""

    numbers: bool = True
    dates: bool = True
    times: bool = True
    addresses: bool = True
    currency: bool = True
    units: bool = True


class StyleSettings(_Section, frozen=True):
    """How the user writes where people differ."""

    oxford_comma: Literal["keep", "always", "never"] = "keep"
    dash: Literal["keep", "em", "en", "hyphen"] = "keep"
    quotes: Literal["keep", "straight", "curly", "german", "guillemets"] = "keep"
    percent: Literal["keep", "spaced", "close"] = "keep"
    units: Literal["keep", "spaced", "close"] = "keep"
    french_spaces: Literal["keep", "narrow", "none"] = "keep"


class VocabularySettings(_Section, frozen=True):
    """What becomes of the owner's list of words."""

    repair: bool = True
    use: Literal["none", "hotwords", "prompt"] = "none"


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


class CorrectionsSettings(_Section, frozen=True):
    """Whether dictations that were taken back and spoken again are kept for the trainer, and how many."""

    keep: bool = False
    max_mb: Annotated[int, Meta(ge=1, le=1_000)] = 50
    max_days: Annotated[int, Meta(ge=1, le=365)] = 30


class LanguageSettings(_Section, frozen=True):
    """What is different while one language is spoken. What is empty is as for the others."""

    layout: str = ""
    other_layout: str = ""
    initial_prompt: str = ""
    hotwords: str = ""


class Settings(_Section, frozen=True):
    """All settings, one attribute a table of the file.

    Attributes:
        hosts: What a host has in the place of `keyboard`, by its name, in which small and capital letters
            are the same.
        languages: What is different while a language is spoken, by its code.
    """

    button: ButtonSettings = ButtonSettings()
    gpio: GpioSettings = GpioSettings()
    display: DisplaySettings = DisplaySettings()
    microphone: MicrophoneSettings = MicrophoneSettings()
    speech: SpeechSettings = SpeechSettings()
    hands_free: HandsFreeSettings = HandsFreeSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    text: TextSettings = TextSettings()
    commands: CommandsSettings = CommandsSettings()
    forms: FormsSettings = FormsSettings()
    style: StyleSettings = StyleSettings()
    vocabulary: VocabularySettings = VocabularySettings()
    keyboard: KeyboardSettings = KeyboardSettings()
    bluetooth: BluetoothSettings = BluetoothSettings()
    corrections: CorrectionsSettings = CorrectionsSettings()
    hosts: dict[str, KeyboardSettings] = {}
    languages: dict[str, LanguageSettings] = {}
