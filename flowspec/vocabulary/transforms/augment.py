"""Dimensions that are added."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.amortised import read_by_conditioner
from flowspec.vocabulary.maps.shifts import Affine
from flowspec.vocabulary.rules import LARGEST_SIZE, Demand, Facts, Fault, Shape, State, Tensor
from flowspec.vocabulary.transforms.coupling import Mapping, parameters_for
from flowspec.vocabulary.word import AnyMap, Net


class Augment(Mapping, word="augment"):
    """Appends noise channels: z = [x, f(e)] with e ~ N(0, I) and an elementwise map f (DenseFlow, Grcic et al. 2021, eqs. 4-9).

    Contributes log|det f'(e)| - log N(e; 0, I): a lower bound on log p(x). Without a conditioner f is the identity; with one,
    its parameters are read off the states that are `given` (cross-unit coupling), joined on the channel axis. Sampling drops
    the channels again and evaluates no network.
    """

    terms = ("augmentation",)
    keeps_shape = False

    channels: Annotated[int, Field(ge=1, le=LARGEST_SIZE)]
    conditioner: Net | None = None
    map: AnyMap = Affine(scale="tanh")

    @model_validator(mode="after")
    def _maps_by_a_conditioner(self) -> Self:
        if self.conditioner is None and self.map != type(self).model_fields["map"].default:
            raise Fault("FS205", "`map` speaks of noise whose map a conditioner gives its parameters", argument="map", arguments={"map": None},
                        help=("or give it the conditioner, as in `augment(2, linear, given=x)`",))  # fmt: skip
        return self

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

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        return () if self.conditioner is None else super().parameters(x)

    def multiply_adds(self, x: State) -> tuple[int, int]:
        density, _ = super().multiply_adds(x)
        return (0 if self.conditioner is None else density, 0)

    def evaluations(self, x: State) -> tuple[int, int]:
        return (1, 0)
