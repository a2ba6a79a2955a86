"""Monotone networks of sigmoids (NAF, Huang et al. 2018).

All is computed from log(p) and log(1 - p) rather than p, so that the logit neither overflows nor needs a margin: with saturated
units the map goes on as a straight line.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.maps import IterativeMap
from flowspec.modules.solvers import Monotone
from flowspec.vocabulary.maps import sigmoidal

LEAST_SLOPE = 1e-6
"""Of a, as in the authors' code."""


class Units(NamedTuple):
    """Sigmoids of u: log(sigmoid(u)), log(sigmoid(-u)), and the log of the slope in what enters, each _…K."""

    log_p: Tensor
    log_q: Tensor
    log_slope: Tensor


class Slanted(NamedTuple):
    """Sigmoids of a x + b: slope a_…K, its log, and shift b_…K."""

    slope: Tensor
    log_slope: Tensor
    shift: Tensor

    @classmethod
    def of(cls, raw_slope: Tensor, shift: Tensor) -> Slanted:
        """The sigmoids of these parameters."""
        slope = F.softplus(raw_slope + math.log(math.expm1(1 - LEAST_SLOPE))) + LEAST_SLOPE
        return cls(slope, slope.log(), shift)

    def at(self, x: Tensor) -> Units:
        """Their values at x_…1 or x_…K."""
        u = torch.addcmul(self.shift, self.slope, x)
        log_p, log_q = F.logsigmoid(u), F.logsigmoid(-u)
        return Units(log_p, log_q, self.log_slope + log_p + log_q)


class DSF(IterativeMap):
    """Layers of sigmoids, each from one number to one: raw holds a_K, b_K, w_K of each layer in turn."""

    word: sigmoidal.DSF

    def prepared(self, raw: Tensor) -> Monotone:
        parts = [layer.chunk(3, -1) for layer in raw.chunk(self.word.layers, -1)]
        layers = [(Slanted.of(raw_slope, shift), weight.log_softmax(-1)) for raw_slope, shift, weight in parts]

        def through(x: Tensor) -> tuple[Tensor, Tensor]:
            total = torch.zeros_like(x)
            for sigmoids, log_w in layers:
                log_p, log_q, log_slope = (torch.logsumexp(log_w + part, -1) for part in sigmoids.at(x[..., None]))
                x, total = log_p - log_q, total + log_slope - log_p - log_q
            return x, total

        return through


class DDSF(IterativeMap):
    """Fully connected layers of sigmoids: raw holds a_K, b_K, w_K, u_I of each layer in turn."""

    word: sigmoidal.DDSF

    def __init__(self, word: sigmoidal.DDSF):
        super().__init__(word)
        self.layers = nn.ModuleList(DenseSigmoids(word.units, *sizes) for sizes in word.sizes)

    def prepared(self, raw: Tensor) -> Monotone:
        layers = [layer.prepared(given) for layer, given in zip(self.layers, raw.split([layer.width for layer in self.layers], -1))]

        def through(x: Tensor) -> tuple[Tensor, Tensor]:
            x, log_slope = x[..., None], torch.zeros_like(x)[..., None]
            for layer in layers:
                x, log_slope = layer(x, log_slope)
            return x[..., 0], log_slope[..., 0]

        return through


class DenseSigmoids(nn.Module):
    """One layer of I inputs, O outputs."""

    def __init__(self, units: int, inputs: int, outputs: int):
        super().__init__()
        self.sizes = units, units, units, inputs
        self.width = sum(self.sizes)
        self.u = nn.Parameter(torch.empty(units, inputs).uniform_(-1e-3, 1e-3))
        self.w = nn.Parameter(torch.empty(outputs, units).uniform_(-1e-3, 1e-3))

    def prepared(self, raw: Tensor) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """raw_…P -> the layer x_…I, the log of its slopes -> y_…O, the log of its slopes."""
        raw_slope, shift, raw_w, raw_u = raw.split(self.sizes, -1)
        u, w, sigmoids = Means.of(self.u.to(raw.dtype), raw_u), Means.of(self.w.to(raw.dtype), raw_w), Slanted.of(raw_slope, shift)

        def through(x: Tensor, log_slope: Tensor) -> tuple[Tensor, Tensor]:
            # A mean over one input is that input.
            entering, log_entering = (x, log_slope) if x.shape[-1] == 1 else (u.mean(x), u.log_mean(log_slope))
            units = sigmoids.at(entering)
            log_p, log_q = w.log_mean(units.log_p), w.log_mean(units.log_q)
            return log_p - log_q, w.log_mean(units.log_slope + log_entering) - log_p - log_q

        return through


class Means(NamedTuple):
    """Means with weights softmax(M_OI + v_…I), each factor scaled by its largest entries."""

    matrix: Tensor
    """exp(M_OI)."""
    log_vector: Tensor
    """v_…I."""
    vector: Tensor
    """exp(v_…I)."""
    total: Tensor
    """What the weights are to be divided by, _…O."""

    @classmethod
    def of(cls, log_matrix: Tensor, values: Tensor) -> Means:
        """The means with these weights."""
        matrix = (log_matrix - log_matrix.amax(1, keepdim=True)).exp()
        log_vector = values - values.amax(-1, keepdim=True)
        vector = log_vector.exp()
        return cls(matrix, log_vector, vector, F.linear(vector, matrix))

    def mean(self, x: Tensor) -> Tensor:
        """x_…I -> _…O."""
        return F.linear(self.vector * x, self.matrix) / self.total

    def log_mean(self, logs: Tensor) -> Tensor:
        """The logs of the means of exp(logs_…I), -> _…O."""
        values = self.log_vector + logs
        largest = values.amax(-1, keepdim=True)
        return F.linear((values - largest).exp(), self.matrix).log() + largest - self.total.log()
