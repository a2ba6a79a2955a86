"""Inverses that have no formula."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

EXPANSIONS = 64
HALVINGS = 200


class ConvergenceError(RuntimeError):
    """An inverse that was not found: says which coordinate, and why."""


def invert_triangular(f: Callable[[Tensor], Tensor], y: Tensor, tolerance: float | None = None) -> Tensor:
    """The x_BD with f(x) = y_BD, for f whose output i increases with input i and depends on inputs up to i only.

    Coordinate by coordinate: a bracket around 0 is doubled until it holds the solution, then halved until it is shorter than
    `tolerance` * (1 + |x|) (four ulps of the dtype unless given). Gradients reach y and the parameters of f by the implicit
    function theorem: dx = J⁻¹ (dy - df). Raises ConvergenceError where no x reaches y.
    """
    tolerance = 4 * torch.finfo(y.dtype).eps if tolerance is None else tolerance
    with torch.no_grad():
        x = torch.zeros_like(y)
        for i in range(y.shape[1]):
            x[:, i] = _solve_coordinate(f, x, y, i, tolerance)
    return _implicit(f, x, y) if torch.is_grad_enabled() else x


def _solve_coordinate(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, i: int, tolerance: float) -> Tensor:
    def excess(t: Tensor) -> Tensor:
        return f(torch.cat((x[:, :i], t[:, None], x[:, i + 1 :]), 1))[:, i] - y[:, i]

    low, high = _bracket(excess, x[:, i], i)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = excess(middle) > 0
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        if bool((high - low <= tolerance * (1 + middle.abs())).all()):
            break
    return 0.5 * (low + high)


def _bracket(excess: Callable[[Tensor], Tensor], start: Tensor, i: int) -> tuple[Tensor, Tensor]:
    low, high = start - 1, start + 1
    for _ in range(EXPANSIONS):
        too_high, too_low = excess(low) > 0, excess(high) < 0
        if not bool((too_high | too_low).any()):
            return low, high
        reach = high - low
        low, high = torch.where(too_high, low - reach, low), torch.where(too_low, high + reach, high)
    missed = int((too_high | too_low).sum())
    raise ConvergenceError(
        f"no x gives {missed} of the {len(start)} values wanted of feature {i + 1}: the map does not reach them"
        " (it may be bounded; give its activation a slope, or a residual)"
    )


def _implicit(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """One Newton step with gradients: x + J⁻¹ (y - f(x)), J constant."""
    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: f(row[None])[0]))(x).detach()
    step = torch.linalg.solve_triangular(jacobian, (y - f(x))[:, :, None], upper=False)
    return x + step[:, :, 0]
