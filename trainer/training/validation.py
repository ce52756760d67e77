"""How good weights are, by the device's own path: what decides when to stop and what to keep."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from msgspec.structs import replace

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.recording import record
from device.models.manifest import Manifest, write_manifest
from trainer.conversion.device_model import make_int8, write_floats
from trainer.evaluation.rates import per_cent, word_edits
from trainer.training.choice import Rates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from device.audio.recording import Recording
    from device.ports import Recogniser
    from device.settings import Settings
    from trainer.dataset import Utterance
    from trainer.progress import Report
    from trainer.training.adapters import State
    from trainer.training.lot import Lot


class Validation:
    """Recordings that are not learned from, and what recognises them."""

    def __init__(
        self,
        shell: Any,
        tokenizer: Path,
        settings: Settings,
        lot: Lot,
        scratch: Path,
    ) -> None:
        """Read the recordings.

        Args:
            shell: A model like the one that is trained, whose weights do not count.
            tokenizer: The folder that its tokenizer is in.
            settings: The device's.
            lot: What is validated by: the owner's recordings and other people's.
            scratch: A folder for models that are measured, emptied before and removed behind.

        Raises:
            SoundError: A recording cannot be read.
        """
        self._shell = shell
        self._tokenizer = tokenizer
        self._settings = settings
        self._scratch = scratch
        self._detector = load_detector()
        self._own, self._general = (
            [(self._recording(each), each.text) for each in part if each.text]
            for part in (lot.validation, lot.general_validation)
        )

    def measure(self, state: State, *, short: bool) -> Rates:
        """Recognise the recordings with some weights, as int8 and on the device's path.

        Args:
            state: The weights.
            short: Decode from the states of the speech alone.

        Raises:
            ModelError: The weights make no model that can be run.
        """
        with _threads_kept(), _emptied(self._scratch) as folder:
            recogniser = self._recogniser(state, folder, short=short)
            wer, words = _rate(recogniser, self._own)
            general = _rate(recogniser, self._general) if self._general else (None, 0)
            return Rates(wer, words, *general)

    def retold(self, stock: State, utterances: Sequence[Utterance], report: Report) -> list[str]:
        """Give the text that stock hears in each of some utterances; empty where it hears none.

        Learned so, other people's speech keeps the model as it was, in its own way to write, whatever the
        style of the transcripts: some corpora have no punctuation, or capitals only.

        Raises:
            SoundError: A recording cannot be read.
            ModelError: The weights make no model that can be run.
        """
        if not utterances:
            return []
        told: list[str] = []
        with _threads_kept(), _emptied(self._scratch) as folder:
            recogniser = self._recogniser(stock, folder, short=False)
            for done, each in enumerate(utterances, 1):
                told.append(recogniser.recognise(self._recording(each)).text)
                report("Listening to others", done / len(utterances))
        return told

    def _recording(self, utterance: Utterance) -> Recording:
        return record(read(utterance.path), self._detector, self._settings.speech)

    def _recogniser(self, state: State, folder: Path, *, short: bool) -> Recogniser:
        self._shell.load_state_dict(state)
        write_floats(self._shell, self._tokenizer, folder)
        make_int8(folder)
        if short:
            write_manifest(folder, Manifest("validated", "training", "", "int8", "", {}, short_window=True))
        recognition = replace(self._settings.recognition, model=folder.as_posix())
        return load_recogniser(replace(self._settings, recognition=recognition))


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Keep to so many threads as torch has: CTranslate2 sets OpenMP's, which are torch's too, to its own."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    """Give an empty folder, and remove it: one that a kill left behind is found again, and is no rubbish."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rate(recogniser: Recogniser, recordings: Sequence[tuple[Recording, str]]) -> tuple[float, int]:
    """Give the word error rate in per cent, and how many words were said."""
    edits = [word_edits(text, recogniser.recognise(recording).text) for recording, text in recordings]
    return per_cent(edits), sum(each.of for each in edits)
