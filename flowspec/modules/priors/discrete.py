"""Distributions of integers."""

from __future__ import annotations

from math import log, log1p

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.priors import PriorModule
from flowspec.vocabulary.priors import discrete as words
from flowspec.vocabulary.rules import Shape, State


class _Discrete(PriorModule):
    """Logits that are learned for each dimension, or given by a network."""

    def __init__(self, word: words.Bernoulli | words.Categorical, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        for tensor in word.parameters(z):
            self.register_parameter(tensor.name, nn.Parameter(torch.zeros(tensor.shape)))

    def _logits(self, given: tuple[Tensor, ...]) -> Tensor:
        return self._read(given) if self.has_network else self.logit[None]


class Bernoulli(_Discrete):
    """x log p + (1 - x) log(1 - p) summed over dimensions, p = sigmoid(logit)."""

    def __init__(self, word: words.Bernoulli, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        self.bounds = None if word.clamp is None else tuple(log(p) - log1p(-p) for p in word.clamp)

    def _logits(self, given: tuple[Tensor, ...]) -> Tensor:
        logits = super()._logits(given)
        return logits if self.bounds is None else logits.clamp(*self.bounds)

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        logit = self._logits(given).expand(z.shape)
        return -F.binary_cross_entropy_with_logits(logit, z.to(logit.dtype), reduction="none").flatten(1).sum(1)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        logit, noise = self._logits(given), self._empty(n).uniform_()
        # x = 1 where the logit beats logistic noise; cooled noise leaves the likelier value.
        return (logit > temperature * torch.logit(noise, eps=torch.finfo(noise.dtype).eps)).to(noise.dtype)


class Categorical(_Discrete):
    """log softmax(logits) at x, summed over dimensions; logits as _BLC…."""

    def __init__(self, word: words.Categorical, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        self.levels = z.levels

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        logits = self._by_level(given).expand(len(z), -1, *self.shape)
        return -F.cross_entropy(logits, z.long(), reduction="none").flatten(1).sum(1)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        logits = self._by_level(given)
        # The largest of the logits with Gumbel noise is a draw of the softmax.
        gumbel = -logits.new_empty(n, *logits.shape[1:]).exponential_().log()
        return (logits + temperature * gumbel).argmax(1).to(self.like.dtype)

    def _by_level(self, given: tuple[Tensor, ...]) -> Tensor:
        logits = self._logits(given)
        return logits.view(len(logits), self.levels, *self.shape)
