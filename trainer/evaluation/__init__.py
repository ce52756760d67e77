"""How well models understand: error rates of the device's own path, with how sure they are."""
