"""How networks are put together."""

from __future__ import annotations

from math import hypot, prod

from flowspec.vocabulary.rules import Fault, Shape, last_layer, written
from flowspec.vocabulary.word import NetworkWord


class Chain(NetworkWord, word="chain"):
    """Networks one after another: what `>>`, a `net` and the body of a combinator stand for."""

    body = "sequence"
    joins = False

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        return outputs[-1]

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return None if None in inner else prod(inner)


class Residual(NetworkWord, word="residual"):
    """y = x + f(x), f being the body (He et al. 2016)."""

    body = "sequence"
    keeps_shape = True

    def inside(self, input: Shape, wanted: Shape | None) -> Shape | None:
        return input

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        if outputs[-1] != input:
            raise Fault("FS301", f"the body of `residual` must keep its shape: {written(input)} enters, {written(outputs[-1])} leaves",
                        help=(f"end the body with a layer that gives {written(input)}: `{last_layer(input)}`, its width left out, does",))  # fmt: skip
        return input

    def ordered(self) -> bool | None:
        return False

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return None if None in inner else 1 + prod(inner)


class Dense(NetworkWord, word="dense"):
    """y = [x, f(x)] on the channel axis, f being the body (Huang et al. 2017)."""

    body = "sequence"

    def inside(self, input: Shape, wanted: Shape | None) -> Shape | None:
        return (wanted[0] - input[0], *wanted[1:]) if wanted and wanted[0] > input[0] else None

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        return joined("dense", (input, outputs[-1]))


class Parallel(NetworkWord, word="parallel"):
    """y = [f1(x), f2(x), …] on the channel axis, each line of the body being one branch."""

    body = "branches"

    def inside(self, input: Shape, wanted: Shape | None) -> Shape | None:
        return None

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        return joined("parallel", outputs)

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return None if None in inner else hypot(*inner)


def joined(what: str, shapes: tuple[Shape, ...]) -> Shape:
    """The shape of states joined on the channel axis. Raises Fault when their positions differ."""
    first = shapes[0]
    other = next((shape for shape in shapes if shape[1:] != first[1:]), None)
    if other is not None:
        raise Fault("FS301", f"`{what}` joins channels at the same positions; {written(first)} and {written(other)} differ in them",
                    help=("let none of them change height and width: leave `stride` out",))  # fmt: skip
    return (sum(shape[0] for shape in shapes), *first[1:])


def _joinable(shape: Shape, input: Shape) -> str:
    """What could be joined to an input in place of a condition of this shape."""
    positions = input[1:]
    if len(shape) == 2 and len(input) == 3 and shape[1] == prod(positions):
        return f"lay it into the same rows: `context … >> fold({positions[0]}) as …`"
    like = f"image({shape[0]}, {', '.join(map(str, positions))})" if len(input) == 3 else f"audio({positions[0]})"
    return f"condition on what has the same positions, as `{like}`, or on a vector, as `vector(4)`"


def with_conditions(input: Shape, given: tuple[Shape, ...]) -> Shape:
    """The shape of an input with its conditions joined on: vectors are repeated at every position."""
    channels = input[0]
    for shape in given:
        if len(input) == 1:
            channels += prod(shape)
        elif len(shape) == 1 or shape[1:] == input[1:]:
            channels += shape[0]
        else:
            raise Fault(
                "FS308",
                f"a condition of shape {written(shape)} cannot be joined to {written(input)}: its positions differ",
                help=(_joinable(shape, input),),
            )
    return (channels, *input[1:])
