"""Autoregressive densities."""

from __future__ import annotations

import torch
from torch import Tensor

from flowspec.modules.maps import by_parameter
from flowspec.modules.networks.incremental import in_turn
from flowspec.modules.priors import PriorModule, log_normal
from flowspec.vocabulary.priors import autoregressive as words


class Autoregressive(PriorModule):
    """sum_i log sum_k w_ik N(z_i; mean_ik, sd_ik), all given by the conditioner from the features before i."""

    word: words.Autoregressive

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        mean, log_sd, logits = self._components(by_parameter(self.conditioner(z, given), self.word.width))
        return torch.logsumexp(logits.log_softmax(1) + log_normal(z[:, None], mean, log_sd), 1).sum(1)

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        next_raw, features, z = in_turn(self.conditioner, self._empty(n), self.word.width, given), [], None
        for noise in self._empty(n).normal_().unbind(1):
            mean, log_sd, logits = self._components(next_raw(z))
            # The largest of logits with Gumbel noise falls on k with probability w_k.
            chosen = (logits - torch.empty_like(logits).exponential_().log()).argmax(1, keepdim=True)
            z = (mean.gather(1, chosen) + log_sd.gather(1, chosen).exp() * temperature * noise[:, None])[:, 0]
            features.append(z)
        return torch.stack(features, 1)

    def _components(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means, log-sds and logits, _BC… of raw_BP…; one component has weight 1."""
        if self.word.components == 1:
            mean, log_sd = raw.chunk(2, 1)
            return mean, log_sd, torch.zeros_like(mean)
        return raw.chunk(3, 1)
