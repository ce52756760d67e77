import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.simulation.host_text import without_last_cluster

CLUSTERS = (
    *("a", "é", "e\u0301", "e\u0301\u0323", "\n", "\t", " ", "漢", "👍", "👍🏽", "❤\ufe0f", "1\ufe0f\u20e3"),
    *("🇩🇪", "🇫🇷", "👩\u200d💻", "👨\u200d👩\u200d👧\u200d👦", "🏴\U000e0067\U000e0062\U000e007f", "ก็", "कि"),
)


@given(st.lists(st.sampled_from(CLUSTERS)))
def test_one_cluster_after_another_is_deleted(clusters):
    text = "".join(clusters)
    for count in range(len(clusters), 0, -1):
        text = without_last_cluster(text)
        assert text == "".join(clusters[: count - 1])
    assert without_last_cluster(text) == ""


@given(st.text(min_size=1))
def test_something_is_deleted_from_the_end_only(text):
    left = without_last_cluster(text)
    assert text.startswith(left)
    assert len(left) < len(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("🇩🇪🇫", "🇩🇪"),
        ("\u0301", ""),
        ("\n\u0301", "\n"),
        ("a\u200d", ""),
        ("a\u200db", "a\u200d"),
    ],
)
def test_clusters_that_are_not_whole(text, left):
    assert without_last_cluster(text) == left
