"""Speech models on disk: where they come from, whether they are whole, which one is used."""
