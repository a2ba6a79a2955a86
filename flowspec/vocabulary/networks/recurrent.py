"""Recurrent networks over the features of a vector."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from flowspec.vocabulary.networks.dense_layers import Width, for_each_input
from flowspec.vocabulary.rules import Ports, Shape, Tensor
from flowspec.vocabulary.word import NetworkWord


class Recurrent(NetworkWord, word="recurrent"):
    """A gated recurrent unit (Cho et al. 2014) that reads the features in order: output i depends on inputs before i only.

    Its state of `hidden` numbers begins at zero and reads 0, then one feature after another, each beside the conditions. What it
    has read before feature i gives the outputs of i: by one linear map, or, with `head`, by layers of these widths with relu
    between them, the same for every feature (TAN, Oliva et al. 2018, secs. 3.1 and 3.2). The output is parameter-major, as that of
    `made`. The density takes as many steps as there are features, one after another, and so does a sample.
    """

    joins = False

    hidden: Width
    head: tuple[Width, ...] = ()

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        return for_each_input(self.word, input, wanted)

    def ordered(self) -> bool | None:
        return True

    def read(self, ports: Ports) -> int:
        """Numbers that are read at once: a feature, and the conditions."""
        return 1 + sum(map(prod, ports.given))

    def widths(self, ports: Ports) -> tuple[int, ...]:
        """Features of each layer of the head, from the state to the outputs of one feature."""
        return (self.hidden, *self.head, ports.output[0] // ports.input[0])

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        three, read = 3 * self.hidden, self.read(ports)
        cell = (
            Tensor(name="cell.weight_ih", shape=(three, read)),
            Tensor(name="cell.weight_hh", shape=(three, self.hidden)),
            Tensor(name="cell.bias_ih", shape=(three,)),
            Tensor(name="cell.bias_hh", shape=(three,)),
        )
        head = (
            (Tensor(name=f"head.{i}.weight", shape=(b, a)), Tensor(name=f"head.{i}.bias", shape=(b,)))
            for i, (a, b) in enumerate(pairwise(self.widths(ports)))
        )
        return (*cell, *(tensor for pair in head for tensor in pair))

    def multiply_adds(self, ports: Ports) -> int:
        head = sum(a * b for a, b in pairwise(self.widths(ports)))
        return ports.input[0] * (3 * self.hidden * (self.read(ports) + self.hidden) + head)
