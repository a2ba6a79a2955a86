"""Transforms whose parameters are learned or, wholly or in part, predicted from a condition."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from flowspec.modules.transforms import Given, TransformModule
from flowspec.vocabulary.amortised import Amortised
from flowspec.vocabulary.rules import Shape, State

SPREAD = 0.1
"""Standard deviation of learned parameters at the start."""


class AmortisedModule(TransformModule):
    """A transform by the tensors of its map, which are named and have a batch axis (of 1 where they are learned).

    `prepared` makes of them what both ways compute with, once for a call; `mapped` and `unmapped` are given that, and compute in
    float32 or better.
    """

    word: Amortised

    def __init__(self, word: Amortised, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.predicted = word.predicted(x)
        self.learned = () if self.predicted else tuple(tensor.name for tensor in word.tensors(x))
        for tensor in word.tensors(x) if self.learned else ():
            self.register_parameter(tensor.name, nn.Parameter(SPREAD * torch.randn(tensor.shape)))

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        z, log_det = self.mapped(wide, self.prepared(self.tensors(given, wide.dtype), wide.dtype))
        return z.to(x.dtype), log_det

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        wide = z.to(torch.promote_types(z.dtype, torch.float32))
        made = self.prepared(self.tensors(given, wide.dtype), wide.dtype)
        x = self.unmapped(wide, made)
        return x.to(z.dtype), -self.mapped(x, made)[1]

    def tensors(self, given: Given, dtype: torch.dtype) -> dict[str, Tensor]:
        """Learned tensors (1, *shape), or predicted ones (B, *shape), by name."""
        if not self.predicted:
            return {name: self.get_parameter(name)[None].to(dtype) for name in self.learned}
        values = self.conditioner(given[0], given[1:]).to(dtype).split([tensor.numel for tensor in self.predicted], 1)
        return {tensor.name: value.reshape(-1, *tensor.shape) for tensor, value in zip(self.predicted, values)}

    def prepared(self, tensors: dict[str, Tensor], dtype: torch.dtype) -> Any:
        """What the map computes with, in a dtype."""
        raise NotImplementedError

    def mapped(self, x: Tensor, made: Any) -> tuple[Tensor, Tensor]:
        """The map x_BD -> z_BD, log_det_B."""
        raise NotImplementedError

    def unmapped(self, z: Tensor, made: Any) -> Tensor:
        """The way back, z_BD -> x_BD."""
        raise NotImplementedError
