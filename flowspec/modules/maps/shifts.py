"""Shifts and scales."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from flowspec.modules.layout import unstacked
from flowspec.modules.maps import MapModule


class Additive(MapModule):
    """y = x + t."""

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        return x + raw.squeeze(1), x.new_zeros(())

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        return y - raw.squeeze(1), y.new_zeros(())


class Affine(MapModule):
    """y = s * x + t, or s * (x + t): raw holds t, then the raw scale r."""

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        shift, scale, log_scale = self._read(raw)
        y = (x + shift) * scale if self.word.shift_first else torch.addcmul(shift, x, scale)
        return y, log_scale

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        shift, scale, log_scale = self._read(raw)
        x = y / scale - shift if self.word.shift_first else (y - shift) / scale
        return x, -log_scale

    def _read(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shift, r = unstacked(raw)
        if self.word.scale == "sigmoid":
            log_scale = _log_sigmoid(r + 2)
            return shift, log_scale.exp(), log_scale
        if self.word.scale == "softplus":
            scale = F.softplus(r + math.log(math.expm1(1)))
            return shift, scale, scale.log()
        log_scale = self.word.bound * torch.tanh(r / self.word.bound) if self.word.scale == "tanh" else r
        return shift, log_scale.exp(), log_scale


class Gate(MapModule):
    """y = g * x + (1 - g) * t: raw holds t, then r of g = sigmoid(r + offset)."""

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        t, r = self._read(raw)
        return torch.lerp(t, x, torch.sigmoid(r)), _log_sigmoid(r)

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        t, r = self._read(raw)
        return t + (y - t) / torch.sigmoid(r), -_log_sigmoid(r)

    def _read(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        t, r = unstacked(raw)
        return t, r + self.word.offset


def _log_sigmoid(r: Tensor) -> Tensor:
    """log sigmoid(r), with its gradient in the order of r in memory, which that of torch's own is not."""
    return -F.softplus(-r, threshold=40)
