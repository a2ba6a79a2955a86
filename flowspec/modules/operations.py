"""A graph's nodes as a flow runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from flowspec.expansion import Node
from flowspec.graph import End, Mark, Step
from flowspec.modules.solvers import ConvergenceError
from flowspec.orders import last_read
from flowspec.terms import adds_nothing, divergences, term_names
from flowspec.vocabulary.rules import State

Wires = dict[int, Tensor]
Temperature = float | Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Operation:
    """One node as the flow runs it: its module, the wires it reads and makes, and those nobody reads after it."""

    path: str
    module: nn.Module
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    given: tuple[int, ...]
    ends: bool
    inverted: bool
    state: State
    closed: bool = False
    """Whether its latent has a divergence from posterior to prior in closed form."""
    terms: tuple[str, ...] = ()
    """What it adds to log p(x), by name."""
    drops: tuple[int, ...] = ()
    networks: bool = False
    """Whether it has any."""
    reversible: bool = False
    """Whether what enters follows from what leaves, and neither is made of integers."""


def operations(at: Callable[[str], nn.Module], nodes: list[Node], reading: Callable[[Node], tuple[int, ...]],
               given: Callable[[Node], tuple[int, ...]]) -> tuple[Operation, ...]:  # fmt: skip
    """Nodes as operations in their order; `reading` gives the wires that a direction starts from, `given` its conditions."""
    drops = last_read(nodes, lambda node: (*reading(node), *given(node)))
    closed = divergences(nodes)
    found = []
    for node, dropped in zip(nodes, drops):
        if isinstance(node.item, Mark):
            continue
        ends = isinstance(node.item, End)
        found.append(Operation(
            path=node.path, module=at(node.path), inputs=node.inputs, outputs=node.outputs, given=given(node), ends=ends,
            inverted=not ends and node.item.inverted, closed=node.path in closed, state=node.item.before[0], terms=() if adds_nothing(node) else term_names(node),
            drops=dropped,
            networks=bool(node.item.networks) or (not ends and bool(node.item.flows)), reversible=not ends and _reversible(node.item),
        ))  # fmt: skip
    return tuple(found)


def _reversible(step: Step) -> bool:
    facts = step.word.facts(step.domain)
    back = facts.density if step.inverted else facts.sampling
    real = all(state.levels is None for state in step.before)
    return facts.kind == "bijection" and back == "analytic" and real and not step.word.by_batch


def packed(wires: Wires, numbers: tuple[int, ...]) -> Tensor | tuple[Tensor, ...]:
    """What several wires hold, as a module takes it: a tensor alone, or a tuple of them."""
    return wires[numbers[0]] if len(numbers) == 1 else tuple(wires[number] for number in numbers)


def unpack(wires: Wires, numbers: tuple[int, ...], values: Tensor | tuple[Tensor, ...]) -> None:
    """Puts what a module gave on its wires."""
    wires.update(zip(numbers, several(values)))


def several(values: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What a module gave, as a tuple: a tensor stands alone where there is one."""
    return (values,) if isinstance(values, Tensor) else values


def applied(operation: Operation, direction: Callable, values: Tensor | tuple[Tensor, ...], given: tuple[Tensor, ...]) -> tuple:
    """What a direction of a step gives. Raises ConvergenceError, with the step's path, where its inverse is not found."""
    try:
        return direction(values, given)
    except ConvergenceError as error:
        raise ConvergenceError(f"step `{operation.path}`: {error}") from None


def temperature_of(path: str, temperature: Temperature) -> float:
    """The temperature at a path: a mapping speaks of parts by name, the innermost that it names counts."""
    if not isinstance(temperature, Mapping):
        return temperature
    return next((temperature[name] for name in reversed(path.split(".")) if name in temperature), 1.0)
