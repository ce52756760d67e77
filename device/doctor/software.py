"""Settings, speech model, speech detector, versions: what is installed and how it is set."""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from device import __version__
from device.audio.sound import WINDOW
from device.doctor.finding import Finding, fault, fault_of, ok, warning
from device.errors import ModelError, SettingsError
from device.models.check import check
from device.models.convert import quantization
from device.models.store import resolve, store_of
from device.settings import AUTO, Settings
from device.settings_files import DEFAULT, load
from device.speech.expected import room_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from device.kept_words import KeptWords
    from device.ports import SpeechDetector
    from device.settings import RecognitionSettings, SpeechSettings

SLOW_S = 3.0
"""A model that takes longer than this to load and to recognise a second keeps its user waiting."""

PACKAGES = ("ctranslate2", "sounddevice", "numpy", "soxr", "tokenizers")
"""Those in which most faults of an installation lie."""

_PYTHONS = ((3, 11), (3, 14))
"""From, and below."""


def settings_in_force(config: Path | None, root: Path) -> tuple[Settings, Finding]:
    """Read the settings, or give the defaults in their place with what is wrong with them."""
    try:
        loaded = load(config, root)
    except SettingsError as error:
        advice = "mend that file: until then Saykey does not start, and what follows holds for the defaults"
        return Settings(), fault(str(error), advice)
    except Exception as error:  # noqa: BLE001  # the other checks need settings, whatever happened to these
        return Settings(), fault_of(error)
    files = [file for file in dict.fromkeys(loaded.origins.values()) if file != DEFAULT]
    return loaded.settings, ok(
        f"from {', '.join(files)}" if files else f"the defaults: no file in {root} sets any"
    )


def installed(settings: RecognitionSettings) -> Iterator[Finding]:
    """Look whether the speech model is there and looks whole, without loading it.

    Raises:
        ModelError: It is not there or damaged.
    """
    files = check(resolve(settings))
    megabytes = files.weights.stat().st_size / 1e6
    yield ok(f"{files.folder.name}: {megabytes:.0f} MB, {quantization(files.contents)}")


def model(settings: RecognitionSettings, load_model: Callable[[], object]) -> Iterator[Finding]:
    """Look whether the speech model is there, whole, and loads.

    Args:
        settings: Which model it is.
        load_model: Loads it and recognises a second once.

    Raises:
        ModelError: It is not there or damaged.
    """
    files = check(resolve(settings))
    names = store_of(settings).names()
    megabytes = files.weights.stat().st_size / 1e6
    began = time.perf_counter()
    load_model()
    took_s = time.perf_counter() - began
    name = resolve(settings).name
    found = f"{name}: {megabytes:.0f} MB, {quantization(files.contents)}, ready in {took_s:.1f} s"
    others = [other for other in names if other != name]
    yield speed(found + (f"; also installed: {', '.join(others)}" if others else ""), took_s)
    yield from _languages(name, settings, is_multilingual=files.is_multilingual)


def _languages(name: str, settings: RecognitionSettings, *, is_multilingual: bool) -> Iterator[Finding]:
    """Say which languages are recognised, and which cannot be."""
    more = "fetch a model whose name does not end in .en, as in: saykey model fetch base"
    others = [language for language in settings.languages if language != "en"]
    if not is_multilingual and settings.language != "en":
        yield warning(
            f"{name} knows English only, but recognition.language is '{settings.language}'",
            more,
        )
    elif not is_multilingual and others:
        yield warning(
            f"{name} knows English only, so that what recognition.languages names besides cannot be chosen: "
            f"{', '.join(others)}",
            more,
        )
    elif settings.language == AUTO and not settings.languages:
        yield warning(
            "the language is heard, of all that the model knows",
            "name those that you speak in recognition.languages: of few the right one is heard more often",
        )
    elif settings.language == AUTO:
        yield ok(f"the language is heard, one of {', '.join(settings.languages)}")
    elif is_multilingual:
        yield ok(f"the language is {settings.language}, as recognition.language says")


def speed(found: str, took_s: float) -> Finding:
    """Judge how long a model took to load and recognise once."""
    if took_s > SLOW_S:
        return warning(
            f"{found}, which is slow",
            "use a smaller model (saykey model fetch tiny.en); saykey bench measures it",
        )
    return ok(found)


def detector(settings: SpeechSettings, load_detector: Callable[[], SpeechDetector]) -> Iterator[Finding]:
    """Look whether the speech detector loads and hears no speech in silence.

    Raises:
        ModelError: It is missing or damaged.
    """
    probability = load_detector().probability(np.zeros(WINDOW, np.float32))
    if probability >= settings.threshold:
        raise ModelError(
            f"The detector hears speech in silence ({probability:.2f}): "
            "raise speech.threshold, or install the package silero-vad again."
        )
    yield ok(f"silero-vad {version('silero-vad')}; in silence it finds {probability:.0%} speech")


def words(settings: Settings, kept: KeptWords) -> Iterator[Finding]:
    """Look whether the owner's list of words can be read, and whether the model is told all of it.

    What is found names none of them: they may be private.
    """
    try:
        listed = kept.words()
    except SettingsError:
        yield warning("the list of words is wrong, and passed over", "run saykey words, which says where")
        return
    count = f"{len(listed)} word{'s' * (len(listed) != 1)} in {kept.file}"
    if settings.vocabulary.use == "none" or (fit := room_for(settings, listed)) == len(listed):
        yield ok(count)
    else:
        yield warning(
            f"{count}, of which the model is told the first {fit}: there is no room for more",
            "move what matters most to the beginning of the list, or set vocabulary.use to none",
        )


def versions(
    packages: Iterable[str] = PACKAGES, python: tuple[int, ...] = sys.version_info[:3]
) -> Iterator[Finding]:
    """Name the versions of what Saykey stands on."""
    there, missing = [f"Python {'.'.join(map(str, python))}"], []
    for package in packages:
        try:
            there.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    yield ok(f"Saykey {__version__} on {platform.system()} {platform.machine()}: {', '.join(there)}")
    lowest, beyond = _PYTHONS
    if not lowest <= python < beyond:
        yield warning(
            "Saykey is tested on Python 3.11 to 3.13 only", "make its environment with one of these"
        )
    if missing:
        yield fault(f"not installed: {', '.join(missing)}", "install Saykey again, with all that it needs")
