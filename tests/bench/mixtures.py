"""Mixtures of stock and trained weights as models of the device, and what they hear."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from device.settings import Settings
from trainer.conversion.base import load_transformers
from trainer.conversion.device_model import make_int8, write_floats
from trainer.conversion.trained import read_record
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.results import save
from trainer.files import replacing_folder
from trainer.training.adapters import own_state
from trainer.training.blend import mixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.dataset import Utterance
    from trainer.progress import Report
    from trainer.training.adapters import State


def hear(  # noqa: PLR0917  # what is heard, by what
    base: Path,
    model: Path,
    shares: Sequence[float],
    tested: Sequence[Utterance],
    personal: str,
    target: Path,
    report: Report,
) -> None:
    """Write what mixtures of stock and a trained model make of some recordings.

    Args:
        base: Stock.
        model: A folder that training wrote.
        shares: Of the trained weights.
        tested: The recordings.
        personal: The owner's set.
        target: The folder of the evaluation.
        report: Told how far it is.
    """
    stock, trained = _weights(base, model)
    shell = load_transformers(base)
    with TemporaryDirectory(dir=model.parent) as scratch, replacing_folder(target) as folder:
        models = [(str(share), Path(scratch) / str(share)) for share in shares]
        for share, (_, made) in zip(shares, models, strict=True):
            shell.load_state_dict(mixed(stock, trained, share))
            made.mkdir()
            write_floats(shell, base, made)
            make_int8(made)
        save(evaluate(models, tested, Settings(), personal=personal, tiers_db=(), report=report), folder)


def _weights(base: Path, model: Path) -> tuple[State, State]:
    """Give stock's weights, and the trained ones as they were before they were mixed with these.

    Where training gave nothing better, both are stock's.
    """
    record = read_record(model)
    assert record is not None
    stock, mixture = own_state(load_transformers(base)), own_state(load_transformers(model))
    return stock, mixed(stock, mixture, 1 / record.interpolation) if record.interpolation else stock
