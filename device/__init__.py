"""Saykey's device: a small computer that is a keyboard you talk to."""

__version__ = "0.1.0"
