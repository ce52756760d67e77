from __future__ import annotations

import pytest

from device.models.signature import PublicKey
from tests.bundles import OWNER, STRANGER, bundle, public
from tests.trainer.flashing.made import ID, INSTALLED, Device, Screen, parcel, result
from trainer.errors import FlashError
from trainer.flashing.flash import Answer, Computer, answer_in, flash

REFUSED = "The bundle is refused: it did not pass its self-test."


def test_a_device_that_trusts_nobody_gets_bundle_and_key_and_then_is_a_keyboard_again(tmp_path):
    device, screen = Device(tmp_path), Screen()
    answer = flash(parcel(tmp_path), device.computer(), screen, device.patience())
    assert answer == Answer((INSTALLED,), installed=True)
    first, last = device.taken
    assert first.keys() == {"INFO.TXT", "SAYKEY.PUB", "anna.saykey"}  # the old result is gone
    assert first["anna.saykey"] == bundle(pair=OWNER)
    assert PublicKey.parse(first["SAYKEY.PUB"]) == public(OWNER)
    assert last["RESULT.TXT"].decode() == result(INSTALLED)
    assert any("press its button" in line and public(OWNER).id in line for line in screen.said)
    assert screen.done[-1] == 1


def test_a_device_that_trusts_the_key_is_not_shown_it_again(tmp_path):
    device, screen = Device(tmp_path, key=public(OWNER).id), Screen()
    assert flash(parcel(tmp_path), device.computer(), screen, device.patience()).installed
    assert device.taken[0].keys() == {"INFO.TXT", "anna.saykey"}
    assert not any("press its button" in line for line in screen.said)


def test_a_bundle_of_somebody_whom_the_device_trusts_is_taken(tmp_path):
    device = Device(tmp_path, key=public(STRANGER).id)
    sent = parcel(tmp_path, signed_by=STRANGER)
    assert flash(sent, device.computer(), Screen(), device.patience()).installed


def test_the_drive_may_come_back_elsewhere(tmp_path):
    device = Device(tmp_path)
    device.elsewhere = tmp_path / "SAYKEY1"
    assert flash(parcel(tmp_path), device.computer(), Screen(), device.patience()).installed
    assert len(device.taken) == 2


def test_a_refusal_is_told_and_the_drive_is_given_back(tmp_path):
    device = Device(tmp_path)
    device.answer = lambda: result(REFUSED, "The model that you have is kept.")
    answer = flash(parcel(tmp_path), device.computer(), Screen(), device.patience())
    assert answer == Answer((REFUSED, "The model that you have is kept."), installed=False)
    assert len(device.taken) == 2


def test_no_drive_yet_is_waited_for(tmp_path):
    device, screen = Device(tmp_path, shown=False), Screen()
    device.show_after(20)
    assert flash(parcel(tmp_path), device.computer(), screen, device.patience()).installed
    assert "saykey drive on" in screen.said[0]
    assert "Hold its button while you plug it in" in screen.said[0]


def test_a_place_that_is_named_is_waited_for_and_others_are_not_looked_at(tmp_path):
    device, screen = Device(tmp_path, shown=False), Screen()
    device.show_after(20)
    elsewhere = Computer(list, device.eject)
    sent = parcel(tmp_path)
    assert flash(sent, elsewhere, screen, device.patience(), device.drive).installed
    assert any(f"mount it at {device.drive} again" in line for line in screen.said)


def test_no_drive_in_time_is_said(tmp_path):
    device = Device(tmp_path, shown=False)
    with pytest.raises(FlashError, match=r"No drive of a Saykey came in 60 s"):
        flash(parcel(tmp_path), device.computer(), Screen(), device.patience())


def test_of_several_devices_one_must_be_named(tmp_path):
    first, second = (Device(tmp_path / name, serial=name) for name in ("one", "two"))
    both = Computer(lambda: [first.drive, second.drive], first.eject)
    with pytest.raises(FlashError, match=rf"{first.drive}, {second.drive}.*--drive"):
        flash(parcel(tmp_path), both, Screen(), first.patience())
    assert flash(parcel(tmp_path), both, Screen(), first.patience(), first.drive).installed


def test_a_device_that_trusts_another_key_gets_nothing(tmp_path):
    device = Device(tmp_path, key=public(STRANGER).id)
    with pytest.raises(FlashError, match=rf"trusts another key \({public(STRANGER).id}\).*saykey key forget"):
        flash(parcel(tmp_path), device.computer(), Screen(), device.patience())
    assert {file.name for file in device.drive.iterdir()} == {"INFO.TXT", "RESULT.TXT"}


def test_a_key_that_is_not_here_cannot_be_shown_to_a_device_that_trusts_none(tmp_path):
    device = Device(tmp_path)
    sent = parcel(tmp_path, signed_by=STRANGER)
    with pytest.raises(FlashError, match=r"is not on this computer"):
        flash(sent, device.computer(), Screen(), device.patience())
    assert device.taken == []


def test_where_nothing_can_eject_the_user_is_asked(tmp_path):
    device, screen = Device(tmp_path), Screen()
    device.can_eject = False

    class User(Screen):
        def say(self, sentence: str) -> None:
            super().say(sentence)
            if sentence.startswith("Now eject"):
                device.ejected()

    screen = User()
    assert flash(parcel(tmp_path), device.computer(), screen, device.patience()).installed
    assert [line for line in screen.said if "Now eject" in line] == [
        f"Now eject {device.drive}, as you would a USB stick."
    ] * 2


@pytest.mark.parametrize(
    "answer", [None, result("Installed b.", last="bundle: 00"), "", "\r\n", "Installed "]
)
def test_no_answer_about_this_bundle_in_time_is_said(tmp_path, answer):
    device = Device(tmp_path)
    device.answer = lambda: answer
    with pytest.raises(FlashError, match=r"not answered in 60 s. Eject its drive, if that is still there"):
        flash(parcel(tmp_path), device.computer(), Screen(), device.patience())


def test_what_would_control_the_terminal_is_left_out_of_the_answer(tmp_path):
    device = Device(tmp_path)
    device.answer = lambda: result("Installed \x1b[2Jit\x9b.", "Ünd dann.")
    answer = flash(parcel(tmp_path), device.computer(), Screen(), device.patience())
    assert answer.sentences == ("Installed [2Jit.", "Ünd dann.")


def test_another_version_is_mentioned(tmp_path):
    device, screen = Device(tmp_path), Screen()
    info = device.drive / "INFO.TXT"
    info.write_text(info.read_text().replace("0.1.0", "0.0.7"))
    assert flash(parcel(tmp_path), device.computer(), screen, device.patience()).installed
    assert any("It runs Saykey 0.0.7" in line for line in screen.said)


@pytest.mark.parametrize(
    ("text", "installed"),
    [
        (result(INSTALLED, "It heard what it should."), True),
        (result("The key is trusted.", INSTALLED), True),
        (result("It is not installed: no room."), False),
        (result("It is cut short.", last="file: anna.saykey"), False),
        (result(INSTALLED, last="file: other.saykey"), None),
        (result(INSTALLED, last=f"bundle: {ID[:-1]}"), None),
        (INSTALLED, None),
        ("", None),
    ],
)
def test_a_result_is_read_by_its_last_line(tmp_path, text, installed):
    answer = answer_in(text.splitlines(), parcel(tmp_path))
    assert answer == (None if installed is None else Answer(tuple(text.splitlines()[:-1]), installed))
