"""Conditions and networks of a step: what `given` names, and the networks that read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError
from flowspec.drawn import never_started
from flowspec.elaborate.arguments import Spoken, speak
from flowspec.elaborate.beside import networks_of
from flowspec.elaborate.contracts import Expectation
from flowspec.elaborate.definitions import Definitions, Told
from flowspec.elaborate.effort import MOST_FAULTS, OutOfBounds
from flowspec.elaborate.frames import Frame, Section, Slots
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.mending import changed_call
from flowspec.elaborate.networks import build
from flowspec.elaborate.plans import Planner
from flowspec.elaborate.trails import Trail, on_path
from flowspec.elaborate.unfit import wrong_flow
from flowspec.elaborate.values import Known, Scope, Symbol, Value, described, fail, unknown
from flowspec.graph import Graph, Network
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import Demand, Fault, NestedDemand, State
from flowspec.vocabulary.word import Word

Result = TypeVar("Result")
LONGEST = 50_000
"""No flow may have more steps and sections, counted with their repetitions."""


class Conditions:
    """The states that a body can name, and what its steps read of them."""

    def __init__(self, definitions: Definitions, frame: Frame, slots: Slots, nested: Callable[[Value, Span, NestedDemand], Graph]):
        self.definitions, self.frame, self.slots, self.nested = definitions, frame, slots, nested
        self.planner = Planner(definitions)
        self.faults: list[Diagnostic] = []
        self.whole = True
        """Whether nothing has been left out, with or without a fault of its own."""
        self.hidden: set[tuple[str, Span]] = set()
        """Names that a faulty statement would have given to something."""
        self.ends: list[Span] = []
        self.expectations: list[Expectation] = []
        self.chosen = 0
        """How many `if`s are around the statement."""
        self.steps = 0
        self.used: dict[str, Span] = {}
        """Where the wires that are no longer open were merged or ended, by slot."""
        self.parts: set[str] = set()
        self.turned = False
        """Inside `inverse { }`, where statements are read backwards and transforms are turned round."""

    def _guarded(self, statement: tree.Statement, section: Section, action: Callable[[], None]) -> None:
        self.definitions.effort.spend(statement.span)
        wire = self.slots.open.get(self.slots.current)
        state = wire.state if wire else None
        try:
            action()
        except OutOfBounds:
            raise
        except SpecError as error:
            self.whole = False
            self._report(error, wire.trail if wire else None)
            self.hidden.update((name, statement.span) for name in declared(statement))
            codes = [fault.code for fault in error.diagnostics]
            said = bool(codes) and all(code.startswith("FS2") for code in codes)
            self.slots.blur(statement.span, self._meant(statement, state) if said else None, reopen="FS501" in codes or "FS502" in codes)
            self._look_into(statement, section)

    def _meant(self, statement: tree.Statement, state: State | None) -> State | None:
        """The state after a statement whose names or arguments are faulty, where it can be told what is meant."""
        raise NotImplementedError

    def _look_into(self, statement: tree.Statement, section: Section) -> None:
        """After a fault before the bodies of a statement: looks for faults in these, with their states unknown."""
        raise NotImplementedError

    def _report(self, error: SpecError, trail: Trail | None = None) -> None:
        found = error.diagnostics
        if not isinstance(error, Told):
            chain = self.definitions.chain()
            found = (on_path(replace(d, chain=(*chain, *d.chain)), trail) for d in found)
        for d in found:
            if not any((d.code, d.primary) == (f.code, f.primary) for f in self.faults):
                self.faults.append(d)
        if len(self.faults) >= MOST_FAULTS:
            raise OutOfBounds(())

    def _tried(self, action: Callable[[], Result]) -> Result | None:
        """What an action gives; None if it fails, when its faults are kept and all else goes on."""
        wire = self.slots.open.get(self.slots.current)
        try:
            return action()
        except OutOfBounds:
            raise
        except SpecError as error:
            self.whole = False
            self._report(error, wire.trail if wire else None)
            return None

    def _count(self, steps: int, span: Span) -> None:
        self.steps += steps
        if self.steps > LONGEST:
            raise OutOfBounds([Diagnostic("FS805", f"the flow grows to {self.steps:_} steps or more: at most {LONGEST:_} are allowed", Label(span, "beyond the limit here"),
                                          help=(f"repeat it {-(-self.steps // LONGEST)} times less often, or less still: bodies within bodies multiply",))])  # fmt: skip

    def _flows(self, spoken: Spoken, domain: State, readings: dict[str, list[Known]] | None) -> dict[str, Graph] | None:
        if readings is None:
            return None
        flows = {}
        for field, demand in self._nested_demands(spoken, domain, readings).items():
            graph = self.nested(spoken.networks[field], spoken.at(field), demand)
            found = (graph.input_state.shape, graph.input_state.levels, [context.word.state().shape for context in graph.given_contexts])
            if found not in ((demand.input, None, [demand.context]), (demand.input, None, [])):
                raise SpecError([wrong_flow(graph, demand, spoken.at(field)), *never_started(graph)])
            flows[field] = graph
        return flows

    def _nested_demands(self, spoken: Spoken, domain: State, readings: dict[str, list[Known]]) -> dict[str, NestedDemand]:
        try:
            return spoken.word.nested(domain, tuple(known.state.shape for known in readings[""]))
        except Fault as fault:
            raise spoken.refused(fault) from None

    def find_state(self, name: str) -> Known | list[Known] | None:
        """The tap, wire or context of a name."""
        frame = self.frame
        if name in frame.taps:
            return frame.taps[name]
        slot = frame.wires.get(name)
        if slot in self.slots.open:
            return Known(slot, self.slots.open[slot].state)
        if name in frame.contexts:
            return frame.contexts[name]
        if name in frame.awaited or name in frame.later:
            return frame.later.get(name) or Known(frame.slot(name), None)
        return None

    def _given(self, spoken: Spoken) -> list[Known] | None:
        """The conditions of a step; None when one is not known (yet)."""
        if spoken.given is None:
            return []
        items = spoken.given if isinstance(spoken.given, list) else [spoken.given]
        for item in items:
            if not isinstance(item, Known):
                raise self._no_state(item, spoken.at("given"))
        if not spoken.places():
            raise _unread(spoken)
        return items if all(item.state is not None for item in items) else None

    def _readings(self, spoken: Spoken) -> dict[str, list[Known]] | None:
        """The conditions of a step and of the distributions within it, by reader; None when one is not known (yet)."""
        readings = {"": self._given(spoken)}
        readings |= {argument: self._given(inner) for argument, inner in spoken.held.items()}
        return None if None in readings.values() else readings

    def _no_state(self, item: Value, span: Span) -> SpecError:
        if isinstance(item, Symbol) and item.name in self.frame.wires:
            return self._used_up(item.name, item.span, f"name its state while it is open, `on {item.name} {{ tap seen; … }}`, and read that: `given=seen`")
        wires = (name for name, slot in self.frame.wires.items() if slot in self.slots.open)
        known = sorted({*self.frame.taps, *wires, *self.frame.contexts})
        here = "write one that is known here: " + ", ".join(f"`{name}`" for name in known) if known else "leave it out: no state has a name here"
        if isinstance(item, Symbol):
            help = (here, f"or declare it below the input: `context vector(4) as {item.name}`")
            return unknown(f"unknown state `{item.name}`: `given` takes taps, wires and contexts", item.name, item.span, known, help)
        return fail("FS207", f"`given` takes taps, wires and contexts; found {described(item)}", span,
                    help=(here, "or declare one below the input, `context vector(4) as theta`, and write `given=theta`"))  # fmt: skip

    def _used_up(self, name: str, span: Span, *help: str) -> SpecError:
        """The error of a wire that is no longer open; none is told where it was opened in what could not be elaborated."""
        slot = self.frame.wires[name]
        if slot not in self.used:
            return SpecError(())
        return fail("FS503", f"wire `{name}` is used up: a wire is used once", span, secondary=(Label(self.used[slot], "used up here"),), help=help)

    def _step_networks(self, spoken: Spoken, domain: State, readings: dict[str, list[Known]] | None) -> dict[str, Network] | None:
        if readings is None:
            return None
        shapes = {reader: tuple(known.state.shape for known in given) for reader, given in readings.items()}
        return self._networks(spoken, lambda: spoken.word.asks(domain, shapes))

    def _networks(self, spoken: Spoken, demands: Callable[[], dict[str, Demand]]) -> dict[str, Network]:
        try:
            wanted = demands()
        except Fault as fault:
            raise spoken.refused(fault) from None
        faults = Gathered()
        networks = {
            field: faults.tried(lambda: self._network(spoken, field, value, span, wanted[field]))
            for field, (value, span) in spoken.places().items()
            if field in wanted
        }
        faults.end()
        return networks

    def _network(self, spoken: Spoken, field: str, value: Value, span: Span, demand: Demand) -> Network:
        plan = self.planner.plan(value, span)
        try:
            return build(plan, demand, field, f"the {_role(field)} of `{spoken.word.word}`")
        except SpecError as error:
            raise SpecError(_at_given(diagnostic, spoken) for diagnostic in error.diagnostics) from None

    def _speak(self, role: type[Word], value: Value, scope: Scope, span: Span) -> Spoken:
        """The word that a call stands for; where the call is faulty, its networks are looked at all the same."""
        try:
            return speak(role, value, scope, span)
        except OutOfBounds:
            raise
        except SpecError:
            for network, place in networks_of(role, value, scope, span):
                self._tried(lambda: self.planner.plan(network, place))
            raise

    def _plan_only(self, spoken: Spoken) -> None:
        """Looks for faults in networks whose shapes an earlier fault hides."""
        for field, (value, span) in spoken.places().items():
            if field.split(".")[-1] not in spoken.word.flow_fields():
                self._tried(lambda: self.planner.plan(value, span))
        for inner in (spoken.inner or {}).values():
            if inner not in spoken.held.values():
                self._plan_only(inner)


def declared(statement: tree.Statement) -> tuple[str, ...]:
    """The names that a statement gives to states and values."""
    match statement:
        case tree.Do(names=names):
            return tuple(name.name for name in names)
        case tree.Tap(name=name) | tree.Let(name=name):
            return (name.name,)
    return ()


def _unread(spoken: Spoken) -> SpecError:
    name, fields = spoken.word.word, spoken.word.network_fields()
    changes = {fields[0]: "linear"} if fields else {"given": None}
    title = f"give it a network that reads it: `{fields[0]}=linear`" if fields else "leave it out"
    help = ("or leave `given` out",) if fields else ("or give it to a step with a network: `coupling`, `autoregressive`, `elementwise`",)
    fix = Fix(title, spoken.span, changed_call(name, spoken.arguments, changes))
    return fail("FS212", f"`{name}` has no network that could read a condition", spoken.at("given"), label="nothing reads this", fixes=(fix,), help=help)


def _role(field: str) -> str:
    return "network" if field == "form" else field.removesuffix(".form")


def _at_given(diagnostic: Diagnostic, spoken: Spoken) -> Diagnostic:
    """A condition that cannot be joined is a fault of `given`, not of the network that would read it."""
    if diagnostic.code != "FS308" or "given" not in spoken.arguments:
        return diagnostic
    return replace(diagnostic, primary=Label(spoken.at("given")), secondary=(Label(diagnostic.primary.span, "read here"),))
