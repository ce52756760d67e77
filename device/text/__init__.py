"""Text: from a transcript to exactly the characters that shall be typed. Pure functions."""
