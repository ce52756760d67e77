from __future__ import annotations

import base64
import io
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from tests.trainer.reporting.made import SAID, Said, evaluation, model, results, write_work
from trainer.errors import DataError
from trainer.evaluation.results import EVALUATION, WordScore, save
from trainer.reporting import tables
from trainer.reporting.page import report
from trainer.reporting.sound import data_uri

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"meta", "link", "br", "hr", "img", "input", "source"}
EVIL = '<script>alert("x")</script><img src=http://evil.example/x.png onerror=alert(1)>'


class Page(HTMLParser):
    """A page as a browser reads it: its elements in order, its ids, its texts by section."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.section = ""
        self.texts: dict[str, str] = {}
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attrs).get("id") or "verdict"

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts[self.section] = self.texts.get(self.section, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    write_work(tmp_path)
    save(evaluation(), tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of a whole work folder."""
    work = write_work(tmp_path_factory.mktemp("work"))
    save(evaluation(), work)
    return written(work)


def written(work: Path, whole=None) -> Page:
    if whole:
        (work / EVALUATION).unlink(missing_ok=True)
        save(whole, work)
    return Page(report(work, work / "report.html"))


def test_the_page_is_whole_and_every_section_says_something(page):
    assert page.open == []
    sections = [one["id"] for one in page.all("section") if "id" in one]
    assert sections == [
        "sets", "curves", "noise", "conversions", "words", "confusions", "worst", "changes", "data", "recipe",
        "versions",
    ]  # fmt: skip
    assert "missing" not in {one.get("class") for one in page.all("p")}
    anchors = [one["href"] for one in page.all("a")]
    assert anchors == [f"#{name}" for name in sections]


def test_nothing_is_loaded_from_anywhere(page):
    loading = ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background")
    targets = [value or "" for _, one in page.tags for name, value in one.items() if name in loading]
    assert targets
    assert all(target.startswith(("#", "data:audio/")) for target in targets)
    assert not re.search(r"(https?|file|ftp):", page.source)
    assert set(re.findall(r"url\(([^)]*)\)", page.source)) <= {
        f"#{one['id']}" for _, one in page.tags if "id" in one
    }
    assert "@import" not in page.source
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}
    assert not [name for _, one in page.tags for name in one if name.startswith("on")]
    policy = next(one for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy["content"]


def test_ids_are_unique_and_every_reference_finds_its_own(page):
    ids = [one["id"] for _, one in page.tags if "id" in one]
    assert len(ids) == len(set(ids))
    references = {one[name] for _, one in page.tags for name in ("href", "xlink:href") if name in one}
    assert references <= {f"#{name}" for name in ids}


def test_a_set_keeps_its_rates_though_nobody_speaks_in_one_of_its_recordings(work):
    silent = Said("m9", "[noise]", "", "", "mine", "silence")
    rows = tables.sets(evaluation(results((*SAID, silent)))).rows
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("mine", "you", "6"),
        ("words", "your words", "1"),
        ("others", "others", "2"),
        ("hiss", "no speech", "1"),
        ("mine", "no speech", "1"),
    ]
    assert rows[0][5]  # the difference is of what is spoken
    assert not rows[-1][5]


def test_the_p_of_a_set_is_not_rounded_to_the_limit():
    nearly = replace(evaluation().comparisons[0], p=0.0497)
    whole = evaluation()
    row = tables.sets(replace(whole, comparisons=(nearly, *whole.comparisons[1:]))).rows[0]
    assert row[6] == "0.0497"


def test_another_model_that_was_compared_with_stands_under_its_name(work, page):
    def renamed(one):
        return replace(one, model="base.en") if one.model == "stock" else one

    made = evaluation()
    whole = replace(
        evaluation([renamed(one) for one in made.results]),
        models=(replace(made.models[0], name="base.en"), *made.models[1:]),
        words=tuple(map(renamed, made.words)),
    )
    shown = written(work, whole).texts
    assert {name: text for name, text in shown.items() if name} == {
        name: text.replace("stock", "base.en") for name, text in page.texts.items() if name
    }


