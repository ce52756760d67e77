"""Which language the user speaks: the one that was chosen of those in the settings, across restarts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.settings import AUTO

if TYPE_CHECKING:
    from device.kept_json import KeptJson
    from device.settings import RecognitionSettings

log = logging.getLogger(__name__)

_NO_OTHER = "there is no other language: name those that you speak in recognition.languages"
_ENGLISH_ONLY = "the speech model knows only English"


class Languages:
    """The language that is spoken, for what is being recorded and for what follows. For the event loop only.

    A choice holds until another one, or until recognition.language says something else than when it was made.

    Attributes:
        choices: Those among which `next` goes round: codes, and "auto" where the settings have that.
        chosen: The one that counts now.
        heard: Code of the language of the last dictation; empty when there was none.
    """

    def __init__(
        self,
        settings: RecognitionSettings,
        *,
        is_multilingual: bool = True,
        kept: KeptJson | None = None,
    ) -> None:
        """Begin with what was chosen last, or else with what the settings say.

        Args:
            settings: Name the languages.
            is_multilingual: The model knows more than English.
            kept: Where the choice is kept; without, it is not.
        """
        self._set = settings.language
        self._is_multilingual = is_multilingual
        self._kept = kept
        others = settings.languages if is_multilingual else ()
        self.choices = tuple(dict.fromkeys((settings.language, *others)))
        self.heard = ""
        last = kept.read("language", "set") if kept else None
        self.chosen = self._set
        if last and last[1] == self._set and last[0] in self.choices:
            self.chosen = last[0]

    @property
    def is_choice(self) -> bool:
        """Whether there is more than one language, so that the user is told which one it is."""
        return len(self.choices) > 1 or self._set == AUTO

    @property
    def now(self) -> str:
        """Code of the language that the next dictation is likely to be in; empty where nobody knows yet."""
        return self.heard if self.chosen == AUTO else self.chosen

    @property
    def name(self) -> str:
        """What a display shows of it; empty where there is only one anyway."""
        if not self.is_choice:
            return ""
        return f"{AUTO} {self.heard}".strip() if self.chosen == AUTO else self.chosen

    def sentence(self) -> str:
        """Say which one it is."""
        return "the language is heard" if self.chosen == AUTO else f"the language is {self.chosen}"

    def use(self, language: str) -> None:
        """Choose one.

        Raises:
            SettingsError: It is none of the choices.
        """
        if language not in self.choices:
            if not self._is_multilingual:
                raise SettingsError(f"{_ENGLISH_ONLY}: use another one, as with saykey model use base")
            raise SettingsError(
                f"the language {language!r} is none of {', '.join(self.choices)}: "
                "name those that you speak in recognition.languages"
            )
        self.chosen = language
        if self._kept:
            self._kept.keep(language=language, set=self._set)
        log.info("%s", self.sentence())

    def next(self) -> str:
        """Choose the next one, after the last one the first; give why not, or nothing."""
        if len(self.choices) == 1:
            return _NO_OTHER if self._is_multilingual else _ENGLISH_ONLY
        self.use(self.choices[(self.choices.index(self.chosen) + 1) % len(self.choices)])
        return ""

    def close(self) -> None:
        """Return when the choice is kept."""
        if self._kept:
            self._kept.close()
