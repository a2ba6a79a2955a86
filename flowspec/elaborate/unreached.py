"""What elaboration has not reached: definitions that nothing calls, branches that no condition chose, bodies that are repeated no times.

What is wrong with them whatever they would be reached with is a fault like any other.
"""

from __future__ import annotations

from flowspec.diagnostics import Diagnostic
from flowspec.elaborate.contracts import contract
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.effort import Effort, OutOfBounds
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.flow import FlowElaborator
from flowspec.elaborate.frames import Frame, Slots, Wire, tap_names
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.head import Head
from flowspec.elaborate.independence import STRUCTURAL, Hidden
from flowspec.elaborate.places import Place, places
from flowspec.elaborate.plans import Planner
from flowspec.elaborate.settings import SettingsElaborator
from flowspec.elaborate.unvalued import UnvaluedFlow, UnvaluedPlanner, unknown_flow
from flowspec.elaborate.values import LOST, Known, Scope
from flowspec.elaborate.whole import countable, settled
from flowspec.graph import MAIN
from flowspec.loading import Program
from flowspec.syntax import tree
from flowspec.unused import statements, unreached

_OF_STATES = (*STRUCTURAL, "FS211")
"""Faults that depend on which states there are, or have been given names."""


def faults_of_unreached(program: Program, definitions: Definitions) -> tuple[list[Diagnostic], set[Hidden]]:
    """The faults of all that the flow of a program has not reached, and the names that they hide.

    What nothing calls is elaborated with its defaults and no state known, all else with no value known either. A limit that is
    reached on the way is no fault: the flow needs none of it.
    """
    found = _Unreached(program, definitions)
    definitions.effort = Effort()
    try:
        found.run()
    except OutOfBounds:
        pass
    return found.faults.faults, found.hidden


class _Unreached:
    def __init__(self, program: Program, definitions: Definitions):
        self.program, self.definitions = program, definitions
        everything = [statement for definition in program.definitions.values() for statement in statements(definition.body)]
        self.parts = {statement.name.name for statement in everything if isinstance(statement, tree.Part)}
        self.contexts = {_name(statement): Known(_name(statement), None) for statement in everything if isinstance(statement, tree.Context)}
        """A `def` may read those of the flow that calls it."""
        self.faults = Gathered()
        self.hidden: set[Hidden] = set()

    def run(self) -> None:
        for definition in unreached(self.program):
            self.faults.tried(lambda: self._by_default(definition))
        for definition in self.program.definitions.values():
            own = definition.span.file == self.program.flow.span.file
            for place in places(definition, self.definitions.reached) if own or definition.body.span in self.definitions.reached else ():
                self.faults.tried(lambda: self._look(place))

    def _by_default(self, definition: tree.Definition) -> None:
        """Elaborates what nothing calls."""
        scope = Scope({})
        for parameter in definition.parameters:
            value = self.faults.tried(lambda: LOST if parameter.default is None else evaluate(parameter.default, scope))
            scope = Scope({**scope.values, parameter.name: LOST if value is None else value})
        if definition.kind == "flow":
            self._flow(definition, scope)
            return
        with self.definitions.inside(definition, definition.name.span):
            if definition.kind == "net":
                Planner(self.definitions).body(definition.body, scope)
            else:
                slots = Slots({MAIN: Wire(None, definition.span)})
                self._walk(FlowElaborator(self.definitions, Frame(0, contexts=dict(self.contexts)), slots, unknown_flow), definition.body, scope)

    def _flow(self, definition: tree.Definition, scope: Scope) -> None:
        _, faults, hidden = settled(self.definitions, definition, lambda: scope, {}, definition.name.span)
        self.hidden |= hidden
        self.faults.add(faults)

    def _look(self, place: Place) -> None:
        """Looks at a body without any value."""
        scope = Scope(dict.fromkeys(place.names, LOST))
        match place.owner:
            case tree.Settings() | tree.Phase():
                settings = SettingsElaborator(self.parts, self.definitions.reached)
                (settings.phases if isinstance(place.owner, tree.Settings) else settings.parts_of_phase)(place.body, scope)
                self.faults.add(settings.faults.faults)
            case tree.If():
                head = Head(self.definitions, Frame(0, contexts=dict(self.contexts)))
                head.declare(place.body, scope)
                self.hidden |= head.hidden
                self.faults.add(fault for fault in head.faults.faults if fault.code not in _OF_STATES)
            case tree.Definition(kind="flow") if place.body is place.definition.body:
                self._flow(place.definition, scope)
            case tree.Definition(kind="net"):
                UnvaluedPlanner(self.definitions).look(place.body, scope)
            case _:
                self._look_at_statements(place, scope)

    def _look_at_statements(self, place: Place, scope: Scope) -> None:
        everything = [*statements(place.definition.body)]
        names = [name.name for statement in everything if isinstance(statement, tree.Do) for name in statement.names]
        lists = [statement.name.name for statement in everything if isinstance(statement, tree.Tap) and statement.append]
        taps = {name: Known(name, None) for name in tap_names(place.definition.body)}
        frame = Frame(0, contexts=dict(self.contexts), later=taps, wires={name: name for name in names})
        walker = UnvaluedFlow(self.definitions, frame, Slots({name: Wire(None, place.body.span) for name in (MAIN, *names)}))
        walker.turned = place.turned
        self._walk(walker, place.body, scope.inner(**dict.fromkeys(lists, LOST)), leaving=_OF_STATES)

    def _walk(self, walker: FlowElaborator, body: tree.Body, scope: Scope, leaving: tuple[str, ...] = ()) -> None:
        """Elaborates a body and what it expects; faults of some codes are left out."""
        scope.states = walker.find_state
        try:
            walker.body(body, scope)
        finally:
            self.hidden |= walker.hidden
            self.faults.add(fault for fault in walker.faults if fault.code not in leaving)
        for expectation in walker.expectations:
            self.faults.tried(lambda: contract(expectation, False, self.parts, countable(self.definitions, self.parts)))


def _name(context: tree.Context) -> str:
    return context.name.name if context.name else getattr(context.value, "name", "")
