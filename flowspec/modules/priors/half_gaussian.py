"""Priors on numbers that are not negative."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor, nn

from flowspec.modules.priors import PriorModule, log_normal
from flowspec.vocabulary.priors import half_gaussian as words
from flowspec.vocabulary.rules import Shape, State


class HalfGaussian(PriorModule):
    """log 2 + log N(z; 0, sd) for z >= 0, summed over dimensions; the log-sd is 0, learned, or given by a network."""

    def __init__(self, word: words.HalfGaussian, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        self.register_parameter("log_sd", nn.Parameter(torch.zeros(word.parameters(z)[0].shape)) if word.form == "learned" else None)

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        log_sd = self._log_sd(given)
        inside = (z >= 0).flatten(1).all(1)
        return (log(2) + log_normal(z, torch.zeros_like(log_sd), log_sd)).expand_as(z).flatten(1).sum(1).masked_fill(~inside, -torch.inf)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        return self._empty(n).normal_().abs() * self._log_sd(given).exp() * temperature

    def _log_sd(self, given: tuple[Tensor, ...]) -> Tensor:
        if self.has_network:
            return self._read(given)
        return self.like.new_zeros(()) if self.log_sd is None else self.log_sd
