"""Recordings with their text: every way they come in, what is wrong with them, and how they are split."""
