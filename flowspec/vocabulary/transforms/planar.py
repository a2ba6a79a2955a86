"""Planar and radial flows."""

from __future__ import annotations

from flowspec.vocabulary.amortised import Amortised
from flowspec.vocabulary.rules import Facts, State, Tensor, vector
from flowspec.vocabulary.word import Net


class Planar(Amortised, word="planar"):
    """z = x + u tanh(w·x + b) (Rezende & Mohamed 2015, eq. 10).

    The `direction` is moved along w until w·u > -1, so that the map is a bijection (their appendix A.1):
    u = direction + (softplus(w·direction) - 1 - w·direction) w / |w|². Back, w·x is found by iteration.
    """

    conditioner: Net | None = None

    def outputs(self, x: State) -> tuple[State, ...]:
        return (vector(self.word, x),)

    def tensors(self, x: State) -> tuple[Tensor, ...]:
        d = x.channels
        return (Tensor(name="weight", shape=(d,)), Tensor(name="direction", shape=(d,)), Tensor(name="bias", shape=()))

    def facts(self, x: State) -> Facts:
        return Facts(sampling="iterative")

    def multiply_adds(self, x: State) -> tuple[int, int]:
        return (4 * x.channels, 4 * x.channels)


class Radial(Amortised, word="radial"):
    """z = x + beta (x - center) / (alpha + |x - center|) (Rezende & Mohamed 2015, eq. 14).

    alpha = softplus(raw_alpha) and beta = softplus(raw_beta) - alpha > -alpha, so that the map is a bijection (their appendix
    A.2). Back, the distance from the center is the root of a quadratic equation.
    """

    conditioner: Net | None = None

    def outputs(self, x: State) -> tuple[State, ...]:
        return (vector(self.word, x),)

    def tensors(self, x: State) -> tuple[Tensor, ...]:
        return (Tensor(name="center", shape=x.shape), Tensor(name="raw_alpha", shape=()), Tensor(name="raw_beta", shape=()))

    def multiply_adds(self, x: State) -> tuple[int, int]:
        return (2 * x.channels, 2 * x.channels)
