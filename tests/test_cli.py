from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from device import __version__, cli
from device.commands import config
from device.errors import SaykeyError
from tests.saykey import COMMAND, ROOT, saykey


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    assert end.value.code == 0
    text = " ".join(capsys.readouterr().out.split())  # lines are folded where each Python likes
    assert all(name in text and summary in text for name, summary in cli.COMMANDS.items())


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([name, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "--config FILE" in text
    assert "example" in text


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"saykey {__version__}\n"


@pytest.mark.parametrize("words", [[], ["dance"], ["config", "--loud"], ["transcribe"]])
def test_a_wrong_call_is_explained(words, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert "usage: saykey" in capsys.readouterr().err


def test_a_wrong_setting_is_explained(tmp_path, capsys):
    (tmp_path / "my.toml").write_text("[button]\nmood = 1\n")
    assert cli.main(["config", "--config", str(tmp_path / "my.toml")]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("saykey: ")
    assert "mood" in error


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (SaykeyError("No such thing: look again."), 1, "saykey: No such thing: look again.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_end_by_error_is_a_sentence_and_a_status(monkeypatch, capsys, error, status, said):
    monkeypatch.setattr(config, "run", raiser(error))
    assert cli.main(["config"]) == status
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("error", [OSError(13, "no", "/some/file"), ValueError("a mistake of ours")])
def test_what_nobody_explained_is_not_hidden(monkeypatch, error):
    monkeypatch.setattr(config, "run", raiser(error))
    with pytest.raises(type(error)):
        cli.main(["config"])


def raiser(error):
    def run(_arguments):
        raise error

    return run


def test_verbose_tells_more(monkeypatch):
    levels = []
    monkeypatch.setattr(logging, "basicConfig", lambda **options: levels.append(options["level"]))
    monkeypatch.setattr(config, "run", lambda _: 0)
    assert cli.main(["config"]) == cli.main(["config", "--verbose"]) == 0
    assert levels == [logging.WARNING, logging.DEBUG]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_explained(unbuffered):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = saykey("config", stdout=full, env={"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 1
    assert done.stderr == "saykey: The output cannot be written: No space left on device.\n"


def test_help_on_a_full_disk_is_explained():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = saykey("--help", stdout=full, env={})
    assert done.returncode == 1
    assert done.stderr == "saykey: The output cannot be written: No space left on device.\n"


def test_a_reader_that_left_is_no_error():
    with subprocess.Popen(
        [*COMMAND, "config"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_closed_output_is_explained():
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" >&-', *COMMAND, "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "saykey: standard output is closed: give it a file or a terminal.\n"


def test_only_the_command_that_is_called_is_imported():
    heavy = "{'ctranslate2', 'onnxruntime', 'sounddevice', 'soundfile', 'faster_whisper'}"
    script = f"import sys; from device import cli; cli.main(['config']); print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("set()\n")
