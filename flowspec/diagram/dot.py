"""A flow's diagram as Graphviz text: the same flow always gives the same text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from graphviz import Digraph

from flowspec.checked import CheckedGraph
from flowspec.diagram.layout import scene_of
from flowspec.diagram.palette import CLUSTER, CONDITION, INSET, PALETTE, QUIET, WIRE
from flowspec.diagram.scene import Box, Edge, Scene, Section
from flowspec.diagram.words import wrapped

FONT = "Helvetica"
STYLES = {
    "wire": {"color": WIRE, "weight": "8"},
    "condition": {"color": CONDITION, "style": "dashed", "arrowhead": "open"},
    "skip": {"color": WIRE},
    "share": {"color": PALETTE["network"].line, "style": "dotted", "arrowhead": "none", "constraint": "false"},
}
"""How each role of edge is drawn."""
KINDS = ("data", "bijection", "surjection", "stochastic", "prior", "network", "context")
"""The order of the legend."""


def dot(checked: CheckedGraph, depth: int | None = None) -> str:
    """The diagram of a flow as text for Graphviz, data at the top and the prior at the bottom."""
    scene = scene_of(checked, depth)
    graph = Digraph(scene.name)
    graph.attr(label=_foot(scene), labelloc="b", fontname=FONT, fontsize="11", rankdir="TB", nodesep="0.35", ranksep="0.28",
               bgcolor="#ffffff", margin="0.1", newrank="true", fontcolor="#000000", tooltip=scene.name)  # fmt: skip
    graph.attr(
        "node", fontname=FONT, fontsize="11", shape="box", style="filled", penwidth="1", height="0.3", margin="0.12,0.05"
    )
    graph.attr("edge", fontname=FONT, fontsize="9", fontcolor=QUIET, arrowsize="0.6", penwidth="0.9")
    _members(graph, scene.flow)
    for inset in scene.insets:
        with graph.subgraph(name=f"cluster_margin.{inset.id}") as room:
            room.attr(label="", style="invis", margin="12")
            _section(room, inset)
    for upper, lower in _stacked(scene):
        graph.edge(upper.id, lower.id, style="invis")
    for edge in scene.edges:
        _edge(graph, edge)
    return graph.source


def _section(graph: Digraph, section: Section) -> None:
    paint = INSET if section.inset else CLUSTER
    with graph.subgraph(name=f"cluster_{section.id}") as inner:
        inner.attr(label=_title(section), labeljust="l", labelloc="t", fontsize="10", fontcolor=QUIET,
                   style="filled,dashed" if section.inset else "filled,rounded", fillcolor=paint.fill, color=paint.line,
                   penwidth="0.8", margin="10", tooltip=section.title)  # fmt: skip
        _members(inner, section)


def _title(section: Section) -> str:
    lines = [escape(line) for line in wrapped(section.title)]
    return "<" + '<br align="left"/>'.join(lines if len(lines) < 2 else [*lines, ""]) + ">"


def _members(graph: Digraph, section: Section) -> None:
    for member in section.members:
        if isinstance(member, Section):
            _section(graph, member)
        else:
            _box(graph, member)


def _box(graph: Digraph, box: Box) -> None:
    match box.kind:
        case "point":
            graph.node(box.id, label="", shape="point", width="0.06", color=WIRE, tooltip=box.id)
        case "join":
            shape = (
                {"shape": "circle", "width": "0.22", "fixedsize": "true"}
                if box.title == "+"
                else {"style": "filled,rounded"}
            )
            graph.node(
                box.id,
                label=f"<{escape(box.title)}>",
                fillcolor="#ffffff",
                color=PALETTE["network"].line,
                tooltip=box.id,
                **shape,
            )
        case _:
            paint = PALETTE[box.kind]
            graph.node(box.id, label=_label(box), fillcolor=paint.fill, color=paint.line, tooltip=box.id, **_outline(box))
    if box.beside is not None:
        with graph.subgraph() as row:
            row.attr(rank="same")
            row.node(box.beside)
            row.node(box.id)


def _outline(box: Box) -> dict[str, str]:
    column = {"group": box.column} if box.column else {}
    return column | _shape(box.kind)


def _shape(kind: str) -> dict[str, str]:
    match kind:
        case "context":
            return {"shape": "ellipse", "margin": "0.04,0.02"}
        case "prior":
            return {"style": "filled,rounded"}
        case "section":
            return {"peripheries": "2"}
        case "stochastic" | "surjection":
            return {"penwidth": "1.6"}
    return {}


def _label(box: Box) -> str:
    lines = wrapped(f"{box.title} {box.text}".rstrip())
    first, rest = lines[0].removeprefix(box.title), lines[1:]
    bold = f"<b>{escape(box.title)}</b>" if lines[0].startswith(box.title) else f"<b>{escape(lines[0])}</b>"
    head = bold + escape(first if lines[0].startswith(box.title) else "")
    small = (f'<font point-size="9" color="{QUIET}">{escape(note)}</font>' for note in box.notes)
    return "<" + "<br/>".join([head, *map(escape, rest), *small]) + ">"


def _stacked(scene: Scene) -> Iterator[tuple[Box, Box]]:
    """Insets stand below one another beside the flow, in as many columns as it takes not to be taller than it."""
    room = sum(box.beside is None for box in scene.flow.boxes())
    used, last = 0, None
    for boxes in (list(inset.boxes()) for inset in scene.insets):
        if last is not None and used + len(boxes) <= room:
            yield last, boxes[0]
            used += len(boxes) + 1
        else:
            used = len(boxes) + 1
        last = boxes[-1]


def _edge(graph: Digraph, edge: Edge) -> None:
    label = {"label": f"<&#160;{escape(edge.label)}>"} if edge.label else {}
    graph.edge(edge.tail, edge.head, **STYLES[edge.role], **label, tooltip=f"{edge.tail} → {edge.head}")


def _foot(scene: Scene) -> str:
    """The caption, and below it a legend of the kinds that occur."""
    kinds = [kind for kind in KINDS[1:] if kind in scene.kinds()]
    cells = "".join(
        f'<td fixedsize="true" width="84" height="26" bgcolor="{PALETTE[kind].fill}" border="1" color="{PALETTE[kind].line}">{kind}</td>'
        for kind in kinds
    )
    legend = (
        f'<tr><td><table border="0" cellborder="0" cellspacing="6" cellpadding="3"><tr>{cells}</tr></table></td></tr>'
        if cells
        else ""
    )
    return f'<<table border="0" cellborder="0" cellspacing="2"><tr><td>{escape(scene.caption)}</td></tr>{legend}</table>>'
