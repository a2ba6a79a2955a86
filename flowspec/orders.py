"""Orders: in which order the nodes of a graph are computed, in both directions.

Each direction is a graph of what each step needs. In the normalising direction a step needs its inputs and its
conditions. In the sampling direction a wire is known once the step that reads it has been inverted, for which that step's
outputs and its conditions must be known. A cycle is an error, found by networkx and shown as a path through the text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from heapq import heapify, heappop, heappush

from flowspec.diagnostics import Diagnostic, Label
from flowspec.expansion import Node, needed_to_sample
from flowspec.graph import Mark

Wires = Callable[[Node], tuple[int, ...]]


def density_order(nodes: tuple[Node, ...], faults: list[Diagnostic], contexts: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The nodes as the density is computed, the earlier in the text first; a cycle is added to the faults."""
    needs = _needs(nodes, lambda node: node.outputs, lambda node: (*node.inputs, *node.given))
    return _order(nodes, needs, "FS405", faults, contexts)


def sampling_order(nodes: tuple[Node, ...], faults: list[Diagnostic], contexts: tuple[str, ...] = ()) -> tuple[int, ...]:
    """The nodes as samples are drawn, the later in the text first; a cycle is added to the faults."""
    needs = _needs(nodes, lambda node: node.inputs, lambda node: () if isinstance(node.item, Mark) else (*node.outputs, *needed_to_sample(node)))
    return _order(nodes, needs, "FS406", faults, contexts)


def last_read(nodes: Sequence[Node], reads: Wires) -> tuple[tuple[int, ...], ...]:
    """For each node, in the order of computation, the wires that it `reads` and no later one does."""
    last = {wire: i for i, node in enumerate(nodes) for wire in reads(node)}
    return tuple(tuple(wire for wire in dict.fromkeys(reads(node)) if last[wire] == i) for i, node in enumerate(nodes))


def _needs(nodes: tuple[Node, ...], makes: Wires, takes: Wires) -> list[Collection[int]]:
    """The nodes that each node needs: those that make the wires that it takes."""
    maker = {wire: i for i, node in enumerate(nodes) if not isinstance(node.item, Mark) for wire in makes(node)}
    return [dict.fromkeys(maker[wire] for wire in takes(node) if wire in maker) for node in nodes]


def _order(nodes: tuple[Node, ...], needs: list[Collection[int]], code: str, faults: list[Diagnostic], contexts: tuple[str, ...]) -> tuple[int, ...]:
    order = _sorted(needs, first=1 if code == "FS405" else -1)
    if len(order) == len(nodes):
        return tuple(order)
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(nodes)))
    graph.add_edges_from((before, i) for i, those in enumerate(needs) for before in those)
    faults.append(_cycle(nodes, [edge[0] for edge in networkx.find_cycle(graph)], code, contexts))
    return ()


def _sorted(needs: list[Collection[int]], first: int) -> list[int]:
    """The nodes, each behind those that it needs; of those that are ready the lowest comes first, with -1 the highest."""
    missing = [len(those) for those in needs]
    needed_by: list[list[int]] = [[] for _ in needs]
    for i, those in enumerate(needs):
        for before in those:
            needed_by[before].append(i)
    ready = [first * i for i, count in enumerate(missing) if count == 0]
    heapify(ready)
    order: list[int] = []
    while ready:
        order.append(first * heappop(ready))
        for i in needed_by[order[-1]]:
            missing[i] -= 1
            if missing[i] == 0:
                heappush(ready, first * i)
    return order


def _cycle(nodes: tuple[Node, ...], cycle: list[int], code: str, contexts: tuple[str, ...]) -> Diagnostic:
    conditioned = [i for i in cycle if nodes[i].given]
    culprit = nodes[max(conditioned, default=cycle[0])]
    path = " -> ".join(nodes[i].path for i in (*cycle, cycle[0]))
    if code == "FS405":
        message = f"the density cannot be computed: `{culprit.path}` is conditioned on a state that is computed from it"
        note = f"each needs the one before it: {path}"
    else:
        message = f"the flow cannot be sampled: inverting `{culprit.path}` needs a state that is known only after it is inverted"
        note = f"in the sampling direction each is needed by the next: {path}"
    read = ", ".join(name.rstrip("'") for name in culprit.item.given)
    other = f"`given={contexts[0]}`" if contexts else "declare `context vector(4) as theta` below the input, and write `given=theta`"
    own = "`coupling` reads the part that stays by itself" if culprit.item.word.word == "coupling" else "it needs no condition"
    help = (f"leave `given={read}` out: {own}" if len(culprit.item.given) == 1 else f"leave what comes too late out of `given`: {own}", f"or read a context, which is known in both directions: {other}")
    tapped = {node.item.span: "the state is named here" for node in nodes if isinstance(node.item, Mark) and set(node.outputs) & set(culprit.given)}
    between = {nodes[i].item.span: "part of the cycle" for i in cycle}
    causes = {span: said for span, said in (between | tapped).items() if span != culprit.item.span}
    labels = tuple(Label(span, said) for span, said in sorted(causes.items())[:3])
    return Diagnostic(code, message, Label(culprit.item.span, "conditioned here"), labels, notes=(note,), help=help)
