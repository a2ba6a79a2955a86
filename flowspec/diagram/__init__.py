"""Diagrams: a flow as a picture, as a page and as a tree of lines."""

from __future__ import annotations

from flowspec.diagram.dot import dot
from flowspec.diagram.draw import FORMATS, draw
from flowspec.diagram.outline import outline

__all__ = ["FORMATS", "dot", "draw", "outline"]
