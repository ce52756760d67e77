"""The daemon's life, from the outside: commands and signals come from another thread."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from device import running
from device.app import targets_of
from device.control_requests import DriveOff, DriveOn, HandsFree, List, Mute, Reload, Status, ask
from device.drive.kept import Kept
from device.errors import ControlError, DriveError, HostError, KeyboardError, ModelError, PinError
from device.models.store import Store
from device.ports import Parts, State
from device.running import Board, keep_running
from device.settings import KeyboardSettings
from device.simulation.scripted_button import ScriptedButton
from device.simulation.virtual_drive import VirtualDrive
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from tests.bundles import OWNER
from tests.drive.fat import drop, names, needs_mtools, read
from tests.parts import PATIENCE_S, HandMicrophone, ScriptedRecogniser, SignDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from device.settings import Settings

pytestmark = needs_mtools


class Life:
    """A daemon on fake parts, what it showed, and with which settings it dictated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.button = ScriptedButton()
        self.drive: VirtualDrive | None = VirtualDrive(self._use)
        self.host: Callable[[Path], object] = lambda _: True
        self.shown: queue.SimpleQueue[tuple[State, str]] = queue.SimpleQueue()
        self.settings: list[Settings] = []
        self.microphones: list[HandMicrophone] = []
        self.fails: Exception | None = None
        self.check_start: Callable[[Settings], object] = bool
        self.present = True
        self.microphone_stops: Callable[[], None] | None = None

    async def _use(self, image: Path) -> bool:
        if self.host(image) is None:
            await asyncio.Event().wait()
        return True

    def show(self, state: State, detail: str = "") -> None:
        self.shown.put((state, detail))

    def parts(self, settings: Settings, button: ScriptedButton) -> tuple[Parts, None]:
        self.settings.append(settings)
        if self.fails:
            raise self.fails
        keyboard = VirtualKeyboard(VirtualHost.described_by(KeyboardSettings()))
        targets = targets_of(settings, keyboard, folder=self.folder)
        microphone = HandMicrophone()
        microphone.present = self.present
        self.microphones.append(microphone)
        if self.microphone_stops:
            microphone.stop = self.microphone_stops  # type: ignore[method-assign]
        return Parts(
            button, microphone, SignDetector(), ScriptedRecogniser(), targets, targets, indicator=self
        ), None

    def until(self, wanted: State) -> str:
        while (shown := self.shown.get(timeout=PATIENCE_S))[0] is not wanted:
            pass
        return shown[1]

    def all_until(self, wanted: State) -> list[State]:
        states = [State.ERROR]
        while states[-1] is not wanted:
            states.append(self.shown.get(timeout=PATIENCE_S)[0])
        return states

    def run(self) -> None:
        keep_running(
            Board(lambda: self.button, self, self.parts, self.drive, "c0ffee", check_start=self.check_start)
        )

    @contextmanager
    def acting(self, act: Callable[[], object]) -> Iterator[None]:
        """Act in another thread while the daemon runs in this one, and then end it."""
        errors: list[BaseException] = []

        def run() -> None:
            try:
                act()
            except BaseException as error:  # noqa: BLE001  it is raised in the test
                errors.append(error)
            os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        for error in errors:
            raise error

    def live(self, act: Callable[[], object]) -> None:
        with self.acting(act):
            self.run()


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return Life(tmp_path)


def history(life: Life) -> list[str]:
    assert life.drive is not None
    return life.drive.history


def test_it_dictates_until_it_is_told_to_stop(life: Life):
    life.live(lambda: life.until(State.IDLE))
    assert len(life.settings) == 1
    assert history(life) == []


def test_the_button_held_at_the_start_makes_it_the_drive_first(life: Life):
    life.button.press()
    life.live(lambda: (life.until(State.DRIVE), life.button.release(), life.until(State.IDLE)))
    assert history(life) == ["show", "eject", "hide", "close"]
    assert len(life.settings) == 1


