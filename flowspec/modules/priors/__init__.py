"""Modules of the role: priors. The contract of one, and what several share."""

from __future__ import annotations

from math import log, pi

import torch
from torch import Tensor, nn

from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.word import Prior


class PriorModule(nn.Module):
    """log_prob: z_B…, conditions -> log_p_B; sample: n, conditions, temperature -> z_n…; draw: both of one draw."""

    def __init__(self, word: Prior, z: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__()
        self.word, self.shape = word, z.shape
        # Says in which dtype and on which device to sample, parameters or not.
        self.register_buffer("like", torch.empty(0), persistent=False)
        self.has_network, self.alone = bool(networks), word.alone(z)
        for name, network in networks.items():
            self.add_module(name, network)

    def log_prob(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        """The log density of each example."""
        raise NotImplementedError

    def sample(self, n: int, given: tuple[Tensor, ...] = (), temperature: float | Tensor = 1.0) -> Tensor:
        """n draws, the spread times the temperature."""
        raise NotImplementedError

    def draw(self, n: int, given: tuple[Tensor, ...] = ()) -> tuple[Tensor, Tensor]:
        """n draws with their log density; a network is evaluated once."""
        z = self.sample(n, given)
        return z, self.log_prob(z, given)

    def forward(self, z: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        return self.log_prob(z, given)

    def _read(self, given: tuple[Tensor, ...]) -> Tensor:
        """What the network gives: of the conditions, or of zeros where there are none."""
        return self.form(given[0], given[1:]) if given else self.form(self.like.new_zeros(1, *self.alone))

    def _empty(self, n: int) -> Tensor:
        return self.like.new_empty(n, *self.shape)


def log_normal(z: Tensor, mean: Tensor, log_sd: Tensor) -> Tensor:
    """log N(z; mean, exp(log_sd)) for each dimension."""
    standard = (z - mean) * torch.exp(-log_sd)
    return -0.5 * (standard * standard + log(2 * pi)) - log_sd
