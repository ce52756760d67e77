"""Every error that Saykey raises on purpose. Each message says what is wrong and what to do."""


class SaykeyError(Exception):
    """Root of all errors that are shown to the user as one sentence, without a traceback."""


class SettingsError(SaykeyError):
    """A settings file cannot be read, or a key or value in it is not allowed."""


class SoundError(SaykeyError):
    """A sound file cannot be read, or the microphone cannot be opened."""


class ModelError(SaykeyError):
    """A speech model is missing, damaged, or of a kind that this device cannot run."""


class BundleError(ModelError):
    """A bundle is damaged, not signed by the owner, or does not fit."""


class CorrectionError(SaykeyError):
    """A kept correction is damaged, sealed to another key, or cannot be kept or deleted."""


class DriveError(SaykeyError):
    """The drive cannot be shown, read or written."""


class KeyboardError(SaykeyError):
    """The keyboard cannot be opened or written."""


class PinError(SaykeyError):
    """A pin is taken, is not there, or is not ours to use."""


class DisplayError(SaykeyError):
    """The display cannot be reached."""


class HostError(SaykeyError):
    """There is no such host, or no way to it."""


class ControlError(SaykeyError):
    """The running daemon cannot be asked, or does not understand."""


class HostAwayError(KeyboardError):
    """The host does not take reports now: unplugged, asleep, or out of reach."""
