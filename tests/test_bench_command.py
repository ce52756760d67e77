from __future__ import annotations

import argparse
import json
import re

import pytest
from msgspec.structs import replace

from device.audio.sound import WINDOW_MS
from device.bench import stages
from device.bench.board import Others, look
from device.bench.stages import EXTRAS, SENTENCE, STAGES, Bench, Times
from device.bench.verdict import in_words, judge
from device.cli import main
from device.commands import bench
from device.errors import ModelError
from device.settings import Settings
from device.speech.engine import Decoded
from device.speech.live import is_due
from tests import tiny_model
from tests.parts import ScriptedRecogniser
from tests.saykey import saykey, write_config

LENGTHS_S = (1.8, 4.0, 8.4, 15.0)


def times_of(*, listening=0.01, rtf=0.1, after_release_ms=400.0):
    """Give times of a board that takes these shares of the sound's length."""
    times = tuple(
        Times(length_s, {stage: [1000 * rtf * length_s / 2] * 3 for stage in STAGES})
        for length_s in LENGTHS_S
    )
    for each in times:
        each.stages["detect"] = [1000 * listening * each.duration_s]
        each.stages["recognise"] = [1000 * rtf * each.duration_s]
    times[SENTENCE].stages |= {stage: [3.0] for stage in EXTRAS} | {"after release": [after_release_ms]}
    return times


# The command.


