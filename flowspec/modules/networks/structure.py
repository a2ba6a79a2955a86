"""How networks are put together."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from flowspec.vocabulary.networks import structure as words
from flowspec.vocabulary.rules import Ports
from flowspec.vocabulary.word import NetworkWord


class _Combinator(nn.Module):
    """A module over its body's networks, in their order."""

    takes_given = False
    """Whether it takes the conditions itself: what its word's `joins` denies."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        # An author may name a net `half` or `train`; add_module refuses the names of nn.Module's own methods.
        self._modules.update(children)

    def _sequence(self, x: Tensor) -> Tensor:
        for child in self._modules.values():
            x = child(x)
        return x


class Chain(_Combinator):
    """Networks one after another, the first of which gets the conditions, or has them joined to its input."""

    takes_given = True

    def __init__(self, word: words.Chain, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(word, ports, children)
        self._first_takes_given = getattr(next(iter(children.values())), "takes_given", False)

    def forward(self, x: Tensor, given: tuple[Tensor, ...] = ()) -> Tensor:
        first, *rest = self._modules.values()
        x = first(x, given) if self._first_takes_given else first(joined(x, given))
        for child in rest:
            x = child(x)
        return x

    def incremental(self, batch: int, given: tuple[Tensor, ...] = ()) -> Callable[[Tensor | None], Tensor] | None:
        """The chain feature by feature, as `MADE.incremental`; None unless it is a single MADE."""
        first, *rest = self._modules.values()
        if rest or not self._first_takes_given:
            return None
        return first.incremental(batch, given)


class Residual(_Combinator):
    """y = x + f(x), f being the body: x_BC… -> y_BC…."""

    def forward(self, x: Tensor) -> Tensor:
        return x + self._sequence(x)


class Dense(_Combinator):
    """y = [x, f(x)] on the channel axis, f being the body: x_BC… -> y_BE…."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, self._sequence(x)), 1)


class Parallel(_Combinator):
    """y = [f1(x), f2(x), …] on the channel axis: x_BC… -> y_BE…."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([child(x) for child in self._modules.values()], 1)


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
