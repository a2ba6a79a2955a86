"""Inverses that have no formula: Newton's method within a bracket for monotone maps, a fixed point for residual ones.

Each finds x without gradients, then takes one step with them, so that they reach y and whatever the map is made of (parameters,
conditions) by the implicit function theorem: dx = J⁻¹ (dy - df), J the Jacobian at x.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

GROWTH = 4
"""Of a bracket's far end, from one try to the next."""
EXPANSIONS = 32
"""How often it grows."""
STEPS = 200
"""Of Newton's method or of bisection, for one coordinate."""
ITERATIONS = 4_000
"""Of a fixed point: enough for a contraction by 0.99 in float64."""

Monotone = Callable[[Tensor], tuple[Tensor, Tensor]]
"""x -> f(x) and the log of the slope of each output in its own input, both shaped as x."""
InTurn = Callable[[Tensor | None], Monotone]
"""Feature i, x_B (None at first) -> the map x_B -> f(x)_B of the next, those before it being what was given so far."""


class ConvergenceError(RuntimeError):
    """An inverse that was not found: says of how many values, and how far off they are."""


def invert_elementwise(f: Monotone, y: Tensor, tolerance: float | None = None) -> Tensor:
    """The x with f(x) = y, all elements at once, for f that increases and maps each element on its own.

    A bracket grows from 0 to the solution's side until it holds it; a step is then Newton's where that stays inside and is at most
    half of the last one, else it halves the bracket. Done where what is left is below `tolerance` * (1 + |x|), or f(x) as near to y
    (four ulps of the dtype unless given). Raises ConvergenceError where no x reaches y.
    """
    with torch.no_grad():
        x = _root(f, y, _fine(y) if tolerance is None else tolerance, "")
    if not torch.is_grad_enabled():
        return x
    value, log_slope = f(x)
    return x + (y - value) * torch.exp(-log_slope.detach())


def invert_triangular(f: Monotone, y: Tensor, tolerance: float | None = None, in_turn: InTurn | None = None) -> Tensor:
    """The x_BD with f(x) = y_BD, for f whose output i increases with input i and depends on inputs up to i only.

    Feature by feature, each as in `invert_elementwise`. A step of the search evaluates all of f, unless f offers the maps of its
    features `in_turn`.
    """
    with torch.no_grad():
        next_map, features, x = in_turn or _in_turn(f, y), [], None
        for i, column in enumerate(y.unbind(1)):
            x = _root(next_map(x), column, _fine(y) if tolerance is None else tolerance, f" of feature {i + 1}")
            features.append(x)
        x = torch.stack(features, 1)
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


def _in_turn(f: Monotone, like: Tensor) -> InTurn:
    """The maps of the features of f by f itself, on the features known so far and zeros, shaped as `like`_BD."""
    known: list[Tensor] = []

    def next_map(feature: Tensor | None) -> Monotone:
        if feature is not None:
            known.append(feature[:, None])
        i = len(known)

        def column(t: Tensor) -> tuple[Tensor, Tensor]:
            value, log_slope = f(torch.cat((*known, t[:, None], like.new_zeros(len(like), like.shape[1] - i - 1)), 1))
            return value[:, i], log_slope[:, i]

        return column

    return next_map


def _jacobian(f: Monotone, x: Tensor) -> Tensor:
    """J_BDD of x_BD -> f(x)_BD: each example has its own map, where f holds conditions of the batch."""
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        value = f(point)[0]
    rows = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)[:, None].expand(-1, len(x), -1)
    return torch.autograd.grad(value, point, rows, is_grads_batched=True)[0].transpose(0, 1)


def _root(f: Monotone, y: Tensor, tolerance: float, where: str) -> Tensor:
    low, high = _bracket(f, y, where)
    # From the end nearer to 0: networks are steep there, and flatten out.
    x, last = torch.where(low.abs() < high.abs(), low, high), high - low
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
    """low and high with f(low) <= y <= f(high)."""
    near = torch.zeros_like(y)
    side = torch.where(f(near)[0] > y, -1, 1).to(y.dtype)
    far = side
    for _ in range(EXPANSIONS):
        missing = side * (y - f(far)[0])
        short = missing > 0
        if not bool(short.any()):
            return torch.minimum(near, far), torch.maximum(near, far)
        near, far = torch.where(short, far, near), torch.where(short, GROWTH * far, far)
    raise ConvergenceError(
        f"no x gives {int(short.sum())} of the {y.numel()} values wanted{where}: the map does not reach them, by up to"
        f" {missing[short].max().item():.3g} (it may be bounded; give its activation a slope, or a residual)"
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
