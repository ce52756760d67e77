"""The errors that only the trainer raises."""

from device.errors import SaykeyError


class DataError(SaykeyError):
    """A folder of recordings has no list, or its list is wrong."""
