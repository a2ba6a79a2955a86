"""Networks between images and vectors."""

from __future__ import annotations

from functools import reduce
from math import prod
from operator import add

from torch import Tensor, nn

from flowspec.modules.networks.structure import Branches, Signals
from flowspec.modules.starts import start_weights
from flowspec.vocabulary.networks import images as words
from flowspec.vocabulary.rules import Ports


class UpConv(nn.ConvTranspose2d):
    """A transposed convolution: x_BCHW -> y_BE(sH)(sW).

    torch gives (n - 1) s - 2p + k + o positions, which is s n with p = ceil((k - s) / 2) and o = 2p - (k - s).
    """

    def __init__(self, word: words.UpConv, ports: Ports, children: dict[str, nn.Module]):
        kernel, stride = words.pair(word.kernel), words.pair(word.stride)
        padding = tuple((k - s + 1) // 2 for k, s in zip(kernel, stride))
        more = tuple(2 * p - (k - s) for p, k, s in zip(padding, kernel, stride))
        super().__init__(ports.input[0], ports.output[0], kernel, stride, padding, output_padding=more, bias=word.bias)
        start_weights(self, word.start, ports.input[0] * prod(kernel) / prod(stride))


class Mean(nn.Module):
    """The mean over positions: x_BCHW -> y_BC."""

    def __init__(self, word: words.Mean, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).mean(2) if x.dim() > 2 else x


class Reshape(nn.Module):
    """The same numbers in another shape."""

    def __init__(self, word: words.Reshape, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.shape = ports.output

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), *self.shape)


class Sum(Branches):
    """y = f1(x) + f2(x) + …: x_BC… -> y_BE…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        return reduce(add, self.outputs(x, signals))
