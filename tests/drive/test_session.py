"""Whole stories: a computer that a program plays, with mtools on its side, and models that are installed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from device.demo import SENTENCE
from device.drive import session
from device.drive.image import FatImage
from device.drive.kept import CARD, Kept
from device.drive.session import serve_drive, take_left_over
from device.errors import DriveError
from device.events import StopRequested
from device.models.bundle import SelfTest
from device.models.install import install
from device.models.self_test import self_test
from device.ports import State
from device.settings_files import load
from device.simulation.scripted_button import ScriptedButton
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.virtual_drive import VirtualDrive
from tests.bundles import OWNER, STRANGER, public
from tests.drive.fat import drop, is_sound, mtools, names, needs_minisign, needs_mtools, read
from tests.full_disk import fill, small_disk
from tests.models.flashing import packed, passes
from tests.parts import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Round = Callable[[Path], Awaitable[bool] | bool | None]

pytestmark = [needs_mtools, needs_minisign]

KEY = bytes(OWNER.public_key)


class Indicator(SilentIndicator):
    """Has somebody look at it who acts on what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.on: dict[State, Callable[[], object]] = {}

    @property
    def states(self) -> list[State]:
        """What was shown, each once in a row."""
        states = [state for state, _ in self.shown]
        return [now for before, now in zip([None, *states], states, strict=False) if now is not before]

    def show(self, state: State, detail: str = "") -> None:
        super().show(state, detail)
        self.on.get(state, lambda: None)()


