"""Activations and normalisations: networks that keep their input's shape."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import Ports, Tensor
from flowspec.vocabulary.word import NetworkWord


class _Pointwise(NetworkWord):
    keeps_shape = True


class ReLU(_Pointwise, word="relu"):
    """max(x, 0)."""

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return 1.0


class LeakyReLU(_Pointwise, word="leaky_relu"):
    """max(x, slope * x)."""

    slope: Annotated[float, Field(gt=0, lt=1)] = 0.01

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return 1.0


class Tanh(_Pointwise, word="tanh"):
    """tanh(x)."""

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return 1.0


class Sigmoid(_Pointwise, word="sigmoid"):
    """1 / (1 + exp(-x))."""

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return 0.25


class Softplus(_Pointwise, word="softplus"):
    """log(1 + exp(x))."""

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return 1.0


class ELU(_Pointwise, word="elu"):
    """x for x > 0, exp(x) - 1 below (Clevert et al. 2016)."""

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return 1.0


class GELU(_Pointwise, word="gelu"):
    """x * Phi(x) (Hendrycks & Gimpel 2016)."""


class SiLU(_Pointwise, word="silu"):
    """x * sigmoid(x)."""


class Scale(_Pointwise, word="scale"):
    """shift + factor * x with constants."""

    factor: float = 1.0
    shift: float = 0.0

    def lipschitz_constant(self, inner: tuple[float | None, ...]) -> float | None:
        return abs(self.factor)


class Dropout(_Pointwise, word="dropout"):
    """Sets entries to zero with probability `rate` in training."""

    rate: Annotated[float, Field(ge=0, lt=1)] = 0.5


class ActNorm(_Pointwise, word="actnorm"):
    """y = (x + b) * exp(l) for each channel, inside a network (Glow's code puts it after its convolutions)."""

    start: Literal["data", "identity"] = "data"

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        shape = (ports.input[0],)
        return (Tensor(name="bias", shape=shape), Tensor(name="log_scale", shape=shape))

    def ordered(self) -> bool | None:
        return None


class BatchNorm(_Pointwise, word="batchnorm"):
    """Batch normalisation of each channel, with scale and shift (Ioffe & Szegedy 2015)."""

    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    eps: Annotated[float, Field(gt=0)] = 1e-5

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        shape = (ports.input[0],)
        return (Tensor(name="weight", shape=shape), Tensor(name="bias", shape=shape))


class LayerNorm(_Pointwise, word="layernorm"):
    """Layer normalisation over the channels at each position, with scale and shift (Ba et al. 2016)."""

    eps: Annotated[float, Field(gt=0)] = 1e-5

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        shape = (ports.input[0],)
        return (Tensor(name="weight", shape=shape), Tensor(name="bias", shape=shape))

    def ordered(self) -> bool | None:
        return False

    def causal(self) -> bool:
        return True
