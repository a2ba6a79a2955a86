"""Writes a flow's diagram to a file."""

from __future__ import annotations

from pathlib import Path

from pygraphviz import AGraph

from flowspec.checked import CheckedGraph
from flowspec.diagram.dot import dot
from flowspec.diagram.page import page
from flowspec.files import replace

RENDERED = ("svg", "png", "pdf")
FORMATS = (*RENDERED, "dot", "html")
"""What a diagram can be written as, by the file's suffix."""


def draw(checked: CheckedGraph, path: Path, depth: int | None = None) -> None:
    """Writes the diagram of a flow in the format of the path's suffix. Raises ValueError for a suffix that is not known.

    The file appears whole or not at all: it is written beside its place and then moved there.
    """
    suffix = path.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise ValueError(f"a diagram cannot be written as `{path.name}`: its name must end in one of {known}")
    replace(path, _content(checked, suffix, depth))


def _content(checked: CheckedGraph, suffix: str, depth: int | None) -> bytes:
    text = dot(checked, depth)
    match suffix:
        case "dot":
            return text.encode()
        case "html":
            return page(checked, render(text, "svg").decode()).encode()
    return render(text, suffix)


def render(text: str, format: str) -> bytes:
    """A diagram's text drawn by Graphviz, which comes with pygraphviz."""
    return AGraph(string=text).draw(format=format, prog="dot", args="-Gdpi=144" if format == "png" else "")
