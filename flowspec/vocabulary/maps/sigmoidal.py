"""Monotone networks of sigmoids (NAF, Huang et al. 2018)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.rules import Facts, Tensor
from flowspec.vocabulary.word import Map

Units = Annotated[int, Field(ge=1, le=10_000)]
Layers = Annotated[int, Field(ge=1, le=100)]


class DSF(Map, word="dsf"):
    """y = logit(sum_k w_k sigmoid(a_k x + b_k)), a > 0, w = softmax: a deep sigmoidal flow (NAF, Huang et al. 2018, eq. 8).

    Each of `layers` such layers takes 3 numbers for each of its `units`. The slope at both ends is that of the smallest a, so
    that the map is onto; at raw = 0 it is the identity.
    """

    units: Units = 16
    layers: Layers = 1

    @property
    def width(self) -> int:
        return 3 * self.units * self.layers

    def facts(self) -> Facts:
        return Facts(sampling="iterative")


class DDSF(Map, word="ddsf"):
    """Sigmoidal layers that are fully connected, 1 -> units -> … -> 1: a dense deep sigmoidal flow (NAF, Huang et al. 2018, eq. 9).

    y_o = logit(sum_k w_ok sigmoid(a_k sum_i u_ki x_i + b_k)), the rows of u and w being softmaxes of a learned matrix, the
    same for every element, plus a vector that is given: a layer with i inputs takes 3 * units + i numbers for each element.
    """

    units: Units = 16
    layers: Layers = 2

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of each layer."""
        inner = (self.units,) * (self.layers - 1)
        return tuple(zip((1, *inner), (*inner, 1)))

    @property
    def width(self) -> int:
        return sum(3 * self.units + inputs for inputs, _ in self.sizes)

    def facts(self) -> Facts:
        return Facts(sampling="iterative")

    def parameters(self) -> tuple[Tensor, ...]:
        return tuple(
            tensor
            for i, (inputs, outputs) in enumerate(self.sizes)
            for tensor in (
                # A softmax over one input is 1, whatever it is taken of.
                Tensor(name=f"layers.{i}.u", shape=(self.units, inputs), live_entries=0 if inputs == 1 else None),
                Tensor(name=f"layers.{i}.w", shape=(outputs, self.units)),
            )
        )

    def multiply_adds(self) -> int:
        return sum(self.units * (4 * (inputs if inputs > 1 else 0) + 4 * outputs) for inputs, outputs in self.sizes)
