"""Orders: in which order the nodes of a graph are computed, in both directions.

Each direction is a graph of what each step needs (networkx). In the normalising direction a step needs its inputs and its
conditions. In the sampling direction a wire is known once the step that reads it has been inverted, for which that step's
outputs and its conditions must be known. A cycle is an error, shown as a path through the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import networkx as nx

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


def _needs(nodes: tuple[Node, ...], makes: Wires, takes: Wires) -> nx.DiGraph:
    """Which node needs which: an edge leads from the one that makes a wire to each that takes it."""
    maker = {wire: i for i, node in enumerate(nodes) if not isinstance(node.item, Mark) for wire in makes(node)}
    needs = nx.DiGraph()
    needs.add_nodes_from(range(len(nodes)))
    needs.add_edges_from((maker[wire], i) for i, node in enumerate(nodes) for wire in takes(node) if wire in maker)
    return needs


def _order(nodes: tuple[Node, ...], needs: nx.DiGraph, code: str, faults: list[Diagnostic], contexts: tuple[str, ...]) -> tuple[int, ...]:
    try:
        return tuple(nx.lexicographical_topological_sort(needs, key=(lambda i: i) if code == "FS405" else (lambda i: -i)))
    except nx.NetworkXUnfeasible:
        faults.append(_cycle(nodes, [edge[0] for edge in nx.find_cycle(needs)], code, contexts))
        return ()


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
