from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys

import pytest

from trainer import commands

ORDER = [
    "record",
    "collect",
    "audit",
    "synthesize",
    "augment",
    "finetune",
    "evaluate",
    "export",
    "report",
    "personalize",
    "keys",
    "pack",
    "flash",
]


def trainer(*arguments: str, option: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *option, "-m", "trainer.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "missing"), "missing"),
        (("evaluate", ".", "--config", "missing.toml"), "missing.toml cannot be read"),
        (("personalize", "missing"), "missing is no folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, message):
    done = trainer(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("saykey-trainer: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("OSError(2, 'No such file', 'a.wav')", "a.wav cannot be read or written (No such file)"),
        ("OSError(5, 'Input/output error')", "A file cannot be read or written (Input/output error)"),
        ("OSError('it went wrong')", "A file cannot be read or written (it went wrong)"),
    ],
)
def test_what_the_system_refuses_is_said_in_one_line(error, said):
    script = (
        "import sys\nfrom trainer import cli\n"
        f"def fail(): raise {error}\n"
        "cli.app.command('fail')(fail)\nsys.argv = ['saykey-trainer', 'fail']\ncli.main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"saykey-trainer: {said}: look at its disk and permissions.\n"


def test_help_lists_every_command_in_the_order_of_use():
    done = trainer("--help")
    assert done.returncode == 0
    listed = [name for name in re.findall(r"^\W*(\w+)", done.stdout, re.MULTILINE) if name in ORDER]
    assert listed == ORDER
    assert set(ORDER) == {module.name for module in pkgutil.iter_modules(commands.__path__)}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_letters_that_the_terminal_lacks_are_shown_otherwise(tmp_path, encoding):
    script = (
        "import sys, typer\nfrom trainer import cli\n"
        "def say(): print(chr(0x2603)); typer.echo(chr(0x2603)); typer.echo(chr(0x2603), err=True)\n"
        "cli.app.command('say')(say)\n"
        "sys.argv = ['saykey-trainer', 'say']\ncli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\\u2603")


def test_help_is_there_at_once():
    done = trainer("--help", option=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {f"trainer.commands.{name}" for name in ORDER} <= imported
    heavy = {"ctranslate2", "jiwer", "matplotlib", "numpy", "soundfile", "torch", "transformers"}
    assert not heavy & imported
