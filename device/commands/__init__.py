"""The commands of `saykey`, one module each: its help, its arguments, and what it does."""
