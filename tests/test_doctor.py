from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from device.commands import doctor
from device.doctor import machine, software, sound
from device.doctor.finding import Verdict, examine, fault, ok, warning
from device.errors import ModelError, SoundError
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard
from device.kept_words import KeptWords
from device.mute import FILE, Mute
from device.settings import RecognitionSettings, Settings, SpeechSettings, VocabularySettings
from tests import tiny_model
from tests.pulse import PulseMicrophone

if TYPE_CHECKING:
    from pathlib import Path

    from device.doctor.finding import Finding

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT


def only(findings):
    (finding,) = findings
    return finding


def diagnose(check):
    """Give what is reported of one check, its errors included."""
    return [finding for _, finding in examine({"it": check})]


# Running checks.


def test_a_check_that_fails_is_a_fault_and_stops_no_other():
    def faints():
        yield ok("so far")
        raise ZeroDivisionError("by zero")

    found = list(examine({"first": faints, "second": lambda: [ok("fine")]}))

    assert [(subject, finding.verdict) for subject, finding in found] == [
        ("first", OK),
        ("first", FAULT),
        ("second", OK),
    ]
    assert "ZeroDivisionError: by zero" in found[1][1].found
    assert found[1][1].advice


@pytest.mark.parametrize(
    ("message", "found", "advice"),
    [
        (
            "No model is installed; run: saykey model fetch",
            "No model is installed",
            "run: saykey model fetch",
        ),
        ("a/b is damaged: fetch it again.", "a/b is damaged", "fetch it again"),
    ],
)
def test_our_errors_are_parted_into_what_is_and_what_to_do(message: str, found: str, advice: str):
    def check():
        raise ModelError(message)

    assert diagnose(check) == [fault(found, advice)]


def test_an_error_that_advises_nothing_still_gets_advice():
    def check():
        raise ModelError("broken")

    finding = only(diagnose(check))
    assert finding.found == "broken"
    assert finding.advice


def test_a_report_holds_no_user_name_and_nothing_that_commands_a_terminal(monkeypatch):
    monkeypatch.setenv("HOME", "/home/mia")
    spoken = "/home/mia/models, /home/mia2/models, \x1b[2J\nMicro\udc80phone"

    finding = only(diagnose(lambda: [warning(spoken, "see /home/mia")]))

    assert finding == warning("~/models, /home/mia2/models, [2J Micro phone", "see ~")


@pytest.mark.parametrize(
    "said",
    [
        "/etc/saykey.d/hosts.toml, line 2: hosts.NAME is a table: write [hosts.NAME] on a line of its own",
        "hosts is a table, and saykey hosts lists who is paired",
    ],
)
def test_what_is_no_name_of_a_computer_stays(said):
    assert only(diagnose(lambda: [ok(said)])) == ok(said)


# Settings, model, detector, versions.


def test_settings_tell_which_files_count(tmp_path: Path):
    (tmp_path / "saykey.toml").write_text("[button]\nmode = 'toggle'\n")
    config = tmp_path / "trial.toml"
    config.write_text("[commands]\nnew_line = 'strict'\n")

    settings, finding = software.settings_in_force(config, tmp_path)

    assert (settings.button.mode, settings.commands.new_line) == ("toggle", "strict")
    assert finding.verdict is OK
    assert "saykey.toml" in finding.found
    assert "trial.toml" in finding.found


def test_without_settings_files_the_defaults_are_named(tmp_path: Path):
    assert software.settings_in_force(None, tmp_path) == (
        Settings(),
        ok(f"the defaults: no file in {tmp_path} sets any"),
    )


def test_wrong_settings_are_a_fault_and_the_other_checks_take_the_defaults(tmp_path: Path):
    (tmp_path / "saykey.toml").write_text("[button]\nmod = 'toggle'\n")

    settings, finding = software.settings_in_force(None, tmp_path)

    assert settings == Settings()
    assert finding.verdict is FAULT
    assert "did you mean 'mode'?" in finding.found
    assert finding.advice


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("doctor") / "whisper")


def test_no_model_says_which_to_fetch(tmp_path: Path):
    settings = RecognitionSettings(store=str(tmp_path))
    finding = only(diagnose(lambda: software.model(settings, lambda: None)))
    assert finding.verdict is FAULT
    assert finding.advice == "run: saykey model fetch tiny.en"


