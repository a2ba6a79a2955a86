"""Networks that bring a series of frames, (bands, T), to the positions of a folded one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.rules import Fault, Ports, Shape, Tensor, largest_divisor, written
from flowspec.vocabulary.word import NetworkWord

Count = Annotated[int, Field(ge=1)]


class _OfSeries(NetworkWord):
    def _sides(self, input: Shape) -> tuple[int, int]:
        if len(input) != 2:
            raise Fault("FS302", f"`{self.word}` needs a series, channels x time; {written(input)} arrives",
                        help=("a series is the input `audio(16_000)`, or the context `mel(80)`",))  # fmt: skip
        return input[0], input[1]


class Upsample(_OfSeries, word="upsample"):
    """`factor` times as many frames: a transposed convolution over bands and time, then a leaky ReLU of `slope` (WaveFlow's code).

    The bands are the rows of an image of one channel. The kernel spans 3 bands and 2 * factor frames, and has weight norm.
    """

    factor: Annotated[int, Field(ge=2)]
    slope: Annotated[float, Field(gt=0, lt=1)] = 0.4

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        bands, frames = self._sides(input)
        return (bands, self.factor * frames)

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        return (
            Tensor(name="weight", shape=(1, 1, 3, 2 * self.factor)),
            Tensor(name="gain", shape=(1,), deployed_entries=0),
            Tensor(name="bias", shape=(1,)),
        )

    def multiply_adds(self, ports: Ports) -> int:
        bands, frames = ports.input
        return bands * frames * 3 * 2 * self.factor


class Crop(_OfSeries, word="crop"):
    """The first `length` of a series."""

    length: Count

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        channels, length = self._sides(input)
        if length < self.length:
            raise Fault("FS303", f"`crop({self.length})` needs a series at least as long; {written(input)} arrives", argument="length",
                        arguments={"length": str(length)})  # fmt: skip
        return (channels, self.length)


class Fold(_OfSeries, word="fold"):
    """A series as rows and columns, (C, T) -> (C, rows, T / rows): time t at row t mod rows, column t // rows."""

    rows: Count

    def output(self, input: Shape, wanted: Shape | None) -> Shape:
        channels, length = self._sides(input)
        if length % self.rows:
            raise Fault("FS303", f"`fold({self.rows})` needs a length that {self.rows} divides; {written(input)} arrives", argument="rows",
                        arguments={"rows": str(largest_divisor(length, self.rows))})  # fmt: skip
        return (channels, self.rows, length // self.rows)
