"""Jacobians of networks from products with them: `pull` takes v_B… to (v^T J,)_B…, as `torch.func.vjp` gives it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Pull = Callable[[Tensor], tuple[Tensor]]


def jacobian(pull: Pull, x: Tensor) -> Tensor:
    """The Jacobian of each example, flattened, J_BDD: one product for each dimension of x_B…."""
    size = x.shape[1:].numel()
    basis = torch.eye(size, dtype=x.dtype, device=x.device)[:, None].expand(-1, len(x), -1)
    rows = torch.func.vmap(pull)(basis.reshape(size, *x.shape))[0]
    return rows.flatten(2).transpose(0, 1)


def exact_trace(pull: Pull, x: Tensor) -> Tensor:
    """tr J of each example, _B."""
    return jacobian(pull, x).diagonal(dim1=1, dim2=2).sum(1)


def estimated_trace(pull: Pull, noise: Tensor) -> Tensor:
    """v^T J v, whose mean over noise v_B… of mean 0 and variance 1 is tr J (Hutchinson 1990), _B."""
    return (pull(noise)[0] * noise).flatten(1).sum(1)
