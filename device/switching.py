"""What the user switches by a press or a command: computer, language and model; and the corrections' end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from device.corrections.words import forgotten
from device.errors import CorrectionError
from device.events import StopRequested, Then
from device.model_switch import ModelSwitch
from device.ports import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.computers import Computers
    from device.corrections.keeper import Corrections
    from device.events import ModelChosen, Post
    from device.languages import Languages
    from device.ports import Parts
    from device.status import Status

log = logging.getLogger(__name__)


class Switching:
    """Does it, and tells the user. What cannot be done is given as a reason. Used on the event loop only."""

    def __init__(  # noqa: PLR0913  what there is to choose among
        self,
        parts: Parts,
        computers: Computers,
        languages: Languages,
        corrections: Corrections,
        status: Status,
        *,
        show: Callable[[], object],
        post: Post,
    ) -> None:
        """Begin with what is chosen.

        Args:
            parts: Of them, the hosts' names, and what changes the model.
            computers: Those that may be typed into.
            languages: Those that may be spoken.
            corrections: What is kept of dictations that were taken back.
            status: Tells the user.
            show: Shows the status.
            post: Asks for another dictation, with another model.
        """
        self._hosts = parts.hosts
        self._models = ModelSwitch(parts.next_model, post)
        self._computers = computers
        self._languages = languages
        self._corrections = corrections
        self._status = status
        self._show = show
        self._post = post
        self._forgetting: asyncio.Task[None] | None = None

    def next_host(self) -> str:
        """Type into the next host, where what waits is typed at the press; give why not, or nothing."""
        if reason := self._computers.next():
            return reason
        self._status.notice(State.IDLE, f"types into {self._hosts.name}")
        return ""

    def next_language(self) -> str:
        """Take the next language for the one that is spoken; give why not, or nothing."""
        reason = self._languages.next()
        if not reason:
            self._tell_language()
        return reason

    def speak(self, language: str) -> None:
        """Take this language, or "auto", for the one that is spoken from now on.

        Raises:
            SettingsError: It is none of those that the settings name.
        """
        self._languages.use(language)
        self._tell_language()

    def next_model(self) -> str:
        """Begin to make the next model the one in use; give why not, or nothing."""
        return self._models.turn()

    def model_chosen(self, event: ModelChosen) -> None:
        """Begin anew with another model, once what was said is typed."""
        if event.name:
            log.info("the speech model is %s from now on", event.name)
            self._status.notice(State.IDLE, f"changes to the speech model {event.name}")
            self._post(StopRequested(Then.RELOAD))
        else:
            log.warning("the speech model stays: %s", event.reason)
            self._status.notice(State.ERROR, event.reason)

    def forget_corrections(self) -> str:
        """Begin to delete all corrections that are kept, and those that may come of what is held."""
        self._forgetting = asyncio.create_task(self._forget())
        return ""

    async def stop(self) -> None:
        """Return when nothing of this is under way any more."""
        if self._forgetting:
            await self._forgetting
        await self._models.stop()
        self._languages.close()

    def _tell_language(self) -> None:
        self._status.notice(State.IDLE, self._languages.sentence())

    async def _forget(self) -> None:
        try:
            self._status.notice(State.IDLE, forgotten(await self._corrections.forget()))
        except CorrectionError as error:
            self._status.notice(State.ERROR, str(error))
        self._show()
