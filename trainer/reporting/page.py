"""One page that shows what training did: offline, with its plots and sounds in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from device.errors import SaykeyError
from trainer.errors import DataError
from trainer.evaluation.results import EVALUATION, load
from trainer.files import write_text
from trainer.progress import silent
from trainer.reporting import plots, tables, wording, work
from trainer.reporting.heard import changed, confusions, heard, worst
from trainer.reporting.sound import data_uri
from trainer.reporting.tiers import noise_lines
from trainer.reporting.verdict import stock_name, tuned_name, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.evaluation.results import Evaluation
    from trainer.progress import Report
    from trainer.reporting.heard import Heard
    from trainer.reporting.tables import Table

T = TypeVar("T")

WHAT = "Writing the report"
"""What the progress is told."""

WORST = 20
"""So many of the worst utterances are shown, with their sound."""

CHANGED = 20
"""So many of the utterances that became better are shown, and of those that became worse."""

CONFUSED = 20
"""So many confusions of words are shown, and half as many that were gained, and lost."""


@dataclass(frozen=True, slots=True)
class Player:
    """A recording's sound in the page: a `data:` URI, or why there is none."""

    uri: str
    missing: str


def report(folder: Path, target: Path, report: Report = silent) -> Path:
    """Write the page of a work folder; give its file.

    Args:
        folder: What `personalize` made: of its parts only the evaluation must be there.
        target: The page.
        report: Told how far it is.

    Raises:
        DataError: There is no evaluation, or it is damaged.
        OSError: The page cannot be written.
    """
    report(WHAT, 0.0)
    evaluation = load(folder)
    recordings = heard(evaluation)
    report(WHAT, 0.3)
    values = {
        **_measured(evaluation, recordings),
        **_made(folder),
        "date": f"{datetime.fromtimestamp((folder / EVALUATION).stat().st_mtime, UTC):%Y-%m-%d}",
    }
    report(WHAT, 0.6)
    values["worst"] = [(one, _player(one, folder)) for one in worst(recordings, WORST)]
    write_text(target, _environment().get_template("report.html.j2").render(values))
    report(WHAT, 1.0)
    return target


def _measured(evaluation: Evaluation, recordings: Sequence[Heard]) -> dict[str, Any]:
    stock, model = stock_name(evaluation), tuned_name(evaluation)
    found = confusions(recordings)
    better, worse = (changed(recordings, sign) for sign in (1, -1))
    moved = {"better": better[:CHANGED], "worse": worse[:CHANGED]}
    counts = {"better": len(better), "worse": len(worse)}
    return {
        "verdict": verdict(evaluation),
        "stock": stock,
        "tuned": model,
        "rates": plots.rates(tables.by_role(evaluation.scores), stock, model),
        "sets": tables.sets(evaluation),
        "noise": plots.noise(noise_lines(evaluation), stock),
        "conversions": tables.conversions(evaluation),
        "words": tables.words(evaluation),
        "confusions": _confusions(found, stock),
        "moved": moved,
        "counts": {**counts, "same": len(recordings) - len(better) - len(worse)},
        "speech_s": sum(one.duration_s for one in evaluation.results),
        "recognition_s": sum(one.seconds for one in evaluation.results),
    }


def _confusions(found: Sequence[Any], stock: str) -> list[Table]:
    gained = sorted((one for one in found if one.gain > 0), key=lambda one: -one.gain)
    lost = sorted((one for one in found if one.gain < 0), key=lambda one: one.gain)
    parts = (
        ("The most frequent", f"by {stock} and tuned together", found, CONFUSED),
        ("Gained", f"less often than by {stock}", gained, CONFUSED // 2),
        ("Lost", f"more often than by {stock}", lost, CONFUSED // 2),
    )
    return [
        tables.confusions(f"{title}, {min(most, len(part))} of {len(part)}: {how}", part[:most], stock)
        for title, how, part, most in parts
        if part
    ]


def _made(folder: Path) -> dict[str, Any]:
    """Give what the other parts of the folder tell; of each that is missing, why."""
    logs, no_log = _part(work.trainings, folder)
    training, no_training = _part(work.training, folder)
    recipe, no_recipe = _part(work.recipe, folder)
    audit, no_audit = _part(work.audit, folder)
    exported, no_export = _part(work.exported, folder)
    told = dict(training or {})
    versions = told.pop("versions", {})
    recipe = recipe or told.pop("recipe", None)
    told.pop("recipe", None)
    return {
        "curves": [plots.loss_curve(logs), plots.wer_curve(logs)] if logs else [],
        "epochs": tables.epochs(logs) if logs else None,
        "trainings": len(logs or ()),
        "no_log": no_log,
        "training": _flat("The tuned model", told),
        "no_training": no_training,
        "versions": _flat("Versions", versions if isinstance(versions, dict) else {}),
        "recipe": _flat("Recipe", recipe),
        "no_recipe": no_recipe,
        "audit": audit,
        "parts": tables.parts(audit) if audit else None,
        "findings": tables.findings(audit) if audit and audit.findings else None,
        "no_audit": no_audit,
        "exported": tables.exported(exported) if exported else None,
        "no_export": no_export,
    }


def _part(read: Callable[[Path], T], folder: Path) -> tuple[T | None, str]:
    try:
        return read(folder), ""
    except DataError as error:
        return None, f"{error}."


def _flat(caption: str, values: dict[str, Any] | None) -> Table | None:
    return tables.Table(caption, ("what", "value"), work.flat(values), texts=2) if values else None


def _player(one: Heard, folder: Path) -> Player:
    """Give the sound of an utterance: a path that is not absolute is meant from the folder, and nowhere else.

    Whoever calls may stand where another file has the same name.
    """
    try:
        return Player(data_uri(folder / one.result.audio), "")
    except SaykeyError as error:
        return Player("", f"No sound: {error}.")


def _environment() -> Environment:
    # Every text in the page is somebody's data: it stays text.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"length": wording.length, "per_cent": wording.per_cent}
    environment.globals["counted"] = wording.counted
    return environment
