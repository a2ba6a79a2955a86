"""Normalisation of channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules.starts import normalising
from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import normalisation
from flowspec.vocabulary.word import Transform


class _Channelwise(TransformModule):
    """A bias and a log-scale for each channel, which start at 0."""

    def __init__(self, word: Transform, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.area = x.area
        self.bias = nn.Parameter(torch.zeros(x.channels))
        self.log_scale = nn.Parameter(torch.zeros(x.channels))


class ActNorm(_Channelwise):
    """y = (x + bias) * exp(log_scale) for each channel. Whether `start` has happened is a buffer, and so part of a checkpoint."""

    word: normalisation.ActNorm

    def __init__(self, word: normalisation.ActNorm, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.register_buffer("started", torch.tensor(word.start == "identity"))

    @property
    def needs_start(self) -> bool:
        return not self.started

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        if self.started:
            return
        bias, log_scale = normalising(x)
        self.bias.copy_(bias)
        self.log_scale.copy_(log_scale)
        self.started.fill_(True)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        y = (x + at_positions(self.bias, x)) * at_positions(self.log_scale.exp(), x)
        return y, self._log_det(x)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        x = z * at_positions((-self.log_scale).exp(), z) - at_positions(self.bias, z)
        return x, -self._log_det(z)

    def _log_det(self, x: Tensor) -> Tensor:
        return constant(x, self.area * self.log_scale.sum(dtype=torch.promote_types(x.dtype, torch.float32)))


class BatchNorm(_Channelwise):
    """y = (x - m) / sqrt(v + eps) * exp(log_scale) + bias for each channel; the running m and v are part of a checkpoint."""

    word: normalisation.BatchNorm

    def __init__(self, word: normalisation.BatchNorm, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.register_buffer("mean", torch.zeros(x.channels))
        self.register_buffer("variance", torch.ones(x.channels))

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        mean, variance = self._of_batch(x) if self.training else (self.mean, self.variance)
        log_scale = self._log_scale(variance)
        y = (x - at_positions(mean, x)) * at_positions(log_scale.exp(), x) + at_positions(self.bias, x)
        return y.to(x.dtype), constant(x, self.area * log_scale.sum(dtype=torch.promote_types(x.dtype, torch.float32)))

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        log_scale = self._log_scale(self.variance)
        x = (z - at_positions(self.bias, z)) * at_positions((-log_scale).exp(), z) + at_positions(self.mean, z)
        return x.to(z.dtype), constant(z, -self.area * log_scale.sum(dtype=torch.promote_types(z.dtype, torch.float32)))

    def _log_scale(self, variance: Tensor) -> Tensor:
        return self.log_scale - 0.5 * (variance + self.word.eps).log()

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values = x.to(torch.promote_types(x.dtype, torch.float32)).transpose(0, 1).flatten(1)
        variance, mean = torch.var_mean(values, 1, correction=0)
        with torch.no_grad():
            self.mean.lerp_(mean.to(self.mean.dtype), self.word.momentum)
            self.variance.lerp_(variance.to(self.variance.dtype), self.word.momentum)
        return mean, variance


def at_positions(values: Tensor, x: Tensor) -> Tensor:
    """A number for each channel, shaped to meet x_BC…."""
    return values.view(-1, *(1 for _ in x.shape[2:]))
