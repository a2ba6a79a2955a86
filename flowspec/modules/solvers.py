"""Inverses that have no formula: Newton's method within a bracket for monotone maps, a fixed point for residual ones.

Each finds x without gradients, then takes one step with them, so that they reach y and whatever the map is made of (parameters,
conditions) by the implicit function theorem: dx = J⁻¹ (dy - df), J the Jacobian at x.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

EXPANSIONS = 64
"""How often a bracket is doubled."""
STEPS = 200
"""Of Newton's method or of bisection, for one coordinate."""
ITERATIONS = 4_000
"""Of a fixed point: enough for a contraction by 0.99 in float64."""

Monotone = Callable[[Tensor], tuple[Tensor, Tensor]]
"""x -> f(x) and the log of the slope of each output in its own input, both shaped as x."""


class ConvergenceError(RuntimeError):
    """An inverse that was not found: says of how many values, and how far off they are."""


def invert_elementwise(f: Monotone, y: Tensor, tolerance: float | None = None) -> Tensor:
    """The x with f(x) = y, all elements at once, for f that increases and maps each element on its own.

    A bracket around 0 is doubled until it holds the solution; a step is then Newton's where that stays inside and is at most half
    of the last one, else it halves the bracket. Done where what is left is below `tolerance` * (1 + |x|), or f(x) as near to y
    (four ulps of the dtype unless given). Raises ConvergenceError where no x reaches y.
    """
    with torch.no_grad():
        x = _root(f, y, _fine(y) if tolerance is None else tolerance, "")
    if not torch.is_grad_enabled():
        return x
    value, log_slope = f(x)
    return x + (y - value) * torch.exp(-log_slope.detach())


def invert_triangular(f: Monotone, y: Tensor, tolerance: float | None = None) -> Tensor:
    """The x_BD with f(x) = y_BD, for f whose output i increases with input i and depends on inputs up to i only.

    Coordinate by coordinate, each as in `invert_elementwise`.
    """
    with torch.no_grad():
        x = torch.zeros_like(y)
        for i in range(y.shape[1]):
            x[:, i] = _root(_coordinate(f, x, i), y[:, i], _fine(y) if tolerance is None else tolerance, f" of feature {i + 1}")
    if not torch.is_grad_enabled():
        return x
    step = torch.linalg.solve_triangular(_jacobian(f, x), (y - f(x)[0])[:, :, None], upper=False)
    return x + step[:, :, 0]


def invert_residual(g: Callable[[Tensor], Tensor], y: Tensor, tolerance: float | None = None) -> Tensor:
    """The x with x + g(x) = y, for a contraction g: the fixed point of x = y - g(x).

    Done where a step is below `tolerance` * (1 + |x|) (the dtype's epsilon to the power 3/4 unless given). Raises ConvergenceError
    where that does not happen.
    """
    tolerance = torch.finfo(y.dtype).eps ** 0.75 if tolerance is None else tolerance
    with torch.no_grad():
        x = _fixed_point(lambda x: y - g(x), y, tolerance)
    if not torch.is_grad_enabled():
        return x
    point = x.clone().requires_grad_()
    around, x = g(point), y - g(x)
    if x.requires_grad:
        # dx = (1 + J)⁻¹ (dy - dg): its transpose is a fixed point again.
        transposed = lambda w: torch.autograd.grad(around, point, w, retain_graph=True)[0]  # noqa: E731
        x.register_hook(lambda v: _fixed_point(lambda w: v - transposed(w), v, tolerance))
    return x


def _fine(y: Tensor) -> float:
    return 4 * torch.finfo(y.dtype).eps


def _coordinate(f: Monotone, x: Tensor, i: int) -> Monotone:
    """Output i as a function of input i, the inputs before it being known."""

    def column(t: Tensor) -> tuple[Tensor, Tensor]:
        value, log_slope = f(torch.cat((x[:, :i], t[:, None], x[:, i + 1 :]), 1))
        return value[:, i], log_slope[:, i]

    return column


def _jacobian(f: Monotone, x: Tensor) -> Tensor:
    """J_BDD of x_BD -> f(x)_BD: each example has its own map, where f holds conditions of the batch."""
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        value = f(point)[0]
    rows = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)[:, None].expand(-1, len(x), -1)
    return torch.autograd.grad(value, point, rows, is_grads_batched=True)[0].transpose(0, 1)


def _root(f: Monotone, y: Tensor, tolerance: float, where: str) -> Tensor:
    low, high = _bracket(f, y, where)
    x, last = 0.5 * (low + high), high - low
    found = torch.zeros_like(y, dtype=torch.bool)
    for _ in range(STEPS):
        value, log_slope = f(x)
        excess = value - y
        low, high = torch.where(excess > 0, low, x), torch.where(excess > 0, x, high)
        step = -excess * torch.exp(-log_slope)
        newton = (x + step > low) & (x + step < high) & (step.abs() <= 0.5 * last)
        step = torch.where(newton, step, 0.5 * (low + high) - x)
        # What Newton's step leaves is of the order of its square: to wait until it is no longer seen would be to wait on rounding.
        near = step.abs() <= torch.where(newton, tolerance ** (2 / 3), tolerance) * (1 + x.abs())
        met = excess.abs() <= tolerance * (1 + y.abs())
        x, last = torch.where(found | met, x, x + step), step.abs()
        found = found | (near & ~excess.isnan()) | met
        if bool(found.all()):
            return x
    raise ConvergenceError(f"{int((~found).sum())} of the {found.numel()} values{where} were not found in {STEPS} steps:"
                           f" f(x) is still {excess[~found].abs().max().item():.3g} off")  # fmt: skip


def _bracket(f: Monotone, y: Tensor, where: str) -> tuple[Tensor, Tensor]:
    low, high = torch.full_like(y, -1), torch.ones_like(y)
    for _ in range(EXPANSIONS):
        too_high, too_low = f(low)[0] > y, f(high)[0] < y
        if not bool((too_high | too_low).any()):
            return low, high
        reach = high - low
        low, high = torch.where(too_high, low - reach, low), torch.where(too_low, high + reach, high)
    missed = int((too_high | too_low).sum())
    gap = torch.where(too_low, y - f(high)[0], f(low)[0] - y)[too_high | too_low].max().item()
    raise ConvergenceError(
        f"no x gives {missed} of the {y.numel()} values wanted{where}: the map does not reach them, by up to {gap:.3g}"
        " (it may be bounded; give its activation a slope, or a residual)"
    )


def _fixed_point(contract: Callable[[Tensor], Tensor], x: Tensor, tolerance: float) -> Tensor:
    for _ in range(ITERATIONS):
        found = contract(x)
        change = (found - x).abs()
        x = found
        if bool((change <= tolerance * (1 + x.abs())).all()):
            return x
    raise ConvergenceError(f"the fixed point was not found in {ITERATIONS} iterations: it still moves by {change.max().item():.3g};"
                           " the network may not be a contraction")  # fmt: skip
