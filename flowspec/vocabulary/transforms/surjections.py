"""Maps that forget something, which sampling draws again (SurVAE, Nielsen et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.priors.half_gaussian import HalfGaussian
from flowspec.vocabulary.rules import Demand, Facts, Fault, Shape, State, Tensor
from flowspec.vocabulary.transforms.shape import as_image
from flowspec.vocabulary.word import AnyPrior, Transform


class Abs(Transform, word="abs"):
    """z = |x|; sampling draws the signs evenly. Contributes -D log 2, exactly.

    z is never negative: a prior on such numbers, `halfgaussian`, should end it. With others, of which some draws are no |x|, the
    density integrates to less than 1.
    """

    def facts(self, x: State) -> Facts:
        return Facts(kind="surjection", volume="constant", onto=False, reaches="nonnegative", sampling_draws=True,
                     remedy="end it with a prior of such numbers: `prior halfgaussian`")  # fmt: skip


class _Ordering(Transform):
    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) == 3:
            raise Fault("FS302", f"`{self.word}` needs a vector or a series; {x} arrives", before="flatten")
        return (x,)


class Sort(_Ordering, word="sort"):
    """The features of a vector in rising order, or the positions of a series in that of its channel `by` (counted from 0).

    Sampling draws an order evenly: the density does not depend on that of the n things sorted. Contributes -log n!, exactly.
    Draws of most priors are not in order, and the density then integrates to less than 1.
    """

    by: Annotated[int, Field(ge=0)] = 0

    def outputs(self, x: State) -> tuple[State, ...]:
        if self.by >= (x.channels if len(x.shape) == 2 else 1):
            has = f"{x.channels} channels" if len(x.shape) == 2 else "features alone"
            raise Fault("FS304", f"`sort` by channel {self.by}: {x} has {has}", argument="by", help=("channels are counted from 0",), arguments={"by": None})
        return super().outputs(x)

    def facts(self, x: State) -> Facts:
        return Facts(kind="surjection", volume="constant", onto=False, sampling_draws=True)


class Shuffle(_Ordering, word="shuffle"):
    """The features of a vector, or the positions of a series, in an order drawn anew for each example, in both directions.

    Contributes 0 to a lower bound on log p (the stochastic permutation of Nielsen et al. 2020).
    """

    def facts(self, x: State) -> Facts:
        return Facts(kind="stochastic", log_det="bound", volume="zero", sampling_draws=True)


class MaxPool(Transform, word="maxpool"):
    """The largest value of each window of `factor` x `factor` pixels: C x H x W -> C x H/f x W/f.

    Sampling draws the place of the maximum evenly, and from `differences` by how much it exceeds each of the others: a
    distribution on numbers that are not negative, whose network, if it has one, reads z. Contributes
    log p(differences | z) - log f² for each window, exactly.
    """

    holds = ("differences",)
    keeps_shape = False

    factor: Annotated[int, Field(ge=2)] = 2
    differences: AnyPrior = HalfGaussian()

    @model_validator(mode="after")
    def _not_negative(self) -> Self:
        if self.differences.support != "nonnegative":
            raise Fault("FS412", f"`{self.differences.word}` gives negative numbers too, which no excess of a maximum is", argument="differences",
                        arguments={"differences": "halfgaussian"})  # fmt: skip
        return self

    def outputs(self, x: State) -> tuple[State, ...]:
        if len(x.shape) != 3:
            raise Fault("FS302", f"`maxpool` needs an image; {x} arrives",
                        help=("or leave it out: a vector has no height and width",), before=as_image(x.size, self.factor))  # fmt: skip
        odd = next((side for side in x.shape[1:] if side % self.factor), None)
        if odd is not None:
            raise Fault("FS303", f"`maxpool({self.factor})` needs sides that {self.factor} divides; {x} has a side of {odd}",
                        label=f"{odd} is not a multiple of {self.factor}",
                        help=("or choose a factor that divides both sides",), instead="")  # fmt: skip
        return (x.with_shape(x.channels, x.shape[1] // self.factor, x.shape[2] // self.factor),)

    def rest(self, x: State) -> State:
        """By how much the maximum of each window exceeds the others, in their order."""
        (z,) = self.outputs(x)
        return z.with_shape(z.channels * (self.factor**2 - 1), *z.shape[1:])

    def held(self, x: State) -> dict[str, State]:
        return {"differences": self.rest(x)}

    def asks(self, x: State, given: Mapping[str, tuple[Shape, ...]]) -> dict[str, Demand]:
        if given.get(""):
            raise Fault("FS212", "`maxpool` itself reads no condition",
                        help=("write it in the distribution's call: `halfgaussian(NET, given=y)`",))  # fmt: skip
        reads = (self.outputs(x)[0].shape, *given.get("differences", ()))
        return {f"differences.{name}": demand for name, demand in self.differences.demands(self.rest(x), reads).items()}

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        own = self.differences.parameters(self.rest(x))
        return tuple(tensor.model_copy(update={"name": f"differences.{tensor.name}"}) for tensor in own)

    def facts(self, x: State) -> Facts:
        return Facts(kind="surjection", sampling_readers=("differences",), sampling_draws=True)
