"""The command `saykey` as a process of its own."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from device.models.store import default_root
from tests.parts import PATIENCE_S

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[1]

COMMAND = [sys.executable, "-m", "device.cli"]


def saykey(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    command = [*COMMAND, *map(str, words)]
    return subprocess.run(command, text=True, timeout=PATIENCE_S, check=False, cwd=ROOT, **options)


def write_config(folder: Path, model: object = "tiny.en", *lines: str) -> Path:
    """Write settings that name a model, and the rest line by line."""
    config = folder / "saykey.toml"
    recognition = ["[recognition]", f'model = "{model}"', f'store = "{default_root()}"']
    config.write_text("\n".join([*recognition, *lines, ""]))
    return config


def words(text: str) -> list[str]:
    """Give the words without case and punctuation."""
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter.isspace()).split()


class Daemon:
    """`saykey run --simulate`, with the button at the other end of its standard input."""

    def __init__(self, config: Path, **options: Any) -> None:
        self._command = [*COMMAND, "run", "--simulate", "--verbose", "--config", str(config)]
        self._options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **options}
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.log = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._command, stderr=subprocess.PIPE, cwd=ROOT, **self._options)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def until(self, words: str) -> None:
        """Wait until a line of the log has these words."""
        while words not in (line := self._lines.get(timeout=PATIENCE_S)):
            if not line:
                raise AssertionError(f"{words!r} is not in:\n{self.log}")

    def push(self) -> None:
        """Move the button: down, or up again."""
        assert self.process.stdin is not None
        self.process.stdin.write(b" ")
        self.process.stdin.flush()

    def end_of_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> tuple[int, str]:
        """Wait for the end; give the exit status and what the virtual host received."""
        status = self.process.wait(timeout=PATIENCE_S)
        self._reader.join()
        return status, self.process.stdout.read().decode() if self.process.stdout else ""

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line.decode()
            self._lines.put(line.decode())
        self._lines.put("")
