"""Series as rows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.rules import Facts, Fault, State, largest_divisor
from flowspec.vocabulary.word import Transform


class Fold(Transform, word="fold"):
    """A series as rows and columns, (C, T) -> (C, rows, T / rows): time t at row t mod rows, column t // rows.

    Neighbours in time are then neighbours in a column (WaveFlow, Ping et al. 2020, sec. 3.1).
    """

    reads = "any"
    keeps_shape = False

    rows: Annotated[int, Field(ge=1)]

    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) != 2:
            raise Fault("FS302", f"`fold` needs a series, channels x time; {x} arrives",
                        help=("a series is the input `audio(16_000)`",))  # fmt: skip
        channels, length = x.shape
        if length % self.rows:
            raise Fault(
                "FS303",
                f"`fold({self.rows})` needs a length that {self.rows} divides; {x} has {length}",
                argument="rows",
                help=(f"or cut the series to {length - length % self.rows}",) if length > self.rows else (),
                arguments={"rows": str(largest_divisor(length, self.rows))},
            )
        return (x.with_shape(channels, self.rows, length // self.rows),)

    def inputs(self, z: State) -> State:
        if len(z.shape) != 3 or z.shape[1] != self.rows:
            raise Fault("FS303", f"turned round, `fold({self.rows})` needs {self.rows} rows; {z} arrives",
                        help=(f"let {self.rows} rows arrive, or put `fold` outside `inverse`",))  # fmt: skip
        return z.with_shape(z.channels, z.area)

    def facts(self, x: State) -> Facts:
        return Facts(volume="zero")
