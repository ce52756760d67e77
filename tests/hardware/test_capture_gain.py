from __future__ import annotations

import json
import logging
import threading
import time

import pytest

from device.hardware import capture_gain as capture_gain_module
from device.hardware.capture_gain import CaptureGain, card_of, name_of
from tests.audio.test_loudness import said
from tests.hardware.fake_mixer import FakeCard, FakeMixer

HEADSET = "Headset: USB Audio (hw:1,0)"


@pytest.fixture
def card():
    return FakeCard()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "gain.json"


def opened(file, mixer, gain="auto", name=HEADSET):
    capture_gain = CaptureGain(gain, file, mixer)
    capture_gain.opened(name)
    return capture_gain


def dictate(capture_gain, *levels_dbfs):
    for level in levels_dbfs:
        capture_gain.heard(said(level))
        while capture_gain._worker and capture_gain._heard.qsize():  # nobody dictates as fast
            time.sleep(0)
    capture_gain.close()


@pytest.mark.parametrize(
    ("name", "card", "kept_as"),
    [
        (HEADSET, "hw:1", "Headset: USB Audio"),
        ("bcm2835-i2s-wm8960-hifi wm8960-hifi-0 (hw:10,3)", "hw:10", "bcm2835-i2s-wm8960-hifi wm8960-hifi-0"),
        ("default", "default", "default"),
        ("odd (hw:1,0) name", "default", "odd (hw:1,0) name"),
    ],
)
def test_the_card_is_found_and_its_number_forgotten(name, card, kept_as):
    assert (card_of(name), name_of(name)) == (card, kept_as)


@pytest.mark.parametrize(
    ("low_db", "high_db", "first_db"),
    [(0, 30, 12), (-17.25, 30, 12), (-40, 0, -10), (20, 40, 35)],
)
def test_at_first_it_is_turned_on_and_to_where_most_microphones_are_right(file, low_db, high_db, first_db):
    card = FakeCard(low_db, high_db, low_db)
    dictate(opened(file, FakeMixer(hw_1=card)))
    assert (card.is_on, card.turned) == (True, [first_db])


def test_what_three_dictations_came_to_holds_at_the_next_start_whichever_number_the_card_has(file):
    card = FakeCard()
    mixer = FakeMixer(hw_1=card)
    dictate(opened(file, mixer), -19, -19, -19)
    assert card.turned == pytest.approx([12, 22], abs=0.1)
    again = FakeCard()
    dictate(opened(file, FakeMixer(hw_4=again), name="Headset: USB Audio (hw:4,0)"))
    assert again.turned == pytest.approx([22], abs=0.1)
    other = FakeCard()
    dictate(opened(file, FakeMixer(hw_1=other), name="Array: USB Audio (hw:1,0)"), 0, -9)
    assert other.turned == pytest.approx([12, 6], abs=0.1)
    assert set(json.loads(file.read_text())) == {"Headset: USB Audio", "Array: USB Audio"}


def test_a_number_is_set_and_stays(file, card):
    dictate(opened(file, FakeMixer(hw_1=card), gain=40), 0, -40, -40, -40)
    assert card.turned == [12]
    assert not file.exists()


def test_leave_leaves_it(file, card):
    dictate(opened(file, FakeMixer(hw_1=card), gain="leave"), 0, -40, -40, -40)
    assert (card.is_on, card.turned) == (False, [])


def test_what_cannot_be_turned_further_is_said_and_not_turned(file, card, caplog):
    caplog.set_level(logging.INFO)
    card.high_db = 12
    dictate(opened(file, FakeMixer(hw_1=card)), *[-40] * 6)
    assert card.turned == [12]
    assert "speech is -31 dB from where it should be, but Mic is at 100 %" in caplog.text


def test_a_microphone_without_a_mixer_is_heard_as_it_is(file, caplog):
    caplog.set_level(logging.INFO)
    dictate(opened(file, FakeMixer()), -40, -40, -40)
    assert "the gain is left as it is: hw:1 has no mixer" in caplog.text


def test_a_disk_that_refuses_costs_only_the_memory(file, card, caplog):
    caplog.set_level(logging.INFO)
    file.parent.write_text("no folder")
    dictate(opened(file, FakeMixer(hw_1=card)), -19, -19, -19)
    assert card.turned == pytest.approx([12, 22], abs=0.1)
    assert "the gain is left as it is" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"Headset: USB Audio": "loud"}',
        b'{"Headset: USB Audio": NaN}',
        b'{"Headset: USB Audio": 1%s}' % (b"0" * 400),
        b"[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_used_is_as_good_as_none(file, card, content):
    file.parent.mkdir()
    file.write_bytes(content)
    dictate(opened(file, FakeMixer(hw_1=card)))
    assert card.turned == [12]


def test_dictations_before_the_microphone_is_there_or_after_the_end_change_nothing(file, card):
    capture_gain = CaptureGain("auto", file, FakeMixer(hw_1=card))
    dictate(capture_gain, 0, 0)
    capture_gain.opened(HEADSET)
    dictate(capture_gain, 0)
    assert card.turned == [12]


def test_it_is_never_turned_so_low_that_nobody_is_heard_any_more(file):
    card = FakeCard(0, 30, 5)
    mixer = FakeMixer(hw_1=card)
    dictate(opened(file, mixer), *[0] * 9)
    assert (card.db, card.turned.count(1.5)) == (1.5, 1), "5 % of the range, reached once and left"
    file.write_text('{"Headset: USB Audio": 0}')
    dictate(opened(file, mixer))
    assert card.db == 1.5


def test_a_mixer_that_hangs_does_not_keep_it_from_ending(file, card, monkeypatch):
    monkeypatch.setattr(capture_gain_module, "_CLOSE_S", 0.0)
    mixer, go = FakeMixer(hw_1=card), threading.Event()
    capture_gain = opened(file, mixer)
    mixer.volume = lambda _card: go.wait(60) and None
    for _ in range(99):
        capture_gain.heard(said(0))
    assert capture_gain._heard.qsize() <= 4, "the sound of each takes memory"
    capture_gain.close()
    worker = capture_gain._worker
    assert worker.is_alive()
    assert worker.daemon, "it would keep the program from ending"
    go.set()
    worker.join(60)
    assert not worker.is_alive()


def test_a_mixer_that_fails_in_any_way_costs_no_microphone_and_is_tried_at_the_next_dictation(
    file, card, caplog
):
    caplog.set_level(logging.INFO)
    mixer = FakeMixer(hw_1=card)
    volume, failures = mixer.volume, [AttributeError("no name"), ZeroDivisionError()]

    def fail_at_first(name):
        if failures:
            raise failures.pop()
        return volume(name)

    mixer.volume = fail_at_first
    capture_gain = opened(file, mixer)
    dictate(capture_gain, 0, 0)
    assert not failures
    assert "left as it is: ZeroDivisionError" in caplog.text
    assert card.db < 5, "the second one turned it"
