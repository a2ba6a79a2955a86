"""Gaussian and other priors."""

from __future__ import annotations

from math import log, pi
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.priors import PriorModule, log_normal
from flowspec.vocabulary.priors import gaussian as words
from flowspec.vocabulary.rules import Shape, State


class Moments(NamedTuple):
    """Mean and log-sd of independent normal dimensions."""

    mean: Tensor
    log_sd: Tensor

    def entropy(self) -> Tensor:
        """-E[log N(z; mean, sd)] in nats, entropy_B."""
        return (self.log_sd + 0.5 * (1 + log(2 * pi))).flatten(1).sum(1)


class Gaussian(PriorModule):
    """log N(z; mean, sd) summed over dimensions; both standard, learned, or given by a network."""

    def __init__(self, word: words.Gaussian, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        self.standard = word.form == "standard"
        for tensor in word.parameters(z):
            self.register_parameter(tensor.name, nn.Parameter(torch.zeros(tensor.shape)))

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        if self.standard:
            return -0.5 * ((z * z).flatten(1).sum(1) + log(2 * pi) * z.shape[1:].numel())
        return log_normal(z, *self.moments(given)).flatten(1).sum(1)

    def expected_log_prob(self, moments: Moments, given: tuple[Tensor, ...] = ()) -> Tensor:
        """E[log N(z; mean, sd)] for z ~ N(moments), log_p_B: log N of its mean, less half its variance over sd^2."""
        mean, log_sd = self.moments(given)
        return (log_normal(moments.mean, mean, log_sd) - 0.5 * (2 * (moments.log_sd - log_sd)).exp()).flatten(1).sum(1)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        noise = self._empty(n).normal_() * temperature
        if self.standard:
            return noise
        return self._spread(n, given, noise)[0]

    def draw(self, n: int, given: tuple[Tensor, ...] = ()) -> tuple[Tensor, Tensor]:
        if not self.has_network:
            return super().draw(n, given)
        noise = self._empty(n).normal_()
        z, moments = self._spread(n, given, noise)
        return z, (-0.5 * (noise * noise + log(2 * pi)) - moments.log_sd).flatten(1).sum(1)

    def draw_with_moments(self, n: int, given: tuple[Tensor, ...] = ()) -> tuple[Tensor, Moments]:
        """n draws with the mean and log-sd that they were drawn with, z_n… and moments_n…."""
        z, moments = self._spread(n, given, self._empty(n).normal_())
        return z, Moments(*(moment.expand_as(z) for moment in moments))

    def _spread(self, n: int, given: tuple[Tensor, ...], noise: Tensor) -> tuple[Tensor, Moments]:
        moments = self.moments(given)
        if self.has_network and given and len(moments.mean) != n:
            raise ValueError(f"{n} draws need conditions for {n} examples; the conditions hold {len(moments.mean)}")
        return moments.mean + moments.log_sd.exp() * noise, moments

    def moments(self, given: tuple[Tensor, ...]) -> Moments:
        """Mean and log-sd, as wide as the state where a network gives them."""
        if self.standard:
            return Moments(self.like.new_zeros(()), self.like.new_zeros(()))
        if not self.has_network:
            return Moments(self.mean, self.log_sd)
        raw = self._read(given)
        if self.word.scale == "network":
            mean, raw_sd = raw.chunk(2, 1)
            return Moments(mean, self._log_sd(raw_sd))
        if isinstance(self.word.scale, float):
            return Moments(raw, torch.full_like(raw, log(self.word.scale)))
        return Moments(raw, self._log_sd(self.raw_sd).expand_as(raw))

    def _log_sd(self, raw: Tensor) -> Tensor:
        free = self._free_log_sd(raw)
        if self.word.clamp is None:
            return free
        power = 0.5 if self.word.spread in ("log_variance", "softplus_variance") else 1.0
        return free.clamp(*(power * log(bound) for bound in self.word.clamp))

    def _free_log_sd(self, raw: Tensor) -> Tensor:
        if self.word.spread == "softplus":
            return (F.softplus(raw) + self.word.floor).log()
        if self.word.spread == "softplus_variance":
            return (F.softplus(raw).sqrt() + self.word.floor).log()
        log_sd = 0.5 * raw if self.word.spread == "log_variance" else raw
        return torch.logaddexp(log_sd, log_sd.new_tensor(self.word.floor).log()) if self.word.floor else log_sd


class Mixture(PriorModule):
    """log sum_k w_k N(z; mean_k, exp(log_sd_k)), w = softmax(logits), each component over the whole state."""

    def __init__(self, word: words.Mixture, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        self.logits = nn.Parameter(torch.zeros(word.components))
        self.mean = nn.Parameter(torch.randn(word.components, *z.shape))
        self.log_sd = nn.Parameter(torch.zeros(word.components, *z.shape))

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        components = log_normal(z[:, None], self.mean, self.log_sd).flatten(2).sum(2)
        return torch.logsumexp(components + self.logits.log_softmax(0), 1)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        chosen = torch.multinomial(self.logits.softmax(0), n, replacement=True)
        return self.mean[chosen] + self.log_sd[chosen].exp() * temperature * self._empty(n).normal_()


class Logistic(PriorModule):
    """log p(z) = -z - 2 log(1 + exp(-z)) summed over dimensions (NICE, Dinh et al. 2014, sec. 3.4).

    That is log(sigmoid(z) sigmoid(-z)), in which form neither tail overflows or loses digits.
    """

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        return (F.logsigmoid(z) + F.logsigmoid(-z)).flatten(1).sum(1)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        # A ratio of exponential variates has the odds of a uniform one, and is never 0 or infinite.
        return temperature * (self._empty(n).exponential_().log() - self._empty(n).exponential_().log())


class Uniform(PriorModule):
    """-log(high - low) for each dimension, -inf outside [low, high]."""

    def __init__(self, word: words.Uniform, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, z, given, networks)
        self.low, self.high = word.low, word.high
        self.log_p = -z.size * log(word.high - word.low)

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        inside = ((z >= self.low) & (z <= self.high)).flatten(1).all(1)
        return z.new_full((len(z),), self.log_p).masked_fill(~inside, -torch.inf)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        if torch.as_tensor(temperature).ne(1).any():
            raise ValueError("a uniform prior has no temperature: sample with temperature 1, or choose another prior")
        return self.low + (self.high - self.low) * self._empty(n).uniform_()
