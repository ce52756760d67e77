"""Two computers with a keyboard each, of which one is typed into, and a desk with them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from device.errors import HostError
from device.events import HostsChanged
from device.keyboard.host import host_of
from device.pairing import Window
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost
from tests.parts import SETTINGS, BrakedKeyboard, Desk, TimedButton

if TYPE_CHECKING:
    from device.events import Post
    from device.keyboard.host import Host
    from device.keyboard.reports import Report
    from device.ports import Parts
    from device.settings import Settings

GERMAN = KeyboardSettings(os="linux", layout="de")


class Switchboard:
    """`Hosts` and their `Keyboard`: reports go to the host that the typist has turned to.

    Attributes:
        chosen: The number of the host that was chosen.
        has_bluetooth: `pair` opens the window; else it raises.
        window: The pairing window.
        is_away: The chosen host is said to be away.
        confirmed: The names of those that the user let pair.
    """

    def __init__(self, lines: dict[str, tuple[BrakedKeyboard, Host]], post: Post) -> None:
        self.chosen = 0
        self.has_bluetooth = True
        self.window = Window()
        self.is_away = False
        self.confirmed: list[str] = []
        self._names = list(lines)
        self._keyboards = [keyboard for keyboard, _ in lines.values()]
        self._reads = [reads for _, reads in lines.values()]
        self._turned = 0
        self._changes = 0
        self._post = post

    @property
    def name(self) -> str:
        return self._names[self.chosen]

    def layout(self, language: str = "") -> str:
        return self._reads[self.chosen].speaking(language).layout.name

    def host(self) -> Host:
        if self._turned != self.chosen:
            assert not self._keyboard._host.keys_down
            self._turned = self.chosen
        return self._reads[self._turned]

    def names(self) -> list[str]:
        return self._names

    def use(self, name: str) -> None:
        if name not in self._names:
            raise HostError(f"There is no host {name!r}.")
        self._changes += name != self.name
        self.chosen = self._names.index(name)
        self.say()

    def next(self) -> None:
        self.use(self._names[(self.chosen + 1) % len(self._names)])

    def pair(self) -> None:
        if not self.has_bluetooth:
            raise HostError("There is no Bluetooth.")
        self.say(is_open=True)

    def confirm(self) -> bool:
        asking = self.window.asking
        if asking:
            self.confirmed.append(asking)
            self.say(asking="")
        return bool(asking)

    def say(self, **changes: object) -> None:
        """Post that something is different, in the pairing window as named."""
        self.window = replace(self.window, **changes)
        self._post(HostsChanged(self.window))

    async def send(self, report: Report) -> None:
        await self._keyboard.send(report)

    async def wait_until_ready(self) -> bool:
        return await self._keyboard.wait_until_ready()

    def absences(self) -> int:
        return self._changes + sum(keyboard.absences() for keyboard in self._keyboards)

    def leds(self) -> int:
        return self._keyboard.leds()

    def close(self) -> None:
        for keyboard in self._keyboards:
            keyboard.close()

    @property
    def _keyboard(self) -> BrakedKeyboard:
        return self._keyboards[self._turned]


class HostsDesk(Desk):
    """A desk on which there are a computer at the cable, called "usb", and a German tablet.

    Attributes:
        tablet: The tablet.
    """

    def __init__(self, *script: object, settings: Settings = SETTINGS) -> None:
        self.tablet = VirtualHost.described_by(GERMAN)
        super().__init__(*script, settings=settings, button=TimedButton())

    @cached_property
    def hosts(self) -> Switchboard:
        wireless = BrakedKeyboard(self.tablet)
        wireless.tell = self.keyboard.tell
        return Switchboard(
            {
                "usb": (self.keyboard, host_of(self.settings.keyboard, controls="\b")),
                "tablet": (wireless, host_of(GERMAN, controls="\b")),
            },
            lambda event: self.dictation.post(event),  # noqa: PLW0108  it is there later
        )

    @property
    def parts(self) -> Parts:
        return replace(super().parts, keyboard=self.hosts, hosts=self.hosts)

    @property
    def finished_texts(self) -> list[str]:
        """What was to be typed for the dictations that are over, in their order."""
        return [each.text for each in sorted(self.finished, key=lambda each: each.number)]

    async def gesture(self, presses: int) -> None:
        """Press so often, and wait until nothing is typed any more."""
        self.button.taps(presses)
        self.button.rest()
        await self.settled()

    async def settled(self) -> None:
        """Wait until all is recognised, and nothing more is typed without the user."""
        await self.recognised()
        await self.until(lambda: not self.dictation._typing)
        await self.acted()

    async def hold(self, held_s: float) -> None:
        """Press, and go on holding the button."""
        self.button.press()
        await self.wait(held_s)

    async def wait(self, for_s: float) -> None:
        """Let time pass without a move, as the path's timers would notice."""
        self.button.rest(for_s)
        await self.acted()
        await self.acted()  # on what that made the hosts post
