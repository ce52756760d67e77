"""The keyboard: characters to keystrokes to reports, and the typist that sends them."""
