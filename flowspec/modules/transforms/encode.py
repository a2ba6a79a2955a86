"""Variational layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules import module_of
from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import encode


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
        self.posterior = _distribution(word.posterior, word.z(), reads, networks, "posterior.")
        self.decoder = _distribution(word.decoder, x, (word.z().shape, *given[self.own :]), networks, "decoder.")

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        z, (reconstruction, posterior) = self.with_terms(x, given)
        return z, reconstruction + posterior

    def with_terms(self, x: Tensor, given: Given = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        real = self.posterior.like.dtype
        reads = tuple(value.to(real) if not value.is_floating_point() else value for value in given[: self.own] or (x,))
        z, log_q = self.posterior.draw(len(x), reads)
        log_p = self.decoder.log_prob(x, (z, *given[self.own :]))
        return z, tuple(term.to(torch.promote_types(term.dtype, torch.float32)) for term in (log_p, -log_q))

    def inverse(self, z: Tensor, given: Given = (), temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        return self.decoder.sample(len(z), (z, *given), temperature), constant(z, 0.0)


def _distribution(word, state: State, given: tuple[Shape, ...], networks: dict[str, nn.Module], prefix: str) -> nn.Module:  # noqa: ANN001
    own = {name.removeprefix(prefix): network for name, network in networks.items() if name.startswith(prefix)}
    return module_of(word)(word, state, given, own)
