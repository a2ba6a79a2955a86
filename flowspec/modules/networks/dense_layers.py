"""Fully connected networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowspec.modules.networks.incremental import Incremental
from flowspec.vocabulary.networks import dense_layers as words
from flowspec.vocabulary.rules import Ports


class Linear(nn.Linear):
    """y = W x + b: x_BD -> y_BE."""

    def __init__(self, word: words.Linear, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(ports.input[0], ports.output[0], bias=word.bias)
        if word.start == "zero":
            _start_at_zero(self)


class MLP(nn.Module):
    """Linear layers with an activation after each but the last: x_BD -> y_BE."""

    def __init__(self, word: words.MLP, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        widths = word.widths(ports)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.activation = getattr(F, word.activation)
        if word.start == "zero":
            _start_at_zero(self.layers[-1])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


class MADE(nn.Module):
    """A masked network: x_BD, conditions -> y_B(PD), where y[:, p*D + i] depends on the x[:, j] with j < i only.

    A hidden unit sees units of no higher degree, an output units of lower degree (Germain et al. 2015, eqs. 10-13).
    """

    takes_given = True

    def __init__(self, word: words.MADE, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        self.degrees = word.degrees(ports)
        widths = [len(degrees) for degrees in self.degrees]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        conditions = sum(torch.Size(shape).numel() for shape in ports.given)
        self.condition = nn.Linear(conditions, widths[1], bias=False) if conditions else None
        self.activation = getattr(F, word.activation)
        for i, layer in enumerate(self.layers):
            mask = self._mask(i).to(layer.weight.dtype)
            self.register_buffer(f"mask{i}", mask, persistent=False)
            layer.weight.data.mul_(mask)

    def _mask(self, i: int) -> Tensor:
        lower, upper = torch.tensor(self.degrees[i]), torch.tensor(self.degrees[i + 1])[:, None]
        return lower < upper if i == len(self.layers) - 1 else lower <= upper

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        extra = self._conditioned(given)
        for i, layer in enumerate(self.layers):
            # Masked here and not only at the start: a checkpoint may hold anything in the masked entries.
            y = F.linear(x, layer.weight * getattr(self, f"mask{i}"), layer.bias)
            y = y + extra if i == 0 and extra is not None else y
            x = self.activation(y) if i < len(self.layers) - 1 else y
        return x

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> Callable[[Tensor | None], Tensor]:
        """The parameters feature by feature, all together at the cost of one forward pass.

        Called with None it gives feature 1's, (B, P); called with feature i, (B,), those of feature i + 1.
        """
        return Incremental(self.layers, self.degrees, self.activation, batch, self._conditioned(given))

    def _conditioned(self, given: tuple[Tensor, ...]) -> Tensor | None:
        if self.condition is None:
            return None
        return self.condition(torch.cat([condition.flatten(1) for condition in given], 1))


class Flatten(nn.Flatten):
    """Reads an image as a vector: x_BCHW -> y_B(CHW)."""

    def __init__(self, word: words.Flatten, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()


def _start_at_zero(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
