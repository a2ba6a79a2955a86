"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.layout import joined_channels
from flowspec.modules.networks.incremental import Incremental
from flowspec.modules.networks.prefixes import PrefixProduct
from flowspec.vocabulary.networks import dense_layers as words
from flowspec.vocabulary.rules import Ports


class Linear(nn.Linear):
    """y = W x + b: x_BD -> y_BE."""

    def __init__(self, word: words.Linear, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(ports.input[0], ports.output[0], bias=word.bias)
        if word.start == "zero":
            _start_at_zero(self)

    def forward(self, x: Tensor) -> Tensor:
        return _product(self.weight, self.bias, x.t()).t()


class MLP(nn.Module):
    """Linear layers with an activation after each but the last: x_BD -> y_BE."""

    def __init__(self, word: words.MLP, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        widths = word.widths(ports)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.activation = _activation(word.activation)
        if word.start == "zero":
            _start_at_zero(self.layers[-1])

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        state = x.t()
        for layer in hidden:
            state = self.activation(_product(layer.weight, layer.bias, state))
        return _product(last.weight, last.bias, state).t()


MOST_BLOCKS = 4
NARROWEST_BLOCK = 192
"""A masked layer is cut into at most so many products, of at least so many outputs: others cost more than they save (on CPU)."""


class MADE(nn.Module):
    """A masked network: x_BD, conditions -> y_B(PD), where y[:, p*D + i] depends on the x[:, j] with j < i only.

    A hidden unit sees units of no higher degree, an output units of lower degree (Germain et al. 2015, eqs. 10-13). Hidden units
    stand in the order of their degrees, so that what a group of them sees is little more than a prefix of the layer below, and
    the rest of the product is left out. States are kept as (units, batch), in which a prefix is contiguous: y is laid out with
    the batch innermost.
    """

    takes_given = True

    def __init__(self, word: words.MADE, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        inputs, *hidden, outputs = word.degrees(ports)
        self.degrees = (inputs, *(tuple(sorted(degrees)) for degrees in hidden), outputs)
        widths = [len(degrees) for degrees in self.degrees]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        conditions = word.projected(ports)
        self.adds = bool(ports.given) and not conditions
        self.condition = nn.Linear(conditions, widths[1], bias=False) if conditions else None
        self.activation = _activation(word.activation)
        for i, layer in enumerate(self.layers):
            mask = self._mask(i).to(layer.weight.dtype)
            self.register_buffer(f"mask{i}", mask, persistent=False)
            layer.weight.data.mul_(mask)
        self.blocks = [self._blocks(i) for i in range(len(self.layers))]

    def _mask(self, i: int) -> Tensor:
        lower, upper = torch.tensor(self.degrees[i]), torch.tensor(self.degrees[i + 1])[:, None]
        return lower < upper if i == len(self.layers) - 1 else lower <= upper

    def _blocks(self, i: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Layer i in blocks of units of rising degree (outputs: of features): the sizes, and how many units each sees."""
        lower, last = self.degrees[i], i == len(self.layers) - 1
        upper = self.degrees[0] if last else self.degrees[i + 1]
        count = max(1, min(MOST_BLOCKS, len(self.degrees[i + 1]) // NARROWEST_BLOCK, len(upper)))
        size = -(-len(upper) // count)
        ends = [*range(size, len(upper), size), len(upper)]
        seen = [sum(degree < upper[end - 1] + (not last) for degree in lower) for end in ends[:-1]]
        return tuple(end - start for start, end in zip([0, *ends], ends)), (*seen, len(lower))

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        extra = self._conditioned(given)
        state = x.t()
        for i in range(len(self.layers)):
            state = self._layer(i, state)
            state = state + extra.t() if i == 0 and extra is not None else state
            state = self.activation(state) if i < len(self.layers) - 1 else state
            state = state + given[0].t() if i == 0 and self.adds else state
        return state.t()

    def _layer(self, i: int, state: Tensor) -> Tensor:
        """Layer i before its activation, (units, batch) -> (units, batch)."""
        layer, (sizes, seen) = self.layers[i], self.blocks[i]
        # Masked here and not only at the start: a checkpoint may hold anything in the masked entries.
        weight = layer.weight * getattr(self, f"mask{i}")
        if len(sizes) == 1:
            return _product(weight, layer.bias, state)
        if i < len(self.layers) - 1:
            return PrefixProduct.apply(weight, layer.bias, state, sizes, seen)
        of_features = (-1, len(self.degrees[0]))
        return PrefixProduct.apply(weight.unflatten(0, of_features), layer.bias.unflatten(0, of_features), state, sizes, seen).flatten(0, 1)

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> Callable[[Tensor | None], Tensor]:
        """The parameters feature by feature, all together at the cost of one forward pass.

        Called with None it gives feature 1's, (B, P); called with feature i, (B,), those of feature i + 1.
        """
        return Incremental(self.layers, self.degrees, self.activation, batch, self._conditioned(given), given[0] if self.adds else None)

    def _conditioned(self, given: tuple[Tensor, ...]) -> Tensor | None:
        if self.condition is None:
            return None
        return self.condition(joined_channels([condition.flatten(1) for condition in given]))


class Flatten(nn.Flatten):
    """Reads an image as a vector: x_BCHW -> y_B(CHW)."""

    def __init__(self, word: words.Flatten, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


def _product(weight: Tensor, bias: Tensor | None, state: Tensor) -> Tensor:
    """W s + b with the batch innermost: s_DB -> _EB."""
    return weight @ state if bias is None else torch.addmm(bias[:, None], weight, state)


def _activation(name: str) -> Callable[[Tensor], Tensor]:
    """An activation that may spoil its argument: torch's form in place, if it has one."""
    return getattr(F, f"{name}_", None) or getattr(F, name)


def _start_at_zero(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
