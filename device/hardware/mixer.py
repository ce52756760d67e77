"""The volume of a microphone, through ALSA's simple mixer: libasound, which PortAudio stands on, has it.

alsa-project.org/alsa-doc/alsa-lib/group___simple_mixer.html describes the functions that are called here.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import byref, c_char_p, c_int, c_long, c_void_p
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from device.errors import SoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = ("Capture", "Mic", "Headset", "Internal Mic", "PGA", "ADC")
"""What drivers call the volume that is nearest to the microphone, the likeliest first."""

_PATHS = (
    "Left Boost Mixer LINPUT1",
    "Right Boost Mixer RINPUT1",
    "Left Input Mixer Boost",
    "Right Input Mixer Boost",
)
"""Switches on the way from the microphones of a hat with a WM8960, which are off at first (the kernel's
sound/soc/codecs/wm8960.c). No other driver has such names."""

_LEFT = 0
"""SND_MIXER_SCHN_FRONT_LEFT, which is the only channel of a mono volume."""

_UNMEASURED_DB = (-30.0, 0.0)
"""What a volume is taken to span whose driver does not say. What comes of it is heard, and corrected."""

_LOWEST_DB = -60.0
"""Lower than this no microphone is wanted; mute is far below."""


@dataclass(frozen=True, slots=True)
class Volume:
    """How far a microphone is turned up.

    Attributes:
        name: What the driver calls it.
        percent: Of its range, as `amixer` counts.
        db: In decibels.
        low_db: The least that is wanted of it.
        high_db: The most that it has.
    """

    name: str
    percent: int
    db: float
    low_db: float
    high_db: float


class Mixer(Protocol):
    """The volumes of microphones, by ALSA's name of their card, as "hw:1"."""

    def volume(self, card: str) -> Volume:
        """Give how far it is turned up.

        Raises:
            SoundError: It has no volume, or is not there.
        """

    def set_db(self, card: str, db: float) -> None:
        """Turn it to so many decibels, or as near as it can be, and on.

        Raises:
            SoundError: It has no volume, or is not there.
        """

    def set_percent(self, card: str, percent: int) -> None:
        """Turn it to a part of its range, and on.

        Raises:
            SoundError: It has no volume, or is not there.
        """


class AlsaMixer:
    """The mixers of the sound cards, and of a sound server that ALSA speaks with; opened anew each time."""

    def volume(self, card: str) -> Volume:
        """Give how far it is turned up.

        Raises:
            SoundError: It has no volume, or is not there.
        """
        with _elements(card) as elements:
            return _Control(card, elements).volume

    def set_db(self, card: str, db: float) -> None:
        """Turn it to so many decibels, or as near as it can be, and on.

        Raises:
            SoundError: It has no volume, or is not there.
        """
        with _elements(card) as elements:
            _Control(card, elements).set_db(db)
            _turn_on(elements)

    def set_percent(self, card: str, percent: int) -> None:
        """Turn it to a part of its range, and on.

        Raises:
            SoundError: It has no volume, or is not there.
        """
        with _elements(card) as elements:
            _Control(card, elements).set_percent(percent)
            _turn_on(elements)


class _Control:
    """The one of a card's elements that is its microphone's volume."""

    def __init__(self, card: str, elements: dict[str, c_void_p]) -> None:
        self._alsa = _library()
        found = {name: each for name, each in elements.items() if self._has_volume(each)}
        self._name = next((name for name in (*_USUAL, *found) if name in found), "")
        if not self._name:
            raise SoundError(f"{card} has no volume for a microphone; leave it as it is with microphone.gain")
        self._element = found[self._name]
        self._low, self._high = self._range("volume")

    def _has_volume(self, element: c_void_p) -> bool:
        low, high = c_long(), c_long()
        return bool(
            self._alsa.snd_mixer_selem_is_active(element)
            and self._alsa.snd_mixer_selem_has_capture_volume(element)
            and self._alsa.snd_mixer_selem_get_capture_volume_range(element, byref(low), byref(high)) == 0
            and low.value < high.value
        )

    def _range(self, unit: str) -> tuple[int, int]:
        low, high = c_long(), c_long()
        get = getattr(self._alsa, f"snd_mixer_selem_get_capture_{unit}_range")
        _check(get(self._element, byref(low), byref(high)))
        return low.value, high.value

    def _value(self, unit: str) -> int:
        value = c_long()
        _check(getattr(self._alsa, f"snd_mixer_selem_get_capture_{unit}")(self._element, _LEFT, byref(value)))
        return value.value

    @property
    def _span_db(self) -> tuple[float, float] | None:
        """What the driver says that it spans; `None` where it does not."""
        try:
            low, high = self._range("dB")
        except SoundError:
            return None
        return (max(low / 100, _LOWEST_DB), high / 100) if low < high else None

    @property
    def volume(self) -> Volume:
        part = (self._value("volume") - self._low) / (self._high - self._low)
        low_db, high_db = span = self._span_db or _UNMEASURED_DB
        db = self._value("dB") / 100 if self._span_db else low_db + part * (high_db - low_db)
        return Volume(self._name, round(100 * part), max(db, low_db), *span)

    def set_db(self, db: float) -> None:
        if self._span_db:
            low_db, high_db = self._span_db
            hundredths = round(100 * min(max(db, low_db), high_db))
            _check(self._alsa.snd_mixer_selem_set_capture_dB_all(self._element, hundredths, -1))
        else:
            low_db, high_db = _UNMEASURED_DB
            self.set_percent(round(100 * (db - low_db) / (high_db - low_db)))

    def set_percent(self, percent: int) -> None:
        part = min(max(percent, 0), 100) / 100
        value = self._low + round(part * (self._high - self._low))
        _check(self._alsa.snd_mixer_selem_set_capture_volume_all(self._element, value))


