from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.app import load_detector, load_recogniser
from device.audio.endpointing import Passage
from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from device.demo import RECORDING, SENTENCE
from trainer.errors import DataError
from trainer.recording.alignment import Stretch
from trainer.recording.long import GOOD_S, LONGEST_S, SHORTEST_S, clips, cut, find_passages, read_text


def second(at_s):
    return round(at_s * SAMPLE_RATE_HZ)


@st.composite
def recordings(draw):
    """Give passages with pauses between them, and stretches that cover them."""
    passages, stretches, at_s = [], [], 0.0
    for _ in range(draw(st.integers(1, 12))):
        first = len(passages)
        for _ in range(draw(st.integers(1, 3))):
            at_s += draw(st.sampled_from([0.0, 0.3, 2.5]))
            end_s = at_s + draw(st.sampled_from([0.5, 3.0, 8.0, 20.0]))
            passages.append(Passage(second(at_s), second(end_s), second(end_s), 1.0, 1, second(at_s)))
            at_s = end_s
        text = f"text {first}."
        stretches.append(Stretch(first, len(passages) - 1, text, text, agrees=draw(st.booleans())))
    return passages, stretches


@given(recordings())
def test_every_stretch_is_in_one_clip_of_a_good_length_or_left_out(recording):
    passages, stretches = recording
    made, left_out = clips(passages, stretches)
    texts = sorted([clip.text for clip in made] + [part.text for part in left_out])
    assert sorted(" ".join(texts).split()) == sorted(" ".join(each.text for each in stretches).split())
    edges = {edge for passage in passages for edge in (passage.start, passage.end)}
    for clip in made:
        assert SHORTEST_S <= (clip.end - clip.start) / SAMPLE_RATE_HZ <= LONGEST_S
        assert {clip.start, clip.end} <= edges
        for each in stretches:
            inside = clip.start <= passages[each.first].start and passages[each.last].end <= clip.end
            assert (each.text in clip.text) == inside
            assert each.agrees or not inside
        is_joined = clip.text.count("text") > 1
        assert not is_joined or clip.end - clip.start <= second(GOOD_S)
    for before, after in itertools.pairwise(made):
        assert before.end <= after.start
    assert all(part.reason for part in left_out)


class BySound:
    """A detector that hears speech wherever there is any sound, and counts what it was asked."""

    def reset(self):
        pass

    def probability(self, window):
        return float(np.abs(window).max() > 0.01)


def stuttered(*lengths):
    """Give sound and silence by turns, each so many windows long."""
    parts = [
        np.full(length * WINDOW, 0.1 * (number % 2), np.float32) for number, length in enumerate(lengths)
    ]
    return np.concatenate(parts)


def test_passages_lie_between_pauses():
    first, second_one = find_passages(stuttered(20, 100, 20, 100, 20), BySound())
    assert 0 < first.start <= 20 * WINDOW
    assert 120 * WINDOW <= first.end <= second_one.start <= 140 * WINDOW
    assert 240 * WINDOW <= second_one.end < 260 * WINDOW


def test_short_pauses_count_only_where_there_is_none_longer_for_too_long():
    brief = [1] + [50, 6] * 4 + [50, 20]
    assert len(find_passages(stuttered(*brief), BySound())) == 1
    going_on = [1] + [150, 6] * 4 + [150, 20]
    assert len(find_passages(stuttered(*going_on), BySound())) == 5
    starts = [passage.start // WINDOW for passage in find_passages(stuttered(*going_on), BySound())]
    assert starts == pytest.approx([0, 154, 310, 466, 622], abs=1)


def test_speech_without_a_pause_stays_whole():
    (passage,) = find_passages(stuttered(1, 1500, 20), BySound())
    made, left_out = clips([passage], [Stretch(0, 0, "text", "text", agrees=True)])
    assert made == []
    assert "no pause" in left_out[0].reason


def test_a_text_is_read(tmp_path):
    (tmp_path / "text.txt").write_text("\ufeffCaf\u00e9.\n", encoding="utf-8")
    assert read_text(tmp_path / "text.txt").strip() == "Caf\u00e9."


@pytest.mark.parametrize(("content", "told"), [(b"\n...\n", "has no words"), (b"caf\xe9", "UTF-8")])
def test_a_wrong_text_is_named(tmp_path, content, told):
    (tmp_path / "text.txt").write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_text(tmp_path / "text.txt")


def test_real_speech_is_cut_at_its_pauses_with_its_text_and_what_is_not_said_is_left_out(real_settings):
    sound = read(RECORDING)
    pause = np.zeros(second(1.0), np.float32)
    samples = np.concatenate([sound, pause, sound, pause, sound])
    text = f"{SENTENCE}\nNobody has ever seen a purple elephant on roller skates in Glasgow.\n{SENTENCE}"
    done = []
    made, left_out = cut(
        samples,
        text,
        load_detector(),
        load_recogniser(real_settings),
        lambda what, share: done.append((what, share)),
    )
    (part,) = left_out
    assert part.text == "Nobody has ever seen a purple elephant on roller skates in Glasgow."
    assert "superlative" in part.heard
    places = [(clip.start, clip.end) for clip in made]
    assert [clip.text for clip in made] == [SENTENCE, SENTENCE]
    length = sound.size / SAMPLE_RATE_HZ
    assert places[0][0] < second(0.7) < second(length - 1) < places[0][1] < second(length + 0.5)
    assert second(2 * length + 1.5) < places[1][0] < second(2 * length + 2.7)
    assert second(length + 0.5) <= second(part.start_s) < second(part.end_s) <= second(2 * length + 1.5)
    assert done[-1][0] == "Recognising"
    assert all(0 <= share <= 1 for _, share in done)
