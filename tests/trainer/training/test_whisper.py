"""The way through the model, held to transformers' own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.modeling_outputs import BaseModelOutput

from device.speech import features
from trainer.training import whisper

STATES = 1500


@pytest.fixture
def mel():
    return 0.3 * torch.randn(3, 80, 3000, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def tokens(model):
    return torch.randint(0, model.config.vocab_size, (3, 7), generator=torch.Generator().manual_seed(2))


def gradients(model, loss):
    """Give the gradients of a loss by the names of the weights, and forget them."""
    loss.backward()
    found = {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}
    model.zero_grad()
    return found


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, each in ours.items():
        torch.testing.assert_close(each, theirs[name], rtol=1e-3, atol=1e-6, msg=name)


def test_the_encoder_is_that_of_transformers(model, mel):
    ours, theirs = whisper.encode(model, mel), model.model.encoder(mel).last_hidden_state

    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    found = gradients(model, ours.square().mean())
    reference = gradients(model, theirs.square().mean())
    # transformers looks the positions up, and so gives those that are frozen no gradient.
    assert_same(
        *({k: v for k, v in each.items() if "embed_positions" not in k} for each in (found, reference))
    )


def test_the_decoder_is_that_of_transformers(model, mel, tokens):
    ours = whisper.logits(model, whisper.decode(model, whisper.encode(model, mel), None, tokens))
    theirs = model(input_features=mel, decoder_input_ids=tokens).logits

    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize("spoken", [1, 200, STATES - 1, STATES])
def test_silence_is_set_behind_the_speech(model, mel, tokens, spoken):
    quiet = whisper.silence(model)
    states = [torch.randn(3, spoken, 16, generator=torch.Generator().manual_seed(3)) for _ in range(2)]
    ours, theirs = (each.requires_grad_() for each in states)
    memory = torch.cat((theirs, quiet[:, spoken:].expand(3, -1, -1)), 1)

    scores = whisper.logits(model, whisper.decode(model, ours, quiet, tokens))
    reference = model(encoder_outputs=BaseModelOutput(memory), decoder_input_ids=tokens).logits

    torch.testing.assert_close(scores, reference, rtol=1e-4, atol=3e-4)
    found, expected = (
        {name: each for name, each in gradients(model, loss.square().mean()).items() if "embed" not in name}
        for loss in (scores, reference)
    )
    assert_same(found, expected)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-5 * float(theirs.grad.abs().max()))


def test_a_text_is_not_read_ahead(model, mel, tokens):
    states = whisper.encode(model, mel[:, :, :100])
    other = tokens.clone()
    other[:, 4:] = 5
    one, two = (whisper.decode(model, states, whisper.silence(model), each) for each in (tokens, other))

    assert torch.equal(one[:, :4], two[:, :4])
    assert not torch.equal(one[:, 4:], two[:, 4:])


def test_the_utterances_of_a_batch_do_not_hear_each_other(model, mel, tokens):
    quiet = whisper.silence(model)
    together = whisper.decode(model, whisper.encode(model, mel[:, :, :100]), quiet, tokens)
    alone = whisper.decode(model, whisper.encode(model, mel[1:2, :, :100]), quiet, tokens[1:2])

    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=1e-5)


def test_silence_is_what_the_encoder_makes_of_digital_silence(model):
    mel = features.window(np.zeros(16_000, dtype=np.float32), 80)
    theirs = model.model.encoder(torch.from_numpy(mel)[None]).last_hidden_state

    torch.testing.assert_close(whisper.silence(model), theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("learns", [True, False])
def test_nothing_of_silence_is_dropped_out(model, learns):
    still = whisper.silence(model)
    for layer in (*model.model.encoder.layers, *model.model.decoder.layers):
        layer.dropout = 0.5
    model.train(learns)

    assert torch.equal(whisper.silence(model), still)
    assert model.training == learns


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("spliced", [True, False])
def test_to_compute_twice_changes_nothing(model, mel, tokens, dropout, spliced):
    quiet = whisper.silence(model) if spliced else None
    model.train()
    for layer in (*model.model.encoder.layers, *model.model.decoder.layers):
        layer.dropout = dropout

    def loss(*, again):
        torch.manual_seed(4)
        states = whisper.encode(model, mel[:, :, :100], again=again)
        return whisper.decode(model, states, quiet, tokens, again=again).square().mean()

    kept, twice = loss(again=False), loss(again=True)
    assert torch.equal(kept, twice)
    once = gradients(model, kept)
    assert all(torch.equal(each, once[name]) for name, each in gradients(model, twice).items())


def test_dropout_leaves_out_outputs_of_the_blocks(model, mel):
    model.train()
    for layer in model.model.encoder.layers:
        layer.dropout = 1.0

    embedded = model.model.encoder
    states = torch.nn.functional.gelu(embedded.conv1(mel[:, :, :100]))
    states = torch.nn.functional.gelu(embedded.conv2(states)).permute(0, 2, 1)
    nothing = embedded.layer_norm(states + embedded.embed_positions.weight[:50])

    assert torch.equal(whisper.encode(model, mel[:, :, :100]), nothing)


def test_fewer_bits_are_near(model, mel, tokens):
    quiet = whisper.silence(model)

    def scores():
        return whisper.logits(
            model, whisper.decode(model, whisper.encode(model, mel[:, :, :100]), quiet, tokens)
        )

    exact = scores().detach()
    with torch.autocast("cpu", torch.bfloat16):
        near = scores().detach()

    assert near.dtype == torch.bfloat16
    assert float((near - exact).abs().mean()) < 0.03 * float(exact.abs().mean())


@pytest.mark.model
def test_the_real_model_gives_what_transformers_gives(real_model):
    from trainer.conversion.base import load_transformers

    model = load_transformers(real_model)
    mel = 0.3 * torch.randn(1, 80, 3000, generator=torch.Generator().manual_seed(1))
    tokens = torch.tensor([[50257, 50362, 1770, 13, 2264, 346, 353]])
    with torch.no_grad():
        ours = whisper.logits(model, whisper.decode(model, whisper.encode(model, mel), None, tokens))
        theirs = model(input_features=mel, decoder_input_ids=tokens).logits

    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
