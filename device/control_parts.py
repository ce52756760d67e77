"""What the control socket asks: of Bluetooth, and of the daemon as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from device.pairing import BondedHost, Window


class Bonds(Protocol):
    """What is asked of Bluetooth."""

    @property
    def name(self) -> str:
        """Give the name by which computers show this device."""

    @property
    def problem(self) -> str:
        """Say what is wrong with Bluetooth and what to do; empty when nothing is."""

    @property
    def window(self) -> Window:
        """Give the pairing window as it is now."""

    def watching(self, tell: Callable[[Window], None]) -> AbstractContextManager[None]:
        """Have every change of the window told in the block."""

    def close(self) -> None:
        """Close the window, if it is open."""

    def hosts(self) -> Sequence[BondedHost]:
        """Give the computers that are paired."""

    def forget(self, name: str) -> None:
        """Take a computer's bond away.

        Raises:
            HostError: There is no such computer.
        """

    def rename(self, name: str, new: str) -> None:
        """Call a computer otherwise.

        Raises:
            HostError: There is no such computer, or it cannot be called so.
        """


class Daemon(Protocol):
    """What is asked of the daemon as a whole. It answers at once, and does it after, unless it is awaited."""

    @property
    def is_drive(self) -> bool:
        """Say whether it is a drive now, and no keyboard."""

    @property
    def is_muted(self) -> bool:
        """Say whether the microphone is muted."""

    def languages(self) -> dict[str, Any] | None:
        """Tell which language is spoken, as `saykey language` is answered; `None` where none is."""

    def speak(self, language: str) -> None:
        """Take a language for the one that is spoken.

        Raises:
            SaykeyError: It is none of those that the settings name, or nothing is spoken now.
        """

    async def mute(self, *, on: bool) -> None:
        """Mute the microphone, or end that; return when it is closed, or is being opened."""

    @property
    def is_hands_free(self) -> bool:
        """Say whether dictations begin by themselves."""

    def hands_free(self, *, on: bool) -> None:
        """Let dictations begin by themselves, or end that, at once.

        Raises:
            ControlError: The microphone cannot be opened for that.
        """

    async def forget_corrections(self) -> int:
        """Delete all corrections, those in memory among them; say how many there were.

        Raises:
            SaykeyError: They cannot be deleted.
        """

    def drive_on(self) -> None:
        """Be a drive, if it is none.

        Raises:
            DriveError: There is none.
        """

    def drive_off(self) -> None:
        """Be the keyboard, if it is a drive."""

    def reload(self) -> None:
        """Go on with the model and the settings as they are now."""
