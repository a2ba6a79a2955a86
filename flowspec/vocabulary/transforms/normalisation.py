"""Activation normalisation."""

from __future__ import annotations

from typing import Literal

from flowspec.vocabulary.rules import Facts, Fault, State, Tensor
from flowspec.vocabulary.word import Transform


class ActNorm(Transform, word="actnorm"):
    """y = (x + b) * exp(l) for each channel (Glow, Kingma & Dhariwal 2018, sec. 3.1).

    `start=data` sets b and l from the first training batch so that y has mean 0 and variance 1; `start=identity` leaves
    them at 0. Whether that has happened is part of the checkpoint.
    """

    start: Literal["data", "identity"] = "data"

    @property
    def starts_from_data(self) -> bool:
        return self.start == "data"

    def inputs(self, z: State) -> State:
        if self.starts_from_data:
            raise Fault(
                "FS404", "turned round, `actnorm` cannot start from data: it would normalise what has not been computed yet",
                argument="start", help=("write `actnorm(start=identity)`, or put it outside `inverse`",),
            )  # fmt: skip
        return z

    def facts(self, x: State) -> Facts:
        return Facts(volume="constant")

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        return (Tensor(name="bias", shape=(x.channels,)), Tensor(name="log_scale", shape=(x.channels,)))

    def multiply_adds(self, x: State) -> tuple[int, int]:
        return (x.size, x.size)
