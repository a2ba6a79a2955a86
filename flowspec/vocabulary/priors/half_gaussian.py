"""Priors on numbers that are not negative."""

from __future__ import annotations

from typing import Literal

from flowspec.vocabulary.rules import Demand, Shape, State, Tensor
from flowspec.vocabulary.word import Net, Prior


class HalfGaussian(Prior, word="halfgaussian"):
    """|e| with e ~ N(0, sd²): log 2 + log N(z; 0, sd) for z >= 0, summed over dimensions; log p is -inf below.

    `standard`: sd 1. `learned`: a log-sd for each channel. A network gives the log-sd of each dimension, reading what the prior
    is given.
    """

    support = "nonnegative"

    form: Literal["standard", "learned"] | Net = "standard"

    def demands(self, z: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
        if self.form in ("standard", "learned"):
            return {}
        return {"form": Demand(input=given[0] if given else self.alone(z), given=given[1:], output=z.shape, reason=f"a log-sd for each of {z.channels} channels")}

    def parameters(self, z: State) -> tuple[Tensor, ...]:
        return (Tensor(name="log_sd", shape=(z.channels, *(1 for _ in z.shape[1:]))),) if self.form == "learned" else ()