def test_the_table_and_what_it_means(real_settings, tmp_path, capsys):
    assert main(["bench", "--rounds", "1", "--config", str(write_config(tmp_path))]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    assert re.search(r"^model +tiny.en: 39 MB, int8, ready in \d", out, re.MULTILINE)
    assert re.search(r"^board +\S.*, \d+ of \d+ cores", out, re.MULTILINE)
    assert "ctranslate2" in out
    assert re.search(r"ms \(slowest round\) +1.8 s +4.0 s +8.4 s +15.0 s\n", out)
    for row in ("listen, each s", "encode", "its spectrogram", "decode", "encode and decode"):
        assert re.search(rf"^ +{row}( +[\d.]+ \([\d.]+\)){{4}}$", out, re.MULTILINE), row
    assert re.search(r"^memory +\d+ MB, \d+ MB at most", out, re.MULTILINE)
    assert re.search(r"^(Keeps up:|Too slow|This board is too slow)", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80


def test_json_is_one_object_with_every_round(real_settings, tmp_path, capsys):
    assert main(["bench", "--json", "--rounds", "2", "--config", str(write_config(tmp_path))]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert result["model"] == "tiny.en"
    assert 0 < result["resident_mb"] <= result["peak_mb"]
    assert set(result["board"]) == {"name", "cores", "governor", "temperature_c", "brakes"}
    assert [each["duration_s"] for each in result["times_ms"]] == list(LENGTHS_S)
    for index, each in enumerate(result["times_ms"]):
        assert set(each) == {"duration_s", *STAGES, *(EXTRAS if index == SENTENCE else ())}
        assert all(len(each[stage]) == 2 and min(each[stage]) > 0 for stage in STAGES)
    assert result["verdict"]["keeps_up"] in (True, False)


def test_a_board_that_is_too_slow_is_a_measurement_and_no_error(tmp_path, monkeypatch, capsys):
    folder = tiny_model.write(tmp_path / "large")
    monkeypatch.setattr(Bench, "measure", lambda *_: times_of(rtf=2.0))
    assert main(["bench", "--config", str(write_config(tmp_path, folder))]) == 0
    out = capsys.readouterr().out
    assert "Too slow for this model: recognising takes 200 % of the time" in out
    assert "Try tiny.en (now: large)" in " ".join(out.split())


def test_without_a_model_it_says_what_to_do(tmp_path):
    config = tmp_path / "trial.toml"
    config.write_text(f'[recognition]\nstore = "{tmp_path}"\n')
    done = saykey("bench", "--config", config)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "saykey: No speech model is installed; run: saykey model fetch tiny.en\n"


@pytest.mark.parametrize("rounds", ["0", "-1", "many", "1.5"])
def test_rounds_are_counted_from_one(rounds, capsys):
    with pytest.raises(SystemExit) as end:
        main(["bench", f"--rounds={rounds}"])
    assert end.value.code == 2
    assert "give a number from 1" in capsys.readouterr().err


def test_progress_is_shown_on_a_terminal_only_and_wiped_away(monkeypatch, capsys):
    bench._show_progress(0.5)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    bench._show_progress(0.5)
    assert "50%" in capsys.readouterr().err
    bench._show_progress(1.0)
    assert capsys.readouterr().err.strip() == ""


# What is measured.


class Engine:
    """Notes what it is asked for."""

    def __init__(self):
        self.whole = []
        self.beams = []

    def encode(self, samples, *, whole=False):
        self.whole.append(whole)
        return samples

    def decode(self, memory, duration_s, *, beam_size, no_repeat=0, language=""):
        self.beams.append(beam_size)
        return Decoded("word", (1,), -0.1, 0.0, capped=False)


class Detector:
    """Hears the same everywhere."""

    def __init__(self, probability):
        self._probability = probability

    def reset(self):
        pass

    def probability(self, window):
        return self._probability


def bench_of(rounds, probability=1.0):
    recogniser = ScriptedRecogniser(*["word"] * 2 * rounds)
    return Bench(Detector(probability), Engine(), recogniser, Settings(), n_mels=80)


def test_each_length_is_measured_in_each_round_and_the_sentence_more_closely():
    bench, told = bench_of(3), []
    times = bench.measure(3, told.append)
    assert [round(each.duration_s, 1) for each in times] == list(LENGTHS_S)
    assert all(len(each.stages[stage]) == 3 for each in times for stage in STAGES)
    assert [set(each.stages) >= set(EXTRAS) for each in times] == [False, True, False, False]
    assert bench.engine.whole.count(True) == 3
    assert bench.engine.beams.count(5) == 3
    assert len(bench.recogniser.anticipated) == 3
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_slow_board_measures_one_round(monkeypatch):
    monkeypatch.setattr(stages, "ENOUGH_S", 0.0)
    times = bench_of(5).measure(5, lambda _: None)
    assert all(len(each.stages["decode"]) == 1 for each in times)


def test_a_detector_that_hears_nothing_is_explained():
    with pytest.raises(ModelError, match="hears no speech"):
        bench_of(1, probability=0.0).measure(1, lambda _: None)


# What it comes to.


def test_a_fast_board_keeps_up():
    verdict = judge(times_of(listening=0.004, rtf=0.05, after_release_ms=190.0))
    assert verdict.keeps_up
    assert verdict.at_once_ms == verdict.pause_ms == 190 + 32  # a window of silence, and it begins
    text = "\n".join(in_words(verdict, "tiny.en", small="tiny.en"))
    assert text.startswith("Keeps up: ")
    assert "5 % of the time" in text
    assert "listening takes 0.4 % of one core" in text
    assert "about 230 ms after you let go, when you let go with the last word" in text
    assert "about 3 ms after, when you paused for 230 ms before" in text


@pytest.mark.parametrize("cost_ms", [100.0, 2000.0, 20_000.0])
def test_the_pause_is_as_long_as_it_takes_to_begin_and_to_end_a_recognition(cost_ms):
    begins_ms = judge(times_of(after_release_ms=cost_ms)).pause_ms - cost_ms
    assert is_due(begins_ms, cost_ms)
    assert not is_due(begins_ms - WINDOW_MS, cost_ms)


@pytest.mark.parametrize(
    ("listening", "rtf", "model", "said"),
    [
        (0.1, 1.3, "small", "Try tiny.en (now: small)"),
        (0.1, 1.0, "small.en", "Try tiny.en (now: small.en)"),
        (0.1, 1.3, "tiny.en", "with the smallest model that there is"),
        (0.6, 0.2, "tiny.en", "listening takes 60 % of one core"),
        (0.6, 1.3, "small", "listening takes 60 % of one core"),
    ],
)
def test_a_slow_one_does_not_and_why_is_said_in_numbers(listening, rtf, model, said):
    verdict = judge(times_of(listening=listening, rtf=rtf))
    assert not verdict.keeps_up
    text = "\n".join(in_words(verdict, model, small="tiny.en"))
    assert said in text
    assert "too slow" in text.lower()
    assert ("Try " in text) is (model != "tiny.en" and listening < 0.5)


def test_the_slowest_length_counts():
    times = times_of(rtf=0.1)
    times[-1].stages["recognise"] = [20_000.0]
    assert not judge(times).keeps_up


def test_one_slow_round_does_not_count():
    times = times_of(rtf=0.1)
    times[-1].stages["recognise"] = [1000.0, 1100.0, 90_000.0]
    assert judge(times).keeps_up


def test_the_suggestion_knows_the_users_language():
    german = replace(Settings(), recognition=replace(Settings().recognition, language="de"))
    assert bench._smallest(german) == "tiny"
    assert bench._smallest(Settings()) == "tiny.en"


# The board.


def kernel(root, files):
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_a_board_is_named_by_its_device_tree(tmp_path):
    board = look(kernel(tmp_path, {"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"}))
    assert board.name == "Raspberry Pi 4 Model B Rev 1.4"


def test_a_computer_is_named_by_its_processor(tmp_path):
    files = {"proc/cpuinfo": "processor\t: 0\nmodel name\t: Fast 3000\n\nprocessor\t: 1\n"}
    assert look(kernel(tmp_path, files)).name == "Fast 3000"


def test_a_kernel_that_tells_nothing_is_no_fault(tmp_path):
    board = look(tmp_path)
    assert board.name
    assert (board.governor, board.temperature_c, board.brakes) == ("", None, ())


def test_the_warmest_zone_counts(tmp_path):
    zones = {"thermal_zone0/temp": "51540\n", "thermal_zone1/temp": "62000\n", "thermal_zone2/temp": "?"}
    board = look(kernel(tmp_path, {f"sys/class/thermal/{name}": text for name, text in zones.items()}))
    assert board.temperature_c == 62


_VOLT, _COOLER = "sys/class/hwmon/hwmon1", "sys/class/thermal/cooling_device0"
_FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
_GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({f"{_VOLT}/name": "rpi_volt\n", f"{_VOLT}/in0_lcrit_alarm": "1\n"}, "power supply"),
        ({f"{_VOLT}/name": "rpi_volt\n", f"{_VOLT}/in0_lcrit_alarm": "0\n"}, ""),
        ({f"{_VOLT}/name": "other\n", f"{_VOLT}/in0_lcrit_alarm": "1\n"}, ""),
        ({_FIRMWARE: "50001\n"}, "power supply"),
        ({_FIRMWARE: "50000\n"}, ""),  # it was, since the start, and is no more
        ({_FIRMWARE: "4\n"}, "slowed down"),
        ({_FIRMWARE: "what?\n"}, ""),
        ({f"{_COOLER}/type": "cpufreq-cpu0\n", f"{_COOLER}/cur_state": "2\n"}, "slowed down"),
        ({f"{_COOLER}/type": "thermal-cpufreq-0\n", f"{_COOLER}/cur_state": "0\n"}, ""),
        ({f"{_COOLER}/type": "pwm-fan\n", f"{_COOLER}/cur_state": "3\n"}, ""),
        ({_GOVERNOR: "powersave\n"}, "powersave"),
        ({_GOVERNOR: "ondemand\n"}, ""),
    ],
)
def test_what_slows_a_board_down_is_told(tmp_path, files, said):
    brakes = look(kernel(tmp_path, files)).brakes
    assert len(brakes) == bool(said)
    assert said in "".join(brakes)


def test_other_programs_that_keep_the_cores_busy_are_told_of(tmp_path):
    kernel(tmp_path, {"proc/stat": "cpu  100 0 50 9000 10 0 0 0 0 0\ncpu0 1 1\n"})
    others = Others(tmp_path)
    kernel(tmp_path, {"proc/stat": "cpu  900000 0 50 9000 10 0 0 0 0 0\ncpu0 1 1\n"})
    (brake,) = others.brakes()
    assert "other programs" in brake


def test_cores_that_wait_are_not_busy(tmp_path):
    kernel(tmp_path, {"proc/stat": "cpu  100 0 50 9000 10 0 0 0 0 0\n"})
    others = Others(tmp_path)
    kernel(tmp_path, {"proc/stat": "cpu  100 0 50 990000 99999 0 0 0 0 0\n"})
    assert others.brakes() == ()
    assert Others(tmp_path / "nothing").brakes() == ()


def test_the_header_says_what_is_measured(tmp_path):
    facts = {"model": "base", "model_mb": 75, "quantization": "int8", "threads": 4, "ready_s": 1.23}
    board = look(kernel(tmp_path, {"proc/device-tree/model": "Some Board\0", _GOVERNOR: "ondemand\n"}))
    lines = bench.header(board, {**facts, "versions": {"saykey": "1.0", "ctranslate2": "4.8.5"}})
    assert lines == [
        f"board      Some Board, 4 of {board.cores} cores, governor ondemand",
        "model      base: 75 MB, int8, ready in 1.2 s",
        "versions   saykey 1.0, ctranslate2 4.8.5",
    ]


def test_it_takes_no_other_arguments():
    parser = argparse.ArgumentParser()
    bench.configure(parser)
    assert vars(parser.parse_args([])) == {"json": False, "rounds": bench.ROUNDS}
