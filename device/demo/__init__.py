"""The recording that ships with Saykey, so that it can be seen at work at once."""

from pathlib import Path

RECORDING = Path(__file__).parent / "arctic_a0007.flac"
"""A man reads a sentence, 4.0 s (CMU ARCTIC; see SOURCE.md beside it)."""

SENTENCE = "And you always want to see it in the superlative degree."
"""What he reads, as the database has it."""
