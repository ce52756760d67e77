"""Saykey types through USB into a host, which pulls it out, refuses it and falls asleep; see test_usb.py."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from faults import Deauthorised, Suspended, Unplugged
from gadget import GADGETS, add_plug, device_of
from host import Host, host
from mixed_text import mixed_text
from wait import until

from device.keyboard.layout import layout_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults import Fault

_PRODUCT = "Saykey keyboard"
_GADGET = GADGETS / "saykey"
_SAYKEY = [sys.executable, "-m", "device.cli"]
_GADGET_PY = Path(__file__).with_name("gadget.py")
_EVENTS = Path("/tmp/events")  # noqa: S108  it is the guest's own
_MODULES = ("dummy_hcd", "usbhid", "hid-generic", "evdev")

_PACES = {"fast": 2_000, "normal": 2_000, "remote": 200}
"""Characters that are typed at each pace to measure it."""

_QUARTER_LIMIT_S = 300.0
"""A quarter of the text takes half a minute, and several on a busy machine."""

_AWAY_S = 1.0
"""How long a fault lasts: longer than the keyboard's patience."""


def main() -> None:
    """Do the scenarios that the arguments name; leave what came of each in a file."""
    subprocess.run(["modprobe", "-a", *_MODULES], check=True)
    _note("gadget", _verbs())
    with subprocess.Popen([sys.executable, str(_GADGET_PY), str(add_plug(_GADGET))]) as plug:
        try:
            scenarios = _scenarios()
            for name in sys.argv[1:]:
                _note(name, scenarios[name]())
        finally:
            plug.kill()


def _scenarios() -> dict[str, Callable[[], dict[str, Any]]]:
    faults = {
        "unplugged": Unplugged(_GADGET),
        "deauthorised": Deauthorised(_PRODUCT),
        "suspended": Suspended(_PRODUCT),
    }
    return {
        **{f"all-{layout}": partial(_scenario, layout, 20_000, "fast") for layout in ("us", "de", "fr")},
        "caps": partial(_scenario, "de", 20_000, "fast", Host.switch_caps),
        **{
            name: partial(_scenario, "fr", 20_000, "fast", partial(_strike, fault))
            for name, fault in faults.items()
        },
        **{f"pace-{pace}": partial(_measured, pace, length) for pace, length in _PACES.items()},
        "pace-plain": _plain_loop,
    }


def _verbs() -> dict[str, Any]:
    """Make the gadget by the product's own command, twice, and undo it once in between."""
    said = [_saykey("gadget", verb) for verb in ("up", "up", "down", "down", "up")]
    return {"said": said, "status": json.loads(_saykey("gadget", "status", "--json"))}


def _saykey(*arguments: str) -> str:
    return subprocess.run([*_SAYKEY, *arguments], check=True, capture_output=True, text=True).stdout


def _scenario(
    layout: str, length: int, pace: str, disturb: Callable[[Host], None] | None = None
) -> dict[str, Any]:
    """Let Saykey type while the host is disturbed three times; give what was sent and what was received."""
    text = mixed_text(layout_named("linux", layout), length)
    began_s = time.monotonic()
    with host(_PRODUCT, _EVENTS) as computer:
        until(computer.is_here)
        with Saykey(text, layout, pace, computer) as saykey:
            for quarter in (1, 2, 3) if disturb else ():
                wanted = quarter * length // 4
                until(lambda: computer.presses() >= wanted or saykey.has_ended(), _QUARTER_LIMIT_S)  # noqa: B023  it is called here
                disturb(computer)
        computer.settle()
    received = computer.received(layout)
    return {
        "sent": text,
        **asdict(received),
        "status": saykey.status,
        "stderr": saykey.stderr,
        "took_s": round(time.monotonic() - began_s, 1),
    }


class Saykey:
    """`saykey type`, whose user presses Enter when it says that the host is back, and sees that it is."""

    def __init__(self, text: str, layout: str, pace: str, computer: Host) -> None:
        self.status: int | None = None
        self.stderr = ""
        self._computer = computer
        options = ["--os", "linux", "--layout", layout, "--pace", pace]
        self._process = subprocess.Popen(
            [*_SAYKEY, "type", text, *options], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._user = threading.Thread(target=self._answer)

    def has_ended(self) -> bool:
        """Say whether there is nothing more to come."""
        return self._process.poll() is not None

    def __enter__(self) -> Self:
        self._user.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._user.join()
        self.status = self._process.wait()

    def _answer(self) -> None:
        assert self._process.stdin
        assert self._process.stderr
        with self._process.stdin:
            for line in self._process.stderr:
                self.stderr += line
                if "Press Enter" in line:
                    until(self._computer.is_here)
                    self._process.stdin.write("\n")
                    self._process.stdin.flush()


def _measured(pace: str, length: int) -> dict[str, Any]:
    """Type at one pace; say too in how many reports Saykey types that text, where nothing disturbs it."""
    typed = _scenario("us", length, pace)
    options = ["--os", "linux", "--layout", "us", "--pace", pace, "--dry-run", "--json"]
    return typed | {"reports": len(json.loads(_saykey("type", typed["sent"], *options))["reports"])}


def _strike(fault: Fault, _: Host) -> None:
    fault.strike()
    time.sleep(_AWAY_S)
    fault.mend()


def _plain_loop() -> dict[str, Any]:
    """Press and let go of keys by writes that block, as a script of ten lines would."""
    device = device_of(_GADGET / "functions/hid.usb0")
    with host(_PRODUCT, _EVENTS) as computer:
        until(computer.is_here)
        with device.open("wb", buffering=0) as keyboard:
            for number in range(_PACES["fast"]):
                keyboard.write(bytes((0, 0, 4 + number % 26, 0, 0, 0, 0, 0)))
                keyboard.write(bytes(8))
        computer.settle()
    return {"reports": 2 * _PACES["fast"], **asdict(computer.received("us"))}


def _note(name: str, found: dict[str, Any]) -> None:
    print(f"lab: {name} took {found.get('took_s', 0)} s", flush=True)
    Path(f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
