"""Dimensions that are added."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from flowspec.modules import module_of
from flowspec.modules.layout import joined_channels
from flowspec.modules.maps import by_parameter
from flowspec.modules.transforms import Given, TransformModule, constant, total
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import augment


class Augment(TransformModule):
    """Noise is appended, mapped with parameters read off the conditions; the way back drops it."""

    word: augment.Augment

    def __init__(self, word: augment.Augment, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.map = module_of(word.map)(word.map)
        self.noise_size = word.channels * x.area

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        noise = torch.randn(x.shape[0], self.word.channels, *x.shape[2:], dtype=x.dtype, device=x.device)
        gained = 0.5 * total(noise.square(), noise) + 0.5 * self.noise_size * math.log(2 * math.pi)
        if self.word.conditioner is None:
            return joined_channels((x, noise)), gained
        mapped, log_slope = self.map(noise, by_parameter(self.conditioner(given[0], given[1:]), self.word.map.width))
        return joined_channels((x, mapped)), gained + total(log_slope, noise)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return z[:, : z.shape[1] - self.word.channels], constant(z, 0.0)
