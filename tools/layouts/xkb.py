"""The part of libxkbcommon that tells what keys type: keymaps, their state, and Compose.

Names, numbers and their meaning are those of xkbcommon/xkbcommon.h and xkbcommon/xkbcommon-compose.h.
"""

from __future__ import annotations

import ctypes
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import ClassVar
from weakref import finalize

from device.errors import SaykeyError

NO_SYMBOL = 0
"""XKB_KEY_NoSymbol: the key has nothing on this level."""

_KEYMAPS = Path("/usr/share/X11/xkb")
_LOCALES = Path("/usr/share/X11/locale")
_EVDEV_OFFSET = 8
"""Keycodes of X11 are the kernel's key codes plus this (xkb-data, keycodes/evdev)."""

_NO_DEFAULT_INCLUDES, _NO_ENVIRONMENT_NAMES = 1, 2
_LOG_CRITICAL = 10
_EFFECTIVE = 1 << 3
_CAPS, _NUM = 1 << 1, 1 << 4
"""The real modifiers Lock and Mod2 (X11 protocol, X.h); xkb-data puts Num Lock on the second."""

_COMPOSE_TEXT_V1 = 1
_TEXT_BYTES = 256
"""Longer than any Compose sequence's text; a longer one would be cut."""


class _Names(ctypes.Structure):
    """The struct xkb_rule_names."""

    _fields_: ClassVar = [
        (name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")
    ]


class Keymap:
    """What every key of a PC keyboard does, as Debian sets it up."""

    def __init__(self, layout: str, variant: str = "", options: str = "") -> None:
        """Compile a keymap for evdev and the model pc105.

        Args:
            layout: XKB's name, such as "de"; several with commas between them are groups to switch between.
            variant: XKB's variant of each layout, such as "intl".
            options: XKB's options, such as "grp:alt_shift_toggle".

        Raises:
            SaykeyError: There is no such layout or variant, or libxkbcommon or xkb-data is missing.
        """
        given = (value.encode() for value in ("evdev", "pc105", layout, variant, options))
        self.pointer = _library().xkb_keymap_new_from_names(_context(), ctypes.byref(_Names(*given)), 0)
        if not self.pointer:
            raise SaykeyError(f"xkb-data has no layout {layout!r} with variant {variant!r}")
        finalize(self, _library().xkb_keymap_unref, self.pointer)


class State:
    """The keys, modifiers and locks of one keyboard. Keys are the kernel's key codes."""

    def __init__(self, keymap: Keymap) -> None:
        """Begin with nothing down and nothing locked."""
        self._pointer = _library().xkb_state_new(keymap.pointer)
        finalize(self, _library().xkb_state_unref, self._pointer)

    def move(self, key: int, *, down: bool) -> None:
        """Press a key, or let it go."""
        _library().xkb_state_update_key(self._pointer, key + _EVDEV_OFFSET, int(down))

    def lock(self, *, caps: bool, num: bool) -> None:
        """Set the lock modifiers as another keyboard might; nothing may be down on this one."""
        mask = _CAPS * caps | _NUM * num
        _library().xkb_state_update_mask(self._pointer, 0, 0, mask, 0, 0, 0)

    def keysym(self, key: int) -> int:
        """Give the keysym that the key has now, or `NO_SYMBOL`."""
        return int(_library().xkb_state_key_get_one_sym(self._pointer, key + _EVDEV_OFFSET))

    def text(self, key: int) -> str:
        """Give the text that the key types now, without Compose; "" when it types none."""
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        _library().xkb_state_key_get_utf8(self._pointer, key + _EVDEV_OFFSET, text, _TEXT_BYTES)
        return text.value.decode()

    def is_active(self, modifier: str) -> bool:
        """Say whether a modifier is down, latched or locked."""
        return bool(
            _library().xkb_state_mod_name_is_active(self._pointer, modifier.encode(), _EFFECTIVE) == 1
        )

    def is_lit(self, led: str) -> bool:
        """Say whether a LED is lit, such as "Caps Lock"."""
        return bool(_library().xkb_state_led_name_is_active(self._pointer, led.encode()) == 1)


class Composition(IntEnum):
    """What the last keysyms are to Compose (enum xkb_compose_status)."""

    NOTHING = 0
    COMPOSING = 1
    COMPOSED = 2
    CANCELLED = 3


class Compose:
    """Dead keys and Compose sequences of a locale, and how far one has been entered."""

    def __init__(self, locale: str) -> None:
        """Read the Compose file of a locale that has one of its own, such as "en_US.UTF-8".

        Raises:
            SaykeyError: It has none, or libx11-data or libxkbcommon is missing.
        """
        library, path = _library(), _LOCALES / locale / "Compose"
        try:
            text = path.read_bytes()
        except OSError as error:
            raise SaykeyError(
                f"{path} cannot be read ({error.strerror}): apt-get install libx11-data"
            ) from error
        table = library.xkb_compose_table_new_from_buffer(
            _context(), text, len(text), locale.encode(), _COMPOSE_TEXT_V1, 0
        )
        if not table:
            raise SaykeyError(f"libxkbcommon cannot read {path}")
        self._pointer = library.xkb_compose_state_new(table, 0)
        finalize(self, library.xkb_compose_state_unref, self._pointer)
        library.xkb_compose_table_unref(table)

    def feed(self, keysym: int) -> Composition:
        """Take the next keysym; those of modifiers change nothing."""
        _library().xkb_compose_state_feed(self._pointer, keysym)
        return Composition(_library().xkb_compose_state_get_status(self._pointer))

    def text(self) -> str:
        """Give the text of the sequence that is complete."""
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        _library().xkb_compose_state_get_utf8(self._pointer, text, _TEXT_BYTES)
        return text.value.decode()

    def reset(self) -> None:
        """Forget what was entered."""
        _library().xkb_compose_state_reset(self._pointer)


def keysym_named(name: str) -> int:
    """Give the keysym of a name of X11, such as "Multi_key"; `NO_SYMBOL` when there is none."""
    return int(_library().xkb_keysym_from_name(name.encode(), 0))


class _Pointer(ctypes.c_void_p):
    """A pointer that ctypes does not turn into a number, so that it is passed back whole."""


_FUNCTIONS = {
    "xkb_context_new": (_Pointer, ctypes.c_int),
    "xkb_context_set_log_level": (None, _Pointer, ctypes.c_int),
    "xkb_context_include_path_append": (ctypes.c_int, _Pointer, ctypes.c_char_p),
    "xkb_keysym_from_name": (ctypes.c_uint32, ctypes.c_char_p, ctypes.c_int),
    "xkb_keymap_new_from_names": (_Pointer, _Pointer, ctypes.POINTER(_Names), ctypes.c_int),
    "xkb_keymap_unref": (None, _Pointer),
    "xkb_state_new": (_Pointer, _Pointer),
    "xkb_state_update_key": (ctypes.c_int, _Pointer, ctypes.c_uint32, ctypes.c_int),
    "xkb_state_update_mask": (ctypes.c_int, _Pointer, *[ctypes.c_uint32] * 6),
    "xkb_state_key_get_one_sym": (ctypes.c_uint32, _Pointer, ctypes.c_uint32),
    "xkb_state_key_get_utf8": (ctypes.c_int, _Pointer, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t),
    "xkb_state_mod_name_is_active": (ctypes.c_int, _Pointer, ctypes.c_char_p, ctypes.c_int),
    "xkb_state_led_name_is_active": (ctypes.c_int, _Pointer, ctypes.c_char_p),
    "xkb_state_unref": (None, _Pointer),
    "xkb_compose_table_new_from_buffer": (
        _Pointer,
        _Pointer,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
    ),
    "xkb_compose_table_unref": (None, _Pointer),
    "xkb_compose_state_new": (_Pointer, _Pointer, ctypes.c_int),
    "xkb_compose_state_feed": (ctypes.c_int, _Pointer, ctypes.c_uint32),
    "xkb_compose_state_get_status": (ctypes.c_int, _Pointer),
    "xkb_compose_state_get_utf8": (ctypes.c_int, _Pointer, ctypes.c_char_p, ctypes.c_size_t),
    "xkb_compose_state_reset": (None, _Pointer),
    "xkb_compose_state_unref": (None, _Pointer),
}


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libxkbcommon.so.0")
    except OSError as error:
        raise SaykeyError("libxkbcommon.so.0 is missing: apt-get install libxkbcommon0 xkb-data") from error
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def _context() -> _Pointer:
    # What the user or the environment has set up must not get into a table.
    context = _Pointer(_library().xkb_context_new(_NO_DEFAULT_INCLUDES | _NO_ENVIRONMENT_NAMES).value)
    _library().xkb_context_set_log_level(context, _LOG_CRITICAL)
    if not _library().xkb_context_include_path_append(context, str(_KEYMAPS).encode()):
        raise SaykeyError(f"{_KEYMAPS} is missing: apt-get install xkb-data")
    return context
