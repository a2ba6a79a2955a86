"""Normalisation of channels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Facts, Fault, State, Tensor
from flowspec.vocabulary.word import Transform


class _Channelwise(Transform):
    """A bias and a scale for each channel, the same at every position."""

    def facts(self, x: State) -> Facts:
        return Facts(volume="constant")

    def parameters(self, x: State) -> tuple[Tensor, ...]:
        return (Tensor(name="bias", shape=(x.channels,)), Tensor(name="log_scale", shape=(x.channels,)))

    def multiply_adds(self, x: State) -> tuple[int, int]:
        return (x.size, x.size)


class ActNorm(_Channelwise, word="actnorm"):
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
                argument="start", help=("or put it outside `inverse`",), arguments={"start": "identity"},
            )  # fmt: skip
        return z


class BatchNorm(_Channelwise, word="batchnorm"):
    """y = (x - m) / sqrt(v + eps) * exp(l) + b for each channel (RealNVP, Dinh et al. 2017, sec. 3.7; MAF, Papamakarios et al. 2017).

    m and v are the mean and variance of the batch in training, in evaluation and in sampling their running averages, of which a
    new batch makes a share of `momentum`. Only the latter is a density of one example.
    """

    by_batch = True

    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    eps: Annotated[float, Field(gt=0)] = 1e-5

    def inputs(self, z: State) -> State:
        raise Fault(
            "FS404", "turned round, `batchnorm` would normalise what has not been computed yet",
            help=("or put it outside `inverse`",), instead="actnorm(start=identity)",
        )  # fmt: skip
