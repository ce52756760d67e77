"""How often the daemon failed to start with its model, so that a bad model does not keep it from starting."""

from __future__ import annotations

import logging
from contextlib import suppress
from os.path import lexists
from typing import TYPE_CHECKING

import msgspec

from device.errors import ModelError
from device.models.files import is_full, replace_file, write_over
from device.models.store import INCOMING

if TYPE_CHECKING:
    from device.models.store import Store

log = logging.getLogger(__name__)

MOST_FAILURES = 3
"""Starts in a row that were begun and not brought to an end, before the model is given up."""

_FILE = ".starts"
"""In the store. No model has a name that begins with a dot."""


class _Begun(msgspec.Struct, frozen=True):
    """How many starts were begun with a model since one succeeded, and whether one ever did."""

    model: str = ""
    starts: int = 0
    has_worked: bool = False


class Starts:
    """Counts the starts with the model in use. Where that cannot be written down, nothing else is hindered.

    Only for a daemon that takes the model in use: what the settings name, nobody else may change.

    A start is also cut off by a computer that switches its sockets off and on while it starts itself. So a
    model with which a start has succeeded is given up only where it is damaged.
    """

    def __init__(self, store: Store) -> None:
        """Take the store whose model is started with."""
        self._store = store
        self._file = store.root / _FILE
        self._name = ""  # of the model that is started with; another one may be in use by the end

    def begin(self) -> str | None:
        """Count a start, just before the model and its settings are read; what a killed change left is swept.

        Returns:
            The name of the model that is in use from now on, where the one in use has failed too often and
            the one before it is whole.
        """
        self._sweep()
        name = self._store.current()
        if name is None:
            return None
        begun = self._of(name)
        is_given_up = begun.starts >= MOST_FAILURES and not (begun.has_worked and self._is_whole(name))
        back_to = self._roll_back(name, begun.starts) if is_given_up else None
        self._name = back_to or name
        self._write(_Begun(back_to, 1) if back_to else _Begun(name, begun.starts + 1, begun.has_worked))
        return back_to

    def succeeded(self) -> None:
        """Forget the failures: the daemon is ready."""
        if self._name:
            self._write(_Begun(self._name, has_worked=True))

    def excused(self) -> None:
        """Forget the failures: they are not the model's."""
        if self._name:
            self._write(_Begun(self._name, has_worked=self._of(self._name).has_worked))

    def _sweep(self) -> None:
        """Remove what a change that was killed has left, unless another program is changing the store now."""
        if lexists(self._store.root / INCOMING):
            with suppress(ModelError), self._store.changing():
                pass  # it sweeps

    def _is_whole(self, name: str) -> bool:
        try:
            self._store.verify(name)
        except ModelError:
            return False
        return True

    def _roll_back(self, name: str, failures: int) -> str | None:
        try:
            if self._store.previous() is None:
                return None
            back_to = self._store.switch_back(for_good=True)
        except ModelError as error:
            log.error("%d starts with the model %s failed, but it stays in use: %s", failures, name, error)  # noqa: TRY400
            return None
        log.error("%d starts with the model %s failed: %s is in use again", failures, name, back_to)
        return back_to

    def _of(self, name: str) -> _Begun:
        try:
            begun = msgspec.json.decode(self._file.read_bytes(), type=_Begun)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return _Begun()
        return begun if begun.model == name else _Begun()

    def _write(self, begun: _Begun) -> None:
        content = msgspec.json.encode(begun)
        try:
            replace_file(self._file, content)
        except OSError as error:
            with suppress(OSError):
                if is_full(error):
                    write_over(self._file, content)
                    return
            log.warning("the starts with a model are not counted: %s: %s", self._file, error.strerror)
