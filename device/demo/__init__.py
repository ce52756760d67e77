"""The recording that ships with Saykey, so that it can be seen at work at once."""

from pathlib import Path

RECORDING = Path(__file__).parent / "arctic_a0009.flac"
"""A woman reads a sentence, 3.1 s (CMU ARCTIC; see SOURCE.md beside it)."""

SENTENCE = "He turned sharply, and faced Gregson across the table."
"""What she reads, as the database has it."""
