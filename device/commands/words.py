"""`saykey words`: the owner's list of names and rare words."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from device.commands import add_common
from device.control_requests import Reload, ask
from device.errors import ControlError, HostError, ModelError
from device.kept_words import KeptWords
from device.settings_files import load
from device.speech.expected import room_for
from device.text.vocabulary import Word, add, close_to, remove, serialise

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from device.settings import Settings

HELP = "List the names and rare words that you dictate, add some, or take some out."

EPILOG = """\
Where one of them was heard as something else, it is put in its place: always, where you have said that it is
heard as that; else where it sounds much like it, and is no word that everyone uses. Small and capital letters
are those of the list. The settings vocabulary.repair and vocabulary.use say more. A running Saykey goes on
with the new list after a second. It is a plain file, one word a line: WORDS.TXT on the drive is the same, and
saykey-trainer reads it.

examples:
  saykey words                                                  the list, and how it is used
  saykey words add Nextcloud "Anna Bergström"
  saykey words add Kubernetes --sounds-like "cooper netties"    what it came out as
  saykey words add Saoirse --sounds-like "sir sha, seer sha"    several, with commas
  saykey words remove Kubernetes
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs; without one, the words are listed."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("list", help="list the words")
    adding = verbs.add_parser("add", help="add words, or one more way in which one is heard")
    adding.add_argument("words", nargs="+", metavar="WORD", help="as it is to be written")
    adding.add_argument("--sounds-like", default="", metavar="TEXT", help="what the word is heard as")
    removing = verbs.add_parser("remove", help="take words out")
    removing.add_argument("words", nargs="+", metavar="WORD", help="as the list has it, but for capitals")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; give the exit status.

    Raises:
        SettingsError: The list or the settings cannot be read, or a word cannot stand in the list.
    """
    kept = KeptWords()
    match arguments.verb:
        case "add":
            return _add(kept, arguments.words, arguments.sounds_like)
        case "remove":
            return _remove(kept, arguments.words)
        case _:
            return _list(kept, arguments.config)


def _add(kept: KeptWords, words: Sequence[str], sounds_like: str) -> int:
    if sounds_like and len(words) > 1:
        print("Say of one word at a time what it is heard as.")
        return 1
    heard = tuple(sound for each in sounds_like.split(",") if (sound := " ".join(each.split())))
    content, name = kept.content(), str(kept.file)
    before = {word.text: word.sounds_like for word in kept.words()}
    for each in words:
        text = " ".join(each.split())
        content = add(content, Word(text, tuple(dict.fromkeys((*before.get(text, ()), *heard)))), name)
    _change(kept, content)
    return 0


def _remove(kept: KeptWords, words: Sequence[str]) -> int:
    content, name = kept.content(), str(kept.file)
    for word in words:
        without = remove(content, word, name)
        if without is None:
            meant = " or ".join(map(repr, close_to(word, content, name)))
            hint = f"did you mean {meant}?" if meant else "saykey words shows what it has."
            print(f"The list has no {word!r}: {hint} Nothing was taken out.")
            return 1
        content = without
    _change(kept, content)
    return 0


def _change(kept: KeptWords, content: str) -> None:
    count = kept.change(content, str(kept.file))
    with suppress(ControlError, HostError):  # none runs, or none that may be asked: the next start has it
        ask(Reload())
    print(f"The list has {count} word{'s' * (count != 1)} now.")


def _list(kept: KeptWords, config: Path | None) -> int:
    words = kept.words()
    print(serialise(words), end="")
    print(how_used(words, load(config).settings) if words else f"The list is empty. It is {kept.file}.")
    return 0


def how_used(words: Sequence[Word], settings: Settings) -> str:
    """Say in a sentence or two what becomes of the words."""
    repaired = (
        "The words are put in where they are heard as something else."
        if settings.vocabulary.repair
        else "The words are not put in where they are heard as something else (vocabulary.repair)."
    )
    use = settings.vocabulary.use
    if use == "none":
        return repaired
    try:
        fit = room_for(settings, words)
    except ModelError as error:
        return f"{repaired} How many the model is told is unknown: {error}"
    if fit == len(words):
        return f"{repaired} The model is told all of them ({use})."
    last = f", up to {words[fit - 1].text!r}" if fit else ""
    return (
        f"{repaired} The model is told the first {fit} of {len(words)}{last} ({use}): there is no room "
        "for more. Move what matters most to the beginning of the list."
    )
