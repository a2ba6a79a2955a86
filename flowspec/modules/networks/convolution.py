"""Convolutional networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flowspec.modules.networks.weight_norm import WeightNorm
from flowspec.modules.starts import start_weights
from flowspec.vocabulary.networks import convolution as words
from flowspec.vocabulary.rules import Ports


class Conv(WeightNorm, nn.Conv2d):
    """A 2-D convolution with zero padding: x_BCHW -> y_BEHW, a side of n becoming ceil(n / stride).

    With padding d(k-1)/2 torch gives floor((n - 1) / stride) + 1 positions, which is ceil(n / stride); an even kernel with
    padding (k-stride)/2 gives n / stride.
    """

    def __init__(self, word: words.Conv, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(
            ports.input[0], ports.output[0], word.kernel, stride=word.stride, dilation=word.dilation, bias=word.bias,
            padding=word.dilation * (word.kernel - 1) // 2 if word.kernel % 2 else (word.kernel - word.stride) // 2,
        )  # fmt: skip
        start_weights(self, word.start, ports.input[0] * word.kernel**2)
        self.start_gain(bool(word.weight_norm))
        self.keeps_gain = word.weight_norm == "kept"

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.made_weight(), self.bias)


class ZeroConv(nn.Conv2d):
    """A convolution that starts at zero or near it, times exp(3 * log_scale) for each channel: x_BCHW -> y_BEHW (Glow's code)."""

    def __init__(self, word: words.ZeroConv, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(ports.input[0], ports.output[0], word.kernel, padding=(word.kernel - 1) // 2)
        self.log_scale = nn.Parameter(torch.zeros(ports.output[0]))
        bound = 1e-3 if word.start == "small" else 0.0
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * torch.exp(3 * self.log_scale)[:, None, None]