def test_a_command_makes_it_the_drive_and_it_comes_back_with_the_new_settings(life: Life):
    rounds = [False, True]

    def act() -> None:
        life.until(State.IDLE)
        life.host = edit
        assert ask(DriveOff()) == {"drive": False}
        assert ask(Status())["drive"] is False
        assert ask(DriveOn()) == {"drive": False}
        life.until(State.DRIVE)
        life.until(State.DRIVE)
        life.until(State.IDLE)

    def edit(image: Path) -> bool:
        if rounds.pop():
            drop(image, "SAYKEY.TOML", b"[text]\njoin = 'none'\n")
        return True

    life.live(act)
    assert [settings.text.join for settings in life.settings] == ["space", "none"]
    assert history(life) == ["show", "eject", "hide", "show", "eject", "hide", "close"]


def test_the_mute_outlives_a_reload_and_the_drive(life: Life):
    def act() -> None:
        life.until(State.IDLE)
        assert ask(Mute(on=True)) == {"muted": True}
        ask(Reload())
        life.until(State.STARTING)
        life.until(State.MUTED)
        ask(DriveOn())
        life.until(State.DRIVE)
        life.until(State.MUTED)
        assert ask(Status())["muted"]
        assert ask(Mute(on=False)) == {"muted": False}
        life.until(State.IDLE)

    life.live(act)
    assert [microphone.history for microphone in life.microphones] == [
        ["open", "close", "close"],
        ["close"],
        ["open", "close"],
    ]


def test_as_a_drive_it_can_be_muted(life: Life):
    life.host = lambda _: None

    def act() -> None:
        life.until(State.IDLE)
        ask(DriveOn())
        life.until(State.DRIVE)
        assert ask(Mute(on=True)) == {"muted": True}
        ask(DriveOff())
        life.until(State.MUTED)

    life.live(act)


def test_while_it_is_the_drive_it_answers_and_can_be_told_to_end(life: Life):
    life.host = lambda _: None

    def act() -> None:
        life.until(State.IDLE)
        ask(DriveOn())
        life.until(State.DRIVE)
        told = {"name": "", "hosts": [], "bluetooth": None, "drive": True, "muted": False}
        assert ask(Status()) == {**told, "hands_free": False, "language": None}
        with pytest.raises(HostError, match="is a drive now"):
            ask(HandsFree(on=True))
        assert ask(HandsFree(on=False)) == {"hands_free": False}
        with pytest.raises(HostError, match="saykey drive off"):
            ask(List())
        assert ask(DriveOn()) == {"drive": True}
        assert ask(Reload()) == {"drive": True}
        assert ask(DriveOff()) == {"drive": True}
        life.until(State.IDLE)

    life.live(act)
    assert history(life) == ["show", "hide", "close"]


def test_a_signal_ends_it_as_the_drive_too_and_what_was_dropped_stays(life: Life):
    life.host = lambda image: drop(image, "SAYKEY.TOML", b"[text]\njoin = 'none'\n")
    life.button.press()
    life.live(lambda: life.until(State.DRIVE))
    assert history(life)[-1] == "close"
    assert Kept().image.exists()
    life.button.release()
    life.live(lambda: life.until(State.IDLE))
    assert [settings.text.join for settings in life.settings] == ["none"]
    assert not Kept().image.exists()


def test_a_signal_while_it_becomes_the_drive_ends_it(life: Life):
    def terminate(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    life.microphone_stops = life.host = terminate
    asking = threading.Thread(target=lambda: (life.until(State.IDLE), ask(DriveOn())))
    asking.start()
    life.run()
    asking.join()
    assert history(life) == []


def test_what_was_left_is_taken_before_the_drive_is_shown_again(life: Life):
    drop(Kept().make_image().path, "SAYKEY.TOML", b"[text]\njoin = 'none'\n")
    life.button.press()
    seen: list[bytes] = []
    life.host = lambda _: seen.append(Kept().last_result()) or True
    life.live(lambda: life.until(State.IDLE))
    assert seen == [b"The settings in SAYKEY.TOML are in force.\r\nfile: SAYKEY.TOML\r\n"]
    assert history(life)[:2] == ["close", "show"]


def test_settings_with_which_it_would_not_start_are_not_taken(life: Life):
    def refuse(settings: Settings) -> None:
        raise ModelError(f"text.join is {settings.text.join}")

    life.check_start = refuse
    drop(Kept().make_image().path, "SAYKEY.TOML", b"[text]\njoin = 'none'\n")
    life.live(lambda: life.until(State.IDLE))
    assert b"as before: SAYKEY.TOML, line 2: text.join is none." in Kept().last_result()
    assert life.settings[-1].text.join == "space"


def test_reloading_takes_fresh_parts_with_what_is_set_now(life: Life, tmp_path: Path):
    def act() -> None:
        life.until(State.IDLE)
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "saykey.toml").write_text("[text]\njoin = 'none'\n")
        assert ask(Reload()) == {"drive": False}
        life.until(State.IDLE)

    life.live(act)
    assert [settings.text.join for settings in life.settings] == ["space", "none"]


