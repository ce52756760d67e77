from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from trainer.data.audit import audit
from trainer.data.page import bars

if TYPE_CHECKING:
    from pathlib import Path

MARKUP = "<script>alert('no & no')</script>"


class Links(HTMLParser):
    """Everything on a page that names something outside of it, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"src", "href", "data", "action", "srcset"}]


@pytest.fixture
def page(recorded, speechlike, tmp_path) -> Path:
    texts = ("One sentence here.", "Another one there.", f"And a third one {MARKUP}.", "The last.")
    folder = recorded(
        *((f"{n} #1 é.wav", text, speechlike(5.5 if n else 0.5, n)) for n, text in enumerate(texts)),
        set=MARKUP,
    )
    audit(folder, tmp_path / "prepared")
    return tmp_path / "prepared/audit.html"


def test_the_page_is_offline_and_its_players_find_the_recordings(page):
    links = Links()
    text = page.read_text()
    links.feed(text)
    assert links.links
    assert all((page.parent / unquote(link)).is_file() for link in links.links)
    assert not {"script", "link", "iframe", "img"} & links.tags
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_says_what_is_wrong_and_what_to_do(page):
    text = page.read_text()
    assert "3 of 4 recordings can be used" in text
    assert "is 0.50 s long; 1 s is the least" in text
    assert "Left out: 1" in text
    assert "&lt;script&gt;" in text


def test_bars_by_the_second():
    made = bars([0.5, 5.0, 5.9, 14.9, 15.0, 30.0])
    assert {bar.from_s: bar.recordings for bar in made if bar.recordings} == {0: 1, 5: 2, 14: 1, 15: 1, 29: 1}
    assert [bar.from_s for bar in made if bar.best] == list(range(5, 15))
    assert max(bar.height for bar in made) == 100
    assert {bar.height for bar in bars([])} == {0}
