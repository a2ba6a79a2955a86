"""First values that are taken from data."""

from __future__ import annotations

import torch
from torch import Tensor

CONSTANT = 1e-6
"""A channel whose deviation is below this is only shifted."""


def normalising(x: Tensor) -> tuple[Tensor, Tensor]:
    """The bias and log-scale with which (x + bias) * exp(log_scale) has mean 0 and variance 1 in each channel: x_BC… -> _C, _C."""
    values = x.to(torch.promote_types(x.dtype, torch.float32)).transpose(0, 1).flatten(1)
    deviation, mean = torch.std_mean(values, 1, correction=0)
    return -mean, -torch.where(deviation > CONSTANT, deviation, 1.0).log()
