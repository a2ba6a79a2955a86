"""A whole flow: its head (input, contexts), its body, and its tail (settings, contracts), as a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from flowspec.diagnostics import Diagnostic, Fix, Label, SpecError, nearest
from flowspec.elaborate.arguments import Spoken
from flowspec.elaborate.calls import call_of
from flowspec.elaborate.contracts import contract
from flowspec.elaborate.definitions import Definitions, Told, with_defaults
from flowspec.elaborate.effort import OutOfBounds
from flowspec.elaborate.flow import FlowElaborator
from flowspec.elaborate.frames import Frame, Slots, Wire, tap_names
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.head import Head
from flowspec.elaborate.independence import Hidden
from flowspec.elaborate.settings import SettingsElaborator
from flowspec.elaborate.trails import Trail
from flowspec.elaborate.unfit import space
from flowspec.elaborate.values import LOST, Known, Scope, Symbol, Value, comparable, fail
from flowspec.graph import MAIN, Block, Contract, Graph, Phase
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import NestedDemand, State
from flowspec.vocabulary.settings.runs import Setting
from flowspec.vocabulary.word import Prior, Transform

Plain = int | float | str | bool | tuple
Result = TypeVar("Result")


def settled(
    definitions: Definitions, flow: tree.Definition, scope: Callable[[], Scope], overrides: Mapping[str, Value], place: Span,
) -> tuple[Graph | None, list[Diagnostic], set[Hidden]]:  # fmt: skip
    """A flow elaborated until no condition waits for a tap further down, its faults, and the names that they hide."""
    later: dict[str, Known] = {}
    while True:
        attempt = _Whole(definitions, flow, scope, overrides, later, place)
        graph = attempt.graph()
        waits = any(name not in later and isinstance(attempt.frame.taps.get(name), Known) for name in attempt.frame.awaited)
        if not waits:
            return graph, attempt.faults, attempt.hidden
        later = {name: tap for name, tap in attempt.frame.taps.items() if isinstance(tap, Known)}


@dataclass
class _Whole:
    definitions: Definitions
    definition: tree.Definition
    scope: Callable[[], Scope]
    overrides: Mapping[str, Value]
    later: dict[str, Known]
    place: Span
    """The call of the flow or, of the one that is compiled, its name."""
    faults: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        body = self.definition.body
        self.frame = Frame(0, later=self.later, awaited=set() if self.later else tap_names(body))
        self.head = Head(self.definitions, self.frame)
        self.hidden: set[Hidden] = set()
        self.settings: dict[str, Setting] = {}
        self.places: dict[str, Span] = {}
        self.phases: tuple[Phase, ...] = ()
        self.contracts: list[Contract] = []

    def graph(self) -> Graph | None:
        try:
            with self.definitions.inside(self.definition, self.place):
                return self._graph()
        except SpecError as error:
            self.faults += error.diagnostics
            return None

    def _graph(self) -> Graph | None:
        self._known_overrides()
        scope = self._scope()
        rest = self.head.declare(self.definition.body, scope)
        state = self.head.state(self.definition)
        self._keep(self.head.faults.faults)
        self.hidden |= self.head.hidden
        self.slots = Slots({MAIN: self._first_wire(state)})
        walker = FlowElaborator(self.definitions, self.frame, self.slots, self._nested)
        scope.states = walker.find_state
        try:
            items = walker.body(tree.Body(self.definition.body.span, tuple(rest)), scope)
        finally:
            self.faults += walker.faults
            self.hidden |= walker.hidden
        self._completeness()
        sound = state is not None and walker.whole and not self.faults
        self._tail(walker, scope)
        if not sound:
            return None
        statement, spoken = self.head.input
        body = Block(kind="flow", name=self.definition.name.name, items=items, span=self.definition.span)
        return Graph(
            name=self.definition.name.name, parameters=self._plain_parameters(scope), input=spoken.word, input_state=state,
            input_span=statement.span, contexts=tuple(self.head.contexts), body=body, contracts=tuple(self.contracts),
            settings=self.settings, setting_spans=self.places, phases=self.phases,
        )  # fmt: skip

    def _keep(self, faults: Iterable[Diagnostic]) -> None:
        """Keeps faults with the calls through which this flow was reached."""
        chain = self.definitions.chain()
        self.faults += [replace(fault, chain=(*chain, *fault.chain)) for fault in faults]

    def _tried(self, action: Callable[[], Result]) -> Result | None:
        """What an action gives; None if it fails, when its faults are kept and all else goes on."""
        found = Gathered()
        result = found.tried(action)
        self._keep(found.faults)
        return result

    def _known_overrides(self) -> None:
        known = {parameter.name for parameter in self.definition.parameters}
        names = ", ".join(f"`{parameter}`" for parameter in sorted(known)) or "none"
        self._keep(
            Diagnostic("FS203", f"flow `{self.definition.name.name}` has no parameter `{name}`", Label(self.definition.name.span, f"its parameters: {names}"))
            for name in self.overrides
            if name not in known
        )

    def _scope(self) -> Scope:
        """The scope of the body; of a flow whose parameters are faulty their values are not known."""
        return self._tried(self.scope) or Scope({parameter.name: LOST for parameter in self.definition.parameters})

    def _first_wire(self, state: State | None) -> Wire:
        if state is None:
            return Wire(None, self.definition.span)
        place = self.head.input[0].span
        return Wire(state, place, Trail(None, "input", state, place))

    def _nested(self, value: Value, span: Span, demand: NestedDemand) -> Graph:
        """The graph of a flow within this one, from its call. Raises SpecError."""
        name, place, arguments, scope = call_of("a flow", value, Scope({}), span)
        definition = self.definitions.find("flow", name)
        if definition is None:
            raise self._no_flow(name, place, demand)
        bound = self.definitions.bind(definition, arguments, scope, span)
        graph, faults, hidden = settled(self.definitions, definition, lambda: bound, {}, span)
        self.hidden |= hidden
        if faults or graph is None:
            raise (OutOfBounds if self.definitions.effort.is_spent else Told)(faults)
        return graph

    def _no_flow(self, name: str, place: Span, demand: NestedDemand) -> SpecError:
        kind = self.definitions.kind(name)
        steps = "; ".join(filter(None, (demand.first, "conv1x1" if len(demand.input) > 1 else "linear")))
        form = f"`flow {name} {{ input {space(demand.input)}; {steps}; prior gaussian }}`"
        if kind:
            other = f"write `{demand.instead[0]}`, or" if demand.instead else "write"
            return fail("FS204", f"`{name}` is a `{kind}`; a flow is needed here", place, help=(f"{other} define a flow in place of the `{kind}`: {form}",))
        near = nearest(name, (*demand.instead, *self.definitions.names("flow")))
        fixes = (Fix(f"write `{near}`", place, near),) if near else ()
        help = () if near else (f"define it below: {form}",)
        return fail("FS202", f"unknown flow `{name}`", place, label=f"did you mean `{near}`?" if near else "", fixes=fixes, help=help)

    def _changed(self, scope: Scope) -> bool:
        written = with_defaults(self.definition, {}, self.definition.name.span) if not self._required() else Scope({})
        return any(comparable(scope.values[name]) != comparable(written.values.get(name)) for name in self.overrides if name in scope.values)

    def _required(self) -> bool:
        return any(parameter.default is None for parameter in self.definition.parameters)

    def _plain_parameters(self, scope: Scope) -> dict[str, Plain]:
        names = [parameter.name for parameter in self.definition.parameters]
        return {name: plain for name in names if (plain := _plain(scope.values[name])) is not None}

    # ----------------------------------------------------------------------------------------------- tail of the flow

    def _completeness(self) -> None:
        if any(wire.state is None for wire in self.slots.open.values()):
            return
        for slot, wire in self.slots.open.items():
            self._keep([self._no_prior(wire) if slot == MAIN else _dropped(slot, wire)])

    def _no_prior(self, wire: Wire) -> Diagnostic:
        return Diagnostic(
            "FS508", f"{dimensions(wire.state)} {_end(wire.state)} in no prior", Label(self.definition.name.span, "the flow does not end in a prior"),
            (Label(wire.span, "this state reaches the end"),), help=("end the flow with `prior gaussian`",),
        )  # fmt: skip

    def _tail(self, walker: FlowElaborator, scope: Scope) -> None:
        settings = SettingsElaborator(walker.parts, self.definitions.reached)
        for statement in self.definition.body.statements:
            if isinstance(statement, tree.Settings):
                self._setting(statement, *settings.setting(statement, scope))
        self._keep(settings.faults.faults)
        for expectation in walker.expectations:
            found = self._tried(lambda: contract(expectation, not self._changed(scope), walker.parts, countable(self.definitions, walker.parts)))
            self.contracts += [found] if found else []

    def _setting(self, statement: tree.Settings, spoken: Spoken | None, phases: tuple[Phase, ...]) -> None:
        word = statement.name.name
        if word in self.settings:
            self._keep([Diagnostic("FS211", f"`{word}` is set twice", Label(statement.name.span), help=(f"keep one `{word}`: it holds all arguments",))])
        if spoken is not None:
            self.settings[word] = spoken.word
            self.places |= {f"{word}.{name}": argument.span for name, argument in spoken.arguments.items()}
        self.phases += phases


def countable(definitions: Definitions, parts: Iterable[str]) -> set[str]:
    """What `expect count(…)` can name."""
    return {*Transform.words, *Prior.words, *definitions.names("def"), *parts, "step"}


def _dropped(slot: str, wire: Wire) -> Diagnostic:
    return Diagnostic(
        "FS505", f"wire `{slot}` is dropped: {dimensions(wire.state)} {_end(wire.state)} in no prior", Label(wire.span, "opened here"),
        help=(f"end it with a prior: `on {slot} {{ prior gaussian }}`, or name it in a `merge`",),
    )  # fmt: skip


def dimensions(state: State) -> str:
    """How many dimensions a state has, in words."""
    return f"{state} = {state.size:_} dimensions" if len(state.shape) > 1 else f"{state.size:_} dimension{'s' if state.size > 1 else ''}"


def _end(state: State) -> str:
    return "ends" if state.size == 1 else "end"


def _plain(value: Value) -> Plain | None:
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return None if None in items else tuple(items)
    return value if isinstance(value, int | float | str | bool) else None
