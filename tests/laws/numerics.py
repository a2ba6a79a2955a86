"""Flows of random specs as torch modules: built in float64, moved off their start, and given examples."""

from __future__ import annotations

import torch
from torch import Tensor

from flowspec.checked import CheckedGraph
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.verify.examples import contexts_of, double_precision, examples, perturb

torch.set_num_threads(1)


def started(checked: CheckedGraph, seed: int = 0) -> Flow:
    """The flow, started from data, moved off its start, and in evaluation mode."""
    flow = build(checked, seed).double()
    torch.manual_seed(seed)
    flow.initialise(*drawn(checked, 16))
    perturb(flow)
    return flow.eval()


def drawn(checked: CheckedGraph, n: int) -> tuple[Tensor, dict[str, Tensor] | None]:
    """n random examples and conditions."""
    with double_precision():
        return examples(checked.graph.input_state, n), contexts_of(checked.graph, n)


def latents(flow: Flow, x: Tensor, context: dict[str, Tensor] | None) -> tuple[Tensor, Tensor]:
    """All latents of each example in one row, and the log-det."""
    z, log_det = flow(x, context)
    parts = (z,) if isinstance(z, Tensor) else z
    return torch.cat([part.flatten(1) for part in parts], 1), log_det


def log_abs_det(flow: Flow, x: Tensor, context: dict[str, Tensor] | None) -> Tensor:
    """log|det dz/dx| of one example (batch 1), by autograd."""
    jacobian = torch.autograd.functional.jacobian(lambda flat: latents(flow, flat.view_as(x), context)[0][0], x.flatten())
    return torch.linalg.slogdet(jacobian).logabsdet
