"""Numbers of a graph by the rules of its words: parameters, multiply-adds, activations. No torch."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from flowspec.graph import Block, ContextNode, End, Graph, Item, Mark, Network, Step
from flowspec.sharing import Uses, groups, loose
from flowspec.vocabulary.networks.sharing import Share
from flowspec.vocabulary.rules import Tensor


class Numbers(NamedTuple):
    """Totals of a piece of a graph; multiply-adds and activations are for one example.

    `activations` counts the numbers that training keeps for its backward pass: the output of each step and network piece.
    """

    parameters: int = 0
    trainable: int = 0
    live: int = 0
    deployed: int = 0
    density: int = 0
    sampling: int = 0
    activations: int = 0

    def plus(self, other: Numbers) -> Numbers:
        """The sum of two totals."""
        return Numbers(*(a + b for a, b in zip(self, other)))

    def times(self, count: int) -> Numbers:
        """The total of `count` equal pieces."""
        return Numbers(*(count * a for a in self))


def of_tensors(tensors: tuple[Tensor, ...]) -> Numbers:
    """Totals of parameter tensors."""
    return Numbers(
        parameters=sum(tensor.numel for tensor in tensors),
        trainable=sum(tensor.numel for tensor in tensors if tensor.trainable),
        live=sum(tensor.live for tensor in tensors),
        deployed=sum(tensor.deployed for tensor in tensors),
    )


def of_network(network: Network) -> Numbers:
    """Totals of a network, its multiply-adds for one evaluation (under `density`)."""
    total = of_tensors(network.word.parameters(network.ports))
    total = total._replace(density=network.word.multiply_adds(network.ports), activations=prod(network.ports.output))
    if network.children:
        total = total._replace(activations=0)
    for child in network.children:
        numbers = of_network(child).times(child.times)
        total = total.plus(without_parameters(numbers) if isinstance(network.word, Share) else numbers)
    return total


def without_parameters(numbers: Numbers) -> Numbers:
    """The cost of one use of a shared network, whose parameters count for its group."""
    return numbers._replace(parameters=0, trainable=0, live=0, deployed=0)


def of_group(uses: Uses) -> Numbers:
    """The parameters of a sharing group, once for all its uses."""
    total = Numbers()
    for child in uses.network.children:
        total = total.plus(of_network(child).times(child.times))
    return total._replace(density=0, sampling=0, activations=0)


def of_item(item: Item) -> Numbers:
    """Totals of one item of a body (once, whatever its `times`)."""
    match item:
        case Block():
            return of_items(item.items)
        case Step():
            return _of_step(item)
        case End():
            own = of_tensors(item.word.parameters(item.before[0]))
            return _with_networks(own, item.networks, (1, 1))
        case Mark():
            return Numbers()


def of_items(items: tuple[Item, ...]) -> Numbers:
    """Totals of a body."""
    total = Numbers()
    for item in items:
        total = total.plus(of_item(item).times(item.times if isinstance(item, Block) else 1))
    for uses in groups(items):
        total = total.plus(of_group(uses))
    return total


def of_graph(graph: Graph) -> Numbers:
    """Totals of a whole flow."""
    total = of_items(graph.body.items)
    for uses in loose(graph.body.items):
        total = total.plus(of_group(uses))
    for context in graph.contexts:
        total = total.plus(of_context(context))
    return total


def of_context(context: ContextNode) -> Numbers:
    """Totals of a condition's network, which is evaluated once in either direction."""
    networks = {} if context.network is None else {"network": context.network}
    return _with_networks(Numbers(), networks, (1, 1))


def _of_step(step: Step) -> Numbers:
    word, x = step.word, step.domain
    density, sampling = word.multiply_adds(x)
    own = of_tensors(word.parameters(x))._replace(
        density=density, sampling=sampling, activations=sum(s.size for s in step.after)
    )
    total = own
    for name, network in step.networks.items():
        total = _with_networks(total, {name: network}, word.uses(x, name))
    for flow in step.flows.values():
        numbers = of_graph(flow)
        total = total.plus(numbers._replace(density=numbers.sampling, sampling=0))
    return total._replace(density=total.sampling, sampling=total.density) if step.inverted else total


def _with_networks(own: Numbers, networks: dict[str, Network], evaluations: tuple[int, int]) -> Numbers:
    for network in networks.values():
        numbers = of_network(network)
        own = own.plus(numbers._replace(density=numbers.density * evaluations[0], sampling=numbers.density * evaluations[1]))
    return own


def of_part(graph: Graph, name: str) -> Numbers:
    """Totals of the parts of a name; networks shared with what is outside count outside."""
    return _of_parts(graph.body.items, name)


def _of_parts(items: tuple[Item, ...], name: str) -> Numbers:
    total = Numbers()
    for item in items:
        if isinstance(item, Block):
            named = item.kind == "part" and item.name == name
            total = total.plus((of_item(item) if named else _of_parts(item.items, name)).times(item.times))
    return total


def count(graph: Graph, name: str) -> int:
    """How many steps, calls of a `def`, parts or iterations have a name."""
    return _count(graph.body.items, name)


def _count(items: tuple[Item, ...], name: str) -> int:
    total = 0
    for item in items:
        if isinstance(item, Block):
            total += item.times * ((_base(item.name) == name) + _count(item.items, name))
        elif not isinstance(item, Mark):
            total += item.word.word == name
    return total


def _base(name: str) -> str:
    return name.rstrip("0123456789") or name
