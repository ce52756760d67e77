"""The hub: the one place from which a model is downloaded."""

from __future__ import annotations

from pathlib import Path

from device.errors import ModelError
from device.models.files import is_full


def download(name: str, folder: Path) -> Path:
    """Download a model by faster-whisper's own way, with progress bars; give the folder that it is in.

    Args:
        name: One of faster-whisper's names.
        folder: Where everything that is downloaded goes.

    Raises:
        ModelError: The hub has no such model, or cannot be reached.
        OSError: The disk is full.
    """
    # Here and not above: it brings av and the hub's client, for which no other command has a use.
    from faster_whisper import available_models, utils

    if name not in available_models():
        raise ModelError(
            f"There is no model named '{name}' ({', '.join(available_models())}): "
            "choose one of these, or take in your own with --from FOLDER."
        )
    # faster-whisper turns the bars off, and a download takes minutes.
    utils.disabled_tqdm = utils.tqdm
    try:
        return Path(utils.download_model(name, cache_dir=str(folder)))
    except Exception as error:
        # The hub's client passes on errors of several other libraries, without a common root.
        if isinstance(error, OSError) and is_full(error):
            raise
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"The model '{name}' cannot be downloaded ({reason}): connect this computer to the Internet, "
            "or copy the model here and take it in with --from FOLDER."
        ) from error
