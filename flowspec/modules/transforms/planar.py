"""Planar and radial flows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.solvers import invert_elementwise


class Bend(NamedTuple):
    """w_BD, the direction u_BD with w·u > -1, w·u as _B, and the bias, _B."""

    weight: Tensor
    direction: Tensor
    slope: Tensor
    bias: Tensor


class Planar(AmortisedModule):
    """z = x + u tanh(w·x + b); back, w·x solves w·z = w·x + w·u tanh(w·x + b), which increases with it."""

    def prepared(self, tensors: dict[str, Tensor], dtype: torch.dtype) -> Bend:
        w, direction = tensors["weight"], tensors["direction"]
        raw = (w * direction).sum(1)
        slope = F.softplus(raw) - 1
        return Bend(w, direction + ((slope - raw) / w.square().sum(1))[:, None] * w, slope, tensors["bias"])

    def mapped(self, x: Tensor, made: Bend) -> tuple[Tensor, Tensor]:
        bend = torch.tanh((made.weight * x).sum(1) + made.bias)
        return x + made.direction * bend[:, None], torch.log1p((1 - bend * bend) * made.slope)

    def unmapped(self, z: Tensor, made: Bend) -> Tensor:
        slope, bias = made.slope[:, None], made.bias[:, None]

        def moved(along: Tensor) -> tuple[Tensor, Tensor]:
            bend = torch.tanh(along + bias)
            return along + slope * bend, torch.log1p((1 - bend * bend) * slope)

        return z - made.direction * torch.tanh(invert_elementwise(moved, (made.weight * z).sum(1, keepdim=True)) + bias)


class Pull(NamedTuple):
    """The center_BD, alpha_B and beta_B > -alpha."""

    center: Tensor
    alpha: Tensor
    beta: Tensor


class Radial(AmortisedModule):
    """z = x + beta (x - center) / (alpha + r) with r = |x - center|: along a ray, r + beta r / (alpha + r)."""

    def prepared(self, tensors: dict[str, Tensor], dtype: torch.dtype) -> Pull:
        alpha = F.softplus(tensors["raw_alpha"])
        return Pull(tensors["center"], alpha, F.softplus(tensors["raw_beta"]) - alpha)

    def mapped(self, x: Tensor, made: Pull) -> tuple[Tensor, Tensor]:
        center, alpha, beta = made
        ray = x - center
        reach = alpha + torch.linalg.vector_norm(ray, dim=1)
        across, along = torch.log1p(beta / reach), torch.log1p(alpha * beta / reach.square())
        return x + (beta / reach)[:, None] * ray, (x.shape[1] - 1) * across + along

    def unmapped(self, z: Tensor, made: Pull) -> Tensor:
        """r solves r² + (alpha + beta - s) r - alpha s = 0 where s = |z - center|."""
        center, alpha, beta = made
        ray = z - center
        s = torch.linalg.vector_norm(ray, dim=1)
        half = 0.5 * (alpha + beta - s)
        root = (half.square() + alpha * s).sqrt()
        # Of the two forms of the root, the one whose terms do not cancel.
        r = torch.where(half > 0, alpha * s / (half.abs() + root), half.abs() + root)
        return center + ray * ((alpha + r) / (alpha + beta + r))[:, None]
