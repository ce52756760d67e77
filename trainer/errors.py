"""The errors that only the trainer raises."""

from device.errors import SaykeyError


class DataError(SaykeyError):
    """A folder of recordings has no list, or its list or a file is wrong."""


class RecipeError(SaykeyError):
    """A recipe asks for what does not exist, does not fit, or cannot be done on this machine."""


class MissingError(SaykeyError):
    """A program or package that a command needs is not installed."""


class FlashError(SaykeyError):
    """A bundle cannot be brought to the device, or the device does not answer."""


class OwnerKeyError(SaykeyError):
    """The owner's key is missing, damaged or locked, or one is there already."""
