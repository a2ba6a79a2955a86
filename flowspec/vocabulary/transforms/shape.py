"""Transforms that move dimensions about; none changes volume."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Facts, Fault, State, written
from flowspec.vocabulary.word import AnyPrior, Transform


def as_image(size: int, factor: int) -> str:
    """How a vector is read as an image whose sides `factor` divides, or nothing where its size does not allow it."""
    channels, rest = divmod(size, factor**2)
    return "" if rest else f"reshape([{channels}, {factor}, {factor}])"


def _next(side: int, factor: int) -> int:
    """The side, or the next that the factor divides."""
    return -(-side // factor) * factor


SHOWN = 64
"""Channels up to which an order that is one is written out for its author."""


def _completed(order: tuple[int, ...], channels: int) -> list[int]:
    """An order that is one: what is doubled or out of range is taken for what is missing."""
    begun, found = order[:channels], []
    missing = iter(sorted(set(range(channels)) - set(begun)))
    for i in range(channels):
        sound = i < len(begun) and begun[i] in range(channels) and begun[i] not in found
        found.append(begun[i] if sound else next(missing))
    return found


def _filled(shape: tuple[int, ...], size: int) -> list[int]:
    """A shape of as many sides that holds just `size` numbers, the first of them as they were where that comes out even."""
    *first, _ = shape
    whole = size % prod(first) == 0
    return [*first, size // prod(first)] if whole else [size, *(1 for _ in first)]


class _Rearranging(Transform):
    reads = "any"

    def facts(self, x: State) -> Facts:
        return Facts(volume="zero")


class Squeeze(_Rearranging, word="squeeze"):
    """Trades positions for channels: C x H x W -> f²C x H/f x W/f (RealNVP, Dinh et al. 2017, sec. 3.6).

    `channels_first`: channel c at offset (dy, dx) goes to channel c*f² + f*dy + dx. `offsets_first`: to (f*dy + dx)*C + c.
    """

    keeps_shape = False

    factor: Annotated[int, Field(ge=2)] = 2
    order: Literal["channels_first", "offsets_first"] = "channels_first"

    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) != 3:
            raise Fault("FS302", f"`squeeze` needs an image; {x} arrives",
                        help=("or leave it out: a vector has no height and width",), before=as_image(x.size, self.factor))
        c, h, w = x.shape
        f = self.factor
        odd = next((side for side in (h, w) if side % f), None)
        if odd is not None:
            raise Fault(
                "FS303",
                f"`squeeze({f})` needs sides that {f} divides; {x} has a side of {odd}",
                label=f"{odd} is not a multiple of {f}",
                help=(f"or begin with sides that {f} divides once more: {_next(h, f)}x{_next(w, f)} in place of {h}x{w} here",), instead="",
            )
        return (x.with_shape(c * f * f, h // f, w // f),)

    def inputs(self, z: State) -> State:
        if len(z.shape) != 3 or z.channels % self.factor**2:
            raise Fault("FS303", f"turned round, `squeeze({self.factor})` needs {self.factor**2}·n channels; {z} arrives",
                        help=(f"let a multiple of {self.factor**2} channels arrive, or put `squeeze` outside `inverse`",))  # fmt: skip
        c, h, w = z.shape
        return z.with_shape(c // self.factor**2, h * self.factor, w * self.factor)


class Reverse(_Rearranging, word="reverse"):
    """Reverses the order of the channels (or features), or of the rows or columns of an image."""

    axis: Literal["channels", "rows", "columns"] = "channels"

    def outputs(self, x: State) -> tuple[State, ...]:
        if self.axis != "channels" and len(x.shape) != 3:
            raise Fault("FS302", f"`reverse({self.axis})` needs rows and columns; {x} arrives", argument="axis",
                        help=("for vectors write `reverse`; a series is folded into rows: `fold(16)`",))  # fmt: skip
        return (x,)


class Permute(_Rearranging, word="permute"):
    """Permutes the channels (or features): a fixed random order drawn from `seed`, or the order given (from 0)."""

    order: tuple[int, ...] | Literal["random"] = "random"
    seed: int = 0

    def outputs(self, x: State) -> tuple[State, ...]:
        if self.order != "random" and sorted(self.order) != list(range(x.channels)):
            missed = sorted(set(range(x.channels)) - set(self.order))
            raise Fault(
                "FS304", f"`order` must hold each of 0 … {x.channels - 1} once, for {x.channels} channels", argument="order",
                notes=(f"the map is not a bijection: channel {missed[0]} is lost, so that many x go to one z",) if missed else (),
                arguments={"order": str(_completed(self.order, x.channels)) if x.channels <= SHOWN else None},
            )
        return (x,)


class Swap(_Rearranging, word="swap"):
    """Swaps the two halves of the channels (or features); of an odd number the first half is the larger."""


class Reshape(_Rearranging, word="reshape"):
    """Reads the same numbers in another shape."""

    keeps_shape = False

    shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]

    def outputs(self, x: State) -> tuple[State, ...]:
        if prod(self.shape) != x.size:
            raise Fault(
                "FS301",
                f"`reshape` to {written(self.shape)} needs {prod(self.shape)} dimensions; {x} has {x.size}",
                argument="shape",
                help=(f"choose numbers whose product is {x.size}: nothing is added or lost",),
                arguments={"shape": str(_filled(self.shape, x.size))},
            )
        return (x.with_shape(*self.shape),)

    def inputs(self, z: State) -> State:
        raise Fault("FS305", "`reshape` cannot be turned round here: the shape it came from is not known",
                    help=("put it outside `inverse`",))  # fmt: skip


class Flatten(_Rearranging, word="flatten"):
    """Reads an image as a vector."""

    keeps_shape = False

    def outputs(self, x: State) -> tuple[State, ...]:
        return (x.with_shape(x.size),)

    def inputs(self, z: State) -> State:
        raise Fault("FS305", "`flatten` cannot be turned round here: the shape it came from is not known",
                    help=("put it outside `inverse`",))  # fmt: skip


class Split(_Rearranging, word="split"):
    """Cuts the channels in two: the first part goes on, the second goes to `prior` (factored out) or to a named wire.

    `half` keeps half of the channels (the larger, of an odd number); a number keeps that many. A network of `prior` reads
    the part that goes on (Glow's conditional split prior), or what it is `given`.
    """

    closes = "prior"
    keeps_shape = False

    keep: Annotated[int, Field(ge=1)] | Literal["half"] = "half"
    prior: AnyPrior | None = None

    def outputs(self, x: State) -> tuple[State, ...]:
        first = (x.channels + 1) // 2 if self.keep == "half" else self.keep
        rest = x.channels - first
        if rest < 1:
            raise Fault(
                "FS306",
                f"`split` keeps {first} of {x.channels} channels: nothing is left for the second part",
                argument="keep",
                help=() if x.channels > 1 else ("one channel cannot be split: squeeze an image first, or leave `split` out",),
                arguments={"keep": "half"} if x.channels > 1 else {},
            )
        return (x.with_shape(first, *x.shape[1:]), x.with_shape(rest, *x.shape[1:]))


class Merge(_Rearranging, word="merge"):
    """Joins named wires on the channel axis into the current one; written `merge(a, b)`."""

    keeps_shape = False
