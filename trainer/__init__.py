"""Saykey's trainer: measures and, in time, adapts the device's speech model on the owner's own computer."""