def _turn_on(elements: dict[str, c_void_p]) -> None:
    alsa = _library()
    for name, element in elements.items():
        if name in _PATHS:
            alsa.snd_mixer_selem_set_playback_switch_all(element, 1)  # as ALSA sees what names no direction
        elif name in _USUAL and alsa.snd_mixer_selem_has_capture_switch(element):
            _check(alsa.snd_mixer_selem_set_capture_switch_all(element, 1))


@contextmanager
def _elements(card: str) -> Iterator[dict[str, c_void_p]]:
    """Give the elements of a card's mixer by their names, while it is open."""
    alsa, mixer = _library(), c_void_p()
    _check(alsa.snd_mixer_open(byref(mixer), 0))
    try:
        _check(alsa.snd_mixer_attach(mixer, card.encode()), f"{card} has no mixer")
        _check(alsa.snd_mixer_selem_register(mixer, None, None))
        _check(alsa.snd_mixer_load(mixer))
        elements: dict[str, c_void_p] = {}
        element = alsa.snd_mixer_first_elem(mixer)
        while element:
            name = alsa.snd_mixer_selem_get_name(c_void_p(element)).decode(errors="replace")
            elements.setdefault(name, c_void_p(element))
            element = alsa.snd_mixer_elem_next(c_void_p(element))
        yield elements
    finally:
        alsa.snd_mixer_close(mixer)


def _check(status: int, what: str = "the mixer refused") -> None:
    if status < 0:
        why = _library().snd_strerror(status).decode(errors="replace")
        raise SoundError(f"{what} ({why}); is the microphone still there?")


@cache
def _library() -> Any:
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError as error:
        raise SoundError("ALSA's library is missing; run: apt install libportaudio2") from error
    element, number = c_void_p, ctypes.POINTER(c_long)
    for name, result, *arguments in (
        ("snd_mixer_open", c_int, ctypes.POINTER(c_void_p), c_int),
        ("snd_mixer_attach", c_int, c_void_p, c_char_p),
        ("snd_mixer_selem_register", c_int, c_void_p, c_void_p, c_void_p),
        ("snd_mixer_load", c_int, c_void_p),
        ("snd_mixer_close", c_int, c_void_p),
        ("snd_mixer_first_elem", c_void_p, c_void_p),
        ("snd_mixer_elem_next", c_void_p, element),
        ("snd_mixer_selem_get_name", c_char_p, element),
        ("snd_mixer_selem_is_active", c_int, element),
        ("snd_mixer_selem_has_capture_volume", c_int, element),
        ("snd_mixer_selem_has_capture_switch", c_int, element),
        ("snd_mixer_selem_get_capture_volume_range", c_int, element, number, number),
        ("snd_mixer_selem_get_capture_dB_range", c_int, element, number, number),
        ("snd_mixer_selem_get_capture_volume", c_int, element, c_int, number),
        ("snd_mixer_selem_get_capture_dB", c_int, element, c_int, number),
        ("snd_mixer_selem_set_capture_volume_all", c_int, element, c_long),
        ("snd_mixer_selem_set_capture_dB_all", c_int, element, c_long, c_int),
        ("snd_mixer_selem_set_capture_switch_all", c_int, element, c_int),
        ("snd_mixer_selem_set_playback_switch_all", c_int, element, c_int),
        ("snd_strerror", c_char_p, c_int),
    ):
        function = getattr(alsa, name)
        function.restype, function.argtypes = result, arguments
    return alsa