def test_a_drive_that_cannot_be_shown_leaves_the_keyboard(life: Life, monkeypatch, caplog):
    def refuse(_: Path) -> None:
        raise DriveError("There is no controller.")

    monkeypatch.setattr(life.drive, "show", refuse)

    def act() -> None:
        life.until(State.IDLE)
        ask(DriveOn())
        assert life.until(State.ERROR) == "There is no controller."
        life.until(State.IDLE)

    life.live(act)
    assert "There is no controller." in caplog.text


@pytest.fixture
def stuck(life: Life, monkeypatch) -> queue.SimpleQueue[str]:
    """Have the keyboard not come back before something is put here; nobody waits long for the next try."""
    mended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def refuse() -> None:
        history(life).append("stuck")
        if mended.empty():
            raise DriveError("The kernel refuses.")

    monkeypatch.setattr(running, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(running, "_LONGEST_PAUSE_S", 0.004)
    monkeypatch.setattr(life.drive, "close", refuse)
    return mended


@pytest.mark.parametrize("is_left", [False, True])
def test_a_keyboard_that_does_not_come_back_is_tried_again_and_shown(life: Life, stuck, caplog, is_left):
    if is_left:  # by a daemon that was cut off, so that nothing is shown to the host
        Kept().make_image()
    else:
        life.button.press()

    def act() -> None:
        if not is_left:
            life.until(State.DRIVE)
        for _ in range(2):  # by what was the drive, and then for as long as it lasts
            assert life.until(State.ERROR) == "The kernel refuses."
        while history(life).count("stuck") < 5:
            threading.Event().wait(0.01)
        stuck.put("mended")
        life.until(State.IDLE)

    life.live(act)
    tries = history(life).count("stuck")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "The kernel refuses."
    ] * (tries - 1 - is_left)  # what was left is taken first, with a warning


def test_whatever_keeps_the_keyboard_from_coming_back_it_is_tried_again(life: Life, stuck, monkeypatch):
    errors = [DriveError("The kernel refuses."), OSError(12, "Cannot allocate memory")]

    def refuse() -> None:
        if errors:
            raise errors.pop(0)

    monkeypatch.setattr(life.drive, "close", refuse)
    life.button.press()

    def act() -> None:
        life.until(State.DRIVE)
        assert life.until(State.ERROR) == "The kernel refuses."
        assert life.until(State.ERROR) == "the keyboard cannot be had again (OSError)"
        life.until(State.IDLE)

    life.live(act)


def test_one_that_is_stuck_can_be_the_drive_again_and_be_ended(life: Life, stuck):
    life.button.press()

    def act() -> None:
        life.until(State.DRIVE)
        life.until(State.ERROR)
        life.until(State.ERROR)
        ask(DriveOn())
        life.until(State.DRIVE)
        for _ in range(2):
            life.until(State.ERROR)

    life.live(act)
    assert history(life).count("show") == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ModelError("It is odd.")])
def test_whatever_keeps_it_from_being_a_drive_leaves_the_keyboard(life: Life, monkeypatch, error):
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(Kept, "make_image", refuse)
    life.button.press()
    life.live(lambda: (life.until(State.ERROR), life.until(State.IDLE)))
    assert history(life)[-1] == "close"


def test_a_key_that_was_left_is_asked_for_where_the_drive_is_wanted_alone(life: Life):
    for wanted, other in ((State.IDLE, State.CONFIRM), (State.CONFIRM, State.IDLE)):
        drop(Kept().make_image().path, "SAYKEY.PUB", bytes(OWNER.public_key))
        shown: list[State] = []
        life.live(lambda wanted=wanted, shown=shown: shown.extend(life.all_until(wanted)))
        assert other not in shown
        life.button.press()
    assert Kept().trust.key() is None


