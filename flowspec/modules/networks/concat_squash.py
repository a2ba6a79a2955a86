"""Layers that conditions gate and shift (FFJORD, Grathwohl et al. 2019)."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.vocabulary.networks import concat_squash as words
from flowspec.vocabulary.rules import Ports


class ConcatSquash(nn.Module):
    """Layers y = (W x + b) * sigmoid(G c + g) + H c: x_BD, conditions -> y_BE."""

    takes_given = True

    def __init__(self, word: words.ConcatSquash, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        widths, conditions = word.widths(ports), sum(map(prod, ports.given))
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.gates = nn.ModuleList(nn.Linear(conditions, b) for b in widths[1:])
        self.shifts = nn.ModuleList(nn.Linear(conditions, b, bias=False) for b in widths[1:])
        self.activation = getattr(F, word.activation)

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        condition = torch.cat([value.flatten(1) for value in given], 1)
        for i, (layer, gate, shift) in enumerate(zip(self.layers, self.gates, self.shifts)):
            x = torch.addcmul(shift(condition), layer(x), torch.sigmoid(gate(condition)))
            x = self.activation(x) if i < len(self.layers) - 1 else x
        return x
