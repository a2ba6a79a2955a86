"""From integers to real numbers, and pointwise maps of the range."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.rules import Facts, Fault, NestedDemand, Shape, State
from flowspec.vocabulary.word import NestedFlow, Transform


class Dequantize(Transform, word="dequantize"):
    """y = low + (high - low) * (x + u) / levels with noise u in [0, 1): a lower bound on log p of the integers (Theis et al. 2016).

    Contributes D * log((high - low) / levels). Sampling rounds down to the level. The noise is `uniform`, or drawn from a
    flow of u given x, which then contributes -log q(u | x) (variational dequantization, Ho et al. 2019, eq. 12): a `flow`
    with a real image input of x's shape, whose one context is the image of integers. Its draws must lie in [0, 1], as those of a
    flow that begins with `logit(0)` do: noise outside has the log-density -inf, and so has x.
    """

    reads = "integers"
    terms = ("dequantization",)

    noise: Literal["uniform"] | NestedFlow = "uniform"
    low: float = 0.0
    high: float = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise Fault("FS208", f"`low` = {self.low:g} is not below `high` = {self.high:g}", argument="high", label="not above `low`",
                        help=("let `low` be the smaller of the two",),
                        arguments={"low": f"{self.high:g}", "high": f"{self.low:g}"} if self.low > self.high else {})  # fmt: skip
        return self

    def outputs(self, x: State) -> tuple[State, ...]:
        if x.levels is None:
            raise Fault(
                "FS307",
                "`dequantize` needs integers; the values that arrive are real already",
                help=("or declare that the input holds integers, as in `input image(1, 28, 28, levels=256)`",), instead="",
            )
        return (State(shape=x.shape),)

    def nested(self, x: State, given: tuple[Shape, ...]) -> dict[str, NestedDemand]:
        return {} if self.noise == "uniform" else {"noise": NestedDemand(input=x.shape, context=x.shape, instead=("uniform",), first="logit(0)")}

    def facts(self, x: State) -> Facts:
        return Facts(kind="surjection", log_det="bound", volume="constant" if self.noise == "uniform" else "varies")

    def evaluations(self, x: State) -> tuple[int, int]:
        return (1, 0)


class Logit(Transform, word="logit"):
    """y = logit(alpha + (1 - 2 alpha) x) for x in [0, 1] (RealNVP, Dinh et al. 2017, sec. 4.1); an x outside has the log-density -inf."""

    alpha: Annotated[float, Field(ge=0, lt=0.5)] = 0.05


class Scale(Transform, word="scale"):
    """y = shift + factor * x with constants."""

    factor: float = 1.0
    shift: float = 0.0

    @model_validator(mode="after")
    def _invertible(self) -> Self:
        if self.factor == 0:
            raise Fault("FS401", "`scale(0)` is not a bijection: every x goes to the same y", argument="factor",
                        help=("use a factor that is not zero, as 1, or leave the step out",), arguments={"factor": "1"})  # fmt: skip
        return self

    def facts(self, x: State) -> Facts:
        return Facts(volume="constant")
