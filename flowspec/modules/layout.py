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


def cut_channels(x: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """A state in parts of so many channels; their gradients are joined in that order, too."""
    if x.dim() == 2:
        return tuple(part.t() for part in x.t().split_with_sizes(sizes))
    return x.split_with_sizes(sizes, 1)


def unstacked(raw: Tensor) -> tuple[Tensor, ...]:
    """The parameters of all elements one by one, raw_BPC… -> P of _BC…, with their gradients in that order."""
    if raw.dim() == 3:
        return tuple(row.t() for row in raw.permute(1, 2, 0).unbind())
    return raw.flatten(1, 2).split_with_sizes((raw.shape[2],) * raw.shape[1], 1)


def interleaved(first: Tensor, second: Tensor) -> Tensor:
    """The channels of two states in turn, those of the first before those of the second; it may have one more."""
    axis = _channel_axis(first)
    before, after = first.movedim(1, axis), second.movedim(1, axis)
    pairs, rest = after.shape[axis], before.shape[axis] - after.shape[axis]
    paired, last = before.split_with_sizes((pairs, rest), axis)
    z = torch.stack((paired, after), axis + 1).flatten(axis, axis + 1)
    return (torch.cat((z, last), axis) if rest else z).movedim(axis, 1)


def deinterleaved(x: Tensor) -> tuple[Tensor, Tensor]:
    """The two states whose channels `interleaved` gives in turn."""
    axis = _channel_axis(x)
    stored, before = x.movedim(1, axis), (slice(None),) * axis
    return tuple(stored[*before, start::2].movedim(axis, 1) for start in (0, 1))


def _channel_axis(x: Tensor) -> int:
    """The axis of the channels where a state's axes stand in the order of memory."""
    return {2: 0, 4: 3}.get(x.dim(), 1)
