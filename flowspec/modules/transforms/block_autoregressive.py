"""Block autoregressive networks as bijections (B-NAF, De Cao et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.activations import Activated
from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.block_linear import BlockAffine, BlockLinear
from flowspec.modules.solvers import InTurn, Monotone, invert_triangular
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import block_autoregressive

Layers = list[BlockAffine]


class BlockAutoregressive(AmortisedModule):
    """z_i increases with x_i and depends on x_1 … x_i; back, feature by feature, with the blocks of that feature alone (`solvers`).

    The batch stands innermost within: units u_(Db)B, and log_DbB, the logs of the slopes of each unit in its own feature.
    """

    word: block_autoregressive.BlockAutoregressive

    def __init__(self, word: block_autoregressive.BlockAutoregressive, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.layers = nn.ModuleList(BlockLinear(x.channels, a, b) for a, b in word.blocks(x))
        if word.residual == "gated":
            self.gate = nn.Parameter(torch.randn(()))

    def prepared(self, tensors: dict[str, Tensor], dtype: torch.dtype) -> Layers:
        layers = [layer.prepared(dtype) for layer in self.layers]
        if not tensors:
            return layers
        columns, rows, offsets = (
            [tensors[f"layers.{i}.{name}"].t() for i in range(len(layers))] for name in ("log_columns", "log_rows", "offset")
        )
        return [
            layer._replace(bias=offset + layer.bias * log_rows.exp(), log_columns=log_columns, log_rows=log_rows)
            for layer, log_columns, log_rows, offset in zip(layers, columns, rows, offsets)
        ]

    def mapped(self, x: Tensor, made: Layers) -> tuple[Tensor, Tensor]:
        z, log_slopes = self._by_feature(x, made)
        return z, log_slopes.sum(1)

    def unmapped(self, z: Tensor, made: Layers) -> Tensor:
        return invert_triangular(lambda x: self._by_feature(x, made), z, in_turn=self._in_turn(made, len(z)))

    def _by_feature(self, x: Tensor, layers: Layers) -> tuple[Tensor, Tensor]:
        """x_BD -> z_BD and the log of the diagonal of the Jacobian, log_BD."""
        u, log_slopes = self._units(x, layers)[-1]
        z, log_slopes = u.t(), log_slopes[:, 0].t()
        if self.word.residual == "plain":
            return x + z, F.softplus(log_slopes)
        if self.word.residual == "gated":
            share = torch.sigmoid(self.gate)
            return share * z + (1 - share) * x, F.softplus(log_slopes + self.gate) - F.softplus(self.gate)
        return z, log_slopes

    def _units(self, x: Tensor, layers: Layers) -> list[tuple[Tensor, Tensor]]:
        """What enters each layer, x_BD at first, and what leaves the last: units and the logs of their slopes."""
        found = [(x.t(), x.new_zeros(x.shape[1], 1, 1))]
        for layer in layers:
            u, log_slopes = found[-1]
            if len(found) > 1:
                u, log_slope = Activated.apply(u, self.word.activation, self.word.slope)
                log_slopes = log_slopes + log_slope.view(*log_slopes.shape[:2], -1)
                found[-1] = u, log_slopes
            found.append(layer(u, log_slopes))
        return found

    def _in_turn(self, layers: Layers, batch: int) -> InTurn:
        """The maps of the features one after another: each is a network of one feature, to which those before it add what they gave."""
        before = [layer.weight.new_empty(0, batch) for layer in layers]
        own: Layers = []

        def next_map(feature: Tensor | None) -> Monotone:
            if feature is not None:
                entering = [u for u, _ in self._units(feature[:, None], own)]
                before[:] = [torch.cat(pair) for pair in zip(before, entering)]
            i = len(before[0])
            own[:] = [layer.of_feature(i, known) for layer, known in zip(layers, before)]
            return lambda x: tuple(value[:, 0] for value in self._by_feature(x[:, None], own))

        return next_map
