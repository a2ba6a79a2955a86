"""Random examples, and parameters off their start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt

import torch
from torch import Tensor, nn

from flowspec.graph import Graph
from flowspec.vocabulary.inputs.spaces import Classes
from flowspec.vocabulary.rules import State

SPREAD = 0.2
"""Of the noise on a parameter, in units of one over the root of its fan-in."""


@contextmanager
def double_precision() -> Iterator[None]:
    """New tensors are float64 inside."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def examples(state: State, n: int) -> Tensor:
    """Random examples of a state, (n, *shape): integers of all levels, or standard normal numbers."""
    return torch.randn(n, *state.shape) if state.levels is None else torch.randint(state.levels, (n, *state.shape))


def contexts_of(graph: Graph, n: int) -> dict[str, Tensor] | None:
    """Random conditions for n examples."""
    made = {context.name: _condition(context.word, n) for context in graph.given_contexts}
    return made or None


def _condition(word, n: int) -> Tensor:  # noqa: ANN001
    return torch.randint(word.count, (n,)) if isinstance(word, Classes) else examples(word.state(), n).to(torch.get_default_dtype())


@torch.no_grad()
def perturb(flow: nn.Module) -> None:
    """Adds noise to every parameter, so that layers that start at zero or at the identity are tried away from it."""
    for parameter in flow.parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
        parameter.add_(torch.randn_like(parameter), alpha=SPREAD / sqrt(max(fan_in, 4)))
