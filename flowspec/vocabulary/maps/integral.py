"""Integrals of positive networks (UMNN, Wehenkel & Louppe 2019)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.rules import LARGEST_SIZE, Facts, Tensor
from flowspec.vocabulary.word import Map


class UMNN(Map, word="umnn"):
    """y = t + the integral of f(s; h) over s from 0 to x, f > 0 a network (UMNN, Wehenkel & Louppe 2019, eq. 3).

    One network, with `hidden` layers of tanh units, serves all elements; each has its own t and `embedding` numbers h. f is
    softplus of what the network gives plus `min_slope`, so that the map is onto; it starts at 1, the map at x + t. The integral
    is taken at `nodes` + 1 points (Clenshaw-Curtis); the log-slope is log f(x), to which y is exact as far as the rule is.
    """

    embedding: Annotated[int, Field(ge=1, le=10_000)] = 16
    hidden: tuple[Annotated[int, Field(ge=1, le=LARGEST_SIZE)], ...] = (50, 50)
    nodes: Annotated[int, Field(ge=2, le=1_000)] = 32
    min_slope: Annotated[float, Field(gt=0, lt=1)] = 1e-3

    @property
    def width(self) -> int:
        return 1 + self.embedding

    @property
    def widths(self) -> tuple[int, ...]:
        """Features of each layer of the network, from s and h to f."""
        return (1 + self.embedding, *self.hidden, 1)

    def facts(self) -> Facts:
        return Facts(sampling="iterative")

    def parameters(self) -> tuple[Tensor, ...]:
        return tuple(
            tensor
            for i, (a, b) in enumerate(zip(self.widths, self.widths[1:]))
            for tensor in (Tensor(name=f"layers.{i}.weight", shape=(b, a)), Tensor(name=f"layers.{i}.bias", shape=(b,)))
        )

    def multiply_adds(self) -> int:
        first, *rest = (a * b for a, b in zip(self.widths, self.widths[1:]))
        return first + (self.nodes + 1) * sum(rest)
