"""Monotone networks of sigmoids (NAF, Huang et al. 2018).

All is computed from log(p) and log(1 - p) rather than p, so that the logit neither overflows nor needs a margin: with saturated
units the map goes on as a straight line.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.maps import IterativeMap
from flowspec.vocabulary.maps import sigmoidal

LEAST_SLOPE = 1e-6
"""Of a, as in the authors' code."""


class Units(NamedTuple):
    """Sigmoids of u: log(sigmoid(u)), log(sigmoid(-u)), and the log of the slope in what enters, each _…K."""

    log_p: Tensor
    log_q: Tensor
    log_slope: Tensor

    @classmethod
    def of(cls, x: Tensor, raw_slope: Tensor, shift: Tensor) -> Units:
        """The units at a x + b."""
        slope = F.softplus(raw_slope + math.log(math.expm1(1 - LEAST_SLOPE))) + LEAST_SLOPE
        u = torch.addcmul(shift, slope, x)
        log_p, log_q = F.logsigmoid(u), F.logsigmoid(-u)
        return cls(log_p, log_q, slope.log() + log_p + log_q)


class DSF(IterativeMap):
    """Layers of sigmoids, each from one number to one: raw holds a_K, b_K, w_K of each layer in turn."""

    word: sigmoidal.DSF

    def mapped(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros_like(x)
        for layer in raw.chunk(self.word.layers, -1):
            raw_slope, shift, weight = layer.chunk(3, -1)
            units, log_w = Units.of(x[..., None], raw_slope, shift), weight.log_softmax(-1)
            log_p, log_q, log_slope = (torch.logsumexp(log_w + part, -1) for part in units)
            x, total = log_p - log_q, total + log_slope - log_p - log_q
        return x, total


class DDSF(IterativeMap):
    """Fully connected layers of sigmoids: raw holds a_K, b_K, w_K, u_I of each layer in turn."""

    word: sigmoidal.DDSF

    def __init__(self, word: sigmoidal.DDSF):
        super().__init__(word)
        self.layers = nn.ModuleList(DenseSigmoids(word.units, *sizes) for sizes in word.sizes)

    def mapped(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        x, log_slope = x[..., None], torch.zeros_like(x)[..., None]
        for layer, given in zip(self.layers, raw.split([layer.width for layer in self.layers], -1)):
            x, log_slope = layer(x, log_slope, given)
        return x[..., 0], log_slope[..., 0]


class DenseSigmoids(nn.Module):
    """One layer, x_…I and the log of its slopes, raw_…P -> y_…O and the log of its slopes."""

    def __init__(self, units: int, inputs: int, outputs: int):
        super().__init__()
        self.sizes = units, units, units, inputs
        self.width = sum(self.sizes)
        self.u = nn.Parameter(torch.empty(units, inputs).uniform_(-1e-3, 1e-3))
        self.w = nn.Parameter(torch.empty(outputs, units).uniform_(-1e-3, 1e-3))

    def forward(self, x: Tensor, log_slope: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        raw_slope, shift, raw_w, raw_u = raw.split(self.sizes, -1)
        w = self.w.to(x.dtype)
        entering, log_entering = self._entering(x, log_slope, raw_u)
        units = Units.of(entering, raw_slope, shift)
        all_out = _log_product(w, raw_w)
        log_p, log_q = (_log_product(w, raw_w + part) - all_out for part in (units.log_p, units.log_q))
        inner = units.log_slope + log_entering
        return log_p - log_q, _log_product(w, raw_w + inner) - all_out - log_p - log_q

    def _entering(self, x: Tensor, log_slope: Tensor, raw_u: Tensor) -> tuple[Tensor, Tensor]:
        """The means of the inputs that enter the units, and the logs of those of their slopes; of one input that input."""
        if x.shape[-1] == 1:
            return x, log_slope
        u = self.u.to(x.dtype)
        return _mean(u, raw_u, x), _log_product(u, raw_u + log_slope) - _log_product(u, raw_u)


def _log_product(log_matrix: Tensor, log_values: Tensor) -> Tensor:
    """log(exp(M_OK) exp(v_…K)), a product of matrices, both scaled by their largest entries."""
    top, largest = log_matrix.amax(1, keepdim=True), log_values.amax(-1, keepdim=True)
    product = F.linear((log_values - largest).exp(), (log_matrix - top).exp())
    return product.log() + largest + top[:, 0]


def _mean(log_matrix: Tensor, log_values: Tensor, x: Tensor) -> Tensor:
    """The means of x_…I with weights softmax(M_OI + v_…I), -> _…O."""
    weights = (log_values - log_values.amax(-1, keepdim=True)).exp()
    matrix = (log_matrix - log_matrix.amax(1, keepdim=True)).exp()
    return F.linear(weights * x, matrix) / F.linear(weights, matrix)
