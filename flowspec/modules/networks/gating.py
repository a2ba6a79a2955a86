"""Gates: networks that multiply one part of their channels by a sigmoid of another."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.vocabulary.rules import Ports
from flowspec.vocabulary.word import NetworkWord


class _Gated(nn.Module):
    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class GLU(_Gated):
    """y = a * sigmoid(b): x_B(2C)… -> y_BC…."""

    def forward(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, 1)
        return a * torch.sigmoid(b)


class GatedTanh(_Gated):
    """y = tanh(a) * sigmoid(b): x_B(2C)… -> y_BC…."""

    def forward(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, 1)
        return torch.tanh(a) * torch.sigmoid(b)


class GatedSum(_Gated):
    """y = a + b * sigmoid(g): x_B(3C)… -> y_BC…."""

    def forward(self, x: Tensor) -> Tensor:
        a, b, g = x.chunk(3, 1)
        return a + b * torch.sigmoid(g)
