"""Gaussian priors."""

from __future__ import annotations

from math import inf
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.rules import Demand, Fault, Shape, State, Tensor
from flowspec.vocabulary.word import Net, Prior

Bounds = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=2, max_length=2)]
"""The least and the largest value that something is held between."""


def check_bounds(bounds: tuple[float, ...] | None, below: float = inf) -> None:
    """Raises Fault where the first is not below the second, or the second not below what it has to be."""
    if bounds is not None and not bounds[0] < bounds[1] < below:
        limit = f" below {below:g}" if below < inf else ""
        raise Fault("FS208", f"`clamp` needs two numbers{limit}, the smaller first; found {bounds[0]:g} and {bounds[1]:g}",
                    argument="clamp", arguments={"clamp": "[0.01, 0.99]"})  # fmt: skip


class Gaussian(Prior, word="gaussian"):
    """log N(z; mean, sd) summed over dimensions.

    `standard`: mean 0, sd 1. `learned`: a mean and a log-sd for each channel (`per=element`: for each dimension).
    A network gives the mean and, with `scale=network`, what the sd is made of, joined on the channel axis: it reads what the
    prior is given, or zeros of its own output's shape where nothing is given (the "learned top" of Glow's code).

    Beside a network, `scale` may be one learned number (`scalar`), one for each `channel` or each `element`, or the sd itself.
    `spread` says how a network's or a learned number r gives the sd: `log_sd` exp(r), `log_variance` exp(r / 2), `softplus`
    log(1 + exp(r)), `softplus_variance` the root of that; `floor` is added to that. `clamp=[0.01, 7]` holds the sd between two
    values, or the variance where r gives that.
    """

    normal = True

    form: Literal["standard", "learned"] | Net = "standard"
    per: Literal["channel", "element"] = "channel"
    scale: Literal["network", "scalar", "channel", "element"] | Annotated[float, Field(gt=0)] = "network"
    spread: Literal["log_sd", "log_variance", "softplus", "softplus_variance"] = "log_sd"
    floor: Annotated[float, Field(ge=0)] = 0.0
    clamp: Bounds | None = None

    @model_validator(mode="after")
    def _says_what_its_form_has(self) -> Self:
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        said = next((name for name in ("scale", "spread", "floor", "clamp") if getattr(self, name) != defaults[name]), None)
        if self.form in ("standard", "learned") and said:
            raise Fault("FS205", f"`{said}` speaks of a Gaussian whose mean a network gives", argument=said,
                        help=("or give it the network, as in `gaussian(mlp([32]), …)`",), arguments={said: None})  # fmt: skip
        if self.form != "learned" and self.per != defaults["per"]:
            raise Fault("FS205", "`per` speaks of a Gaussian whose mean and log-sd are learned", argument="per", arguments={"per": None},
                        help=("or write `gaussian(learned, per=element)`",))  # fmt: skip
        check_bounds(self.clamp)
        return self

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.form in ("standard", "learned"):
            return {}
        both = self.scale == "network"
        reason = f"a mean{' and a ' + _SPREADS[self.spread] if both else ''} for each of {z.channels} channels"
        return {"form": Demand(input=given[0] if given else self.alone(z), given=given[1:], output=self.alone(z), reason=reason)}

    def alone(self, z: State) -> Shape:
        return (2 * z.channels, *z.shape[1:]) if self.scale == "network" else z.shape

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        if self.form == "learned":
            shape = _spread_over(self.per, z)
            return (Tensor(name="mean", shape=shape), Tensor(name="log_sd", shape=shape))
        if self.scale in ("scalar", "channel", "element"):
            return (Tensor(name="raw_sd", shape=_spread_over(self.scale, z)),)
        return ()


_SPREADS = {"log_sd": "log-sd", "log_variance": "log-variance", "softplus": "raw sd", "softplus_variance": "raw variance"}


def _spread_over(per: str, z: State) -> Shape:
    ones = tuple(1 for _ in z.shape[1:])
    return {"scalar": (), "channel": (z.channels, *ones), "element": z.shape}[per]


class Mixture(Prior, word="mixture"):
    """A mixture of Gaussians with diagonal covariance over the whole state: learned weights, means and log-sds."""

    reparametrised = False

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

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise Fault("FS208", f"`low` = {self.low:g} is not below `high` = {self.high:g}", argument="high", label="not above `low`",
                        help=("let `low` be the smaller of the two",),
                        arguments={"low": f"{self.high:g}", "high": f"{self.low:g}"} if self.low > self.high else {})  # fmt: skip
        return self
