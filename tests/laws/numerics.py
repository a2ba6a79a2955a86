"""Flows of random specs as torch modules: built in float64, moved off their start, and given examples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from flowspec.checked import CheckedGraph
from flowspec.modules.build import build
from flowspec.modules.flow import Flow
from flowspec.vocabulary.inputs.spaces import Classes
from flowspec.vocabulary.rules import State

torch.set_num_threads(1)
NOISE = 0.1
"""The deviation of what is added to every parameter, so that nothing is the identity."""


@contextmanager
def double_precision() -> Iterator[None]:
    """New tensors are float64 inside."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def started(checked: CheckedGraph, seed: int = 0) -> Flow:
    """The flow, started from data, moved off its start, and in evaluation mode."""
    flow = build(checked, seed).double()
    torch.manual_seed(seed)
    flow.initialise(*drawn(checked, 16))
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += NOISE * torch.randn_like(parameter)
    return flow.eval()


def drawn(checked: CheckedGraph, n: int) -> tuple[Tensor, dict[str, Tensor] | None]:
    """n random examples and conditions."""
    contexts = {}
    for context in checked.graph.contexts:
        labels = isinstance(context.word, Classes)
        contexts[context.name] = (
            torch.randint(context.word.count, (n,)) if labels else _examples(context.word.state(), n).double()
        )
    return _examples(checked.graph.input_state, n), contexts or None


def _examples(state: State, n: int) -> Tensor:
    return torch.randn(n, *state.shape).double() if state.levels is None else torch.randint(state.levels, (n, *state.shape))


def latents(flow: Flow, x: Tensor, context: dict[str, Tensor] | None) -> tuple[Tensor, Tensor]:
    """All latents of each example in one row, and the log-det."""
    z, log_det = flow(x, context)
    parts = (z,) if isinstance(z, Tensor) else z
    return torch.cat([part.flatten(1) for part in parts], 1), log_det


def log_abs_det(flow: Flow, x: Tensor, context: dict[str, Tensor] | None) -> Tensor:
    """log|det dz/dx| of one example (batch 1), by autograd."""
    jacobian = torch.autograd.functional.jacobian(lambda flat: latents(flow, flat.view_as(x), context)[0][0], x.flatten())
    return torch.linalg.slogdet(jacobian).logabsdet