def test_texts_stay_text(work):
    said = tuple(one._replace(reference=f"{one.reference} {EVIL}", tuned=f"{EVIL} $x_2$") for one in SAID[:3])
    found = [replace(one, set="<b>mine</b> $a$", id="<i>", speaker="<s>") for one in results(said)]
    noisy = [replace(one, tier="5") for one in found]
    whole = replace(
        evaluation(found + noisy),
        models=(model("stock"), replace(model("tuned"), quantization="<u>")),
        words=(WordScore("tuned", EVIL, 1, 2, 0),),
    )
    log = work / "run" / "recipe.toml"
    log.write_text(f"note = '{EVIL}'\n")
    page = written(work, whole)
    assert page.open == []
    assert not {"script", "img", "i", "s", "u"} & {tag for tag, _ in page.tags}
    assert all(EVIL in page.texts[section] for section in ("worst", "words", "recipe"))
    assert "<b>mine</b> $a$" in page.texts["sets"]


def test_the_verdict_stands_at_the_top(page):
    assert "Do not flash it" in page.texts["verdict"]
    assert "Nothing is typed for noise." in page.texts["verdict"]


def test_the_worst_are_shown_with_their_marks_and_a_sound_that_plays(page):
    assert "1 error in 4 words (stock: 0)" in page.texts["worst"]
    assert "missing: \N{MINUS SIGN}else" in page.texts["worst"]
    sounds = [one["src"] for one in page.all("audio")]
    assert len(sounds) == 3
    kind, _, content = sounds[0].partition(",")
    assert kind == "data:audio/mpeg;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(content)))
    assert rate == 16_000
    assert len(samples) / rate == pytest.approx(2.0, abs=0.2)
    loudest = np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples)
    assert loudest == pytest.approx(440, abs=5)


def test_a_sound_that_is_gone_or_damaged_is_named(work):
    (work / "data" / "audio" / "m5.flac").unlink()
    (work / "data" / "audio" / "m4.flac").write_bytes(b"no sound")
    page = written(work)
    assert len(page.all("audio")) == 1
    assert f"No sound: {work / 'data' / 'audio' / 'm5.flac'}" in page.texts["worst"]
    assert "m4.flac: is no sound that can be read" in page.texts["worst"]


def test_no_other_file_of_the_same_name_is_played(work, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "data" / "audio").mkdir(parents=True)
    for sound in (work / "data" / "audio").iterdir():
        soundfile.write(elsewhere / "data" / "audio" / sound.name, np.zeros(16_000), 16_000)
    before = written(work).all("audio")
    monkeypatch.chdir(elsewhere)
    assert written(work).all("audio") == before


def test_recordings_of_folders_of_the_same_name_are_told_apart(work):
    one, other = (
        [replace(each, set="speech", role="general", id="0", audio=f"{folder}/0.flac") for each in found]
        for folder, found in (("a", results(SAID[:1])), ("b", results(SAID[3:4])))
    )
    page = written(work, evaluation([*one, *other]))
    assert "The country stood by the river." not in page.texts["worst"]
    assert "1 recording with fewer errors, 1 with more, 0 with as many." in page.texts["changes"]


def test_each_training_has_its_curves_and_lines(work):
    member = work / "run" / "member-2"
    member.mkdir()
    lines = (work / "run" / "log.jsonl").read_text().replace("0.41", "0.48").replace("3.6", "3.9")
    (member / "log.jsonl").write_text(lines)
    page = written(work)
    assert "the mean of 2 trainings" in page.texts["curves"]
    loss, wer = [one["aria-label"] for one in page.all("svg") if "by epoch" in (one["aria-label"] or "")]
    assert loss == "Loss by epoch: training 1 0.410 and 0.220; training 2 0.480 and 0.220"
    assert "your validation part 1 5.5" in wer
    assert "your validation part 2 5.5" in wer
    assert "general speech 2 9.1" in wer
    for title in ("training 1", "training 2", "your validation part 2", "general speech 1"):
        assert title in page.texts["curves"]  # the legends say which line is whose
    assert page.texts["curves"].count("0.480") == 1


def test_one_training_is_not_numbered(page):
    assert "trainings" not in page.texts["curves"]
    assert "training 1" not in page.source
    assert "Loss by epoch: 0.410 and 0.220" in page.source


