"""Modules of the role: transforms. The contract of one, and what all of them share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.word import Transform

Given = tuple[Tensor, ...]
"""The conditions of a step, in the order in which they are written."""


class TransformModule(nn.Module):
    """A step of a flow, named as its word. `x` is the state that enters, of `merge` the tuple of them.

    Both directions return the log|det| of the map they applied, log_det_B, in float32 or better.
    """

    draws = False
    """Whether `inverse` takes a temperature, its third argument."""
    needs_start = False
    """Whether `start` has yet to see a batch."""

    def __init__(self, word: Transform, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__()
        self.word = word
        for name, network in networks.items():
            self.add_module(name, network)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        """The normalising direction of the transform as it is declared."""
        raise NotImplementedError

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        """The way back."""
        raise NotImplementedError

    def with_terms(self, x: Tensor, given: Given = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The normalising direction with each of the word's `terms`, whose sum `forward` gives."""
        z, log_det = self(x, given)
        return z, (log_det,)

    def start(self, x: Tensor) -> None:
        """Sets what depends on the first batch of training; nothing, if that has happened."""


def constant(x: Tensor, value: float | Tensor) -> Tensor:
    """The same log-det for every example of x, as log_det_B."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    if isinstance(value, Tensor):
        return value.to(dtype).expand(len(x))
    return x.new_full((len(x),), value, dtype=dtype)


def total(log_slope: Tensor, x: Tensor) -> Tensor:
    """The sum over the elements of each example, as log_det_B; `log_slope` broadcasts against x."""
    if log_slope.dim() == 0:
        return constant(x, log_slope * x.shape[1:].numel())
    dtype = torch.promote_types(log_slope.dtype, torch.float32)
    return log_slope.expand_as(x).sum(tuple(range(1, x.dim())), dtype=dtype)