def test_a_whole_model_is_named(folder: Path, tmp_path: Path):
    (tmp_path / "other").mkdir()
    settings = RecognitionSettings(model=str(folder), store=str(tmp_path))
    finding = only(diagnose(lambda: software.model(settings, lambda: None)))
    assert finding.verdict is OK
    assert finding.found.startswith("whisper: ")
    assert "float16" in finding.found
    assert finding.found.endswith("also installed: other")


def test_a_damaged_model_is_a_fault_and_is_not_loaded(folder: Path, tmp_path: Path):
    broken = tmp_path / "whisper"
    broken.mkdir()
    for file in folder.iterdir():
        content = file.read_bytes()
        (broken / file.name).write_bytes(content[:1000] if file.name == "model.bin" else content)
    loaded = []
    settings = RecognitionSettings(model=str(broken))

    finding = only(diagnose(lambda: software.model(settings, lambda: loaded.append("model"))))

    assert finding.verdict is FAULT
    assert not loaded


def test_a_model_that_does_not_load_is_a_fault(folder: Path):
    def fail():
        raise ModelError("The model cannot be loaded (why): run saykey model verify.")

    settings = RecognitionSettings(model=str(folder))
    assert diagnose(lambda: software.model(settings, fail)) == [
        fault("The model cannot be loaded (why)", "run saykey model verify")
    ]


def test_an_english_model_for_another_language_is_a_warning(folder: Path):
    settings = RecognitionSettings(model=str(folder), language="de")
    _, finding = diagnose(lambda: software.model(settings, lambda: None))
    assert finding.verdict is WARNING
    assert "'de'" in finding.found


@pytest.mark.parametrize(
    ("spoken", "verdict", "found"),
    [
        ({"languages": ["en", "de"]}, WARNING, "cannot be chosen: de"),
        ({"language": "auto", "languages": ["en"]}, WARNING, "knows English only, but recognition.language"),
    ],
)
def test_languages_that_an_english_model_lacks_are_a_warning(folder: Path, spoken, verdict, found):
    settings = RecognitionSettings(model=str(folder), **spoken)
    _, finding = diagnose(lambda: software.model(settings, lambda: None))
    assert finding.verdict is verdict
    assert found in finding.found


@pytest.mark.parametrize(
    ("spoken", "verdict", "found"),
    [
        ({"language": "auto"}, WARNING, "of all that the model knows"),
        ({"language": "auto", "languages": ["en", "de"]}, OK, "the language is heard, one of en, de"),
        ({"language": "de"}, OK, "the language is de"),
    ],
)
def test_the_language_of_a_multilingual_model_is_told(tmp_path: Path, spoken, verdict, found):
    folder = tiny_model.write(
        tmp_path / "whisper", size=tiny_model.MULTILINGUAL, languages=["de"], dtype="int8"
    )
    settings = RecognitionSettings(model=str(folder), **spoken)
    _, finding = diagnose(lambda: software.model(settings, lambda: None))
    assert finding.verdict is verdict
    assert found in finding.found


def test_a_slow_model_is_a_warning():
    assert software.speed("small", software.SLOW_S + 1).verdict is WARNING
    assert software.speed("tiny.en", software.SLOW_S - 1).verdict is OK


class ConstantDetector:
    def __init__(self, probability):
        self._probability = probability

    def reset(self):
        pass

    def probability(self, window):
        return self._probability


def test_the_detector_must_find_silence_silent():
    settings = SpeechSettings(threshold=0.5)
    assert only(diagnose(lambda: software.detector(settings, lambda: ConstantDetector(0.01)))).verdict is OK
    deaf = only(diagnose(lambda: software.detector(settings, lambda: ConstantDetector(0.9))))
    assert deaf.verdict is FAULT
    assert deaf.advice


def test_versions_are_named_and_what_is_missing_is_a_fault():
    found, missing = software.versions(("numpy", "no-such-package"), (3, 12, 1))
    assert f"numpy {np.__version__}" in found.found
    assert "Python 3.12.1" in found.found
    assert missing.verdict is FAULT
    assert "no-such-package" in missing.found


@pytest.mark.parametrize(("python", "verdicts"), [((3, 13, 9), [OK]), ((3, 14, 0), [OK, WARNING])])
def test_an_untried_python_is_a_warning(python: tuple[int, ...], verdicts: list[Verdict]):
    assert [finding.verdict for finding in software.versions((), python)] == verdicts


