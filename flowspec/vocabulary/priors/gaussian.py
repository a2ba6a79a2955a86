"""Gaussian priors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Demand, Fault, Shape, State, Tensor
from flowspec.vocabulary.word import Net, Prior


def doubled(shape: Shape) -> Shape:
    """The shape of two parameters for each element: twice the channels."""
    return (2 * shape[0], *shape[1:])


class Gaussian(Prior, word="gaussian"):
    """log N(z; mean, exp(log_sd)) summed over dimensions.

    `standard`: mean 0, sd 1. `learned`: a mean and a log-sd for each channel (`per=element`: for each dimension).
    A network gives both, [mean, log_sd] on the channel axis: it reads what the prior is given, or zeros of its own
    output's shape where nothing is given (the "learned top" of Glow's code).
    """

    form: Literal["standard", "learned"] | Net = "standard"
    per: Literal["channel", "element"] = "channel"

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.form in ("standard", "learned"):
            return {}
        output = doubled(z.shape)
        reason = f"a mean and a log-sd for each of {z.channels} channels"
        return {"form": Demand(input=given[0] if given else output, given=given[1:], output=output, reason=reason)}

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        if self.form != "learned":
            return ()
        shape = z.shape if self.per == "element" else (z.channels, *(1 for _ in z.shape[1:]))
        return (Tensor(name="mean", shape=shape), Tensor(name="log_sd", shape=shape))


class Mixture(Prior, word="mixture"):
    """A mixture of Gaussians with diagonal covariance over the whole state: learned weights, means and log-sds."""

    components: Annotated[int, Field(ge=1, le=100_000)] = 8

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        k = self.components
        return (
            Tensor(name="logits", shape=(k,)),
            Tensor(name="mean", shape=(k, *z.shape)),
            Tensor(name="log_sd", shape=(k, *z.shape)),
        )


class Logistic(Prior, word="logistic"):
    """The standard logistic distribution in each dimension (NICE, Dinh et al. 2014, sec. 3.4)."""


class Uniform(Prior, word="uniform"):
    """The uniform distribution on [low, high] in each dimension; log p is -inf outside."""

    low: float = 0.0
    high: float = 1.0

    def check(self, z: State) -> None:
        if self.low >= self.high:
            raise Fault("FS208", f"`low` = {self.low:g} is not below `high` = {self.high:g}", argument="high")
