"""Planar and radial flows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from flowspec.modules.amortised import AmortisedModule
from flowspec.modules.solvers import invert_elementwise


class Planar(AmortisedModule):
    """z = x + u tanh(w·x + b); back, w·x solves w·z = w·x + w·u tanh(w·x + b), which increases with it."""

    def mapped(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        w, u, slope = _along(tensors)
        bend = torch.tanh((w * x).sum(1) + tensors["bias"])
        return x + u * bend[:, None], torch.log1p((1 - bend * bend) * slope)

    def unmapped(self, z: Tensor, tensors: dict[str, Tensor]) -> Tensor:
        w, u, slope = _along(tensors)
        slope, bias = slope[:, None], tensors["bias"][:, None]

        def moved(along: Tensor) -> tuple[Tensor, Tensor]:
            bend = torch.tanh(along + bias)
            return along + slope * bend, torch.log1p((1 - bend * bend) * slope)

        return z - u * torch.tanh(invert_elementwise(moved, (w * z).sum(1, keepdim=True)) + bias)


def _along(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """w_BD, the direction u_BD with w·u > -1, and w·u as _B."""
    w, direction = tensors["weight"], tensors["direction"]
    raw = (w * direction).sum(1)
    slope = F.softplus(raw) - 1
    return w, direction + ((slope - raw) / w.square().sum(1))[:, None] * w, slope


class Radial(AmortisedModule):
    """z = x + beta (x - center) / (alpha + r) with r = |x - center|: along a ray, r + beta r / (alpha + r)."""

    def mapped(self, x: Tensor, tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        alpha, beta = _strength(tensors)
        ray = x - tensors["center"]
        reach = alpha + torch.linalg.vector_norm(ray, dim=1)
        across, along = torch.log1p(beta / reach), torch.log1p(alpha * beta / reach.square())
        return x + (beta / reach)[:, None] * ray, (x.shape[1] - 1) * across + along

    def unmapped(self, z: Tensor, tensors: dict[str, Tensor]) -> Tensor:
        """r solves r² + (alpha + beta - s) r - alpha s = 0 where s = |z - center|."""
        alpha, beta = _strength(tensors)
        ray = z - tensors["center"]
        s = torch.linalg.vector_norm(ray, dim=1)
        half = 0.5 * (alpha + beta - s)
        root = (half.square() + alpha * s).sqrt()
        # Of the two forms of the root, the one whose terms do not cancel.
        r = torch.where(half > 0, alpha * s / (half.abs() + root), half.abs() + root)
        return tensors["center"] + ray * ((alpha + r) / (alpha + beta + r))[:, None]


def _strength(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    alpha = F.softplus(tensors["raw_alpha"])
    return alpha, F.softplus(tensors["raw_beta"]) - alpha