# The microphone.


class FakeMicrophone:
    """Posts what it is given as soon as it is started."""

    def __init__(self, *events):
        self._events = events
        self.is_stopped = False

    def start(self, post):
        for event in self._events:
            post(event)

    def stop(self):
        self.is_stopped = True


def delivering(samples, *others):
    """Give a microphone that delivers these samples over and over."""
    windows = [
        SoundHeard(np.resize(samples, (2 * SAMPLE_RATE_HZ,)).astype(np.float32)[start : start + WINDOW])
        for start in range(0, 2 * SAMPLE_RATE_HZ - WINDOW, WINDOW)
    ]
    return FakeMicrophone(MicrophoneReady("USB mic"), *others, *windows)


def noise(amplitude):
    return amplitude * np.random.default_rng(1).standard_normal(SAMPLE_RATE_HZ)


INPUTS = [("USB mic", 48_000, 1), ("Line", 44_100, 2)]


def listened(microphone):
    listing, finding = sound.microphone(lambda: INPUTS, microphone)
    assert listing == ok("inputs: USB mic (48000 Hz, 1 channel), Line (44100 Hz, 2 channels)")
    assert microphone.is_stopped
    return finding


def test_a_quiet_room_is_fine_and_its_level_is_told():
    finding = listened(delivering(noise(0.001)))
    assert finding.verdict is OK
    assert "USB mic" in finding.found
    assert "RMS -60 dBFS" in finding.found


def test_a_sine_at_full_scale_is_3_db_below_it():
    sine = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    finding = listened(delivering(sine))
    assert finding.verdict is WARNING
    assert "peak 0 dBFS, RMS -3 dBFS: it clips" in finding.found


def test_zeros_are_a_muted_microphone():
    finding = listened(delivering(np.zeros(WINDOW)))
    assert finding.verdict is FAULT
    assert finding.found == "USB mic delivers only zeros: muted?"
    assert "alsamixer" in finding.advice


def test_a_loud_background_is_a_warning():
    finding = listened(delivering(noise(0.1)))
    assert finding.verdict is WARNING
    assert "loud" in finding.found


def test_talking_meanwhile_is_no_loud_background():
    talk = noise(0.1) * (np.arange(SAMPLE_RATE_HZ) % 8000 < 6000) + noise(0.001)
    assert listened(delivering(talk)).verdict is OK


def test_a_crack_at_the_start_is_not_judged():
    samples = noise(0.001)[:4000]
    crack = FakeMicrophone(
        MicrophoneReady("USB mic"),
        *[SoundHeard(np.ones(WINDOW, np.float32))] * 5,
        *[SoundHeard(samples[:WINDOW].astype(np.float32))] * 50,
    )
    assert listened(crack).verdict is OK


def test_lost_sound_is_a_warning():
    finding = listened(delivering(noise(0.001), SoundDropped()))
    assert finding.verdict is WARNING
    assert "lost" in finding.found


def test_a_missing_microphone_says_why_and_what_to_do():
    lost = FakeMicrophone(MicrophoneLost("there is no microphone; plug one in"))
    assert list(sound.microphone(list, lost)) == [fault("there is no microphone", "plug one in")]
    assert lost.is_stopped


def test_a_microphone_that_cannot_be_opened_gets_advice():
    busy = FakeMicrophone(MicrophoneLost("the microphone cannot be opened: Device unavailable"))
    finding = listened(busy)
    assert finding.found == "the microphone cannot be opened: Device unavailable"
    assert finding.advice


def test_a_sound_system_that_hangs_does_not_hang_the_doctor(monkeypatch):
    monkeypatch.setattr(sound, "_PATIENCE_S", 0.01)
    finding = listened(FakeMicrophone())
    assert finding.verdict is FAULT


def test_missing_portaudio_is_a_fault():
    def inputs():
        raise SoundError("PortAudio is missing; run: apt install libportaudio2")

    assert list(sound.microphone(inputs, FakeMicrophone())) == [
        fault("PortAudio is missing", "run: apt install libportaudio2")
    ]


