"""Rational-quadratic splines.

Parameters stand on the leading axis, so that every step is an elementwise pass over contiguous rows; the softmaxes and prefix
sums run over that axis, and of the bins only the one that x falls in is read out (`gather`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from flowspec.modules.maps import MapModule
from flowspec.vocabulary.maps import spline

WIDEST_PRODUCT = 32
"""Up to this many bins a product with a triangle of ones is faster than cumsum (measured on CPU)."""


Direction = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Bin(NamedTuple):
    """The bin that each element falls in: its lower corner, width, height, and the slopes at both ends."""

    x: Tensor
    width: Tensor
    y: Tensor
    height: Tensor
    slope: Tensor
    next_slope: Tensor


class Spline(MapModule):
    """A monotone rational-quadratic spline on (-bound, bound), the identity elsewhere (Durkan et al. 2019, eqs. 4-8).

    raw holds B widths, B heights, B - 1 slopes; at raw = 0 the map is the identity.
    """

    word: spline.Spline

    def __init__(self, word: spline.Spline):
        super().__init__(word)
        self.slope_offset = math.log(math.expm1(1 - word.min_slope))

    def forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        return self._applied(x, raw, self._forward)

    def inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        return self._applied(y, raw, self._inverse)

    def _forward(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        bin = self._bin(x, raw, by_height=False)
        return _rational_quadratic(((x - bin.x) / bin.width).clamp(0, 1), bin)

    def _inverse(self, y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
        bin = self._bin(y, raw, by_height=True)
        xi = _root(((y - bin.y) / bin.height).clamp(0, 1), bin)
        _, log_slope = _rational_quadratic(xi, bin)
        return bin.x + bin.width * xi, -log_slope

    def _applied(self, x: Tensor, raw: Tensor, apply: Direction) -> tuple[Tensor, Tensor]:
        if x.dim() > 2 and raw.stride(2) < raw.stride(-1):
            # channels_last: to bring rows of channels to the front costs less than to gather rows of pixels.
            y, log_slope = self._applied(x.movedim(1, -1), raw.movedim(2, -1), apply)
            return y.movedim(-1, 1), log_slope.movedim(-1, 1)
        if x.dim() == 2 and raw.stride(0) < raw.stride(2):
            # The batch is innermost, as a masked network gives it: the leading axis is then brought to the front without a copy.
            y, log_slope = self._applied(x.t(), raw.transpose(0, 2), apply)
            return y.t(), log_slope.t()
        dtype, bound = torch.promote_types(x.dtype, torch.float32), self.word.bound
        # Held to its range first, so that the branch not taken is finite too, in value and gradient.
        held = x.to(dtype).clamp(-bound, bound)
        y, log_slope = apply(held, raw.to(dtype).movedim(1, 0).contiguous())
        inside = x.abs() < bound
        return torch.where(inside, y.to(x.dtype), x), torch.where(inside, log_slope, 0.0)

    def _bin(self, inner: Tensor, raw: Tensor, *, by_height: bool) -> Bin:
        word = self.word
        shape = inner.shape
        widths, heights, slopes = raw.split_with_sizes((word.bins, word.bins, word.bins - 1))
        if word.temper != 1:
            widths, heights = widths / word.temper, heights / word.temper
        across, up = _Axis(widths, word.bound, word.min_width), _Axis(heights, word.bound, word.min_height)
        index = (up if by_height else across).search(inner)
        before = _at(slopes, (index - 1).clamp_min(0), shape).masked_fill(index[0] == 0, 0)
        after = _at(slopes, index.clamp_max(word.bins - 2), shape).masked_fill(index[0] == word.bins - 1, 0)
        return Bin(*across.at(index, shape), *up.at(index, shape), self._slope(before), self._slope(after))

    def _slope(self, raw: Tensor) -> Tensor:
        """1 at raw = 0, which the ends are given."""
        return self.word.min_slope + F.softplus(raw + self.slope_offset)


class _Axis:
    """The partition of [-bound, bound] into bins along one axis, from raw_B... ."""

    def __init__(self, raw: Tensor, bound: float, minimum: float):
        self.bins, self.bound = raw.shape[0], bound
        self.least, self.free = 2 * bound * minimum, 2 * bound * (1 - minimum * raw.shape[0])
        self.shares = torch.softmax(raw, 0)
        self.sums = _prefix_sums(self.shares)

    def search(self, x: Tensor) -> Tensor:
        """The number of the bin that holds x, as index_1... ."""
        with torch.no_grad():
            starts = torch.arange(1, self.bins, device=x.device, dtype=x.dtype) * self.least - self.bound
            starts = starts.view(-1, *(1 for _ in x.shape))
            knots = torch.add(starts, self.sums[:-1], alpha=self.free)
            return (x >= knots).sum(0, keepdim=True, dtype=torch.int32).long()  # counting in int32 is up to 6 times faster

    def at(self, index: Tensor, shape: torch.Size) -> tuple[Tensor, Tensor]:
        """Where the bin starts, and its size."""
        share, sum = _at(self.shares, index, shape), _at(self.sums, index, shape)
        return index[0].to(share.dtype) * self.least - self.bound + (sum - share) * self.free, share * self.free + self.least


def _at(rows: Tensor, index: Tensor, shape: torch.Size) -> Tensor:
    return rows.expand(-1, *shape).gather(0, index)[0]


def _prefix_sums(rows: Tensor) -> Tensor:
    count = rows.shape[0]
    if count > WIDEST_PRODUCT:
        return rows.cumsum(0)
    # Autocast would take the product in half precision, too coarse for knots.
    with torch.autocast("cpu" if rows.is_meta else rows.device.type, enabled=False):
        return (rows.new_ones(count, count).tril() @ rows.flatten(1)).view_as(rows)


def _rational_quadratic(xi: Tensor, bin: Bin) -> tuple[Tensor, Tensor]:
    """Eqs. 4 and 5 of the paper at xi in [0, 1]; the logarithm is taken of factors that cannot overflow."""
    mean = bin.height / bin.width
    rest = 1 - xi
    product = xi * rest
    below = mean + (bin.slope + bin.next_slope - 2 * mean) * product
    y = bin.y + bin.height * (xi * (mean * xi + bin.slope * rest)) / below
    above = bin.next_slope * xi * xi + 2 * mean * product + bin.slope * rest * rest
    return y, 2 * torch.log(mean / below) + torch.log(above)


def _root(eta: Tensor, bin: Bin) -> Tensor:
    """xi in [0, 1] at the share eta of the bin's height: the root of a xi² + b xi + c (eqs. 6-8, divided by the height).

    a + b = mean > 0, so of the two forms of the root one never cancels: 2c / (-b - d) if b >= 0, else (d - b) / 2a.
    """
    mean = bin.height / bin.width
    b = bin.slope - eta * (bin.slope + bin.next_slope - 2 * mean)
    a, c = mean - b, -mean * eta
    d = (b * b - 4 * a * c).clamp_min(torch.finfo(b.dtype).tiny).sqrt()
    upper = torch.where(b >= 0, 2 * c, d - b)
    lower = torch.where(b >= 0, -b - d, 2 * a)
    return (upper / lower).clamp(0, 1)
