"""Weights kept as direction and length: w = gain * v / |v| for each output channel (Salimans & Kingma 2016, eq. 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class WeightNorm:
    """For a layer with a `weight` v of output channels first: `gain`, which starts at |v|, and the weight they make.

    Without a gain the weight is v itself, as it is after `fold`.
    """

    weight: Tensor
    gain: Tensor | None
    keeps_gain = False
    """Whether a deployed model has the gain too."""

    def start_gain(self, wanted: bool = True) -> None:
        """Adds the gain, if it is wanted."""
        self.register_parameter("gain", nn.Parameter(_lengths(self.weight).detach().flatten()) if wanted else None)

    def made_weight(self) -> Tensor:
        """w."""
        if self.gain is None:
            return self.weight
        lengths = _lengths(self.weight)
        return self.weight * (self.gain.view_as(lengths) / lengths)

    @torch.no_grad()
    def fold(self) -> None:
        """Keeps w alone."""
        if self.gain is None or self.keeps_gain:
            return
        self.weight = nn.Parameter(self.made_weight().clone())
        self.gain = None


def _lengths(weight: Tensor) -> Tensor:
    return torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())), keepdim=True)


class NormedConv(WeightNorm, nn.Conv2d):
    """A convolution with weight norm: x_BCHW -> y_BEHW."""

    def __init__(self, *sizes: int, wanted: bool = True, **options: object):
        super().__init__(*sizes, **options)
        self.start_gain(wanted)

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.made_weight(), self.bias)


class NormedLinear(WeightNorm, nn.Linear):
    """A linear map with weight norm: x_…D -> y_…E."""

    def __init__(self, *sizes: int):
        super().__init__(*sizes)
        self.start_gain()

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.made_weight(), self.bias)