def test_a_muted_sound_server_is_found(tmp_path: Path):
    with PulseMicrophone(tmp_path) as microphone:
        done = subprocess.run(
            [sys.executable, "-m", "device.cli", "doctor", "--json"],
            env=microphone.env,
            capture_output=True,
            check=False,
            timeout=120,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    said = [line for line in lines if line["check"] == "microphone"]
    assert [line["state"] for line in said] == ["ok", "fault", "ok"]
    assert "delivers only zeros" in said[1]["found"]
    assert "Capture is at" in said[2]["found"]
    assert "microphone.gain is auto" in said[2]["found"]
    assert done.returncode == 1


# The machine.


def may(_path, _mode):
    return True


def may_not(_path, _mode):
    return False


def test_permissions_that_suffice_are_one_line(tmp_path: Path):
    assert only(machine.permissions(tmp_path / "not/yet/there", tmp_path, may, is_root=False)).verdict is OK


def test_what_was_lost_of_the_card_is_told(tmp_path: Path):
    told = tmp_path / "told"
    assert list(machine.card(told)) == []
    told.write_text("The data partition was damaged, and could be repaired.\n")
    finding = only(machine.card(told))
    assert (finding.verdict, finding.found) == (
        WARNING,
        "The data partition was damaged, and could be repaired",
    )
    assert "worn out" in finding.advice


def test_what_was_not_taken_from_the_card_is_no_fault_of_the_card(tmp_path: Path):
    told = tmp_path / "told"
    told.write_text("SAYKEY.TOML was not taken: the boot partition is full. Delete something.\n")
    finding = only(machine.card(told))
    assert finding.found == "SAYKEY.TOML was not taken: the boot partition is full"
    assert finding.advice == "Delete something"


def test_each_lack_of_permission_is_named(tmp_path: Path):
    (tmp_path / "snd").mkdir()
    (tmp_path / "snd/pcmC1D0c").touch()
    (tmp_path / "snd/pcmC1D0p").touch()

    findings = list(machine.permissions(tmp_path / "models", tmp_path, may_not, is_root=True))

    assert [finding.verdict for finding in findings] == [WARNING] * 3
    root, store, microphones = (finding.found for finding in findings)
    assert "root" in root
    assert str(tmp_path) in store
    assert microphones.endswith("pcmC1D0c")


@pytest.mark.parametrize(("access", "verdict"), [(may, OK), (may_not, WARNING)])
def test_who_is_not_in_the_group_is_sent_into_it_and_not_told_to_take_the_services_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access, verdict: Verdict
):
    monkeypatch.setattr(machine, "SERVICE_STATE", tmp_path)
    finding = only(machine.permissions(tmp_path / "models", tmp_path, access, is_root=False))
    assert finding.verdict is verdict
    assert ("usermod -aG saykey" in finding.advice) is (verdict is WARNING)
    assert "chown" not in finding.advice


def meminfo(file: Path, total_mb: int, free_mb: int) -> Path:
    rows = (
        f"{name}: {megabytes * 1000} kB\n"
        for name, megabytes in (("MemTotal", total_mb), ("MemAvailable", free_mb))
    )
    file.write_text("".join(rows))
    return file


@pytest.mark.parametrize(
    ("total_mb", "free_mb", "verdict"), [(4000, 3000, OK), (512, 100, WARNING), (128, 100, FAULT)]
)
def test_memory_is_held_to_the_model(
    folder: Path, tmp_path: Path, total_mb: int, free_mb: int, verdict: Verdict
):
    file = meminfo(tmp_path / "meminfo", total_mb, free_mb)
    finding = only(machine.memory(RecognitionSettings(model=str(folder)), file, 4))
    assert finding.verdict is verdict
    assert "4 CPUs; the model needs about" in finding.found


def test_memory_without_a_model_is_only_told(tmp_path: Path):
    settings = RecognitionSettings(store=str(tmp_path))
    finding = only(machine.memory(settings, meminfo(tmp_path / "meminfo", 128, 100), 1))
    assert finding.verdict is OK
    assert finding.found.endswith("1 CPU")


def test_more_threads_than_cpus_is_a_warning(folder: Path, tmp_path: Path):
    settings = RecognitionSettings(model=str(folder), threads=8)
    _, finding = machine.memory(settings, meminfo(tmp_path / "meminfo", 4000, 3000), 2)
    assert finding.verdict is WARNING
    assert "8" in finding.found


# The command.

ALL = {
    "settings": lambda: [ok("the defaults")],
    "keyboard": lambda: [warning("this machine is no USB device " * 5, "at a desk " * 12)],
    "microphone": lambda: [fault("there is no microphone", "plug one in")],
}


