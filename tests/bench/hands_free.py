"""Hands-free on a desk: dictations that nobody began, and those that were missed, cut or joined.

    python -m tests.bench.hands_free --speech FOLDER --noise FOLDER [--minutes 60] [--seed 2]

The sound is made in memory from recordings of speech and noise (tests/bench/soundscape.py), and heard window
by window as the device hears it. What is recorded is recognised, and so is each of those stretches as a
button would have recorded it, from 0.3 s before the first word to 0.2 s after the last one.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device.app import load_detector, load_recogniser, load_wake_word
from device.audio.listener import Listener
from device.audio.onset import SpeechOnset, WakeWordOnset
from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW, samples_in, seconds
from device.settings import HandsFreeSettings, RecognitionSettings, Settings
from tests.bench.soundscape import PAUSES_S, soundscape
from trainer.evaluation.rates import align, word_error_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.audio.recording import Recording
    from device.ports import Recogniser, SpeechDetector
    from tests.bench.soundscape import Said, Soundscape

_BEFORE_PRESS_MS = 300.0
"""The pre-roll of a button that is pressed as the first word begins."""

_HOUR = 3600 * SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Stretch:
    """One dictation that began by itself.

    Attributes:
        start: Its first sample, in all that was heard.
        recording: Its sound.
        said: The utterances that are in it.
    """

    start: int
    recording: Recording
    said: tuple[Said, ...]

    @property
    def spoken_from(self) -> int:
        """Where what is recognised of it begins."""
        return self.start + self.recording.passages[0].start


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, required=True, help="folder of recordings with manifest.jsonl")
    parser.add_argument("--noise", type=Path, required=True, help="folder of noises with manifest.jsonl")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long it is (60)")
    parser.add_argument("--seed", type=int, default=2, help="decides order, levels and pauses (2)")
    parser.add_argument(
        "--alone", type=float, default=0.25, help="share without any speech, 1 for all (0.25)"
    )
    parser.add_argument("--silence-ms", type=int, default=HandsFreeSettings().silence_ms)
    parser.add_argument("--wake-word", default="", help="count how often this one is heard, and no more")
    parser.add_argument("--model", default="tiny.en")
    arguments = parser.parse_args()
    heard = soundscape(arguments.speech, arguments.noise, arguments.seed, arguments.minutes, arguments.alone)
    settings = Settings(
        recognition=RecognitionSettings(model=arguments.model, threads=1),
        hands_free=HandsFreeSettings(silence_ms=arguments.silence_ms, wake_word=arguments.wake_word),
    )
    print_what_is_heard(heard)
    if arguments.wake_word:
        print_wake_word(heard, settings)
        return
    detector = load_detector()
    stretches, share = listen(heard, detector, settings)
    print(f"Listening takes {100 * share:.2f} % of one core.")
    print_stretches(heard, stretches, detector, settings)
    recogniser = load_recogniser(settings)
    print_false(heard, stretches, recogniser)
    if heard.said:
        print_words(heard, stretches, recogniser, detector, settings)


def listen(heard: Soundscape, detector: SpeechDetector, settings: Settings) -> tuple[list[Stretch], float]:
    """Give the dictations that begin, and how much of one core it takes to wait for them."""
    listener = Listener(detector, settings)
    listener.watch(SpeechOnset(detector, settings.speech))
    stretches: list[Stretch] = []
    cpu_s, waited = 0.0, 0
    for end in range(WINDOW, len(heard.samples) + 1, WINDOW):
        is_waiting, began_s = not listener.recording, time.process_time()
        recording = listener.hear(heard.samples[end - WINDOW : end])
        if is_waiting and not listener.recording:
            cpu_s += time.process_time() - began_s
            waited += WINDOW
        if recording:
            start = end - len(recording.samples)
            stretches.append(Stretch(start, recording, tuple(_said_in(heard.said, start, recording))))
    return stretches, cpu_s / seconds(waited)


def _said_in(said: list[Said], start: int, recording: Recording) -> Iterator[Said]:
    if recording.passages:
        first, last = start + recording.passages[0].start, start + recording.passages[-1].end
        yield from (each for each in said if each.start < last and each.end > first)


def print_what_is_heard(heard: Soundscape) -> None:
    """Print what the sound is made of."""
    spoken = sum(each.end - each.start for each in heard.said)
    print(
        f"{seconds(len(heard.samples)) / 60:.1f} minutes, {len(heard.sections)} noises, "
        f"{len(heard.said)} utterances; somebody speaks for {seconds(spoken) / 60:.1f} minutes"
    )


def print_wake_word(heard: Soundscape, settings: Settings) -> None:
    """Print how often a wake word is heard where nobody says it."""
    wake_word = load_wake_word(settings)
    assert wake_word is not None
    onset = WakeWordOnset(wake_word)
    count, began_s = 0, time.process_time()
    for end in range(WINDOW, len(heard.samples) + 1, WINDOW):
        if onset.hear(heard.samples[end - WINDOW : end]) is not None:
            count += 1
            onset.reset([])
    share = (time.process_time() - began_s) / seconds(len(heard.samples))
    print(f"{settings.hands_free.wake_word}: heard {count} times; {100 * share:.2f} % of one core")


def print_stretches(
    heard: Soundscape, stretches: list[Stretch], detector: SpeechDetector, settings: Settings
) -> None:
    """Print what was missed, begun late, cut and joined."""
    of: dict[Said, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        for each in stretch.said:
            of[each].append(stretch)
    count = len(heard.said)
    print(f"| missed | {sum(not of[each] for each in heard.said)} of {count} |")
    first = [stretch for stretch in stretches if stretch.said and of[stretch.said[0]][0] is stretch]
    late_ms = [1000 * seconds(each.spoken_from - each.said[0].start) for each in first]
    by_button_ms = [_late_by_button_ms(heard, each, detector, settings) for each in first]
    for limit_ms in (0, 100, 200):
        late, by_button = (sum(each > limit_ms for each in times_ms) for times_ms in (late_ms, by_button_ms))
        print(f"| begins more than {limit_ms} ms late | {late} of {len(first)}; by the button {by_button} |")
    print(f"| cut in two | {sum(len(of[each]) > 1 for each in heard.said)} of {count} |")
    joined = Counter(each.pause_s for stretch in stretches for each in stretch.said[1:])
    pauses = Counter(each.pause_s for each in heard.said)
    for pause_s in PAUSES_S:
        print(f"| joined over a pause of {pause_s} s | {joined[pause_s]} of {pauses[pause_s]} |")


def print_false(heard: Soundscape, stretches: list[Stretch], recogniser: Recogniser) -> None:
    """Print what nobody said."""
    silent = len(heard.samples) - sum(each.end - each.start for each in heard.said)
    print(f"False starts in {silent / _HOUR:.2f} hours without speech of ours:")
    for stretch in stretches:
        if not stretch.said:
            section = next(each for each in heard.sections if each.start <= stretch.start < each.end)
            text = recogniser.recognise(stretch.recording).text if stretch.recording.passages else ""
            voices = "voices in it" if section.has_voices else "none"
            print(f"| {section.noise} | {voices} | {f'typed {text!r}' if text else 'nothing typed'} |")


def print_words(
    heard: Soundscape,
    stretches: list[Stretch],
    recogniser: Recogniser,
    detector: SpeechDetector,
    settings: Settings,
) -> None:
    """Print what became of the words, beside what a button would have made of them."""
    groups = _whole(stretches)
    said = [" ".join(each.text for each in whole) for whole, _ in groups]
    texts = {
        "by itself": [
            " ".join(recogniser.recognise(each.recording).text for each in parts) for _, parts in groups
        ],
        "by the button": [
            recogniser.recognise(_by_button(heard, whole, detector, settings)).text for whole, _ in groups
        ],
    }
    for way, made in texts.items():
        wrong = sum(_loses_first(*pair) for pair in zip(said, made, strict=True))
        rate = 100 * word_error_rate(said, made)
        print(f"| {way} | WER {rate:.2f} % | first word wrong in {wrong} of {len(groups)} |")


def _whole(stretches: list[Stretch]) -> list[tuple[list[Said], list[Stretch]]]:
    """Give utterances that are whole together, and the stretches that they are in: one may be cut in two."""
    groups: list[tuple[list[Said], list[Stretch]]] = []
    for stretch in stretches:
        if stretch.said and groups and groups[-1][0][-1] is stretch.said[0]:
            groups[-1][0].extend(stretch.said[1:])
            groups[-1][1].append(stretch)
        elif stretch.said:
            groups.append((list(stretch.said), [stretch]))
    return groups


def _late_by_button_ms(
    heard: Soundscape, stretch: Stretch, detector: SpeechDetector, settings: Settings
) -> float:
    """Give how much later than the first sound begins what is recognised of it, with a button."""
    passages = _by_button(heard, stretch.said, detector, settings).passages
    return 1000 * seconds(passages[0].start) - _BEFORE_PRESS_MS if passages else 0.0


def _by_button(
    heard: Soundscape, said: Sequence[Said], detector: SpeechDetector, settings: Settings
) -> Recording:
    """Give what a button would have recorded of these utterances."""
    start = max(0, said[0].start - samples_in(_BEFORE_PRESS_MS))
    end = said[-1].end + samples_in(settings.microphone.tail_ms)
    return record(heard.samples[start:end], detector, settings.speech)


def _loses_first(reference: str, text: str) -> bool:
    """Say whether the first word is another one, or none."""
    said = next((kind for kind, word, _ in align(reference, text) if word), "equal")
    return said != "equal"


if __name__ == "__main__":
    main()
