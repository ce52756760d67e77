"""The next model: what the user changes to by a press."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from device.errors import ModelError, SettingsError
from device.models.check import check
from device.models.store import store_of
from device.settings_files import of_model

if TYPE_CHECKING:
    from pathlib import Path

    from device.models.store import Store
    from device.settings import RecognitionSettings

log = logging.getLogger(__name__)


def next_model(settings: RecognitionSettings) -> str:
    """Make the next of the models the one in use, as `saykey model use` does.

    One that is damaged, or does not know the language, is passed over. It takes as long as to read all of a
    model: not for the event loop.

    Args:
        settings: Name the models, and the language that each must know.

    Returns:
        Its name.

    Raises:
        ModelError: There is no other one that can be used.
    """
    if settings.model:
        raise ModelError("the settings name the model: remove recognition.model there")
    store = store_of(settings)
    current = store.current()
    why_not = "there is no other speech model; saykey model list shows them"
    for name in _others(settings.models or store.names(), current):
        try:
            _check_language(store.installed(name), settings.language, _brought(store, current))
            store.use(name)
        except ModelError as error:
            log.warning("the model %s is passed over: %s", name, error)
            why_not = str(error)
        else:
            return name
    raise ModelError(why_not)


def _others(names: list[str], current: str | None) -> list[str]:
    """Give the names behind the current one, and then those before it."""
    at = names.index(current) if current in names else -1
    return [name for name in (*names[at + 1 :], *names[: max(at, 0)]) if name != current]


def _brought(store: Store, current: str | None) -> str:
    """Give the language of the model in use where it is its own: it goes with the model."""
    try:
        return of_model(store.installed(current)).recognition.language if current else ""
    except (ModelError, SettingsError):
        return ""


def _check_language(folder: Path, language: str, brought: str) -> None:
    if language not in ("en", brought) and not check(folder).is_multilingual:
        raise ModelError(f"{folder.name} knows only English, but recognition.language is '{language}'")
