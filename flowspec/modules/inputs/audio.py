"""Sound, and what describes it, as tensors that networks can read."""

from __future__ import annotations

from flowspec.modules.inputs.spaces import AsGiven


class Audio(AsGiven):
    """Sound, shape (B, 1, T)."""


class Mel(AsGiven):
    """Log-mel spectrograms, shape (B, bands, frames)."""
