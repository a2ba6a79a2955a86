"""How networks are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from flowspec.modules.layout import joined_channels
from flowspec.modules.networks.pointwise import ActNorm
from flowspec.vocabulary.rules import Ports
from flowspec.vocabulary.word import NetworkWord

Signals = tuple
"""What enters at the sites of a shared network, one item for each site in order."""
Given = tuple[Tensor, ...]
RowByRow = Callable[[Tensor, int], Tensor]
"""Takes row r of the input, x_BC1W, and r, in order from row 0; gives row r of the output."""

Prepared = Callable[[Tensor], Tensor]
"""x_BC… -> y_BE…."""

OVERWRITABLE = (nn.Conv2d, nn.Linear, ActNorm, _BatchNorm)
IN_PLACE = (nn.ReLU, nn.LeakyReLU, nn.ELU)


def run(networks: Iterable[nn.Module], x: Tensor, signals: Signals = (), given: Given = ()) -> Tensor:
    """Networks one after another, each with the signals of the sites inside it, the first with the conditions."""
    for network in networks:
        if signals or given:
            x, signals = _apply(network, x, signals, given)
            given = ()
        else:
            x = network(x)
    return x


def _apply(network: nn.Module, x: Tensor, signals: Signals, given: Given = ()) -> tuple[Tensor, Signals]:
    """One network, which takes the conditions itself or has them joined to its input, and the signals left for others."""
    takes_given, sites = getattr(network, "takes_given", False), getattr(network, "sites", 0)
    arguments = (x, given) if takes_given else (joined(x, given),)
    if not sites:
        return network(*arguments), signals
    return network(*arguments, signals=signals[:sites]), signals[sites:]


def prepared(network: nn.Module, given: Given = ()) -> Prepared:
    """A network as a function of its input alone, for many evaluations.

    One whose weights are made of others, or that holds such networks, offers `prepared`, which makes them once.
    """
    if not hasattr(type(network), "prepared"):
        return lambda x: _apply(network, x, (), given)[0]
    if getattr(network, "takes_given", False):
        return network.prepared(given)
    made = network.prepared()
    return lambda x: made(joined(x, given))


def run_by_rows(networks: Iterable[nn.Module], signals: Signals = (), given: Given = ()) -> RowByRow | None:
    """What `run` computes, row by row, for networks that are causal over rows; None if one of them cannot do so.

    A network that reads rows before the present one offers `by_rows`, and keeps them; any other is given the present row.
    """
    steps = []
    for network in networks:
        sites = getattr(network, "sites", 0)
        steps.append(_by_rows(network, signals[:sites], given))
        signals, given = signals[sites:], ()

    def row(x: Tensor, r: int) -> Tensor:
        for step in steps:
            x = step(x, r)
        return x

    return None if None in steps else row


def _by_rows(network: nn.Module, signals: Signals, given: Given) -> RowByRow | None:
    if hasattr(type(network), "by_rows"):
        return network.by_rows(given, signals)
    if any(hasattr(type(module), "by_rows") for module in network.modules()):
        return None
    return lambda x, r: _apply(network, x, signals, tuple(row_of(condition, r) for condition in given))[0]


def row_of(condition: Tensor, r: int) -> Tensor:
    """Row r of a condition: c_BCHW -> c_BC1W; a vector holds for every row."""
    return condition if condition.dim() == 2 else condition[:, :, r : r + 1]


class _Combinator(nn.Module):
    """A module over its body's networks, in their order. `sites` counts the sites of a shared network inside."""

    takes_given = False
    """Whether it takes the conditions itself: what its word's `joins` denies."""

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__()
        # An author may name a net `half` or `train`; add_module refuses the names of nn.Module's own methods.
        self._modules.update(children)
        self.sites = sum(getattr(child, "sites", 0) for child in children.values())


class _InSeries(_Combinator):
    """A combinator whose networks stand one after another.

    An activation works in place where the network before it keeps nothing of what it gives: conv, linear, a normalisation.
    """

    def __init__(self, word: NetworkWord, ports: Ports, children: dict[str, nn.Module]):
        super().__init__(word, ports, children)
        for before, after in pairwise(self._modules.values()):
            if isinstance(before, OVERWRITABLE) and isinstance(after, IN_PLACE):
                after.inplace = True


class Chain(_InSeries):
    """Networks one after another, the first of which gets the conditions, or has them joined to its input."""

    takes_given = True

    def forward(self, x: Tensor, given: Given = (), signals: Signals = ()) -> Tensor:
        return run(self._modules.values(), x, signals, given)

    def prepared(self, given: Given = ()) -> Prepared:
        """The chain of its networks, each prepared."""
        steps = [prepared(network, () if i else given) for i, network in enumerate(self._modules.values())]
        return lambda x: reduce(lambda x, step: step(x), steps, x)

    def by_rows(self, given: Given = (), signals: Signals = ()) -> RowByRow | None:
        """The chain row by row; None if one of its networks cannot do so."""
        return run_by_rows(self._modules.values(), signals, given)

    def incremental(self, batch: int, given: Given = ()) -> Callable[[Tensor | None], Tensor] | None:
        """The chain feature by feature, as `MADE.incremental`; None unless it is a single MADE."""
        first, *rest = self._modules.values()
        if rest or not hasattr(type(first), "incremental"):
            return None
        return first.incremental(batch, given)


class Residual(_InSeries):
    """y = x + f(x), f being the body: x_BC… -> y_BC…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        return x + run(self._modules.values(), x, signals)


class Dense(_InSeries):
    """y = [x, f(x)] on the channel axis, f being the body: x_BC… -> y_BE…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        return joined_channels((x, run(self._modules.values(), x, signals)))


class Branches(_Combinator):
    """A combinator whose networks all read its input."""

    def outputs(self, x: Tensor, signals: Signals) -> list[Tensor]:
        """f1(x), f2(x), …"""
        outputs = []
        for child in self._modules.values():
            output, signals = _apply(child, x, signals)
            outputs.append(output)
        return outputs


class Parallel(Branches):
    """y = [f1(x), f2(x), …] on the channel axis: x_BC… -> y_BE…."""

    def forward(self, x: Tensor, signals: Signals = ()) -> Tensor:
        return joined_channels(self.outputs(x, signals))


def joined(x: Tensor, given: Given) -> Tensor:
    """x with its conditions on the channel axis: flattened for a vector x, vectors repeated at every position otherwise."""
    if not given:
        return x
    if x.dim() == 2:
        return joined_channels([x, *(condition.flatten(1) for condition in given)])
    return joined_channels([x, *(_spread(condition, x) for condition in given)])


def _spread(condition: Tensor, x: Tensor) -> Tensor:
    if condition.dim() != 2:
        return condition
    positions = x.shape[2:]
    return condition.reshape(*condition.shape, *(1 for _ in positions)).expand(-1, -1, *positions)
