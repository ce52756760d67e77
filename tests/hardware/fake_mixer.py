"""Mixers of cards that are played, each with one volume in decibels."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.errors import SoundError
from device.hardware.mixer import Volume


@dataclass
class FakeCard:
    """A card.

    Attributes:
        is_on: Not muted.
        turned: The decibels that it was turned to, one time after another.
    """

    low_db: float = 0.0
    high_db: float = 30.0
    db: float = 5.0
    is_on: bool = False
    turned: list[float] = field(default_factory=list)


class FakeMixer:
    """Those of all cards, by their names."""

    def __init__(self, **cards: FakeCard) -> None:
        self.cards = {name.replace("_", ":"): card for name, card in cards.items()}

    def volume(self, card: str) -> Volume:
        found = self._card(card)
        percent = round(100 * (found.db - found.low_db) / (found.high_db - found.low_db))
        return Volume("Mic", percent, found.db, found.low_db, found.high_db)

    def set_db(self, card: str, db: float) -> None:
        found = self._card(card)
        found.db = min(max(db, found.low_db), found.high_db)
        found.turned.append(found.db)
        found.is_on = True

    def set_percent(self, card: str, percent: int) -> None:
        found = self._card(card)
        self.set_db(card, found.low_db + percent / 100 * (found.high_db - found.low_db))

    def _card(self, name: str) -> FakeCard:
        if name not in self.cards:
            raise SoundError(f"{name} has no mixer (No such device); is the microphone still there?")
        return self.cards[name]
