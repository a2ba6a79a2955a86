"""Trails: how a state came to have its shape, which explains a fault of dimensions."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from flowspec.diagnostics import Diagnostic, Label
from flowspec.source import Span
from flowspec.vocabulary.rules import State

LONGEST_PATH = 9
"""Steps of a path of shapes that a message shows."""
ON_PATH = ("FS301", "FS302", "FS303", "FS304", "FS306", "FS310", "FS409")
"""Faults of dimensions, which are explained by the path of shapes that leads to them."""


def shortened(steps: list[str]) -> list[str]:
    """The steps of a path, of a long one without its middle."""
    return steps if len(steps) <= LONGEST_PATH else [*steps[:3], "…", *steps[4 - LONGEST_PATH :]]


class Trail(NamedTuple):
    """How a state came to have its shape: the step that gave it, and how that came to have the one before."""

    before: Trail | None
    name: str
    state: State
    span: Span

    def to(self, name: str, state: State, span: Span) -> Trail:
        """The trail after a step; one that keeps the shape and the kind of values leaves no trace."""
        return self if state == self.state else Trail(self, name, state, span)

    def reshaped(self) -> Trail:
        """The trail up to the step that gave the shape."""
        trail = self
        while trail.before is not None and trail.before.state.shape == trail.state.shape:
            trail = trail.before
        return trail

    def revalued(self) -> Trail:
        """The trail up to the step that made the values integers or real."""
        trail = self
        while trail.before is not None and (trail.before.state.levels is None) == (trail.state.levels is None):
            trail = trail.before
        return trail

    def path(self) -> list[str]:
        """The shapes from the input on, each with the step that gave it; a long path is shortened in its middle."""
        steps, trail = [], self
        while trail is not None:
            trail = trail.reshaped()
            steps.append(f"{trail.name} {trail.state}")
            trail = trail.before
        steps.reverse()
        return shortened(steps)


def on_path(diagnostic: Diagnostic, trail: Trail | None) -> Diagnostic:
    """A fault of dimensions with the shapes from the input on, and the step that gave the last of them."""
    if trail is None or diagnostic.code not in (*ON_PATH, "FS307"):
        return diagnostic
    if diagnostic.code == "FS307":
        kind, trail = "integers" if trail.state.levels is not None else "real numbers", trail.revalued()
        return replace(diagnostic, secondary=(Label(trail.span, f"{kind} {'leave' if trail.before else 'enter'} here"),))
    trail = trail.reshaped()
    told = {label.span for label in (diagnostic.primary, *diagnostic.secondary)}
    cause = () if trail.span in told else (Label(trail.span, f"{trail.state} {'leaves' if trail.before else 'enters'} here"),)
    path = (f"path: {' -> '.join(trail.path())}",) if trail.before else ()
    return replace(diagnostic, secondary=(*diagnostic.secondary, *cause), notes=(*diagnostic.notes, *path))
