"""Whisper, run over the speech instead of over 30 s: what the device does, with gradients.

transformers' own encoder insists on 3000 frames. Nearly all of a short utterance's cost is then the encoding
of silence, in training as on the device. Its modules and weights are used here, not its way through them,
which changes from version to version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from device.speech import features

if TYPE_CHECKING:
    from torch import Tensor


def encode(model: Any, mel: Tensor, *, again: bool = False) -> Tensor:
    """Run the encoder over fewer frames than 3000.

    Args:
        model: A `WhisperForConditionalGeneration`.
        mel: Features of an even number of frames: shape (batch, bands, frames).
        again: Compute what is within the layers again for the gradients, rather than keep it.

    Returns:
        Shape (batch, frames // 2, width).
    """
    encoder = model.get_encoder()
    states = functional.gelu(encoder.conv1(mel))
    states = functional.gelu(encoder.conv2(states)).permute(0, 2, 1)
    states = states + encoder.embed_positions.weight[: states.shape[1]]
    for layer in encoder.layers:
        states = checkpoint(_layer, layer, states, use_reentrant=False) if again else _layer(layer, states)
    return encoder.layer_norm(states)  # type: ignore[no-any-return]


@torch.no_grad()
def silence(model: Any) -> Tensor:
    """Give what the encoder makes of 30 s of digital silence, nothing dropped out: shape (1, 1500, width).

    The device sets it behind the states of the speech (`device.speech.window`).
    """
    mel = features.window(np.zeros(0, dtype=np.float32), model.config.num_mel_bins)
    # Linear layers drop nothing out; and those of 4 bits, told that nothing is learned, repack their weights
    # for good on some CPUs and pass no gradients on any more.
    learning = [
        each for each in model.get_encoder().modules() if each.training and not isinstance(each, nn.Linear)
    ]
    for each in learning:
        each.training = False
    try:
        return encode(model, torch.from_numpy(mel)[None].to(model.device))
    finally:
        for each in learning:
            each.training = True


def decode(
    model: Any, states: Tensor, quiet: Tensor | None, tokens: Tensor, *, again: bool = False
) -> Tensor:
    """Run the decoder over tokens that are known.

    The keys and values of silence are the same for the whole batch, and made once for it: through
    transformers' own decoder they cost more than the rest of the model.

    Args:
        model: A `WhisperForConditionalGeneration`.
        states: What `encode` gave: shape (batch, states, width).
        quiet: What `silence` gave, to be set behind them up to 30 s; `None` to do without.
        tokens: From the first of the prompt on: shape (batch, length).
        again: As for `encode`.

    Returns:
        The last layer's states, from which `logits` are made: shape (batch, length, width).
    """
    decoder = model.get_decoder()
    hidden = decoder.embed_tokens(tokens) + decoder.embed_positions.weight[: tokens.shape[1]]
    memory: tuple[Tensor, ...] = (_lean(states),)
    if quiet is not None and states.shape[1] < quiet.shape[1]:
        memory += (_lean(quiet[:, states.shape[1] :]),)
    for layer in decoder.layers:
        parts = (layer, hidden, *memory)
        hidden = checkpoint(_layer, *parts, use_reentrant=False) if again else _layer(*parts)
    return decoder.layer_norm(hidden)  # type: ignore[no-any-return]


def logits(model: Any, states: Tensor) -> Tensor:
    """Give the scores of every token of the vocabulary: shape (..., vocabulary)."""
    return model.proj_out(states)  # type: ignore[no-any-return]


def _layer(layer: Any, hidden: Tensor, *memory: Tensor) -> Tensor:
    """Run a layer of the encoder, or with the encoder's states as memory one of the decoder."""
    normed = _lean(layer.self_attn_layer_norm(hidden))
    hidden = hidden + _dropped(layer, _attend(layer.self_attn, normed, normed, causal=bool(memory)))
    if memory:
        normed = _lean(layer.encoder_attn_layer_norm(hidden))
        hidden = hidden + _dropped(layer, _attend(layer.encoder_attn, normed, *memory))
    normed = layer.fc1(_lean(layer.final_layer_norm(hidden)))
    return hidden + _dropped(layer, layer.fc2(layer.activation_fn(normed)))


def _lean(states: Tensor) -> Tensor:
    """Cast what several products take: autocast would do it again for each of them."""
    kind = states.device.type
    return states.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else states


def _dropped(layer: Any, hidden: Tensor) -> Tensor:
    return functional.dropout(hidden, layer.dropout, training=layer.training)


def _attend(
    attention: Any, hidden: Tensor, memory: Tensor, behind: Tensor | None = None, *, causal: bool = False
) -> Tensor:
    """Attend to `memory`, and to what lies behind it, which is the same for the whole batch."""

    def heads(projected: Tensor) -> Tensor:
        return projected.view(*projected.shape[:2], attention.num_heads, -1).transpose(1, 2)

    queries = heads(attention.q_proj(hidden))
    keys, values = heads(attention.k_proj(memory)), heads(attention.v_proj(memory))
    if behind is None:
        attended = functional.scaled_dot_product_attention(queries, keys, values, is_causal=causal)
    else:
        shared = heads(attention.k_proj(behind)), heads(attention.v_proj(behind))
        attended = _attend_both(queries, keys, values, shared)
    return attention.out_proj(attended.transpose(1, 2).reshape(hidden.shape))  # type: ignore[no-any-return]


def _attend_both(queries: Tensor, keys: Tensor, values: Tensor, shared: tuple[Tensor, Tensor]) -> Tensor:
    """Attend to keys and values of each utterance, and to some that all share: shape (1, heads, states, ...).

    To repeat the shared ones for every utterance, and to sum their gradients, was a fifth of all the time.
    """

    def together(each: Tensor) -> Tensor:
        return each.transpose(0, 1).flatten(1, 2)  # (heads, batch * length, ...)

    def apart(each: Tensor) -> Tensor:
        return torch.unflatten(each, 1, (len(queries), -1)).transpose(0, 1)

    queries = queries * queries.shape[-1] ** -0.5
    (shared_keys,), (shared_values,) = shared
    own = queries @ keys.transpose(-1, -2)
    others = apart(together(queries) @ shared_keys.transpose(-1, -2))
    weights = torch.cat((own, others), -1).softmax(-1, torch.float32).to(own.dtype)
    own, others = torch.split(weights, [own.shape[-1], others.shape[-1]], -1)
    return torch.add(own @ values, apart(together(others) @ shared_values))
