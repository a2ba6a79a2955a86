"""Bodies of which no value and no state is known: what is wrong with them whatever these are.

Each body in them is looked at once, as both are of an `if`; of a call the arguments alone are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from flowspec.diagnostics import SpecError
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.flow import FlowElaborator
from flowspec.elaborate.frames import Frame, Section, Slots
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.plans import Plan, Planner
from flowspec.elaborate.repeating import listed, repetitions
from flowspec.elaborate.values import Scope, Value, truth
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.networks.structure import Chain


class UnvaluedPlanner(Planner):
    """Looks at the networks of a body of which no value is known."""

    def _net(self, definition: tree.Definition, arguments: tuple[tree.Argument, ...], scope: Scope, span: Span) -> Plan:
        self.definitions.bind(definition, arguments, scope, span)
        return Plan(definition.name.name, Chain(), span)

    def _head(self, head: Callable[[], object], scope: Scope, *bodies: tree.Body | None) -> NoReturn:
        faults = Gathered()
        faults.tried(head)
        for body in filter(None, bodies):
            faults.tried(lambda: self._statements(body, scope))
        raise SpecError(faults.faults)

    def look(self, body: tree.Body, scope: Scope) -> None:
        """Looks at a body of a `net`. Raises SpecError."""
        self._statements(body, scope)


class UnvaluedFlow(FlowElaborator):
    """Looks at a body of a flow or a `def` of which no value and no state is known."""

    def __init__(self, definitions: Definitions, frame: Frame, slots: Slots):
        super().__init__(definitions, frame, slots, unknown_flow)
        self.planner = UnvaluedPlanner(definitions)

    def _repeat(self, statement: tree.Repeat, section: Section) -> None:
        self._tried(lambda: repetitions(evaluate(statement.count, section.scope), statement.count.span))
        self._look_into(statement, section)

    def _for(self, statement: tree.For, section: Section) -> None:
        self._tried(lambda: listed(evaluate(statement.values, section.scope), statement.values.span))
        self._look_into(statement, section)

    def _if(self, statement: tree.If, section: Section) -> None:
        self._tried(lambda: truth(evaluate(statement.condition, section.scope), statement.condition.span))
        self._look_into(statement, section)

    def _call(self, definition: tree.Definition, value: Value, section: Section, span: Span) -> None:
        self._bound(definition, value, span)

    rules = FlowElaborator.rules | {tree.Repeat: _repeat, tree.For: _for, tree.If: _if}


def unknown_flow(value: Value, span: Span, instead: tuple[str, ...]) -> NoReturn:
    """A flow within a step of unknown state has no shape to be built for."""
    raise SpecError(())
