"""First values: of weights by how they start, of normalisations from data."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

from flowspec.vocabulary.networks.starts import Start

CONSTANT = 1e-6
"""A channel whose deviation is below this is only shifted."""


def normalising(x: Tensor) -> tuple[Tensor, Tensor]:
    """The bias and log-scale with which (x + bias) * exp(log_scale) has mean 0 and variance 1 in each channel: x_BC… -> _C, _C."""
    values = x.to(torch.promote_types(x.dtype, torch.float32)).transpose(0, 1).flatten(1)
    deviation, mean = torch.std_mean(values, 1, correction=0)
    return -mean, -torch.where(deviation > CONSTANT, deviation, 1.0).log()


def start_weights(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, start: Start, summands: float) -> None:
    """Gives a layer its first weights and, unless they are torch's default, zero bias; an output is a sum of so many inputs."""
    if start == "default":
        return
    if start == "zero":
        nn.init.zeros_(layer.weight)
    else:
        nn.init.normal_(layer.weight, std=0.05 if start == "normal" else sqrt(2 / summands))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
