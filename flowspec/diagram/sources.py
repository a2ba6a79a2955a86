"""Where the state on a wire comes from, as a diagram is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from flowspec.vocabulary.rules import Shape


@dataclass(frozen=True)
class Origin:
    """Where a slot's state comes from: a box, the sections around it, and what its edges say."""

    box: str
    shape: Shape
    around: tuple[str, ...] = ()
    changed: bool = True
    """Whether the box changed the shape, so that its edges show the new one."""
    tap: str | None = None


@dataclass
class Closed:
    """A section drawn as one box; `entering` is the shape that enters it."""

    box: str
    around: tuple[str, ...]
    entering: Shape | None = None
