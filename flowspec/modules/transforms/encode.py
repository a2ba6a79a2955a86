"""Variational layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules import module_of
from flowspec.modules.priors.gaussian import Moments
from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import encode
from flowspec.vocabulary.word import Prior


class Encode(TransformModule):
    """x_B… -> z_B… drawn from the posterior, with log p(x | z) and -log q(z | x); the way back draws x from the decoder.

    The conditions are the posterior's, then the decoder's: forward takes both, `inverse` the decoder's.
    """

    word: encode.Encode
    draws = True

    def __init__(self, word: encode.Encode, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module], readers: tuple[str, ...] = ()):  # fmt: skip
        super().__init__(word, x, given, {})
        self.own = readers.count("")
        reads = given[: self.own] or (x.shape,)
        self.posterior = networks["posterior"] if word.is_flow else distribution(word.posterior, word.z(), reads, networks, "posterior.")
        self.decoder = distribution(word.decoder, x, (word.z().shape, *given[self.own :]), networks, "decoder.")

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        z, (reconstruction, posterior) = self.with_terms(x, given)
        return z, reconstruction + posterior

    def with_terms(self, x: Tensor, given: Given = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        z, log_q = self.posterior.draw(len(x), self._read(x, given))
        return z, (self._reconstruction(x, z, given), _widened(-log_q))

    def with_expectations(self, x: Tensor, given: Given = ()) -> tuple[Tensor, tuple[Tensor, ...], Moments]:
        """As `with_terms`, with the posterior's entropy in place of -log q(z | x), and the moments of z."""
        z, moments = self.posterior.draw_with_moments(len(x), self._read(x, given))
        return z, (self._reconstruction(x, z, given), _widened(moments.entropy())), moments

    def _read(self, x: Tensor, given: Given) -> Given:
        """What the posterior reads, in its own type where it is integers."""
        real = self.decoder.like.dtype
        return tuple(value if value.is_floating_point() else value.to(real) for value in given[: self.own] or (x,))

    def _reconstruction(self, x: Tensor, z: Tensor, given: Given) -> Tensor:
        return _widened(self.decoder.log_prob(x, (z, *given[self.own :])))

    def inverse(self, z: Tensor, given: Given = (), temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        return self.decoder.sample(len(z), (z, *given), temperature), constant(z, 0.0)


def _widened(term: Tensor) -> Tensor:
    return term.to(torch.promote_types(term.dtype, torch.float32))


def distribution(word: Prior, state: State, given: tuple[Shape, ...], networks: dict[str, nn.Module], prefix: str) -> nn.Module:
    """The module of a distribution within a step, whose networks are the step's under a prefix."""
    own = {name.removeprefix(prefix): network for name, network in networks.items() if name.startswith(prefix)}
    return module_of(word)(word, state, given, own)
