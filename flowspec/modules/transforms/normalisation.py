"""Activation normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules.starts import normalising
from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import normalisation

class ActNorm(TransformModule):
    """y = (x + bias) * exp(log_scale) for each channel. Whether `start` has happened is a buffer, and so part of a checkpoint."""

    word: normalisation.ActNorm

    def __init__(self, word: normalisation.ActNorm, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.area = x.area
        self.bias = nn.Parameter(torch.zeros(x.channels))
        self.log_scale = nn.Parameter(torch.zeros(x.channels))
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
        y = (x + self._at_positions(self.bias, x)) * self._at_positions(self.log_scale.exp(), x)
        return y, self._log_det(x)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        x = z * self._at_positions((-self.log_scale).exp(), z) - self._at_positions(self.bias, z)
        return x, -self._log_det(z)

    def _at_positions(self, values: Tensor, x: Tensor) -> Tensor:
        return values.view(-1, *(1 for _ in x.shape[2:]))

    def _log_det(self, x: Tensor) -> Tensor:
        return constant(x, self.area * self.log_scale.sum(dtype=torch.promote_types(x.dtype, torch.float32)))
