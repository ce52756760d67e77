"""The command `saykey-trainer`."""

from __future__ import annotations

import io
import sys

import typer

from device.errors import SaykeyError
from trainer.commands.audit import audit
from trainer.commands.augment import augment
from trainer.commands.collect import collect
from trainer.commands.evaluate import evaluate
from trainer.commands.export import export
from trainer.commands.finetune import finetune
from trainer.commands.flash import flash
from trainer.commands.keys import keys
from trainer.commands.pack import pack
from trainer.commands.personalize import personalize
from trainer.commands.record import record
from trainer.commands.report import report
from trainer.commands.synthesize import synthesize

app = typer.Typer(
    help="Make Saykey understand you better: record, train, measure. personalize does all of it at once.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run one command; exit with 0 done, 1 an error that was explained, 2 a wrong call."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is said, a file or a path may have letters that this terminal lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except SaykeyError as error:
        sys.exit(f"saykey-trainer: {error}")
    except OSError as error:  # of what no command explains better, such as a folder that must not be entered
        what = error.filename or "A file"
        why = error.strerror or error
        sys.exit(
            f"saykey-trainer: {what} cannot be read or written ({why}): look at its disk and permissions."
        )


# In the order in which they are used; personalize does what those before it do.
for command in (
    record,
    collect,
    audit,
    synthesize,
    augment,
    finetune,
    evaluate,
    export,
    report,
    personalize,
    keys,
    pack,
    flash,
):
    app.command()(command)


if __name__ == "__main__":
    main()
