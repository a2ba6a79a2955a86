"""Activations and normalisations: networks that keep their input's shape."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from flowspec.modules.starts import normalising
from flowspec.vocabulary.networks import pointwise as words
from flowspec.vocabulary.rules import Ports
from flowspec.vocabulary.word import NetworkWord


class ReLU(nn.ReLU):
    """max(x, 0)."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class LeakyReLU(nn.LeakyReLU):
    """max(x, slope * x)."""

    def __init__(self, word: words.LeakyReLU, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(word.slope)


class Tanh(nn.Tanh):
    """tanh(x)."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class Sigmoid(nn.Sigmoid):
    """1 / (1 + exp(-x))."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class Softplus(nn.Softplus):
    """log(1 + exp(x))."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class ELU(nn.ELU):
    """x for x > 0, exp(x) - 1 below (Clevert et al. 2016)."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class GELU(nn.GELU):
    """x * Phi(x) (Hendrycks & Gimpel 2016)."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class SiLU(nn.SiLU):
    """x * sigmoid(x)."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


class Scale(nn.Module):
    """shift + factor * x."""

    def __init__(self, word: words.Scale, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.factor, self.shift = word.factor, word.shift

    def forward(self, x: Tensor) -> Tensor:
        return self.shift + self.factor * x


class Dropout(nn.Dropout):
    """Sets entries to zero with probability `rate` in training, and scales the others by 1 / (1 - rate)."""

    def __init__(self, word: words.Dropout, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(word.rate)


class ActNorm(nn.Module):
    """y = (x + bias) * exp(log_scale) for each channel: x_BC… -> y_BC….

    Who initialises a flow calls `start` on each module with `needs_start`, in order. Whether that has happened is the buffer
    `started`, and so part of a checkpoint.
    """

    def __init__(self, word: words.ActNorm, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(ports.input[0]))
        self.log_scale = nn.Parameter(torch.zeros(ports.input[0]))
        self.register_buffer("started", torch.tensor(word.start == "identity"))

    @property
    def needs_start(self) -> bool:
        """Whether bias and log-scale are still to be set from data."""
        return not self.started

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Sets both, once, so that y has mean 0 and variance 1 in each channel; a constant channel is only shifted."""
        if self.started:
            return
        bias, log_scale = normalising(x)
        self.bias.copy_(bias)
        self.log_scale.copy_(log_scale)
        self.started.fill_(True)

    def forward(self, x: Tensor) -> Tensor:
        per_channel = (-1, *(1 for _ in x.shape[2:]))
        return (x + self.bias.view(per_channel)) * self.log_scale.exp().view(per_channel)


class BatchNorm(_BatchNorm):
    """Batch normalisation of each channel, with scale and shift: x_BC… -> y_BC… (Ioffe & Szegedy 2015)."""

    def __init__(self, word: words.BatchNorm, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(ports.input[0], eps=word.eps, momentum=word.momentum)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any number of positions will do."""


class LayerNorm(nn.Module):
    """Layer normalisation over the channels at each position, with scale and shift: x_BC… -> y_BC… (Ba et al. 2016)."""

    def __init__(self, word: words.LayerNorm, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(ports.input[0]))
        self.bias = nn.Parameter(torch.zeros(ports.input[0]))
        self.eps = word.eps

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.movedim(1, -1), self.weight.shape, self.weight, self.bias, self.eps).movedim(-1, 1)
