import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.text.clusters import clusters


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Hello, you!\n", 12),
        ("na\u00efve", 5),
        ("nai\u0308ve", 5),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),
        ("\U0001f44d\U0001f3fd", 1),
        ("\u2764\ufe0f", 1),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2),
        ("\u0915\u094d\u0937\u093f", 1),
        ("\u1112\u1161\u11ab", 1),
    ],
)
def test_clusters_are_what_people_count(text, count):
    assert clusters(text) == count


@given(
    st.text(st.characters(codec="ascii", exclude_characters="\r")), st.sampled_from(["", "\u00e9", "\u6f22"])
)
def test_plain_text_counts_alike_with_and_without_other_letters(text, other):
    assert clusters(text + other) == len(text + other)
