"""The wake word: microWakeWord's networks, as the package pymicro-wakeword brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from device.errors import SettingsError

if TYPE_CHECKING:
    from device.audio.sound import Samples

_FULL_SCALE = 32_767
"""Of the samples of 16 bits that its features are made of."""


class MicroWakeWord:
    """The `WakeWord` port on one of these networks."""

    def __init__(self, name: str) -> None:
        """Load it.

        Args:
            name: As in the settings, such as "okay_nabu".

        Raises:
            SettingsError: The package is not installed, or does not run here.
        """
        try:
            from pymicro_wakeword import MicroWakeWord as Network
            from pymicro_wakeword import MicroWakeWordFeatures, Model
        except (ImportError, OSError) as error:
            raise SettingsError(
                f'hands_free.wake_word is "{name}", which takes the package pymicro-wakeword: install '
                'saykey[wakeword], or set it to "".'
            ) from error
        self._features = MicroWakeWordFeatures()
        self._network = Network.from_builtin(Model(name))

    def reset(self) -> None:
        """Forget what was heard."""
        self._features.reset()
        self._network.reset()

    def heard(self, window: Samples) -> bool:
        """Take the next window of sound; say whether the wake word has just been said."""
        sound = (np.clip(window, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
        features = list(self._features.process_streaming(sound))  # all, since it keeps count at the end
        return any(self._network.process_streaming(each) for each in features)
