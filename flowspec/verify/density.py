"""Whether a density integrates to one."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from flowspec.modules.flow import Flow
from flowspec.verify.result import Check

STEPS = {1: 6e-4, 2: 3e-2}
"""In t, where x = centre + scale * sinh(t)."""
REACH, FARTHEST = 6.0, 20.0
"""In t: 200 times the scale to either side, or as far as samples lie and e times as far again."""
CHUNK = 20_000
TOLERANCE = 1e-2


def integral(flow: Flow) -> Iterator[Check]:
    """The integral of exp(log p), for flows of one or two real dimensions without conditions, by the trapezoid rule."""
    state = flow.input_state
    if state.levels is None and len(state.shape) == 1 and state.size in STEPS and not flow.checked.graph.given_contexts:
        if flow.checked.facts.likelihood == "exact":
            with torch.no_grad():
                total = _integral(flow, state.size)
            excess = abs(total - 1) if flow.checked.facts.mass == "one" else max(0.0, total - 1)
            yield Check.within("density", excess, TOLERANCE, f"integrates to {total:.5f}" + _why_less(flow))


def _why_less(flow: Flow) -> str:
    causes = ", ".join(f"`{path}`" for path in flow.checked.facts.causes["mass"][:3])
    return f": {causes} reaches a part of what is drawn" if causes else ""


def _integral(flow: Flow, dims: int) -> float:
    centre, scale, reach = _frame(flow, dims)
    t = torch.arange(-reach, reach + STEPS[dims], STEPS[dims])
    points = [centre[i] + scale[i] * t.sinh() for i in range(dims)]
    log_slopes = [scale[i].log() + t.cosh().log() for i in range(dims)]
    x = torch.cartesian_prod(*points).view(-1, dims)
    log_slope = torch.cartesian_prod(*log_slopes).view(-1, dims).sum(1)
    log_p = torch.cat([flow.log_prob(part) for part in x.split(CHUNK)])
    return float((log_p + log_slope).exp().sum() * STEPS[dims] ** dims)


def _frame(flow: Flow, dims: int) -> tuple[Tensor, Tensor, float]:
    """Where the density lies: median, spread and reach of samples, where every draw gives one."""
    if flow.checked.sampling is None or flow.checked.facts.mass == "less":
        return torch.zeros(dims), torch.ones(dims), REACH
    x = flow.sample(1_000)
    low, middle, high = x.quantile(torch.tensor([0.25, 0.5, 0.75]), 0)
    scale = (high - low).clamp_min(1e-3) / 2
    farthest = float(((x - middle) / scale).abs().max().asinh())
    return middle, scale, min(max(REACH, farthest + 1), FARTHEST)
