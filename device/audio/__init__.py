"""Sound: files, the recording with its pre-roll, and where in it there is speech."""
