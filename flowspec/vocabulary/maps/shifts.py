"""Shifts and scales."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Facts
from flowspec.vocabulary.word import Map


class Additive(Map, word="additive"):
    """y = x + t (NICE, Dinh et al. 2014, eq. 12)."""

    @property
    def width(self) -> int:
        return 1

    def facts(self) -> Facts:
        return Facts(volume="zero")


class Affine(Map, word="affine"):
    """y = s * x + t with s > 0 a function of the raw scale r (RealNVP, Dinh et al. 2017, eq. 4).

    `exp`: s = exp(r). `tanh`: s = exp(bound * tanh(r / bound)). `sigmoid`: s = sigmoid(r + 2) (Glow's code).
    `softplus`: s = softplus(r + log(e - 1)), 1 at r = 0. `shift_first`: y = s * (x + t), as in Glow's code.
    """

    straight = True

    scale: Literal["exp", "tanh", "sigmoid", "softplus"] = "exp"
    bound: Annotated[float, Field(gt=0)] = 2.0
    shift_first: bool = False

    @property
    def width(self) -> int:
        return 2


class Gate(Map, word="gate"):
    """y = g * x + (1 - g) * t with g = sigmoid(r + offset) (IAF, Kingma et al. 2016, eqs. 13-14)."""

    straight = True

    offset: float = 1.0

    @property
    def width(self) -> int:
        return 2
