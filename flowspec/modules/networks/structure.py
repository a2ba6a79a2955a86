"""How networks are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from flowspec.vocabulary.networks import structure as words
from flowspec.vocabulary.rules import Ports
from flowspec.vocabulary.word import NetworkWord

Signals = tuple
"""What enters at the `modulate` sites of a shared network, one item for each site in order."""


def run(networks: Iterable[nn.Module], x: Tensor, signals: Signals = ()) -> Tensor:
    """Networks one after another, each with the signals of the sites inside it."""
    for network in networks:
        x, signals = _apply(network, x, signals)
    return x


def _apply(network: nn.Module, x: Tensor, signals: Signals, *given: tuple[Tensor, ...]) -> tuple[Tensor, Signals]:
    sites = getattr(network, "sites", 0)
    if not sites:
        return network(x, *given), signals
    return network(x, *given, signals=signals[:sites]), signals[sites:]


class _Combinator(nn.Module):
    """A module over its body's networks, in their order. `sites` counts the `modulate` sites inside."""

    takes_given = False
    """Whether it takes the conditions itself: what its word's `joins` denies."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        # An author may name a net `half` or `train`; add_module refuses the names of nn.Module's own methods.
        self._modules.update(children)
        self.sites = sum(getattr(child, "sites", 0) for child in children.values())


class Chain(_Combinator):
    """Networks one after another, the first of which gets the conditions, or has them joined to its input."""

    takes_given = True

    def __init__(self, word: words.Chain, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(word, ports, children)
        self._first_takes_given = getattr(next(iter(children.values())), "takes_given", False)

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = (), signals: Signals = ()) -> Tensor:
        first, *rest = self._modules.values()
        if self._first_takes_given:
            x, signals = _apply(first, x, signals, given)
        else:
            x, signals = _apply(first, joined(x, given), signals)
        return run(rest, x, signals)

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> Callable[[Tensor | None], Tensor] | None:
        """The chain feature by feature, as `MADE.incremental`; None unless it is a single MADE."""
        first, *rest = self._modules.values()
        if rest or not self._first_takes_given:
            return None
        return first.incremental(batch, given)


class Residual(_Combinator):
    """y = x + f(x), f being the body: x_BC… -> y_BC…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        return x + run(self._modules.values(), x, signals)


class Dense(_Combinator):
    """y = [x, f(x)] on the channel axis, f being the body: x_BC… -> y_BE…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        return torch.cat((x, run(self._modules.values(), x, signals)), 1)


class Parallel(_Combinator):
    """y = [f1(x), f2(x), …] on the channel axis: x_BC… -> y_BE…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        outputs = []
        for child in self._modules.values():
            output, signals = _apply(child, x, signals)
            outputs.append(output)
        return torch.cat(outputs, 1)


def joined(x: Tensor, given: tuple[Tensor, ...]) -> Tensor:
    """x with its conditions on the channel axis: flattened for a vector x, vectors repeated at every position otherwise."""
    if not given:
        return x
    if x.dim() == 2:
        return torch.cat([x, *(condition.flatten(1) for condition in given)], 1)
    return torch.cat([x, *(_spread(condition, x) for condition in given)], 1)


def _spread(condition: Tensor, x: Tensor) -> Tensor:
    if condition.dim() != 2:
        return condition
    positions = x.shape[2:]
    return condition.reshape(*condition.shape, *(1 for _ in positions)).expand(-1, -1, *positions)
