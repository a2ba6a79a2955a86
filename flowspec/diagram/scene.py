"""A diagram as data: boxes, sections that hold them, and edges. Knows of flows nothing but words and of Graphviz nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Box:
    """A box: its kind decides its colour and outline; `title` is set bold, `notes` small below it."""

    id: str
    kind: str
    title: str
    text: str = ""
    notes: tuple[str, ...] = ()
    beside: str | None = None
    """The box on whose right it stands."""
    column: str | None = None
    """Boxes of one column stand straight below one another."""


@dataclass
class Section:
    """A frame with a title around boxes and sections; an inset is drawn apart from the flow."""

    id: str
    title: str = ""
    inset: bool = False
    members: list[Box | Section] = field(default_factory=list)

    def boxes(self) -> Iterator[Box]:
        """Every box in it, from the top down."""
        for member in self.members:
            if isinstance(member, Section):
                yield from member.boxes()
            else:
                yield member


@dataclass(frozen=True)
class Edge:
    """A wire, a condition that a step is given, or the use of a shared network."""

    tail: str
    head: str
    label: str = ""
    role: Literal["wire", "condition", "skip", "share"] = "wire"


@dataclass
class Scene:
    """A whole diagram: the flow, its insets, and the line below it."""

    name: str
    caption: str
    flow: Section
    insets: list[Section] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """The kinds of box that occur, in the order in which they do."""
        return list(dict.fromkeys(box.kind for section in (self.flow, *self.insets) for box in section.boxes()))