class Device:
    """A device whose drive a computer uses, one round after another; it ejects what it leaves alone."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.button, self.indicator = ScriptedButton(), Indicator()
        self.indicator.on[State.CONFIRM] = self.press
        self.drive = VirtualDrive(self._use)
        self.rounds: list[Round] = []
        self.results: list[str] = []
        self.leave = asyncio.Event()
        self.test: Any = passes

    def press(self) -> None:
        self.button.press()
        self.button.release()

    def _use(self, image: Path) -> Awaitable[bool] | bool:
        self.results.append(read(image, "RESULT.TXT") if "RESULT.TXT" in names(image) else "")
        assert is_sound(image)
        ejects = self.rounds.pop(0)(image) if self.rounds else True
        return True if ejects is None else ejects

    @property
    def _install(self):
        return partial(install, test=self.test)

    async def serve(self, *rounds: Round) -> None:
        self.rounds = list(rounds)
        async with asyncio.timeout(PATIENCE_S):
            await serve_drive(
                self.drive, self.kept, self.button, self.indicator, self.leave, install=self._install
            )
        assert not self.kept.image.exists()
        assert self.drive.history[-1] == "close"
        assert not self.rounds

    async def start_again(self, *, asks: bool = True) -> None:
        """Begin anew after the power went."""
        async with asyncio.timeout(PATIENCE_S):
            await take_left_over(
                self.drive, self.kept, self.button, self.indicator, asks=asks, install=self._install
            )
        assert not self.kept.image.exists()

    @property
    def model(self) -> str | None:
        return self.kept.store().current()


@pytest.fixture
async def device(kept: Kept) -> Device:
    return Device(kept)


@pytest.fixture(scope="module")
def bundle(parts) -> bytes:
    return packed(parts)


def dropping(**files: bytes) -> Round:
    def act(image: Path) -> None:
        for name, content in files.items():
            drop(image, name.replace("__", "."), content)

    return act


def slot(content: bytes) -> str:
    """Give the name in the store of a bundle."""
    start = content.index(b'{\n  "format"')
    end = content.index(b"\0", start)
    return f"anna-{hashlib.sha256(content[start:end]).hexdigest()[:8]}"


# What is on the drive.


async def test_the_drive_says_what_it_is_and_ejected_at_once_it_is_the_keyboard_again(device: Device):
    seen: dict[str, str] = {}

    def look(image: Path) -> None:
        seen.update({name: read(image, name) for name in names(image)})

    await device.serve(look)
    assert sorted(seen) == ["INFO.TXT", "SAYKEY.TOML", "WORDS.TXT"]
    assert seen["INFO.TXT"].startswith("Saykey\r\nVersion: ")
    assert "\r\nModel: none\r\nSerial: c0ffee\r\nFree: " in seen["INFO.TXT"]
    assert "\r\nKey: none yet\r\n" in seen["INFO.TXT"]
    assert '\r\n#mode = "hold"\r\n' in seen["SAYKEY.TOML"]
    assert device.drive.history == ["show", "eject", "hide", "close"]
    assert device.indicator.states == [State.DRIVE]


async def test_what_is_wrong_with_the_device_lies_there_too(state: Path):
    device = Device(Kept(doctor=lambda: "fault it\nbroken\n"))
    seen: list[str] = []
    await device.serve(lambda image: seen.append(read(image, "DOCTOR.TXT")))
    assert seen == ["fault it\r\nbroken\r\n"]
    assert device.drive.history.count("show") == 1


async def test_a_doctor_who_faints_costs_no_drive(state: Path):
    def faint() -> str:
        raise ZeroDivisionError

    device = Device(Kept(doctor=faint))
    device.kept.keep_fault(
        """There is no key for 12:34:56:78:9A:BC; hosts."Ada's laptop".layout is 'dee'; hosts.Ada.os is 1."""
    )
    seen: list[str] = []
    await device.serve(lambda image: seen.append(read(image, "DOCTOR.TXT")))
    began, fainted = seen[0].replace("\r\n", "\n").split("\n\n")
    assert began.endswith(
        """There is no key for (address); hosts."...".layout is 'dee'; hosts."...".os is 1."""
    )
    assert "ZeroDivisionError" in fainted


# A key and a model.


async def test_the_first_key_is_confirmed_by_the_button_and_its_model_is_in_use(
    device: Device, bundle: bytes
):
    await device.serve(dropping(SAYKEY__PUB=KEY, anna__saykey=bundle))
    assert device.model == slot(bundle)
    assert device.kept.trust.key() == public()
    before, after = device.results
    assert before == ""
    first, second, about, end = after.split("\r\n")
    assert first == f"The key {public().id} is trusted from now on: models that it has signed are taken."
    assert second.startswith(f"Installed {slot(bundle)} (")
    assert about.startswith(f"bundle: {slot(bundle).removeprefix('anna-')}")
    assert end == ""
    assert device.drive.history == ["show", "eject", "hide", "show", "eject", "hide", "close"]
    assert device.indicator.states == [State.DRIVE, State.CONFIRM, State.INSTALLING, State.DRIVE]
    assert (
        State.CONFIRM,
        f"press the button if the key {public().id} is yours: {public().text}",
    ) in device.indicator.shown


async def test_a_key_that_nobody_confirms_is_not_trusted(device: Device, bundle: bytes, monkeypatch):
    monkeypatch.setattr(session, "CONFIRM_S", 0.0)
    device.indicator.on.clear()
    await device.serve(dropping(SAYKEY__PUB=KEY, anna__saykey=bundle))
    assert (device.model, device.kept.trust.key()) == (None, None)
    assert "nobody pressed the device's button" in device.results[1]
    assert "anna.saykey was refused" in device.results[1]


async def test_a_press_before_the_question_is_no_answer(device: Device, monkeypatch):
    monkeypatch.setattr(session, "CONFIRM_S", 0.0)
    device.indicator.on = {State.DRIVE: device.press}
    await device.serve(dropping(SAYKEY__PUB=KEY))
    assert device.kept.trust.key() is None


async def test_a_contact_that_bounces_is_no_answer(device: Device, monkeypatch):
    monkeypatch.setattr(session, "CONFIRM_S", 0.1)

    def let_go() -> None:
        device.button.release()
        device.button.bounce()

    device.indicator.on = {State.DRIVE: device.button.press, State.CONFIRM: let_go}
    await device.serve(dropping(SAYKEY__PUB=KEY))
    assert device.kept.trust.key() is None


async def test_a_press_while_the_device_starts_as_a_keyboard_trusts_no_key(device: Device, bundle: bytes):
    dropping(SAYKEY__PUB=KEY, a__saykey=bundle)(device.kept.make_image().path)
    await device.start_again(asks=False)
    assert (device.kept.trust.key(), device.model) == (None, None)
    assert State.CONFIRM not in device.indicator.states
    assert b"drop it again" in device.kept.last_result()


async def test_a_question_that_comes_too_late_is_none(device: Device):
    taker = session._Taker(device.kept, device.button, device.indicator, install)
    async with taker.watching():
        pass
    with pytest.raises(asyncio.CancelledError):
        await asyncio.to_thread(taker._confirm, public())
    assert device.indicator.states == []


async def test_a_model_of_another_owner_is_refused(device: Device, parts):
    device.kept.trust.trust(public())
    await device.serve(dropping(eve__saykey=packed(parts, pair=STRANGER)))
    assert device.model is None
    assert device.results[1].startswith("eve.saykey was refused, and the model is as before: ")
    assert public().id in device.results[1]
    assert public(STRANGER).id in device.results[1]
    assert "\r\nbundle: " in device.results[1]


async def test_a_damaged_model_is_refused_and_the_next_one_taken(device: Device, parts, bundle: bytes):
    device.kept.trust.trust(public())
    damaged = bytearray(packed(parts, 1))
    damaged[len(damaged) // 2] ^= 1
    await device.serve(dropping(a__saykey=bytes(damaged)), dropping(b__saykey=bundle))
    assert "is damaged" in device.results[1]
    assert device.results[2].startswith("Installed ")
    assert device.model == slot(bundle)


async def test_two_models_at_once_are_refused_by_name(device: Device, bundle: bytes):
    device.kept.trust.trust(public())
    await device.serve(dropping(a__saykey=bundle, b__saykey=bundle))
    assert device.model is None
    assert "(a.saykey, b.saykey)" in device.results[1]


async def test_a_name_that_cannot_be_read_is_to_be_changed(device: Device, bundle: bytes):
    device.kept.trust.trust(public())
    await device.serve(lambda image: drop(image, "[a].saykey", bundle))
    assert "rename it" in device.results[1]
    assert device.model is None


async def test_a_model_must_understand_its_recording_and_one_that_does_is_in_use(
    device: Device, parts, tmp_path: Path
):
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
    understood = self_test(tmp_path, SelfTest("selftest.flac", "", most_wrong=1000)).text
    device.kept.trust.trust(public())
    device.test = self_test
    good = packed(parts, text=understood)
    await device.serve(dropping(a__saykey=packed(parts, text=SENTENCE)), dropping(anna__saykey=good))
    assert "failed its self-test" in device.results[1]
    assert device.results[2].startswith("Installed ")
    assert device.model == slot(good)


# The settings.


async def test_settings_with_a_mistake_stay_on_the_drive_until_they_are_right(device: Device):
    def right(image: Path) -> None:
        text = read(image, "SAYKEY.TOML")
        assert "hodl" in text
        drop(image, "SAYKEY.TOML", text.replace("hodl", "both").encode())

    await device.serve(dropping(SAYKEY__TOML=b'# mine\r\n[button]\r\nmode = "hodl"\r\n'), right)
    assert "SAYKEY.TOML, line 3: " in device.results[1]
    assert device.results[2] == "The settings in SAYKEY.TOML are in force.\r\nfile: SAYKEY.TOML\r\n"
    assert load().settings.button.mode == "both"


async def test_settings_with_a_mistake_that_nobody_mends_are_forgotten(device: Device):
    await device.serve(dropping(SAYKEY__TOML=b"[button\r\n"))
    assert len(device.results) == 2
    assert load().settings.button.mode == "hold"


# What computers do.


async def test_what_was_formatted_anew_in_another_way_is_said_on_a_fresh_drive(device: Device):
    def reformat(image: Path) -> None:
        with image.open("r+b") as file:
            file.write(b"\xeb\x76\x90EXFAT   " + bytes(1 << 16))

    await device.serve(reformat)
    assert device.results[1].startswith("What is on the drive cannot be read: ")
    assert "no FAT file system any more" in device.results[1]


async def test_what_other_systems_leave_is_nothing_new(device: Device):
    def litter(image: Path) -> None:
        mtools(image, "mmd", "::/System Volume Information", "::/.Trashes", "::/$RECYCLE.BIN")
        drop(image, "._INFO.TXT", b"x")
        drop(image, ".DS_Store", b"x")

    await device.serve(litter)
    assert len(device.results) == 1


async def test_a_drive_that_was_unplugged_is_taken_and_shown_again(device: Device, bundle: bytes):
    device.kept.trust.trust(public())

    def unplug(image: Path) -> bool:
        drop(image, "a.saykey", bundle)
        return False

    await device.serve(unplug)
    assert device.model == slot(bundle)
    assert device.drive.history == ["show", "unplug", "hide", "show", "eject", "hide", "close"]


async def test_told_to_leave_it_takes_what_was_dropped_and_is_the_keyboard(device: Device, bundle: bytes):
    device.kept.trust.trust(public())

    async def forget_it(image: Path) -> bool:
        drop(image, "a.saykey", bundle)
        device.leave.set()
        await asyncio.Event().wait()
        return True

    await device.serve(forget_it)
    assert device.model == slot(bundle)
    assert device.drive.history == ["show", "hide", "close"]
    assert device.kept.last_result().startswith(b"Installed ")


# When it is cut off.


async def test_what_was_dropped_when_the_power_went_is_taken_at_the_next_start(device: Device, bundle: bytes):
    image = device.kept.make_image()
    dropping(SAYKEY__PUB=KEY, a__saykey=bundle, SAYKEY__TOML=b'[button]\nmode = "both"\n')(image.path)
    await device.start_again()
    assert device.model == slot(bundle)
    assert load().settings.button.mode == "both"
    assert device.drive.history == ["close"]
    await device.serve()
    assert device.results[0].split("\r\n")[1].startswith(f"Installed {slot(bundle)}")


async def test_a_drive_on_which_nothing_was_dropped_is_forgotten(device: Device):
    device.kept.make_image()
    await device.start_again()
    assert device.kept.last_result() == b""


async def test_a_model_half_copied_when_the_power_went_is_refused(device: Device, bundle: bytes):
    device.kept.trust.trust(public())
    dropping(a__saykey=bundle[: len(bundle) // 2])(device.kept.make_image().path)
    await device.start_again()
    assert b"a.saykey was refused" in device.kept.last_result()
    assert device.model is None


async def test_an_image_that_is_none_is_said(device: Device):
    device.kept.make_image()
    os.truncate(device.kept.image, 100)
    await device.start_again()
    assert b"cannot be read" in device.kept.last_result()


async def test_a_stop_while_it_waits_leaves_the_image_for_the_next_start(device: Device, bundle: bytes):
    device.kept.trust.trust(public())

    async def stop(image: Path) -> bool:
        drop(image, "a.saykey", bundle)
        device.button._post(StopRequested())
        await asyncio.Event().wait()
        return True

    with pytest.raises(asyncio.CancelledError):
        await device.serve(stop)
    assert device.drive.history == ["show", "close"]
    assert device.model is None
    await device.start_again()
    assert device.model == slot(bundle)


async def test_a_stop_at_the_question_leaves_the_key_for_the_next_start(device: Device):
    device.indicator.on[State.CONFIRM] = lambda: device.button._post(StopRequested())
    serving = asyncio.create_task(device.serve(dropping(SAYKEY__PUB=KEY)))
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert names(device.kept.image) == ["INFO.TXT", "SAYKEY.PUB", "SAYKEY.TOML", "WORDS.TXT"]
    device.indicator.on[State.CONFIRM] = device.press
    await device.start_again()
    assert device.kept.trust.key() == public()


def test_on_a_full_disk_the_tries_are_counted_too(tmp_path: Path):
    with small_disk(tmp_path) as disk:
        fill(disk)
        assert [Kept(folder=disk).try_again(CARD) for _ in range(4)] == [True, True, True, False]


async def test_what_never_comes_to_its_end_is_thrown_away(device: Device, monkeypatch, caplog):
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    dropping(SAYKEY__PUB=KEY)(device.kept.make_image().path)
    with monkeypatch.context() as patch:
        patch.setattr(session, "take", crash)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await device.start_again()
        await device.start_again()
    assert device.kept.last_result().startswith(b"What was dropped was thrown away")
    assert "thrown away" in caplog.text
    dropping(SAYKEY__PUB=KEY)(device.kept.make_image().path)
    await device.start_again()
    assert device.kept.trust.key() == public()


async def test_two_signals_do_not_end_it_before_the_drive_is_shown(device: Device, monkeypatch):
    shown, goes_on = threading.Event(), threading.Event()
    show = device.drive.show

    def slowly(image: Path) -> None:
        shown.set()
        goes_on.wait()
        show(image)

    monkeypatch.setattr(device.drive, "show", slowly)
    serving = asyncio.create_task(device.serve())
    await asyncio.to_thread(shown.wait)
    for _ in range(2):
        serving.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert device.drive.history == ["show", "close"]


async def test_a_drive_that_is_still_there_after_a_crash_does_not_keep_it_from_taking(
    device: Device, monkeypatch, caplog
):
    def refuse() -> None:
        raise DriveError("It is stuck.")

    monkeypatch.setattr(device.drive, "close", refuse)
    dropping(SAYKEY__PUB=KEY)(device.kept.make_image().path)
    await device.start_again()
    assert device.kept.trust.key() == public()
    assert "It is stuck." in caplog.text


# What can fail.


async def test_a_drive_that_cannot_be_shown_is_said(device: Device, monkeypatch):
    def refuse(_image: Path) -> None:
        raise DriveError("There is no controller.")

    monkeypatch.setattr(device.drive, "show", refuse)
    with pytest.raises(DriveError, match="no controller"):
        await device.serve()
    assert device.drive.history == ["close"]


async def test_a_host_that_cannot_be_waited_for_is_said(device: Device):
    def fail(_image: Path) -> None:
        raise DriveError("It is gone.")

    with pytest.raises(DriveError, match="gone"):
        await device.serve(fail)
    assert device.drive.history == ["show", "close"]


async def test_a_last_result_that_cannot_be_read_costs_nothing(device: Device, state: Path):
    (state / "last_result.txt").mkdir(parents=True)
    await device.serve()
    assert device.drive.history[0] == "show"


async def test_a_full_disk_is_said(device: Device, monkeypatch):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr("device.drive.kept.shutil.disk_usage", lambda _: Usage)
    with pytest.raises(DriveError, match="134 MB are missing"):
        await device.serve()
    assert not FatImage(device.kept.image).path.exists()
