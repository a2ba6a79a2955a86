"""Networks between images and vectors: encoders and decoders are made of them."""

from __future__ import annotations

from math import prod
from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.networks.starts import Start
from flowspec.vocabulary.rules import Fault, Ports, Shape, Tensor, written
from flowspec.vocabulary.word import NetworkWord

Count = Annotated[int, Field(ge=1)]
Sides = Count | Annotated[tuple[Count, ...], Field(min_length=2, max_length=2)]
"""A number for height and width, or one for each."""


def pair(sides: int | tuple[int, ...]) -> tuple[int, int]:
    """Height and width."""
    return (sides, sides) if isinstance(sides, int) else sides


class UpConv(NetworkWord, word="upconv"):
    """A transposed 2-D convolution: a side of n becomes s*n with stride s.

    Its weight is that of the convolution it is the transpose of, whose output would be padded by p = ceil((k-s)/2) on every
    side; where k-s is odd, one more row and column stand at the bottom and right. `kernel` and `stride` may have a height and a
    width: `upconv([7, 5], stride=[7, 5])` makes an image of a single position. `start` is as in `conv`; an output is a sum of
    k²/s² inputs of each channel.
    """

    kernel: Sides = 3
    channels: Count | None = None
    stride: Sides = 2
    bias: bool = True
    start: Start = "default"

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        if len(input) != 3:
            raise Fault("FS302", f"`upconv` needs an image; {written(input)} arrives",
                        before=f"reshape([{prod(input)}, 1, 1])")  # fmt: skip
        if any(k < s for k, s in zip(pair(self.kernel), pair(self.stride))):
            found = f"{written(pair(self.kernel))} and {written(pair(self.stride))}"
            raise Fault("FS208", f"`upconv` needs a kernel of at least its stride, or positions would stay empty; found {found}",
                        argument="kernel", arguments={"kernel": str(list(pair(self.stride)))})  # fmt: skip
        channels = self.channels or (wanted[0] if wanted else None)
        if channels is None:
            raise Fault("FS309", "nothing says how many channels `upconv` gives", arguments={"channels": "64"})
        return (channels, *(s * side for s, side in zip(pair(self.stride), input[1:])))

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        weight = Tensor(name="weight", shape=(ports.input[0], ports.output[0], *pair(self.kernel)))
        return (weight, Tensor(name="bias", shape=(ports.output[0],))) if self.bias else (weight,)

    def multiply_adds(self, ports: Ports) -> int:
        return prod(pair(self.kernel)) * prod(ports.input) * ports.output[0]


class Mean(NetworkWord, word="mean"):
    """The mean over positions: an image becomes a vector of its channels."""

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        return input[:1]


class Reshape(NetworkWord, word="reshape"):
    """Reads the same numbers in another shape: that given, or the one that is wanted."""

    shape: tuple[Count, ...] | None = None

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        shape = self.shape or wanted
        if shape is None:
            raise Fault("FS309", "nothing says what shape `reshape` gives", arguments={"shape": f"[{prod(input)}, 1, 1]"})
        if prod(shape) != prod(input):
            raise Fault("FS301", f"`reshape` to {written(shape)} needs {prod(shape)} numbers; {written(input)} has {prod(input)}",
                        argument="shape" if self.shape else None,
                        help=(f"let the layer before it give {prod(shape)} numbers",))  # fmt: skip
        return shape


class Sum(NetworkWord, word="sum"):
    """y = f1(x) + f2(x) + …, each line of the body being one branch: a residual block whose shortcut is a network of its own."""

    body = "branches"

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        other = next((shape for shape in outputs if shape != outputs[0]), None)
        if other is not None:
            raise Fault("FS301", f"`sum` adds branches of one shape; {written(outputs[0])} and {written(other)} differ",
                        help=("let every branch end in the same width",))  # fmt: skip
        return outputs[0]

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return None if None in inner else sum(inner)

    def ordered(self) -> bool | None:
        return False
