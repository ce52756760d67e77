from __future__ import annotations

import msgspec
import pytest
from huggingface_hub import ModelCard

from device.models.files import FileSum
from device.models.manifest import Manifest, Training
from trainer.conversion.card import card, shown

TRAINING = Training(
    base="tiny.en",
    base_sha256="b" * 64,
    data_sha256="d" * 64,
    recipe={"strategy": "lora", "lora": {"rank": 8}},
    metrics={"validation": 3.512, "stock validation": 4.65, "stock general": 6.0},
    conversion={"quantization": "int8"},
    vocabulary=("Kubernetes", "Anna | Maria"),
    prompt="",
    licence="mit",
    created_by="saykey-trainer 0.1.0",
)
MANIFEST = Manifest(
    name="anna",
    source="saykey-trainer",
    source_sha256="s" * 64,
    quantization="int8",
    ctranslate2="4.8.5",
    files={"model.bin": FileSum("m" * 64, 39_452_021)},
    training=TRAINING,
)


def test_the_head_is_what_the_hub_reads():
    data = ModelCard(card(MANIFEST, multilingual=False)).data
    assert (data.license, data.language, data.base_model) == ("mit", "en", "tiny.en")
    assert [(one.dataset_name, one.metric_type, one.metric_value) for one in data.eval_results] == [
        ("validation", "wer", 3.51)
    ]


def test_the_text_says_what_was_measured_and_trained():
    text = ModelCard(card(MANIFEST, multilingual=False)).text
    assert "| set | tiny.en | this model |\n|---|---|---|\n| validation | 4.65 | 3.51 |\n" in text
    assert "| general | 6.0 |  |" in text
    assert "| lora.rank | 8 |" in text
    assert "39 MB" in text
    assert "d" * 64 in text
    assert "Kubernetes" in text
    assert "\n```\nsaykey-trainer flash FOLDER\n```\n" in text
    assert "`saykey model fetch anna --from FOLDER` takes it in too" in text
    assert "states of the speech alone" not in text


def test_what_is_not_flashed_is_fetched():
    text = card(msgspec.structs.replace(MANIFEST, quantization="float16"), multilingual=False)
    assert "\n```\nsaykey model fetch anna --from FOLDER\nsaykey model use anna\n```\n" in text
    assert "saykey-trainer flash" not in text


def test_a_short_window_is_told():
    manifest = msgspec.structs.replace(MANIFEST, short_window=True)
    assert "states of the speech alone" in card(manifest, multilingual=False)


def test_a_model_that_was_not_trained_has_a_card_too():
    text = card(msgspec.structs.replace(MANIFEST, training=None), multilingual=True)
    assert "## Training" not in text
    assert "## Limits" in text
    assert ModelCard(text).data.language is None


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("tiny.en", "tiny.en"),
        ("openai/whisper-tiny.en", "openai/whisper-tiny.en"),
        ("/home/anna/models/mine", "mine"),
        ("~/models/mine/", "mine"),
        ("./mine", "mine"),
        ("C:\\Users\\anna\\mine", "mine"),
    ],
)
def test_no_path_of_the_computer_is_told(base, name):
    assert shown(base) == name
