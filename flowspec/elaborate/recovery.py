"""Recovery: how the elaboration of a body goes on after a fault, with what is still known."""

from __future__ import annotations

from flowspec.diagnostics import nearest
from flowspec.elaborate.conditions import declared
from flowspec.elaborate.frames import Section, Wire, bodies
from flowspec.elaborate.steps import Steps
from flowspec.elaborate.values import LOST
from flowspec.syntax import tree
from flowspec.vocabulary.rules import State
from flowspec.vocabulary.word import Transform

_STRUCTURES = ("repeat", "for", "if", "part", "inverse", "on")
"""The first words of statements whose bodies are flows' too."""


class Recovery(Steps):
    """Goes on after faulty statements."""

    def _statements(self, body: tree.Body, section: Section) -> None:
        raise NotImplementedError

    def _look_into(self, statement: tree.Statement, section: Section) -> None:
        if not bodies(statement):
            return
        names = {statement.name.name: LOST} if isinstance(statement, tree.For) else {}
        before, taps = self.slots.unknown(), self.frame.taps
        opened, tapped = dict(before), dict(taps)
        for body in bodies(statement):
            self.slots.open = before | {self.slots.current: Wire(None, body.span)}
            self.frame.taps = dict(taps)
            self._statements(body, Section(section.scope.inner(**names), [], {}))
            self.slots.open.pop(self.slots.current, None)
            opened, tapped = self.slots.unknown() | opened, self.frame.taps | tapped
        self.slots.open, self.frame.taps = opened, tapped

    def _meant(self, statement: tree.Statement, state: State | None) -> State | None:
        name = statement.first if isinstance(statement, tree.Skipped) else _called_in(statement)
        known = (*Transform.words, *self.definitions.names("def"))
        word = Transform.words.get(name if name in known else nearest(name, known) or "")
        if state is None or word is None or not word.keeps_shape or self.turned or declared(statement):
            return None
        return state if word.reads == "any" else State(shape=state.shape)

    def _skip(self, statement: tree.Skipped, section: Section) -> None:
        """What could not be read, and is no step that keeps the shape, may have changed, joined or opened any wire."""
        self.whole = False
        current = self.slots.open.get(self.slots.current)
        meant = self._meant(statement, current.state) if current else None
        for wire in self.slots.open.values() if meant is None else (current,):
            wire.state = meant
        self.slots.open.setdefault(self.slots.current, Wire(None, statement.span))
        if statement.first in _STRUCTURES:
            self._look_into(statement, section)


def _called_in(statement: tree.Statement) -> str:
    """The name that a step calls; empty for what is no step."""
    return getattr(statement.value, "name", "") if isinstance(statement, tree.Do) else ""
