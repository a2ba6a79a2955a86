"""Modules of the role: maps. The contract of one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules.solvers import Monotone, invert_elementwise
from flowspec.vocabulary.word import Map


class MapModule(nn.Module):
    """An elementwise bijection y = f(x; raw), named as its word.

    x_B..., raw_BP... -> y_B..., log_slope. `raw` has the P parameters of each element on axis 1 and is otherwise shaped as x,
    or holds axes of length 1 that broadcast against it. `log_slope` broadcasts against x; without an axis it stands for the
    same slope at every element.
    """

    def __init__(self, word: Map):
        super().__init__()
        self.word = word

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """y and log f'(x)."""
        raise NotImplementedError

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        """x and the log-slope of the inverse, -log f'(x)."""
        raise NotImplementedError


class IterativeMap(MapModule):
    """A map whose inverse has no formula: `prepared` gives it as a function, computed in float32 or better."""

    def prepared(self, raw: Tensor) -> Monotone:
        """raw_…P -> the map x_… -> y_…, log f'(x)_…, with what depends on the parameters alone computed once."""
        raise NotImplementedError

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        held, parameters = _parameters_last(x, raw)
        y, log_slope = self.prepared(parameters)(held)
        return y.movedim(-1, 1).to(x.dtype), log_slope.movedim(-1, 1)

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        held, parameters = _parameters_last(y, raw)
        f = self.prepared(parameters)
        x = invert_elementwise(f, held)
        return x.movedim(-1, 1).to(y.dtype), -f(x)[1].movedim(-1, 1)


def _parameters_last(x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
    """x_BC…, raw_BPC… -> x_B…C, raw_B…CP, in float32 or better."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    return x.to(dtype).movedim(1, -1), raw.to(dtype).movedim((1, 2), (-1, -2))


def by_parameter(raw: Tensor, width: int) -> Tensor:
    """A conditioner's output with the parameters on an axis of their own: raw_B(PC)... -> raw_BPC... ."""
    return raw.view(len(raw), width, raw.shape[1] // width, *raw.shape[2:])
