"""Maps that forget something, which sampling draws again."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowspec.modules.transforms import Given, TransformModule, constant
from flowspec.modules.transforms.encode import distribution
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import surjections


class Abs(TransformModule):
    """z = |x|; the way back draws signs."""

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return x.abs(), constant(x, -x.shape[1:].numel() * math.log(2))

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        negative = torch.rand(z.shape, device=z.device) < 0.5
        return torch.where(negative, -z, z), constant(z, z.shape[1:].numel() * math.log(2))


class _Ordering(TransformModule):
    def _in_random_order(self, x: Tensor) -> Tensor:
        return _ordered(x, torch.rand(x.shape[0], x.shape[-1], device=x.device).argsort(1))


class Sort(_Ordering):
    """Features, or positions by one channel, in rising order; the way back draws an order."""

    word: surjections.Sort

    def __init__(self, word: surjections.Sort, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        self.log_orders = math.lgamma(x.shape[-1] + 1)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        key = x if x.dim() == 2 else x[:, self.word.by]
        return _ordered(x, key.argsort(1)), constant(x, -self.log_orders)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self._in_random_order(z), constant(z, self.log_orders)


class Shuffle(_Ordering):
    """An order drawn for each example, both ways."""

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self._in_random_order(x), constant(x, 0.0)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self.forward(z)


class MaxPool(TransformModule):
    """Maxima of windows; the way back draws where each stands and by how much it exceeds the others."""

    word: surjections.MaxPool
    draws = True

    def __init__(self, word: surjections.MaxPool, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module], readers: tuple[str, ...] = ()):  # fmt: skip
        super().__init__(word, x, given, {})
        (z,), rest = word.outputs(x), word.rest(x)
        self.differences = distribution(word.differences, rest, (z.shape, *given), networks, "differences.")
        self.window, self.log_places = word.factor**2, z.size * math.log(word.factor**2)

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        windows = F.pixel_unshuffle(x, self.word.factor).unflatten(1, (x.shape[1], self.window))
        maxima = windows.max(2, keepdim=True)
        others = torch.arange(self.window - 1, device=x.device).view(1, 1, -1, 1, 1)
        others = others + (others >= maxima.indices)
        z = maxima.values.squeeze(2)
        rest = (maxima.values - windows.gather(2, others)).flatten(1, 2)
        return z, self._log_p(rest, (z, *given))

    def inverse(self, z: Tensor, given: Given = (), temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        rest = self.differences.sample(z.shape[0], (z, *given), temperature)
        place = torch.randint(self.window, z.shape, device=z.device).unsqueeze(2)
        below = F.pad(rest.unflatten(1, (z.shape[1], self.window - 1)), (0, 0, 0, 0, 1, 0))  # by 0 for the maximum itself
        all_places = torch.arange(self.window, device=z.device).view(1, 1, -1, 1, 1)
        chosen = torch.where(all_places == place, 0, all_places + (all_places < place))
        x = F.pixel_shuffle((z.unsqueeze(2) - below.gather(2, chosen)).flatten(1, 2), self.word.factor)
        return x, -self._log_p(rest, (z, *given))

    def _log_p(self, rest: Tensor, given: Given) -> Tensor:
        log_p = self.differences.log_prob(rest, given)
        return log_p.to(torch.promote_types(log_p.dtype, torch.float32)) - self.log_places


def _ordered(x: Tensor, order: Tensor) -> Tensor:
    """Features, or positions, in a given order: x_B(C)N, order_BN -> x_B(C)N."""
    return x.gather(-1, order if x.dim() == 2 else order[:, None].expand(x.shape))
