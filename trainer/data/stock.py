"""What the model of the device's settings hears, as the device would type it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def stock_recogniser() -> Callable[[Path], str]:
    """Give what recognises a sound file.

    Raises:
        SettingsError: The settings are wrong.
        ModelError: The model or the speech detector cannot be loaded.
    """
    from device.app import load_detector, load_recogniser
    from device.commands.transcribe import transcribe
    from device.settings_files import load

    settings = load(None).settings
    detector, recogniser = load_detector(), load_recogniser(settings)
    return lambda file: transcribe(file, detector, recogniser, settings).text
