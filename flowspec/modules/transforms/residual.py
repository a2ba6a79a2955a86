"""Residual flows (Behrmann et al. 2019, Chen et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor

from flowspec.modules.jacobians import Pull, jacobian
from flowspec.modules.networks.structure import prepared
from flowspec.modules.solvers import invert_residual
from flowspec.modules.transforms import Given, TransformModule
from flowspec.vocabulary.transforms import residual

HEADS = 0.5
"""The chance that the series goes on for another term."""


class Residual(TransformModule):
    """z = x + g(x), computed in float32 or better."""

    word: residual.Residual

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        held = x.to(torch.promote_types(x.dtype, torch.float32))
        added, pull = torch.func.vjp(self._added(given, x.dtype), held)
        return (held + added).to(x.dtype), self._log_det(pull, held)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        added = self._added(given, z.dtype)
        x = invert_residual(added, z.to(torch.promote_types(z.dtype, torch.float32)), torch.finfo(z.dtype).eps ** 0.75)
        return x.to(z.dtype), -self._log_det(torch.func.vjp(added, x)[1], x)

    def _added(self, given: Given, dtype: torch.dtype):  # noqa: ANN202
        network = prepared(self.network, given)
        return lambda x: network(x.to(dtype)).to(x.dtype)

    def _log_det(self, pull: Pull, x: Tensor) -> Tensor:
        if self.word.log_det == "series":
            return estimated_log_det(pull, torch.randn_like(x), self.word.least)
        matrix = jacobian(pull, x)
        return torch.linalg.slogdet(matrix + torch.eye(matrix.shape[1], dtype=x.dtype, device=x.device)).logabsdet


def estimated_log_det(pull: Pull, noise: Tensor, least: int) -> Tensor:
    """An unbiased estimate of log det(1 + J) of each example, _B: term k, if it is reached at all, over the chance of that."""
    heads = int(torch.empty(()).geometric_(1 - HEADS).item()) - 1
    total, product = noise.new_zeros(len(noise)), noise
    for k in range(1, least + heads + 1):
        product = pull(product)[0]
        weight = (-1) ** (k + 1) / k / HEADS ** max(0, k - least)
        total = total + weight * (product * noise).flatten(1).sum(1)
    return total
