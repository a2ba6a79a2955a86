"""Convolutional networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.networks.dense_layers import FOR_VECTORS
from flowspec.vocabulary.networks.starts import Start, check_direction
from flowspec.vocabulary.rules import LARGEST_SIZE, Fault, Ports, Shape, Tensor, written
from flowspec.vocabulary.word import NetworkWord

Count = Annotated[int, Field(ge=1, le=LARGEST_SIZE)]


class _Convolving(NetworkWord):
    def _sides(self, input: Shape) -> tuple[int, ...]:
        return input[1:]

    def _channels(self, given: int | None, input: Shape, wanted: Shape | None) -> Shape:
        if len(input) != 3:
            raise Fault("FS302", f"`{self.word}` needs an image; {written(input)} arrives", help=(FOR_VECTORS,))
        sides = self._sides(input)
        if given is not None:
            return (given, *sides)
        if wanted is None:
            raise Fault(
                "FS309", f"nothing says how many channels `{self.word}` gives", arguments={"channels": "64"}
            )
        return (wanted[0], *sides)


class Conv(_Convolving, word="conv"):
    """A 2-D convolution, padded by zeros so that with stride 1 the sides stay as they are.

    With stride s a side of n becomes ceil(n / s). An odd kernel k is padded by (k-1)/2 on every side. An even one needs an even
    stride that is no larger and divides the sides, and is padded by (k-s)/2: not at all where it is the stride. `expand=4` gives
    four times the channels that arrive.

    `start`: torch's default, or zero bias and weights that are `zero`, `normal` (from N(0, 0.05²), Glow's code) or `he` (from
    N(0, 2/n), an output being a sum of n inputs, so that signals keep their size through many layers: He et al. 2015).
    """

    kernel: Count
    channels: Count | None = None
    stride: Count = 1
    dilation: Count = 1
    expand: Count | None = None
    bias: bool = True
    start: Start = "default"
    weight_norm: bool | Literal["kept"] = False
    """Whether the weight is gain * v / |v| for each output channel (Salimans & Kingma 2016); `kept`: in a deployed model too."""

    def _sides(self, input: Shape) -> tuple[int, ...]:
        return tuple(-(-side // self.stride) for side in input[1:])

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        if self.kernel % 2 == 0 and (self.stride % 2 or self.stride > self.kernel or self.dilation > 1):
            raise Fault("FS208", f"`conv` needs an odd kernel, so that it has a middle, or an even stride of at most its kernel; found {self.kernel}", argument="kernel",
                        arguments={"kernel": str(self.kernel + 1)})  # fmt: skip
        if self.channels is not None and self.expand is not None:
            raise Fault("FS205", "`conv` takes `channels` or `expand`, not both", argument="expand", help=("or leave `channels` out",), arguments={"expand": None})
        check_direction(self.start, self.weight_norm)
        output = self._channels(self.expand * input[0] if self.expand else self.channels, input, wanted)
        if self.kernel % 2 == 0 and any(side % self.stride for side in input[1:]):
            raise Fault("FS303", f"`conv` with stride {self.stride} needs sides that {self.stride} divides; {written(input)} arrives",
                        arguments={"kernel": str(self.kernel + 1), "stride": None})  # fmt: skip
        return output

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        channels = ports.output[0]
        tensors = [Tensor(name="weight", shape=(channels, ports.input[0], self.kernel, self.kernel))]
        if self.weight_norm:
            tensors.append(Tensor(name="gain", shape=(channels,), deployed_entries=channels if self.weight_norm == "kept" else 0))
        return (*tensors, Tensor(name="bias", shape=(channels,))) if self.bias else tuple(tensors)

    def causal(self) -> bool:
        return self.kernel == self.stride == 1

    def multiply_adds(self, ports: Ports) -> int:
        channels, height, width = ports.output
        return self.kernel**2 * ports.input[0] * channels * height * width


class ZeroConv(_Convolving, word="zeroconv"):
    """A convolution that starts at zero, its output times exp(3 * log_scale) for each channel (Glow's code).

    `start=small`: weights and bias start within ±1e-3 (NanoFlow's code for audio).
    """

    kernel: Count = 3
    channels: Count | None = None
    start: Literal["zero", "small"] = "zero"

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        if self.kernel % 2 == 0:
            raise Fault("FS208", f"`zeroconv` needs an odd kernel, so that it has a middle; found {self.kernel}", argument="kernel",
                        arguments={"kernel": str(self.kernel + 1)})  # fmt: skip
        return self._channels(self.channels, input, wanted)

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        c = ports.output[0]
        return (
            Tensor(name="weight", shape=(c, ports.input[0], self.kernel, self.kernel)),
            Tensor(name="bias", shape=(c,)),
            Tensor(name="log_scale", shape=(c,)),
        )

    def causal(self) -> bool:
        return self.kernel == 1

    def multiply_adds(self, ports: Ports) -> int:
        channels, height, width = ports.output
        return self.kernel**2 * ports.input[0] * channels * height * width
