"""From a stock model and recordings to a better model."""
