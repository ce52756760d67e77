from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from tests.trainer.reporting.made import evaluation, write_work
from trainer.commands.report import REPORT, report
from trainer.errors import DataError
from trainer.evaluation.results import save


@pytest.fixture
def work(tmp_path):
    write_work(tmp_path)
    save(evaluation(), tmp_path)
    return tmp_path


def run(*arguments: object):
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_page_stands_in_the_work_folder(work):
    done = run(work)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(work / REPORT)
    assert (work / REPORT).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_page_stands_where_it_is_wanted(work):
    done = run(work, "--out", work / "elsewhere.html")
    assert done.stdout.strip() == str(work / "elsewhere.html")
    assert (work / "elsewhere.html").is_file()
    assert not (work / REPORT).exists()


def test_a_folder_without_an_evaluation_is_explained(tmp_path):
    done = run(tmp_path)
    assert isinstance(done.exception, DataError)
    assert "run saykey-trainer evaluate first" in str(done.exception)


def test_a_place_that_cannot_be_written_is_explained(work):
    done = run(work, "--out", work / "missing" / "page.html")
    assert isinstance(done.exception, DataError)
    assert "page.html cannot be written (No such file or directory): choose another place." in str(
        done.exception
    )


def test_a_folder_in_the_place_of_the_page_is_explained(work, monkeypatch):
    monkeypatch.chdir(work)
    done = run(work, "--out", ".")
    assert isinstance(done.exception, DataError)
    assert ". is a folder: name a file, such as report.html." in str(done.exception)


def test_the_help_has_examples():
    assert "saykey-trainer report work" in run("--help").stdout
