"""Layers that conditions gate and shift (FFJORD, Grathwohl et al. 2019)."""

from __future__ import annotations

from math import prod

from flowspec.vocabulary.networks.dense_layers import Activation, Width, vector_output
from flowspec.vocabulary.rules import Fault, Ports, Shape, Tensor
from flowspec.vocabulary.word import NetworkWord


class ConcatSquash(NetworkWord, word="concat_squash"):
    """Layers y = (W x + b) * sigmoid(G c + g) + H c of widths `hidden`, the activation after each but the last; c are the conditions.

    In a `continuous` flow they begin with the time (FFJORD's code).
    """

    joins = False

    hidden: tuple[Width, ...]
    activation: Activation = "tanh"
    features: Width | None = None

    def takes(self, given: tuple[Shape, ...]) -> None:
        if not given:
            raise Fault("FS402", "`concat_squash` is given no condition to gate its layers by",
                        help=("give it one, as in `given=label`", "or use `mlp`"))  # fmt: skip

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        return vector_output(self.word, self.features, input, wanted)

    def widths(self, ports: Ports) -> tuple[int, ...]:
        """Features of each layer, from the input to the output."""
        return (ports.input[0], *self.hidden, ports.output[0])

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        widths, conditions, tensors = self.widths(ports), sum(map(prod, ports.given)), []
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            tensors += [
                Tensor(name=f"layers.{i}.weight", shape=(b, a)),
                Tensor(name=f"layers.{i}.bias", shape=(b,)),
                Tensor(name=f"gates.{i}.weight", shape=(b, conditions)),
                Tensor(name=f"gates.{i}.bias", shape=(b,)),
                Tensor(name=f"shifts.{i}.weight", shape=(b, conditions)),
            ]
        return tuple(tensors)

    def multiply_adds(self, ports: Ports) -> int:
        widths, conditions = self.widths(ports), sum(map(prod, ports.given))
        return sum(a * b for a, b in zip(widths, widths[1:])) + 2 * conditions * sum(widths[1:])