def test_what_changed_shows_both_texts(page):
    assert "5 recordings with fewer errors, 2 with more, 2 with as many." in page.texts["changes"]
    assert "not gantrybut country" in " ".join(page.texts["changes"].split())


def test_plots_are_told_in_words(page):
    labels = [one["aria-label"] for one in page.all("svg")]
    assert all(one["role"] == "img" for one in page.all("svg"))
    assert any("stock on mine" in label and "tuned on others" in label for label in labels)
    assert "Loss by epoch: 0.410 and 0.220" in labels
    assert any("general speech 9.1 %, 9.2 % and 9.3 %" in label for label in labels)
    assert any("your own speech by noise: stock clean" in label and "5 dB" in label for label in labels)


def test_tables_have_captions_and_headings(page):
    assert len(page.all("table")) == len(page.all("caption")) >= 10
    assert {one["scope"] for one in page.all("th")} == {"col", "row"}


def test_the_same_folder_gives_the_same_page(work):
    assert written(work).source == written(work).source


def test_twenty_long_recordings_fit_into_a_page(tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal(60 * 16_000)  # what compresses worst
    soundfile.write(tmp_path / "long.flac", noise, 16_000)
    assert 20 * len(data_uri(tmp_path / "long.flac")) < 4_500_000


MISSING = {
    "curves": "There is no run/log.jsonl",
    "recipe": "There is no run/recipe.toml",
    "data": "There is no data/audit.json",
    "versions": "There is no export",
}


def test_parts_that_are_missing_are_named(tmp_path):
    page = written(tmp_path, evaluation())
    assert page.open == []
    assert all(words in page.texts[section] for section, words in MISSING.items())
    assert "There is no run/model/training.json" in page.texts["versions"]


def test_parts_that_are_damaged_are_named(work):
    parts = {
        "curves": "run/log.jsonl",
        "recipe": "run/recipe.toml",
        "versions": "run/model/training.json",
        "data": "data/audit.json",
    }
    for part in parts.values():
        (work / part).write_bytes(b"[1")
    page = written(work)
    assert page.open == []
    assert all(f"{part} is damaged" in page.texts[section] for section, part in parts.items())


def test_empty_parts_are_named(work):
    for name in ("run/log.jsonl", "run/recipe.toml"):
        (work / name).write_bytes(b"")
    shutil.rmtree(work / "export")
    (work / "export").mkdir()
    page = written(work)
    assert "The log of training has no lines." in page.texts["curves"]
    assert "export is empty" in page.texts["versions"]


def test_the_smallest_evaluation_has_a_page(work):
    stock = [one for one in results() if one.model == "stock"]
    page = written(work, replace(evaluation(stock), models=(model("stock"),), words=()))
    assert "Only stock was measured." in page.texts["changes"]
    assert "Nothing was measured under noise." in page.texts["noise"]
    assert "There was no list of words." in page.texts["words"]
    assert "Whether it understands you better was not measured." in page.texts["verdict"]


def test_an_evaluation_of_nothing_has_a_page(work):
    page = written(work, replace(evaluation([]), models=(), words=()))
    assert "No word was wrong." in page.texts["worst"]
    assert page.open == []


def test_names_in_any_script_are_drawn_without_a_warning(work):
    found = [replace(one, set="我的录音 " * 10) for one in results(SAID[:4])]
    assert "我的录音" in written(work, evaluation(found)).texts["sets"]


def test_without_an_evaluation_the_remedy_is_named(work):
    (work / EVALUATION).unlink()
    with pytest.raises(DataError, match="run saykey-trainer evaluate first"):
        report(work, work / "report.html")
    assert not (work / "report.html").exists()


def test_progress_goes_from_nothing_to_all(work):
    told = []
    report(work, work / "report.html", lambda what, done: told.append((what, done)))
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert (told[0][1], told[-1][1]) == (0.0, 1.0)


def test_a_full_disk_leaves_the_old_page(work, monkeypatch):
    target = work / "report.html"
    target.write_text("old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left"):
        report(work, target)
    assert target.read_bytes() == b"old"
    assert not list(work.glob(".*partial"))
