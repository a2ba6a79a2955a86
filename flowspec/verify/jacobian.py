"""Log-determinants by automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

ROWS = 128
"""Rows of a Jacobian that are computed at a time."""

Function = Callable[[tuple[Tensor, ...], int], tuple[Tensor, ...]]
"""Inputs with a batch of n equal examples, and n -> outputs with that batch."""


def log_abs_det(function: Function, inputs: tuple[Tensor, ...]) -> float:
    """log|det d outputs / d inputs| at one example: inputs have a batch of one, and as many entries as the outputs have.

    One pass gives `ROWS` rows: the example is repeated in a batch, and copy i is differentiated for output i alone.
    """
    size = sum(value.numel() for value in inputs)
    rows = [_rows(function, inputs, range(start, min(start + ROWS, size))) for start in range(0, size, ROWS)]
    return float(torch.linalg.slogdet(torch.cat(rows)).logabsdet)


def _rows(function: Function, inputs: tuple[Tensor, ...], outputs: range) -> Tensor:
    n = len(outputs)
    with torch.enable_grad():
        copies = tuple(value.detach().expand(n, *value.shape[1:]).contiguous().requires_grad_() for value in inputs)
        flat = flattened(function(copies, n))
        chosen = flat[torch.arange(n), torch.tensor(outputs)].sum()
        slopes = torch.autograd.grad(chosen, copies, allow_unused=True)
    return flattened(tuple(torch.zeros_like(c) if slope is None else slope for slope, c in zip(slopes, copies)))


def flattened(values: tuple[Tensor, ...]) -> Tensor:
    """Tensors side by side, (B, D)."""
    return torch.cat([value.flatten(1) for value in values], 1)
