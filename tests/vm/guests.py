"""A guest that does what a test asks of it, step by step, while the test does other things too."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.vm import lab

if TYPE_CHECKING:
    from concurrent.futures import Future

_LOOK_EVERY_S = 0.5
_LIMIT_S = 300.0


class GuestError(Exception):
    """The guest could not do what was asked; the message is its own."""


class Guest:
    """A virtual machine whose script serves orders (guest/orders.py), from `with` to its end."""

    def __init__(self, script: Path, share: Path, *, limit_s: float, radio: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="guest-"))  # a socket's path has room for 108 characters
        self._listener = socket.socket(socket.AF_UNIX)
        self._pool = ThreadPoolExecutor(1)
        self._call = (script, share, limit_s, radio)
        self._log = share / "log"

    def __enter__(self) -> Self:
        script, share, limit_s, radio = self._call
        orders = self._folder / "orders"
        self._listener.bind(str(orders))
        self._listener.listen(1)
        self._listener.settimeout(_LOOK_EVERY_S)
        self._running: Future[lab.Result] = self._pool.submit(
            lab.run, script, limit_s=limit_s, share=share, radio=radio, orders=orders
        )
        self._line = self._accept()
        self._answers = self._line.makefile("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self._line.shutdown(socket.SHUT_RDWR)  # the script ends at the end of its orders
        self._answers.close()
        self._line.close()
        self.result = self._running.result()
        self._pool.shutdown()
        self._listener.close()
        shutil.rmtree(self._folder)

    def ask(self, order: str, *, limit_s: float = _LIMIT_S, **more: Any) -> Any:
        """Let the guest carry out one of its orders; give its answer. The first waits until it has booted.

        Raises:
            GuestError: It could not, or ended.
            TimeoutError: It did not answer in time.
        """
        self._line.settimeout(limit_s)
        try:
            self._line.sendall(json.dumps({"order": order, "more": more}).encode() + b"\n")
            answer = self._answers.readline()
        except ConnectionError:
            answer = b""
        if not answer:
            raise GuestError(f"{order}: the guest ended: {self.printed()}")
        said = json.loads(answer)
        if "problem" in said:
            raise GuestError(f"{order}: {said['problem']}")
        return said["answer"]

    def printed(self) -> str:
        """Give what it printed so far."""
        return self._log.read_text(errors="replace")

    def _accept(self) -> socket.socket:
        while True:
            try:
                return self._listener.accept()[0]
            except TimeoutError:
                if self._running.done():
                    raise GuestError(f"QEMU ended: {self._running.result().log}") from None
