"""Distributions of integers."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from flowspec.vocabulary.priors.gaussian import Bounds, check_bounds
from flowspec.vocabulary.rules import Demand, Fault, Shape, State, Tensor
from flowspec.vocabulary.word import Net, Prior


class Bernoulli(Prior, word="bernoulli"):
    """log p(x) of binary integers, x = 1 with probability sigmoid(logit), summed over dimensions.

    `learned`: a logit for each dimension. A network gives the logits, reading what the distribution is given. Sampling divides
    logits by the temperature; at 0 it gives the likelier value. `clamp=[1e-5, 1-1e-5]` holds the probability between two values.
    """

    reads = "integers"
    reparametrised = False

    form: Literal["learned"] | Net = "learned"
    clamp: Bounds | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        check_bounds(self.clamp, below=1)
        return self

    def check(self, z: State) -> None:
        if z.levels != 2:
            found = "real numbers" if z.levels is None else f"integers 0 … {z.levels - 1}"
            raise Fault("FS307", f"`bernoulli` is a distribution of the integers 0 and 1; {found} arrive",
                        help=("or declare the input binary, as in `input image(1, 28, 28, levels=2)`",), instead="gaussian" if z.levels is None else "categorical")  # fmt: skip

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.form == "learned":
            return {}
        reason = f"a logit for each of {z.channels} channels"
        return {"form": Demand(input=given[0] if given else self.alone(z), given=given[1:], output=z.shape, reason=reason)}

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        return (Tensor(name="logit", shape=z.shape),) if self.form == "learned" else ()


class Categorical(Prior, word="categorical"):
    """log p(x) of integers 0 … L-1, each dimension with a softmax of L logits of its own, summed over dimensions.

    `learned`: logits for each dimension. A network gives L*C channels of logits for C channels of integers, parameter-major: all
    C of level 0, then of level 1, and so on. Sampling divides logits by the temperature; at 0 it gives the likeliest value.
    """

    reads = "integers"
    reparametrised = False

    form: Literal["learned"] | Net = "learned"

    def check(self, z: State) -> None:
        if z.levels is None:
            raise Fault("FS307", "`categorical` is a distribution of integers; real numbers arrive",
                        help=("or declare the input's `levels`",), instead="gaussian")  # fmt: skip

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.form == "learned":
            return {}
        output = (z.levels * z.channels, *z.shape[1:])
        reason = f"{z.levels} logits for each of {z.channels} channels"
        return {"form": Demand(input=given[0] if given else self.alone(z), given=given[1:], output=output, reason=reason)}

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        return (Tensor(name="logit", shape=(z.levels, *z.shape)),) if self.form == "learned" else ()
