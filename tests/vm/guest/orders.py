"""Orders from outside: one JSON object a line, one answer a line, through the virtio port `orders`."""

from __future__ import annotations

import json
import os
import subprocess
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wait import until

if TYPE_CHECKING:
    from collections.abc import Callable

_PORTS = Path("/sys/class/virtio-ports")


def serve(orders: dict[str, Callable[..., Any]]) -> None:
    """Carry out what is ordered, one after another, until nobody orders any more."""
    subprocess.run(["modprobe", "virtio_console"], check=True)
    port = os.open(_port("orders"), os.O_RDWR)
    with os.fdopen(port, "rb") as lines, os.fdopen(os.dup(port), "wb", buffering=0) as answers:
        for line in lines:
            asked = json.loads(line)
            try:
                answer = {"answer": orders[asked["order"]](**asked["more"])}
            except Exception:  # noqa: BLE001  whatever it is, the test says it
                answer = {"problem": traceback.format_exc()}
            answers.write(json.dumps(answer).encode() + b"\n")


def _port(name: str) -> Path:
    """Find the device file of a virtio port; there is no udev that would name it."""
    found: list[Path] = []

    def looked() -> bool:
        found[:] = [each.parent for each in _PORTS.glob("*/name") if each.read_text().strip() == name]
        return bool(found)

    until(looked)
    return Path("/dev") / found[0].name
