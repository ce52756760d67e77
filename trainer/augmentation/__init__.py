"""Sound made harder: noise, rooms, gain, speed, pitch and microphones."""
