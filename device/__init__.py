"""Saykey's device: a small computer that is a keyboard you talk to."""

import os

__version__ = "0.1.0"

# From 1.31 on, onnxruntime reports its use to its maker, over the network and under a lasting number that
# it writes into the user's cache, unless this is set before it is imported (its Privacy.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