def test_a_drive_mends_settings_that_keep_it_from_starting(life: Life, tmp_path: Path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "saykey.toml").write_text("[text\n")
    rounds = [False, True]

    def mend(image: Path) -> bool:
        if rounds.pop():
            drop(image, "SAYKEY.TOML", b"[text]\njoin = 'none'\n")
        return True

    life.host = mend
    life.button.press()
    life.live(lambda: life.until(State.IDLE))
    assert life.settings[0].text.join == "none"


def test_another_saykey_does_not_touch_the_drive_of_the_first(life: Life):
    life.host = lambda _: None
    other = Life(life.folder)
    refused: list[str] = []

    def act() -> None:
        life.until(State.DRIVE)
        try:
            other.run()
        except (ControlError, ValueError, RuntimeError) as error:
            refused.append(str(error))

    life.button.press()
    life.live(act)
    assert "runs already" in refused[0]
    assert history(other) == []
    assert Kept().image.exists()


def test_at_a_desk_there_is_no_drive_and_nothing_is_left_to_take(life: Life):
    Kept().make_image()
    life.drive = None
    life.button.press()
    life.live(lambda: life.until(State.IDLE))
    assert Kept().image.exists()


# Starts that fail.


@pytest.fixture
def store(life: Life) -> Store:
    """A store with a model in use and one before it."""
    store = Store(life.folder / "state" / "models")
    for name in ("good", "bad"):
        (store.root / name).mkdir(parents=True)
        store.switch_to(name)
    return store


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is verified."""
    monkeypatch.setattr(Store, "verify", lambda _store, _name: None)


def start(life: Life, error: Exception | None = None) -> None:
    life.fails = error
    if error is None:
        life.live(lambda: life.until(State.IDLE))
        return
    with pytest.raises(type(error)):
        life.run()


def test_a_model_with_which_it_failed_to_start_three_times_is_given_up(life: Life, store: Store):
    for _ in range(3):
        start(life, ModelError("It is bad: flash it again."))
        assert store.current() == "bad"
    start(life)
    assert (store.current(), store.previous()) == ("good", None)


def test_why_it_could_not_begin_is_on_the_drive_until_it_could(life: Life):
    told: list[bool] = []
    life.host = lambda image: told.append("DOCTOR.TXT" in names(image) and read(image, "DOCTOR.TXT")) or True

    def be_drive() -> None:
        life.fails = None
        life.button.press()
        life.live(lambda: (life.until(State.DRIVE), life.button.release(), life.until(State.IDLE)))

    start(life, KeyboardError("There is no keyboard.\x1b"))
    be_drive()
    be_drive()
    sentence = "Saykey could not begin when it was started last: There is no keyboard.?\r\n\r\n"
    assert told == [sentence, False]


def test_a_button_that_cannot_be_had_is_told_on_the_drive_too(life: Life, monkeypatch):
    def refuse() -> bool:
        raise PinError("GPIO99 is taken; choose another pin")

    with monkeypatch.context() as broken:
        broken.setattr(life.button, "is_held", refuse)
        with pytest.raises(PinError):
            life.run()
    assert "GPIO99 is taken" in Kept().wrong()


def test_failures_that_are_not_the_models_are_not_counted(life: Life, store: Store):
    for error in (ModelError("No."), ModelError("No."), KeyboardError("No gadget."), ModelError("No.")):
        start(life, error)
    start(life)
    assert store.current() == "bad"


def test_a_start_that_succeeded_begins_the_count_anew(life: Life, store: Store):
    life.present = False  # a microphone that is missing is no reason to give a model up
    for error in (ModelError("No."), ModelError("No."), None, ModelError("No."), ModelError("No.")):
        life.fails = error
        start(life, error) if error else life.live(lambda: life.until(State.ERROR))
    life.present = True
    start(life)
    assert store.current() == "bad"


def test_a_model_that_the_settings_name_is_not_given_up(life: Life, store: Store):
    (life.folder / "state" / "saykey.toml").write_text('[recognition]\nmodel = "bad"\n')
    for _ in range(4):
        start(life, ModelError("No."))
    assert (store.current(), store.previous()) == ("bad", "good")
