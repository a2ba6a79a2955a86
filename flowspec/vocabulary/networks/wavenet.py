"""Stacks of gated, dilated convolutions that are causal over rows (WaveFlow, Ping et al. 2020)."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.networks.structure import with_conditions
from flowspec.vocabulary.rules import Fault, Ports, Shape, Site, Tensor, written
from flowspec.vocabulary.word import NetworkWord

Count = Annotated[int, Field(ge=1)]


def normed(name: str, shape: Shape, live: int | None = None) -> tuple[Tensor, ...]:
    """The tensors of a layer with weight norm and bias, its output channels first; `live` of them reach the output.

    Deployed, the gain is folded into the weight.
    """
    channels = shape[0]
    live = channels if live is None else live
    return (
        Tensor(name=f"{name}.weight", shape=shape, live_entries=live * prod(shape[1:])),
        Tensor(name=f"{name}.gain", shape=(channels,), live_entries=live, deployed_entries=0),
        Tensor(name=f"{name}.bias", shape=(channels,), live_entries=live),
    )


class WaveNet(NetworkWord, word="wavenet"):
    """A 1x1 convolution to h_0 of `width` channels, then layers i = 0, 1, … whose skips s_i add up to the output.

        a = conv_i(h_i) + conditions_i(c)          to 2 * width channels
        r_i, s_i = out_i(tanh(a_1) * sigmoid(a_2))  1x1, to 2 * width channels
        h_(i+1) = sqrt(1/2) * (h_i + r_i)

    conv_i reads `kernel` rows, the present one and those before it, and `kernel` columns, 2^i apart and centred, so that
    columns are parallel; conditions_i is a 1x1 convolution of what the network is given. Every convolution has weight norm.
    In a shared network each layer is a site: a bias is added to a, and a gate g multiplies the residual,
    h_(i+1) = h_i + g * r_i, without the square root (NanoFlow's code). The last layer's residual is computed for nothing.
    """

    joins = False

    width: Count
    layers: Count = 8
    kernel: Count = 3

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        if len(input) != 3:
            raise Fault("FS302", f"`wavenet` needs rows and columns; {written(input)} arrives",
                        help=("fold the series into rows: `fold(16)`",))  # fmt: skip
        if self.kernel % 2 == 0:
            raise Fault("FS208", f"`wavenet` needs an odd kernel, so that it has a middle column; found {self.kernel}", argument="kernel",
                        arguments={"kernel": str(self.kernel + 1)})  # fmt: skip
        return (self.width, *input[1:])

    def causal(self) -> bool:
        return True

    def sites(self, ports: Ports) -> tuple[Site, ...]:
        if not ports.entering:
            return ()
        sites = (Site(bias=2 * self.width, gate=self.width),) * (self.layers - 1)
        return (*sites, Site(bias=2 * self.width, gate=self.width, gate_reaches=False))

    def conditions(self, ports: Ports) -> int:
        """Channels of the conditions together. Raises Fault where their positions differ from the input's."""
        return with_conditions(ports.input, ports.given)[0] - ports.input[0]

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        tensors = normed("front", (self.width, ports.input[0], 1, 1))
        for i in range(self.layers):
            tensors += self._layer(f"layers.{i}", ports, last=i == self.layers - 1)
        return tensors

    def _layer(self, name: str, ports: Ports, *, last: bool) -> tuple[Tensor, ...]:
        width, conditions = self.width, self.conditions(ports)
        tensors = normed(f"{name}.conv", (2 * width, width, self.kernel, self.kernel))
        if conditions:
            tensors += normed(f"{name}.conditions", (2 * width, conditions, 1, 1))
        tensors += normed(f"{name}.out", (2 * width, width, 1, 1), live=width if last else None)
        if ports.entering and ports.entering.embedding is not None:
            projection = normed(f"{name}.projection", (2 * width, ports.entering.embedding))
            tensors += tuple(tensor.model_copy(update={"deployed_entries": 0}) for tensor in projection)
        return tensors

    def multiply_adds(self, ports: Ports) -> int:
        width, (_, rows, columns) = self.width, ports.input
        each = 2 * width * (width * self.kernel**2 + width + self.conditions(ports))
        projected = 2 * width * (ports.entering.embedding or 0) if ports.entering else 0
        return rows * columns * (width * ports.input[0] + self.layers * each) + self.layers * projected
