"""A flow as a tree of lines, for terminals and for the foldable part of a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from flowspec.checked import CheckedGraph
from flowspec.diagram.pieces import summary, told
from flowspec.diagram.words import block_title, core, item_arguments
from flowspec.graph import Block, End, Item, Mark
from flowspec.numbers import of_context, of_graph, of_group, of_item
from flowspec.report.parts import ends_in
from flowspec.report.sizes import grouped
from flowspec.sharing import Uses, groups, loose
from flowspec.vocabulary.rules import written


@dataclass(frozen=True)
class Line:
    """One line of the tree and the lines below it."""

    label: str
    shape: str = ""
    parameters: int = 0
    inner: tuple[Line, ...] = ()


def outline(checked: CheckedGraph, depth: int | None = None) -> str:
    """A flow as a text tree with shapes and parameters; `depth` levels of sections are open, all unless it is given."""
    rows = list(_rows(lines(checked, depth), "", root=True))
    left, middle, right = (max((len(row[i]) for row in rows if row[1] or row[2]), default=0) for i in range(3))
    return "\n".join(f"{a:<{left}}  {b:<{middle}}  {c:>{right}}".rstrip() for a, b, c in rows) + "\n"


def lines(checked: CheckedGraph, depth: int | None = None) -> Line:
    """The tree of a flow's lines."""
    graph, levels = checked.graph, inf if depth is None else depth
    heads = [Line(f"input {graph.input.word}", str(graph.input_state))]
    for context in graph.contexts:
        heads.append(Line(f"context {context.name}", str(context.state), of_context(context).parameters))
    owned = tuple(_shared(uses, 1) for uses in loose(graph.body.items))
    inner = (*heads, *owned, *_items(graph.body.items, levels, 1))
    return Line(graph.name, "", of_graph(graph).parameters, inner)


def _items(items: tuple[Item, ...], levels: float, copies: int) -> tuple[Line, ...]:
    shared = tuple(_shared(uses, copies) for uses in groups(items))
    return shared + tuple(_line(core(item) if isinstance(item, Block) else item, levels, copies) for item in items)


def _shared(uses: Uses, copies: int) -> Line:
    inner = " → ".join(map(told, uses.network.children))
    return Line(f"shared by {uses.count}: {inner}", written(uses.network.ports.output), copies * of_group(uses).parameters)


def _line(item: Item, levels: float, copies: int) -> Line:
    match item:
        case Block():
            copies *= item.times
            inner = _items(item.items, levels - 1, copies) if levels > 0 else ()
            return Line(block_title(item), written(ends_in(item) or ()), copies * of_item(item).parameters, inner)
        case Mark():
            return Line(f"tap {item.name}", str(item.before[0]))
    turned = "⁻¹" if getattr(item, "inverted", False) else ""
    role = "prior " if isinstance(item, End) else ""
    label = f"{role}{item.word.word}{turned} {item_arguments(item)}".rstrip()
    inner = (
        tuple(Line(f"{_role(name)}: {summary(network)}") for name, network in item.networks.items()) if levels > 0 else ()
    )
    return Line(label, written(ends_in(item)), copies * of_item(item).parameters, inner)


def _role(name: str) -> str:
    return "network" if name == "form" else name


def _rows(line: Line, indent: str, root: bool = False, last: bool = True) -> Iterator[tuple[str, str, str]]:
    branch = "" if root else "└─ " if last else "├─ "
    yield f"{indent}{branch}{line.label}", line.shape, grouped(line.parameters) if line.parameters else ""
    below = indent if root else indent + ("   " if last else "│  ")
    for i, inner in enumerate(line.inner):
        yield from _rows(inner, below, last=i == len(line.inner) - 1)