def call(monkeypatch, checks, *, as_json=False):
    monkeypatch.setattr(doctor, "checks", lambda _config: checks)
    return doctor.run(argparse.Namespace(config=None, json=as_json))


@pytest.mark.parametrize(
    ("subjects", "status", "summary"),
    [
        (["settings"], 0, "All is well."),
        (["settings", "keyboard"], 0, "1 warning: dictation works as far as they let it."),
        (["settings", "keyboard", "microphone"], 1, "1 fault, 1 warning."),
    ],
)
def test_only_a_fault_fails(monkeypatch, capsys, subjects: list[str], status: int, summary: str):
    assert call(monkeypatch, {subject: ALL[subject] for subject in subjects}) == status
    assert capsys.readouterr().out.splitlines()[-1] == summary


def test_elsewhere_than_on_a_terminal_a_finding_is_one_plain_line(monkeypatch, capsys):
    call(monkeypatch, ALL)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.isascii()
    assert "fault    microphone   there is no microphone\n" in out
    assert re.search(r"^ +-> plug one in$", out, re.MULTILINE)


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_signs_and_colour_within_its_width(monkeypatch, capsys, no_color: str):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", no_color)
    call(monkeypatch, ALL)
    out = capsys.readouterr().out
    assert ("\x1b[31m" in out) == (not no_color)
    plain = re.sub(r"\x1b\[\d+m", "", out)
    assert "✗ fault    microphone   there is no microphone" in plain
    assert max(map(len, plain.splitlines())) <= 80


def test_a_microphone_that_is_muted_is_not_listened_to(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(doctor, "SERVICE_FOLDER", tmp_path)
    Mute(tmp_path / FILE).turn(on=True)
    assert call(monkeypatch, dict(ALL)) == 0
    assert "it is muted" in capsys.readouterr().out


def test_json_is_one_object_a_line(monkeypatch, capsys):
    assert call(monkeypatch, ALL, as_json=True) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["check"] for line in lines] == list(ALL)
    assert lines[2] == {
        "check": "microphone",
        "state": "fault",
        "found": "there is no microphone",
        "advice": "plug one in",
    }


def test_this_machine_can_be_examined_whatever_it_lacks(tmp_path: Path, capsys):
    config = tmp_path / "trial.toml"
    config.write_text(f'[recognition]\nstore = "{tmp_path}"\n')

    doctor.run(argparse.Namespace(config=config, json=True))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(dict.fromkeys(line["check"] for line in lines)) == [
        "settings",
        "model",
        "detector",
        "words",
        "microphone",
        "pins",
        "display",
        "keyboard",
        "bluetooth",
        "permissions",
        "corrections",
        "memory",
        "versions",
    ]
    assert not [line for line in lines if "check itself failed" in line["found"]]
    assert all(bool(line["advice"]) == (line["state"] != "ok") for line in lines)


def words_found(kept: KeptWords, use: Literal["none", "hotwords"] = "none") -> Finding:
    settings = Settings(
        recognition=RecognitionSettings(model="tiny.en"), vocabulary=VocabularySettings(use=use)
    )
    (found,) = software.words(settings, kept)
    return found


def test_the_words_are_counted_and_not_named(tmp_path: Path):
    kept = KeptWords(tmp_path)
    kept.change("Przybylski\n", "words")
    assert words_found(kept).verdict is Verdict.OK
    assert words_found(kept).found == f"1 word in {tmp_path}/words.txt"


def test_a_list_of_words_that_is_wrong_is_told_without_its_words(tmp_path: Path):
    (tmp_path / "words.txt").write_text("secret\nsecret\n")
    found = words_found(KeptWords(tmp_path))
    assert found.verdict is Verdict.WARNING
    assert "saykey words" in found.advice
    assert "secret" not in f"{found}"


@pytest.mark.usefixtures("real_settings")
def test_words_that_do_not_fit_are_told(tmp_path: Path):
    kept = KeptWords(tmp_path)
    kept.change("".join(f"Przybylski{number}\n" for number in range(100)), "words")
    found = words_found(kept, "hotwords")
    assert found.verdict is Verdict.WARNING
    assert "100 words" in found.found
    assert "the first" in found.found
    assert "vocabulary.use" in found.advice
