"""The device's recogniser hears the demo's recording in the guest; see test_lab.py."""

from __future__ import annotations

import json
import time
from pathlib import Path

began_s = time.monotonic()

from device import demo  # noqa: E402  what is imported counts
from device.app import load_detector, load_recogniser  # noqa: E402
from device.commands.transcribe import as_json, transcribe  # noqa: E402
from device.settings import RecognitionSettings, Settings  # noqa: E402


def main() -> None:
    """Leave what was heard, and how long it took, in a file."""
    settings = Settings(recognition=RecognitionSettings(store="/models", model="tiny.en"))
    detector, recogniser = load_detector(), load_recogniser(settings)
    loaded_s = time.monotonic()
    heard = as_json(demo.RECORDING, transcribe(demo.RECORDING, detector, recogniser, settings))
    times_s = {"load": loaded_s - began_s, "transcribe": time.monotonic() - loaded_s}
    Path("recognise.json").write_text(json.dumps(heard | {"times_s": times_s}))


if __name__ == "__main__":
    main()
