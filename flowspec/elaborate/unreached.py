"""Definitions that the flow never calls: what is wrong with them whatever they would be called with."""

from __future__ import annotations

from typing import NoReturn

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.effort import OutOfBounds
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.flow import FlowElaborator
from flowspec.elaborate.frames import Frame, Slots, Wire
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.plans import Planner
from flowspec.elaborate.values import LOST, Known, Scope, Value
from flowspec.graph import MAIN
from flowspec.loading import Program
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.unused import unreached


def faults_of_unreached(program: Program, definitions: Definitions) -> list[Diagnostic]:
    """The faults of all `def`s and `net`s that the text defines and its flow never calls.

    They are elaborated with the parameters and the state unknown: whatever depends on these stays silent.
    """
    contexts = {name: Known(name, None) for name in _context_names(program)}
    gathered = Gathered()
    try:
        for definition in unreached(program):
            if definition.kind != "flow":
                gathered.tried(lambda: _elaborated(definition, definitions, contexts, gathered))
    except OutOfBounds as error:
        return list(dict.fromkeys((*gathered.faults, *error.diagnostics)))
    return gathered.faults


def _elaborated(definition: tree.Definition, definitions: Definitions, contexts: dict[str, Known], gathered: Gathered) -> None:
    with definitions.inside(definition, definition.name.span):
        scope = Scope({})
        for parameter in definition.parameters:
            value = gathered.tried(lambda: LOST if parameter.default is None else evaluate(parameter.default, scope))
            scope = scope.inner(**{parameter.name: LOST if value is None else value})
        if definition.kind == "net":
            Planner(definitions).body(definition.body, scope)
            return
        walker = FlowElaborator(definitions, Frame(0, contexts=contexts), Slots({MAIN: Wire(None, definition.span)}), _unknown)
        scope.states = walker.find_state
        try:
            walker.body(definition.body, scope)
        finally:
            gathered.add(walker.faults)


def _unknown(value: Value, span: Span) -> NoReturn:
    """A flow within a step of unknown state has no shape to be built for."""
    raise SpecError(())


def _context_names(program: Program) -> set[str]:
    """The contexts that any flow of the program declares: a `def` may read those of the flow that calls it."""
    statements = [statement for definition in program.definitions.values() for statement in definition.body.statements]
    contexts = [statement for statement in statements if isinstance(statement, tree.Context)]
    return {context.name.name if context.name else getattr(context.value, "name", "") for context in contexts}
