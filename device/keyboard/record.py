"""What became of one dictation's characters."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Record:
    """Counts of characters (code points), and what was not typed as asked.

    When a dictation is done, `asked` is the sum of the other three counts, unless it was taken back before.

    Attributes:
        asked: Characters in the text.
        typed: Typed exactly as they are.
        substituted: Typed as something else, because the layout lacks them.
        refused: Not typed, because nothing stands for them.
        substitutions: Each substituted character and what was typed for it, once, in order of appearance.
        refusals: Each refused character, once, in order of appearance.
        times_ms: How long each stage took, by name, in milliseconds.
    """

    asked: int = 0
    typed: int = 0
    substituted: int = 0
    refused: int = 0
    substitutions: tuple[tuple[str, str], ...] = ()
    refusals: tuple[str, ...] = ()
    times_ms: dict[str, float] = field(default_factory=dict)

    def count(self, character: str, instead: str | None) -> None:
        """Count one character by what was typed for it; `None` is nothing."""
        if instead is None:
            self.refused += 1
            if character not in self.refusals:
                self.refusals += (character,)
        elif instead == character:
            self.typed += 1
        else:
            self.substituted += 1
            if (character, instead) not in self.substitutions:
                self.substitutions += ((character, instead),)
