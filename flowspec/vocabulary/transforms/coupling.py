"""Coupling layers and elementwise maps."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.amortised import read_by_conditioner
from flowspec.vocabulary.rules import Demand, Facts, Fault, Shape, State, Tensor
from flowspec.vocabulary.word import AnyMap, Net, Transform


def parameters_for(map: AnyMap, moved: Shape) -> dict[str, object]:
    """The output a conditioner must give so that `map` can act on a state of shape `moved`, and why."""
    noun = "features" if len(moved) == 1 else "channels"
    reason = f"{map.width} for each of the {moved[0]} {noun} that `{map.word}` moves"
    return {"output": (map.width * moved[0], *moved[1:]), "reason": reason}


class Mapping(Transform):
    """A transform that has a `map` of elements, whose parameters come from elsewhere: what the map itself stores is the transform's."""

    def moved(self, x: State) -> Shape:
        """The shape of what is mapped."""
        return x.shape

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        return tuple(tensor.model_copy(update={"name": f"map.{tensor.name}"}) for tensor in self.map.parameters())

    def multiply_adds(self, x: State) -> tuple[int, int]:
        cost = self.map.multiply_adds() * prod(self.moved(x))
        return (cost, cost)


class Coupling(Mapping, word="coupling"):
    """Maps one part of the state elementwise, with parameters that a conditioner reads off the other (RealNVP, Dinh et al. 2017).

    The conditioner gives, for a map of P parameters and a part of C channels, P*C channels: all C of the first parameter,
    then all C of the second (for `affine`: shift, raw scale), and so on.

    `split`: `half` (of an odd number the first half is the larger), a number of channels for the first part, `alternating`
    (every other feature), or `checkerboard` (every other pixel, of a vector every other feature; the conditioner reads the whole
    with those that move set to zero). `moves` says which part moves; the other is the condition.
    """

    map: AnyMap
    conditioner: Net
    split: Annotated[int, Field(ge=1)] | Literal["half", "alternating", "checkerboard"] = "half"
    moves: Literal["second", "first"] = "second"

    def outputs(self, x: State) -> tuple[State, ...]:
        if self.split == "checkerboard":
            if prod(x.shape[1:] or x.shape) < 2:
                raise Fault("FS302", f"a checkerboard needs two pixels, or two features of a vector; {x} arrives", argument="split",
                            arguments={"split": None} if x.channels > 1 else {}, instead=None if x.channels > 1 else f"elementwise({self.map.word})")  # fmt: skip
        elif self.first(x) >= x.channels:
            raise Fault(
                "FS306",
                f"`coupling` splits {x.channels} channel{'s' if x.channels > 1 else ''} into {self.first(x)} and 0:"
                " one part must move and one must stay",
                argument="split" if "split" in self.model_fields_set else None,
                help=("or squeeze the image first",) if len(x.shape) == 3 and x.channels == 1 else (),
                arguments={"split": "half" if x.channels > 1 else "checkerboard"} if x.size > 1 else {},
                instead=None if x.size > 1 else f"elementwise({self.map.word})",
            )
        return (x,)

    def first(self, x: State) -> int:
        """Channels of the first part."""
        return self.split if isinstance(self.split, int) else (x.channels + 1) // 2

    def parts(self, x: State) -> tuple[Shape, Shape]:
        """The shape the conditioner reads, and the shape that moves."""
        if self.split == "checkerboard":
            return x.shape, x.shape
        first, rest = self.first(x), x.channels - self.first(x)
        stays, moves = (first, rest) if self.moves == "second" else (rest, first)
        return (stays, *x.shape[1:]), (moves, *x.shape[1:])

    def moved(self, x: State) -> Shape:
        return self.parts(x)[1]

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        stays, moves = self.parts(x)
        return {"conditioner": Demand(input=stays, given=given, **parameters_for(self.map, moves))}

    def facts(self, x: State) -> Facts:
        return self.map.facts()


class Elementwise(Mapping, word="elementwise"):
    """Maps every element, with parameters that a conditioner reads off what it is `given`, or that are learned.

    The step of a coupling written out with wires: `split(half) as (a, b)`, `on b { elementwise(affine, net, given=a) }`,
    `merge(a, b)`. The conditioner's output is laid out as in `coupling`.
    """

    map: AnyMap
    conditioner: Net | None = None

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.conditioner is None:
            return {}
        input, *rest = read_by_conditioner(self.word, given, "the parameters are learned")
        return {"conditioner": Demand(input=input, given=tuple(rest), **parameters_for(self.map, x.shape))}

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        raw = Tensor(name="raw", shape=(self.map.width * x.channels, *(1 for _ in x.shape[1:])))
        return (*super().parameters(x), *((raw,) if self.conditioner is None else ()))

    def facts(self, x: State) -> Facts:
        facts = self.map.facts()
        if self.conditioner is None and self.map.straight:
            return facts.model_copy(update={"volume": "constant"})
        return facts
