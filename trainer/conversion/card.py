"""The model card: what a model is, for people, and at its head for the hub's search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from device.models.manifest import Manifest

CARD = "README.md"
"""Its name, which the hub expects."""

_TEMPLATE = Path(__file__).with_name("card.md")
_TASK = "automatic-speech-recognition"
_STOCK = "stock "


def card(manifest: Manifest, *, multilingual: bool) -> str:
    """Write the card of a model.

    Args:
        manifest: What the model is.
        multilingual: It knows other languages than English.
    """
    from huggingface_hub import ModelCard

    training = manifest.training
    content = ModelCard.from_template(
        _head(manifest, multilingual=multilingual),
        template_path=str(_TEMPLATE),
        name=manifest.name,
        base=shown(training.base) if training else "",
        training=training,
        short_window=manifest.short_window,
        quantization=manifest.quantization,
        size=f"{manifest.size / 1e6:.0f} MB",
        rates=list(_beside_stock(training.metrics)) if training else [],
        recipe=list(_flat(training.recipe)) if training else [],
    )
    return str(content)


def _head(manifest: Manifest, *, multilingual: bool) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    training = manifest.training
    measured = _beside_stock(training.metrics) if training else ()
    results = [
        EvalResult(
            task_type=_TASK, dataset_type="private", dataset_name=name, metric_type="wer", metric_value=rate
        )
        for name, _, rate in measured
        if rate is not None
    ]
    return ModelCardData(
        language=None if multilingual else "en",
        license=training.licence if training else None,
        library_name="ctranslate2",
        pipeline_tag=_TASK,
        tags=["whisper", "saykey"],
        base_model=shown(training.base) if training else None,
        model_name=manifest.name,
        eval_results=results or None,
    )


def _beside_stock(metrics: Mapping[str, float]) -> Iterator[tuple[str, float | None, float | None]]:
    """Give each set with stock's rate and the model's."""
    for name in dict.fromkeys(name.removeprefix(_STOCK) for name in metrics):
        yield name, _rounded(metrics.get(_STOCK + name)), _rounded(metrics.get(name))


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Give the keys of a table, those of tables in it with their names before them, and their values."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 2)


def shown(base: str) -> str:
    """Give the name of a base without the folders of the computer that it was on."""
    looks_so = base.startswith(("/", "~", ".", "\\")) or base.count("/") > 1 or ":" in base
    is_path = looks_so or Path(base).is_dir()
    return base.replace("\\", "/").rstrip("/").rpartition("/")[2] if is_path else base
