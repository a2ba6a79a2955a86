"""A masked network evaluated feature by feature, as sampling an autoregressive flow needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn

from flowspec.modules.layout import joined_channels
from flowspec.modules.maps import by_parameter


class Incremental:
    """Computes, at each feature, the hidden units whose degree is reached and that feature's outputs alone.

    A layer is W x + b, or s * (W x) + b, with s and b of (units, batch), or b of (units, 1); `added` joins what leaves the first.

    Units are sorted by degree, so that what a unit of degree m sees is a prefix of the layer below, with no mask left.
    States are kept as (units, batch), so that a prefix is contiguous.
    """

    def __init__(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], scales: Sequence[Tensor] | None, added: Tensor | None,
        degrees: tuple[tuple[int, ...], ...], activation: Callable[[Tensor], Tensor], batch: int,
    ):  # fmt: skip
        orders = [sorted(range(len(units)), key=units.__getitem__) for units in degrees]
        features = len(degrees[0])
        orders[-1] = [p + i for i in range(features) for p in range(0, len(degrees[-1]), features)]
        self.below = [_numbers_below(units, features) for units in degrees[:-1]]
        index = [torch.tensor(order, device=weights[0].device) for order in orders]
        self.weights = [weight[above][:, below] for weight, below, above in zip(weights, index, index[1:])]
        self.biases = [bias[above] for bias, above in zip(biases, index[1:])]
        self.scales = None if scales is None else [scale[above] for scale, above in zip(scales, index[1:])]
        self.added = None if added is None else added[index[1]]
        # In place is faster, but would spoil what autograd has saved.
        self.in_place = not torch.is_grad_enabled()
        self.states = [self.weights[0].new_empty(len(units) if self.in_place else 0, batch) for units in degrees[:-1]]
        self.activation, self.width, self.feature = activation, len(degrees[-1]) // features, 0

    def __call__(self, x: Tensor | None) -> Tensor:
        if x is not None:
            self._keep(0, self.feature, x[None])
            self.feature += 1
        for layer, below in enumerate(self.below[1:]):
            start, stop = below[self.feature], below[self.feature + 1]
            if start < stop:
                rows = self.activation(self._rows(layer, start, stop))
                self._keep(layer + 1, start, rows if layer or self.added is None else rows + self.added[start:stop])
        start = self.feature * self.width
        return self._rows(len(self.weights) - 1, start, start + self.width).t()

    def _rows(self, layer: int, start: int, stop: int) -> Tensor:
        """The units start … stop-1 of the layer above, before the activation, from what is known of the layer below."""
        known = self.below[layer][self.feature + 1]
        bias, weight = self.biases[layer][start:stop], self.weights[layer][start:stop, :known]
        if self.scales is None:
            return torch.addmm(bias, weight, self.states[layer][:known])
        return torch.addcmul(bias, weight @ self.states[layer][:known], self.scales[layer][start:stop])

    def _keep(self, layer: int, start: int, rows: Tensor) -> None:
        if self.in_place:
            self.states[layer][start : start + len(rows)] = rows
        else:
            self.states[layer] = torch.cat((self.states[layer], rows))


def _numbers_below(degrees: Sequence[int], features: int) -> list[int]:
    """The number of units of a degree below m, for m from 0 to features + 1. (Dynamo cannot trace `bisect`.)"""
    counts = [0] * (features + 1)
    for degree in degrees:
        counts[degree] += 1
    return list(accumulate(counts, initial=0))


def in_turn(conditioner: nn.Module, like: Tensor, width: int, given: tuple[Tensor, ...]) -> Callable[[Tensor | None], Tensor]:
    """A function that takes feature i, x_B (None at first), and returns the numbers of the next, raw_BP, P the `width`.

    It is the conditioner's own, `incremental`, or evaluates it on the features known so far and zeros, shaped as `like`_BD.
    """
    known: list[Tensor] = []

    def next_raw(feature: Tensor | None) -> Tensor:
        if feature is not None:
            known.append(feature.unsqueeze(1))
        x = joined_channels((*known, like.new_zeros(like.shape[0], like.shape[1] - len(known))))
        return by_parameter(conditioner(x, given), width)[:, :, len(known)]

    return conditioner.incremental(len(like), given) or next_raw
