"""Rational-quadratic splines."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.rules import Fault
from flowspec.vocabulary.word import Map

Minimum = Annotated[float, Field(gt=0, lt=1)]


class Spline(Map, word="spline"):
    """A monotone rational-quadratic spline on [-bound, bound], the identity outside (Durkan et al. 2019, eqs. 4-8).

    Each element takes B bin widths, B bin heights and B - 1 inner derivatives; the slope at both ends is 1. Raw widths and
    heights are divided by `temper` before their softmax (the paper's code: by the root of the conditioner's width).
    """

    bins: Annotated[int, Field(ge=2, le=1024)] = 8
    bound: Annotated[float, Field(gt=0)] = 3.0
    min_width: Minimum = 1e-3
    min_height: Minimum = 1e-3
    min_slope: Minimum = 1e-3
    temper: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name in ("min_width", "min_height"):
            if getattr(self, name) * self.bins >= 1:
                raise Fault(
                    "FS208",
                    f"{self.bins} bins of at least {getattr(self, name):g} do not fit: together they take all of the range",
                    argument=name,
                    help=(f"anything below 1/bins = {1 / self.bins:g} fits",), arguments={name: f"{0.1 / self.bins:.1g}"},
                )
        return self

    @property
    def width(self) -> int:
        return 3 * self.bins - 1
