"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.layout import joined_channels
from flowspec.modules.networks.incremental import Incremental
from flowspec.modules.networks.masked import MaskedLinear
from flowspec.modules.networks.weight_norm import WeightNorm
from flowspec.modules.starts import start_weights
from flowspec.vocabulary.networks import dense_layers as words
from flowspec.vocabulary.rules import Ports


class Linear(WeightNorm, nn.Linear):
    """y = W x + b: x_BD -> y_BE."""

    def __init__(self, word: words.Linear, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(ports.input[0], ports.output[0], bias=word.bias)
        start_weights(self, word.start, ports.input[0])
        self.start_gain(word.weight_norm)

    def forward(self, x: Tensor) -> Tensor:
        return _product(self.made_weight(), self.bias, x.t()).t()


class MLP(nn.Module):
    """Linear layers with an activation after each but the last: x_BD -> y_BE."""

    def __init__(self, word: words.MLP, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        widths = word.widths(ports)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.activation = _activation(word.activation)
        self.largest = None if word.lipschitz is None else word.lipschitz ** (1 / len(self.layers))
        start_weights(self.layers[-1], word.start, widths[-2])

    def forward(self, x: Tensor) -> Tensor:
        return self.prepared()(x)

    def prepared(self) -> Callable[[Tensor], Tensor]:
        """The network, its weights made."""
        weights = [layer.weight if self.largest is None else _held(layer.weight, self.largest) for layer in self.layers]
        *hidden, last = zip(weights, (layer.bias for layer in self.layers))

        def through(x: Tensor) -> Tensor:
            state = x.t()
            for weight, bias in hidden:
                state = self.activation(_product(weight, bias, state))
            return _product(*last, state).t()

        return through


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
        self.conditions, size = word.conditions if ports.given else "none", word.projected(ports)
        self.layers = nn.ModuleList(self._layer(i) for i in range(len(self.degrees) - 1))
        widths = [len(degrees) for degrees in self.degrees[1:]]
        if self.conditions == "weights":
            self.scales = nn.ModuleList(_starting_at(1.0, nn.Linear(size, width)) for width in widths)
            self.shifts = nn.ModuleList(_starting_at(0.0, nn.Linear(size, width)) for width in widths)
        if self.conditions == "projected":
            self.condition = nn.Linear(size, widths[0], bias=False)
        self.head = nn.Linear(word.head, ports.output[0] // ports.input[0]) if word.head else None
        self.activation = _activation(word.activation)

    def _layer(self, i: int) -> MaskedLinear:
        (inputs, *_), (lower, upper), weighted = self.degrees, self.degrees[i : i + 2], self.conditions == "weights"
        if i < len(self.degrees) - 2:
            return MaskedLinear(lower, upper, bias=not weighted)
        return MaskedLinear(lower, upper, inputs, bias=not weighted, normalised=weighted)

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        condition, state = _flat(given), x.t()
        *hidden, last = self.layers
        for i, layer in enumerate(hidden):
            state = self.activation(self._conditioned(i, layer(state), condition))
            state = state + condition.t() if i == 0 and self.conditions == "added" else state
        state = self._conditioned(len(hidden), last(state), condition)
        return (state if self.head is None else self._headed(state)).t()

    def _conditioned(self, i: int, state: Tensor, condition: Tensor | None) -> Tensor:
        """What conditions make of layer i before its activation, (units, batch)."""
        if self.conditions == "weights":
            return torch.addcmul(self.shifts[i](condition).t(), state, self.scales[i](condition).t())
        return state + self.condition(condition).t() if i == 0 and self.conditions == "projected" else state

    def _headed(self, state: Tensor) -> Tensor:
        """The head over every input: (n * D, batch) -> (P * D, batch)."""
        features, batch = len(self.degrees[0]), state.shape[1]
        rows = state.reshape(-1, features * batch)
        return torch.addmm(self.head.bias[:, None], self.head.weight, rows).view(-1, batch)

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> Callable[[Tensor | None], Tensor]:
        """The parameters feature by feature, all together at the cost of one forward pass.

        Called with None it gives feature 1's, (B, P); called with feature i, (B,), those of feature i + 1.
        """
        condition, count = _flat(given), range(len(self.layers))
        scales = [scale(condition).t() for scale in self.scales] if self.conditions == "weights" else None
        if scales:
            biases = [shift(condition).t() for shift in self.shifts]
        else:
            biases = [self._conditioned(i, self.layers[i].bias[:, None], condition) for i in count]
        added = condition.t() if self.conditions == "added" else None
        step = Incremental([layer.masked() for layer in self.layers], biases, scales, added, self.degrees, self.activation, batch)
        return step if self.head is None else lambda x: self.head(step(x))


class Flatten(nn.Flatten):
    """Reads an image as a vector: x_BCHW -> y_B(CHW)."""

    def __init__(self, word: words.Flatten, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


def _product(weight: Tensor, bias: Tensor | None, state: Tensor) -> Tensor:
    """W s + b with the batch innermost: s_DB -> _EB."""
    return weight @ state if bias is None else torch.addmm(bias.unsqueeze(1), weight, state)


def _activation(name: str) -> Callable[[Tensor], Tensor]:
    """An activation that may spoil its argument: torch's form in place, if it has one."""
    return getattr(F, f"{name}_", None) or getattr(F, name)


def _flat(given: tuple[Tensor, ...]) -> Tensor | None:
    return joined_channels([condition.flatten(1) for condition in given]) if given else None


def _starting_at(value: float, layer: nn.Linear) -> nn.Linear:
    """A layer that gives about `value`, whatever it reads."""
    nn.init.normal_(layer.weight, std=1e-3)
    nn.init.constant_(layer.bias, value)
    return layer


def _held(weight: Tensor, largest: float) -> Tensor:
    """The weight, made smaller where its largest singular value is above `largest`.

    The value itself: power iteration, which is quicker, gives less than it and so no bound (Behrmann et al. 2019, sec. 2.1).
    """
    found = torch.linalg.matrix_norm(weight.to(torch.promote_types(weight.dtype, torch.float32)), 2)
    return weight * (largest / found.clamp_min(largest)).to(weight.dtype)
