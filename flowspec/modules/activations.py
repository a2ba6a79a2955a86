"""Increasing activations with the logs of their slopes, as monotone networks need both."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F


class Increasing(NamedTuple):
    """y = f(u): `value` u -> y, `log_slope` u, y -> log f'(u), `bend` u, y -> its derivative f''(u) / f'(u)."""

    value: Callable[[Tensor], Tensor]
    log_slope: Callable[[Tensor, Tensor], Tensor]
    bend: Callable[[Tensor, Tensor], Tensor]


ACTIVATIONS = {
    # log(1 - y²) is 2 log(1 + |y|) - 2 |u|, which is exact where y rounds to 1.
    "tanh": Increasing(torch.tanh, lambda u, y: y.abs().log1p_().sub_(u.abs()).mul_(2), lambda u, y: -2 * y),
    "sigmoid": Increasing(torch.sigmoid, lambda u, y: F.logsigmoid(u) + F.logsigmoid(-u), lambda u, y: 1 - 2 * y),
    "softplus": Increasing(F.softplus, lambda u, y: F.logsigmoid(u), lambda u, y: torch.sigmoid(-u)),
    "elu": Increasing(F.elu, lambda u, y: u.clamp_max(0), lambda u, y: (u < 0).to(u.dtype)),
    "leaky_relu": Increasing(F.leaky_relu, lambda u, y: torch.where(u > 0, 0.0, math.log(0.01)).to(u.dtype), lambda u, y: torch.zeros_like(u)),
    "asinh": Increasing(torch.asinh, lambda u, y: -0.5 * torch.log1p(u * u), lambda u, y: -u / (1 + u * u)),
    "relu": Increasing(torch.relu, lambda u, y: torch.where(u > 0, 0.0, -math.inf).to(u.dtype), lambda u, y: torch.zeros_like(u)),
}


class Activated(torch.autograd.Function):
    """u -> y = f(u) + slope * u, log of its slope. Written out: few passes over tensors of that size, and exact at saturation."""

    generate_vmap_rule = True

    @staticmethod
    def forward(u: Tensor, name: str, slope: float) -> tuple[Tensor, Tensor]:
        f = ACTIVATIONS[name]
        y = f.value(u)
        log_slope = f.log_slope(u, y)
        return (y + slope * u, torch.logaddexp(log_slope, log_slope.new_tensor(math.log(slope)))) if slope else (y, log_slope)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        u, ctx.name, ctx.slope = inputs
        ctx.save_for_backward(u, *output)

    @staticmethod
    def backward(ctx: FunctionCtx, of_y: Tensor, of_log: Tensor) -> tuple[Tensor | None, ...]:
        u, y, log_slope = ctx.saved_tensors
        f, slope = ACTIVATIONS[ctx.name], log_slope.exp()
        bend = f.bend(u, y - ctx.slope * u if ctx.slope else y)
        if ctx.slope:
            bend = bend * (1 - ctx.slope / slope)
        return torch.addcmul(of_y * slope, of_log, bend), None, None
