"""The graph written out: one node for each step of each iteration, joined by numbered wires."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from flowspec.graph import MAIN, Block, End, Graph, Mark, Step, walk

if TYPE_CHECKING:
    import networkx

Held = TypeVar("Held")


class Node(NamedTuple):
    """A step, prior or tap of the expanded graph. Wires are numbered; 0 is the data, contexts follow."""

    path: str
    item: Step | End | Mark
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    given: tuple[int, ...]
    blocks: tuple[Block, ...]


def needed_to_sample(node: Node) -> tuple[int, ...]:
    """The conditions that a node needs in the sampling direction."""
    return node.given if isinstance(node.item, Mark | End) else of_sampling(node.item, node.given)


def of_sampling(step: Step, given: tuple[Held, ...]) -> tuple[Held, ...]:
    """Of a step's conditions, in whatever form, those that the sampling direction needs."""
    facts = step.word.facts(step.domain)
    if facts.sampling_needs_given:
        return given
    return tuple(condition for condition, reader in zip(given, step.readers) if reader in facts.sampling_readers)


def expand(graph: Graph) -> tuple[Node, ...]:
    """Every step, prior and tap in the normalising order, each iteration on its own, with numbered wires."""
    slots = {MAIN: 0} | {context.name: i + 1 for i, context in enumerate(graph.contexts)}
    nodes: list[Node] = []
    count = len(slots)
    for path, item, blocks in walk(graph.body):
        inputs = tuple(slots[slot] for slot in item.reads)
        given = () if isinstance(item, Mark) else tuple(slots.get(slot, -1) for slot in item.given)
        writes = () if isinstance(item, End) else item.writes
        outputs = inputs if isinstance(item, Mark) else tuple(range(count, count + len(writes)))
        count += 0 if isinstance(item, Mark) else len(writes)
        slots.update(zip(writes, outputs))
        nodes.append(Node(path, item, inputs, outputs, given, blocks))
    return tuple(_with_later_taps(nodes, slots))


def _with_later_taps(nodes: list[Node], slots: dict[str, int]) -> Iterator[Node]:
    """A condition on a state that is tapped further down is known only once the whole graph has been walked."""
    for node in nodes:
        if -1 in node.given:
            given = tuple(slots[slot] if wire == -1 else wire for slot, wire in zip(node.item.given, node.given))
            node = node._replace(given=given)
        yield node


def networkx_view(graph: Graph) -> networkx.DiGraph:
    """The expanded graph in the normalising direction: nodes by path, `input` and contexts by name, edges with their states."""
    import networkx

    view = networkx.DiGraph()
    view.add_node("input", state=graph.input_state)
    maker = {0: "input"}
    for i, context in enumerate(graph.contexts):
        view.add_node(context.name, state=context.state)
        maker[i + 1] = context.name
        if context.origin is not None:
            view.add_edge(context.origin, context.name, state=context.network.ports.input, role="condition")
    nodes = [node for node in expand(graph) if not isinstance(node.item, Mark)]
    for node in nodes:
        view.add_node(node.path, item=node.item)
        maker.update(dict.fromkeys(node.outputs, node.path))
    for node in nodes:
        for wire, state in zip(node.inputs, node.item.before):
            view.add_edge(maker[wire], node.path, state=state, role="wire")
        for wire, state in zip(node.given, node.item.given_states):
            if not view.has_edge(maker[wire], node.path):
                view.add_edge(maker[wire], node.path, state=state, role="condition")
    return view
