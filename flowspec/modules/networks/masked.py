"""A linear layer whose units see only some of those below."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flowspec.modules.networks.prefixes import PrefixProduct

MOST_BLOCKS = 4
NARROWEST_BLOCK = 192
"""A masked layer is cut into at most so many products, of at least so many outputs: others cost more than they save (on CPU)."""

Degrees = tuple[int, ...]


class MaskedLinear(nn.Linear):
    """y = (M * W) x + b with the batch innermost, x_CB -> y_RB: a unit sees units of no higher degree, an output those of lower degree.

    Hidden units stand in the order of their degrees. Outputs are given with `features`, the degrees of what enters the network:
    several numbers for each, all of the first number first. The weight is masked here and not only at the start: a checkpoint may
    hold anything in the masked entries.
    """

    def __init__(self, lower: Degrees, upper: Degrees, features: Degrees | None = None, bias: bool = True, normalised: bool = False):
        super().__init__(len(lower), len(upper), bias=bias)
        below, above = torch.tensor(lower), torch.tensor(upper)[:, None]
        mask = (below <= above if features is None else below < above).to(self.weight.dtype)
        self.register_buffer("mask", mask, persistent=False)
        self.weight.data.mul_(mask)
        self.normalised = normalised
        self.grouped = (-1, len(features or upper))
        self.sizes, self.seen = _blocks(lower, features or upper, len(upper), outputs=features is not None)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.masked(), self.bias
        if len(self.sizes) == 1:
            return weight @ x if bias is None else torch.addmm(bias.unsqueeze(1), weight, x)
        bias = weight.new_zeros(len(weight)) if bias is None else bias
        grouped = (tensor.unflatten(0, self.grouped) for tensor in (weight, bias))
        return PrefixProduct.apply(*grouped, x, self.sizes, self.seen).flatten(0, 1)

    def masked(self) -> Tensor:
        """M * W, if so asked with rows of length 1."""
        weight = self.weight * self.mask
        return F.normalize(weight) if self.normalised else weight


def _blocks(lower: Degrees, upper: Degrees, rows: int, *, outputs: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The units (of outputs: the features) in blocks of rising degree: their sizes, and how many of the units below each sees."""
    count = max(1, min(MOST_BLOCKS, rows // NARROWEST_BLOCK, len(upper)))
    size = -(-len(upper) // count)
    ends = [*range(size, len(upper), size), len(upper)]
    seen = [sum(degree < upper[end - 1] + (not outputs) for degree in lower) for end in ends[:-1]]
    return tuple(end - start for start, end in zip([0, *ends], ends)), (*seen, len(lower))
