"""How long it takes to install a bundle, stage by stage, and the most memory that it takes.

    python tests/bench/install.py [--model tiny.en --model base] [--rounds 3]

Each installation is a process of its own, into a store that has one flashed model in use, as is usual. The
bundle is read from a file. Before the first stage the signature is verified, and Python has started.
Memory is the most that was resident: of the process itself, and of the one in which it tries the model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from minisign import KeyPair

from device.models.signature import PublicKey
from device.models.store import Store, default_root
from tests.packages import ROOT
from trainer.flashing.bundle import pack
from trainer.progress import silent

INSTALL = """
import json, re, resource, sys, time
from pathlib import Path
began = time.monotonic()
from device.models.install import install
from device.models.signature import PublicKey
from device.models.store import Store
stages = []
def progress(what, done):
    if not stages or stages[-1][0] != what:
        stages.append((what, time.monotonic()))
with open(sys.argv[2], "rb") as stream:
    found = install(Store(Path(sys.argv[1])), stream, PublicKey(sys.argv[3]), progress)
stages.append(("", time.monotonic()))
times = {what: end - start for (what, start), (_, end) in zip(stages, stages[1:])}
highest = re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps({
    "times": {"signature": stages[0][1] - began, **times, "in all": stages[-1][1] - began},
    "peak_kib": int(highest),
    "trial_kib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    "factor": found.real_time_factor,
}))
"""

STAGES = ("signature", "unpacking", "checking", "self-test", "switching", "in all")


def main() -> None:
    """Measure each model, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", action="append", help="a model's folder, or its name in the store")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    heads = [*(f"{stage} s" for stage in STAGES), "peak MB", "trial MB", "RTF"]
    print(f"{'':12}{'bundle MB':>11}" + "".join(f"{head:>13}" for head in heads))
    for model in arguments.model or ["tiny.en", "base"]:
        folder = Path(model) if "/" in model else Store(default_root()).installed(model)
        print(row(folder, arguments.rounds), flush=True)


def row(model: Path, rounds: int) -> str:
    """Measure a model some times, and give its line of the table, the medians."""
    with tempfile.TemporaryDirectory() as name:
        folder, pair = Path(name), KeyPair.generate()
        bundles = []
        for number in range(2):  # two that differ: the first is in use when the second is installed
            settings = folder / "settings.toml"
            settings.write_text(f"[speech]\nspeech_pad_ms = {200 + number}\n")
            target = folder / f"{number}.saykey"
            bundles.append(pack(model, target, pair.secret_key, settings=settings, report=silent))
        key = PublicKey.parse(bytes(pair.public_key)).text
        results = []
        for number in range(rounds):
            store = folder / f"store{number}"
            first, second = (installed(store, bundle, key) for bundle in bundles)
            assert first != second
            results.append(second)
        size = bundles[1].stat().st_size / 1e6
    times = [median(result["times"].get(stage, 0.0) for result in results) for stage in STAGES]
    peaks = [median(result[what] for result in results) * 1024 / 1e6 for what in ("peak_kib", "trial_kib")]
    factor = median(result["factor"] for result in results)
    figures = [*(f"{time_s:13.2f}" for time_s in times), *(f"{peak_mb:13.0f}" for peak_mb in peaks)]
    return f"{model.name:12}{size:11.1f}{''.join(figures)}{factor:13.2f}"


def installed(store: Path, bundle: Path, key: str) -> dict[str, Any]:
    """Install a bundle, and give what was measured."""
    command = [sys.executable, "-c", INSTALL, str(store), str(bundle), key]
    done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
