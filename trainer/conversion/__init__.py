"""The trained model in the formats that run it."""
