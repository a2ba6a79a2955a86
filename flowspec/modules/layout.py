"""The order of states in memory, of which their shapes say nothing: an image has its channels innermost, a vector its batch.

That is what products and convolutions read fastest on a CPU (measured). A part of a vector's features is then a run of rows,
and neither taking it nor joining it to another gathers single numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def laid_out(x: Tensor) -> Tensor:
    """The same state in that order: x_BC… -> x_BC…."""
    if x.dim() == 4:
        return x.contiguous(memory_format=torch.channels_last)
    return x.t().contiguous().t() if x.dim() == 2 else x


def joined_channels(parts: Sequence[Tensor]) -> Tensor:
    """States one after another on the channel axis, in that order."""
    if parts[0].dim() == 2:
        return torch.cat([part.t() for part in parts]).t()
    return torch.cat(tuple(parts), 1)


def interleaved(first: Tensor, second: Tensor) -> Tensor:
    """The channels of two states in turn, those of the first before those of the second; it may have one more."""
    if first.dim() == 2:
        return _alternating(first.t(), second.t(), 0).t()
    return _alternating(first, second, 1)


def _alternating(first: Tensor, second: Tensor, axis: int) -> Tensor:
    pairs = second.shape[axis]
    z = torch.stack((first.narrow(axis, 0, pairs), second), axis + 1).flatten(axis, axis + 1)
    rest = first.shape[axis] - pairs
    return torch.cat((z, first.narrow(axis, pairs, rest)), axis) if rest else z
