"""Block autoregressive networks as bijections (B-NAF, De Cao et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.activations import Activated
from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.block_linear import BlockLinear
from flowspec.modules.solvers import invert_triangular
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import block_autoregressive


class BlockAutoregressive(AmortisedModule):
    """z_i increases with x_i and depends on x_1 … x_i; back, coordinate by coordinate (`solvers`).

    The batch stands innermost within: units u_(Db)B, and log_DbB, the logs of the slopes of each unit in its own feature.
    """

    word: block_autoregressive.BlockAutoregressive

    def __init__(self, word: block_autoregressive.BlockAutoregressive, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.layers = nn.ModuleList(BlockLinear(x.channels, a, b) for a, b in word.blocks(x))
        if word.residual == "gated":
            self.gate = nn.Parameter(torch.randn(()))

    def mapped(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        z, log_slopes = self._by_feature(x, tensors)
        return z, log_slopes.sum(1)

    def unmapped(self, z: Tensor, tensors: dict[str, Tensor]) -> Tensor:
        return invert_triangular(lambda x: self._by_feature(x, tensors), z)

    def _by_feature(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """x_BD -> z_BD and the log of the diagonal of the Jacobian, log_BD."""
        z, log_slopes = self._network(x, tensors)
        if self.word.residual == "plain":
            return x + z, F.softplus(log_slopes)
        if self.word.residual == "gated":
            share = torch.sigmoid(self.gate)
            return share * z + (1 - share) * x, F.softplus(log_slopes + self.gate) - F.softplus(self.gate)
        return z, log_slopes

    def _network(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """x_BD -> f(x)_BD and the log of the diagonal of its Jacobian, log_BD."""
        u, log_slopes = x.t(), x.new_zeros(x.shape[1], 1, 1)
        for i, layer in enumerate(self.layers):
            if i > 0:
                u, log_slope = Activated.apply(u, self.word.activation, self.word.slope)
                log_slopes = log_slopes + log_slope.view(*log_slopes.shape[:2], -1)
            u, log_slopes = _stretched(u, log_slopes, tensors.get(f"layers.{i}.log_columns"))
            u, log_slopes = layer(u, log_slopes)
            u, log_slopes = _stretched(u, log_slopes, tensors.get(f"layers.{i}.log_rows"))
            u = u + tensors[f"layers.{i}.offset"].t() if tensors else u
        return u.t(), log_slopes[:, 0].t()


def _stretched(u: Tensor, log_slopes: Tensor, log_factors: Tensor | None) -> tuple[Tensor, Tensor]:
    """Units and the logs of their slopes times predicted factors (B, Db), if there are any."""
    if log_factors is None:
        return u, log_slopes
    return u * log_factors.t().exp(), log_slopes + log_factors.t().view(*log_slopes.shape[:2], -1)
