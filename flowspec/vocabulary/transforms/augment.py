"""Dimensions that are added."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowspec.vocabulary.amortised import read_by_conditioner
from flowspec.vocabulary.maps.shifts import Affine
from flowspec.vocabulary.rules import LARGEST_SIZE, Demand, Facts, Shape, State
from flowspec.vocabulary.transforms.coupling import Mapping, parameters_for
from flowspec.vocabulary.word import AnyMap, Net


class Augment(Mapping, word="augment"):
    """Appends noise channels: z = [x, f(e)] with e ~ N(0, I) and an elementwise map f (DenseFlow, Grcic et al. 2021, eqs. 4-9).

    Contributes log|det f'(e)| - log N(e; 0, I): a lower bound on log p(x). Without a conditioner f is the identity; with one,
    its parameters are read off the states that are `given` (cross-unit coupling), joined on the channel axis. Sampling drops
    the channels again and evaluates no network.
    """

    terms = ("augmentation",)

    channels: Annotated[int, Field(ge=1, le=LARGEST_SIZE)]
    conditioner: Net | None = None
    map: AnyMap = Affine(scale="tanh")

    def outputs(self, x: State) -> tuple[State, ...]:
        return (x.with_shape(x.channels + self.channels, *x.shape[1:]),)

    def moved(self, x: State) -> Shape:
        return (self.channels, *x.shape[1:])

    def demands(self, x: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.conditioner is None:
            return {}
        input, *rest = read_by_conditioner(self.word, given, "the noise is standard normal")
        return {"conditioner": Demand(input=input, given=tuple(rest), **parameters_for(self.map, self.moved(x)))}

    def facts(self, x: State) -> Facts:
        return Facts(kind="stochastic", log_det="bound", volume="varies", sampling_needs_given=False)

    def evaluations(self, x: State) -> tuple[int, int]:
        return (1, 0)
