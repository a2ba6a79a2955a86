"""From integers to real numbers, and pointwise maps of the range."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowspec.modules.transforms import Given, TransformModule, constant, total
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import dequantize


def outside_unit(x: Tensor) -> Tensor:
    """Of which examples a number lies outside [0, 1] by more than rounding: x_B… -> outside_B."""
    slack = 16 * torch.finfo(x.dtype).eps
    return ((x < -slack) | (x > 1 + slack)).flatten(1).any(1)


class Dequantize(TransformModule):
    """Adds noise in [0, 1) to integers and brings them to [low, high); back, it rounds down to the level.

    Integers that arrive in an integer type become the module's own type (`.double()` changes it). The noise keeps off 0 and 1
    by the rounding error, so that rounding down always gives back the integer it was added to. Noise of a flow that lies outside
    [0, 1] has log-det -inf.
    """

    word: dequantize.Dequantize

    def __init__(self, word: dequantize.Dequantize, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.levels = x.levels
        self.width = (word.high - word.low) / self.levels
        self.size = x.size
        self.register_buffer("anchor", torch.zeros(0), persistent=False)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        x = x if x.is_floating_point() else x.to(self.anchor.dtype)
        largest = max(abs(self.word.low), abs(self.word.high), self.width * self.levels)
        margin = min(4 * torch.finfo(x.dtype).eps * largest / self.width, 0.5)
        noise, log_noise = self._noise(x)
        z = self.word.low + self.width * (x + noise.clamp(margin, 1 - margin))
        return z, constant(x, self.size * math.log(self.width)) - log_noise

    def _noise(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Noise and its log-density: inf where a flow draws it outside [0, 1], as x then has none."""
        if self.word.noise == "uniform":
            return torch.rand_like(x), constant(x, 0.0)
        noise, log_noise = self._modules["noise"].draw(len(x), (x,))
        return noise, log_noise.masked_fill(outside_unit(noise), math.inf)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        x = ((z - self.word.low) / self.width).floor().clamp(0, self.levels - 1)
        return x, constant(z, -self.size * math.log(self.width))


class Logit(TransformModule):
    """y = logit(alpha + (1 - 2 alpha) x); at alpha = 0 the ends 0 and 1 are moved in by the rounding error.

    An x that the logit is not defined for has log-det -inf: no latent comes back to it.
    """

    word: dequantize.Logit

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        alpha, eps = self.word.alpha, torch.finfo(x.dtype).eps
        unit = alpha + (1 - 2 * alpha) * x
        p = unit.clamp(eps, 1 - eps)
        log_p, log_rest = p.log(), torch.log1p(-p)
        return log_p - log_rest, total(math.log1p(-2 * alpha) - log_p - log_rest, x).masked_fill(outside_unit(unit), -math.inf)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        alpha = self.word.alpha
        x = (torch.sigmoid(z) - alpha) / (1 - 2 * alpha)
        return x, total(F.logsigmoid(z) + F.logsigmoid(-z) - math.log1p(-2 * alpha), z)


class Scale(TransformModule):
    """y = shift + factor * x."""

    word: dequantize.Scale

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self.word.shift + self.word.factor * x, constant(x, x.shape[1:].numel() * math.log(abs(self.word.factor)))

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return (z - self.word.shift) / self.word.factor, constant(z, -z.shape[1:].numel() * math.log(abs(self.word.factor)))
