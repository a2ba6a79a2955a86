"""Integrals of positive networks (UMNN, Wehenkel & Louppe 2019)."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.maps import IterativeMap
from flowspec.modules.solvers import Monotone
from flowspec.vocabulary.maps import integral


class UMNN(IterativeMap):
    """y = t + the integral of f(s; h) from 0 to x: raw holds t, then h."""

    word: integral.UMNN

    def __init__(self, word: integral.UMNN):
        super().__init__(word)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(word.widths))
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)
        self.nodes, self.weights = clenshaw_curtis(word.nodes)

    def prepared(self, raw: Tensor) -> Monotone:
        first, *rest = [(layer.weight.to(raw.dtype), layer.bias.to(raw.dtype)) for layer in self.layers]
        nodes, weights = raw.new_tensor(self.nodes), raw.new_tensor(self.weights)
        # The part of the first layer that h decides is the same at every node.
        from_h = F.linear(raw[..., 1:], first[0][:, 1:], first[1])[..., None, :]
        least = self.word.min_slope

        def integral(x: Tensor) -> tuple[Tensor, Tensor]:
            state = torch.addcmul(from_h, (x[..., None] * nodes)[..., None], first[0][:, 0])
            for weight, bias in rest:
                state = F.linear(torch.tanh(state), weight, bias)
            slope = least + F.softplus(state[..., 0] + math.log(math.expm1(1 - least)))
            return raw[..., 0] + x * (slope @ weights), slope[..., 0].log()

        return integral


def clenshaw_curtis(n: int) -> tuple[list[float], list[float]]:
    """Nodes on [0, 1], from 1 down to 0, and weights, n + 1 of each: exact for polynomials of degree n.

    The weights integrate the interpolant's cosine series term by term.
    """

    def share(k: int) -> float:
        return 0.5 if k in (0, n) else 1.0

    def weight(k: int) -> float:
        series = (share(j) * math.cos(math.pi * k * j / n) / (1 - j * j) for j in range(0, n + 1, 2))
        return share(k) * (2 / n) * math.fsum(series)

    return [(math.cos(math.pi * k / n) + 1) / 2 for k in range(n + 1)], [weight(k) for k in range(n + 1)]
