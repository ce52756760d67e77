"""DOCTOR.TXT: what somebody without a login reads of a device."""

from __future__ import annotations

import re
import threading

import pytest

from device.commands import doctor
from device.doctor.finding import fault, ok, warning
from device.doctor.report import Examined, examine_within, text_of
from tests.parts import PATIENCE_S
from tests.test_doctor import OK


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))


def test_one_that_hangs_is_named_and_costs_the_others_nothing():
    hangs, has_begun = threading.Event(), threading.Event()

    def stuck():
        has_begun.set()
        assert hangs.wait(PATIENCE_S)
        return [ok("late")]

    def waits():
        assert has_begun.wait(PATIENCE_S)  # so they run beside one another
        return [ok("here")]

    try:
        examined = examine_within({"first": stuck, "second": waits}, 0.5)
    finally:
        hangs.set()
    assert examined == Examined([("second", ok("here"))], ["first"])
    assert "\nNot found out in time: first.\n" in text_of(examined, "")


def test_what_is_found_stands_in_their_order_and_with_what_to_do():
    def two():
        yield ok("one")
        yield warning("it is slow", "use a smaller one")

    examined = examine_within({"a": lambda: [fault("no", "do")], "model": two}, PATIENCE_S)
    lines = text_of(examined, "More elsewhere.").splitlines()
    assert lines[2:] == [
        "fault    a             no",
        "                    -> do",
        "ok       model         one",
        "warning  model         it is slow",
        "                    -> use a smaller one",
        "",
        "1 fault, 1 warning.",
        "More elsewhere.",
    ]


def test_lines_fit_every_window_and_no_address_is_told():
    long = ok("the keyboard of AA:bb:01:23:45:67 is " + "very " * 30 + "far")
    text = text_of(examine_within({"bluetooth": lambda: [long]}, PATIENCE_S), "word " * 40)
    assert max(map(len, text.splitlines())) <= 78
    assert "the keyboard of (address) is very" in text
    assert "45:67" not in text


@pytest.mark.parametrize(
    "settings",
    [
        """[hosts."Ada's laptop"]\nlayout = "dee"\n""",
        """[hosts."Ada's laptop"]\nlayuot = "de"\n""",
        """[hosts]\n"Ada's laptop" = "de"\n""",
        """[hosts."Ada's laptop"]\n[hosts."Ada's laptop"]\n""",
        """[hosts."The \\"laptop\\" of Ada"]\nlayout = "dee"\n""",
        """[hosts.Ada]\npace = true\n""",
        """[hosts.Ada]\nlayout_toggle = "win+x"\nother_layout = "us"\n""",
    ],
)
def test_no_computer_is_named_when_its_settings_are_wrong(tmp_path, settings):
    config = tmp_path / "wrong.toml"
    config.write_text(settings)
    for text in (doctor.at_the_card(config), doctor.at_the_drive(config, listens=False)):
        assert "fault    settings" in text
        assert "wrong.toml" in text
        assert 'hosts."..."' in text
        assert not {"Ada", "laptop"} & set(re.findall(r"\w+", text))


def test_at_the_drive_all_is_looked_at_but_what_loads_a_model(monkeypatch):
    def none(*_arguments):
        raise AssertionError("no room for that")

    monkeypatch.setattr(doctor, "load_recogniser", none)
    monkeypatch.setattr(doctor, "load_detector", none)
    monkeypatch.setattr(doctor, "SoundDeviceMicrophone", none)
    text = doctor.at_the_drive(None, listens=False)
    for subject in ("settings", "model", "pins", "keyboard", "bluetooth", "memory", "versions"):
        assert f" {subject} " in text
    assert "it is muted, and was not listened to" in text
    assert "no room" not in text


def test_at_the_card_what_cannot_be_seen_from_there_is_named(monkeypatch):
    text = doctor.at_the_card(None)
    found, left_out = text.split("Not looked at here")
    assert "\nok       memory" in found
    assert " microphone" not in found
    assert "microphone, pins, display, keyboard, permissions" in " ".join(left_out.split())


def test_an_installed_model_is_named_without_being_loaded(tmp_path):
    from device.doctor import software
    from device.models.fetch import fetch
    from device.models.store import Store
    from device.settings import RecognitionSettings
    from tests import tiny_model
    from tests.models.flashing import silent

    fetch(Store(tmp_path / "store"), "stock", tiny_model.write(tmp_path / "whisper"), silent)
    (found,) = software.installed(RecognitionSettings(model="stock", store=str(tmp_path / "store")))
    assert (found.verdict, found.found.partition(":")[0]) == (OK, "stock")
