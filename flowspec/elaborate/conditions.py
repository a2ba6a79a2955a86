"""Conditions and networks of a step: what `given` names, and the networks that read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.elaborate.arguments import Spoken, from_fault
from flowspec.elaborate.contracts import Expectation
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.frames import Frame, Slots
from flowspec.elaborate.networks import Planner, build
from flowspec.elaborate.values import Known, Scope, Symbol, Value, described, fail
from flowspec.graph import Graph, Network
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import Demand, Fault, NestedDemand, State

LONGEST = 100_000
"""No flow may have more steps, counted with their repetitions."""


class Conditions:
    """The states that a body can name, and what its steps read of them."""

    def __init__(self, definitions: Definitions, frame: Frame, slots: Slots, nested: Callable[[Value, Span], Graph]):
        self.definitions, self.frame, self.slots, self.nested = definitions, frame, slots, nested
        self.planner = Planner(definitions)
        self.faults: list[Diagnostic] = []
        self.ends: list[Span] = []
        self.expectations: list[Expectation] = []
        self.chosen = 0
        """How many `if`s are around the statement."""
        self.steps = 0
        self.parts: set[str] = set()
        self.turned = False
        """Inside `inverse { }`, where statements are read backwards and transforms are turned round."""

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except SpecError as error:
            chain = self.definitions.chain()
            found = (replace(d, chain=chain) if not d.chain else d for d in error.diagnostics)
            self.faults += [d for d in found if not any((d.code, d.primary) == (f.code, f.primary) for f in self.faults)]
            if self.slots.current in self.slots.open:
                self.slots.open[self.slots.current].state = None

    def _count(self, steps: int, span: Span) -> None:
        self.steps += steps
        if self.steps > LONGEST:
            raise fail("FS805", f"the flow grows to more than {LONGEST:_} steps", span)

    def _flows(self, spoken: Spoken, domain: State) -> dict[str, Graph]:
        flows = {}
        for field, demand in spoken.word.nested(domain).items():
            graph = self.nested(spoken.networks[field], spoken.at(field))
            found = (graph.input_state.shape, graph.input_state.levels, [context.word.state().shape for context in graph.contexts])
            if found not in ((demand.input, None, [demand.context]), (demand.input, None, [])):
                raise _unfit(graph, demand, spoken.at(field))
            flows[field] = graph
        return flows

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

    def _given(self, spoken: Spoken, scope: Scope) -> list[Known] | None:
        """The conditions of a step; None when one is not known (yet)."""
        if spoken.given is None:
            return []
        items = spoken.given if isinstance(spoken.given, list) else [spoken.given]
        for item in items:
            if not isinstance(item, Known):
                raise self._no_state(item, spoken.at("given"))
        if not spoken.places() and not spoken.word.network_fields():
            raise fail("FS212", f"`{spoken.word.word}` has no network that could read a condition", spoken.at("given"))
        return items if all(item.state is not None for item in items) else None

    def _readings(self, spoken: Spoken, scope: Scope) -> dict[str, list[Known]] | None:
        """The conditions of a step and of the distributions within it, by reader; None when one is not known (yet)."""
        readings = {"": self._given(spoken, scope)}
        readings |= {argument: self._given(inner, scope) for argument, inner in spoken.held.items()}
        return None if None in readings.values() else readings

    def _no_state(self, item: Value, span: Span) -> SpecError:
        if isinstance(item, Symbol):
            known = sorted({*self.frame.taps, *self.frame.wires, *self.frame.contexts})
            help = ("known here: " + ", ".join(f"`{name}`" for name in known),) if known else ()
            return fail("FS201", f"unknown state `{item.name}`: `given` takes taps, wires and contexts", item.span, help=help)
        return fail("FS207", f"`given` takes taps, wires and contexts; found {described(item)}", span)

    def _step_networks(self, spoken: Spoken, domain: State, readings: dict[str, list[Known]] | None) -> dict[str, Network] | None:
        if readings is None:
            return None
        shapes = {reader: tuple(known.state.shape for known in given) for reader, given in readings.items()}
        return self._networks(spoken, lambda: spoken.word.asks(domain, shapes))

    def _networks(self, spoken: Spoken, demands: Callable[[], dict[str, Demand]]) -> dict[str, Network]:
        try:
            wanted = demands()
        except Fault as fault:
            raise from_fault(fault, spoken.spans, spoken.span) from None
        return {
            field: build(self.planner.plan(value, span), wanted[field], field, f"the {_role(field)} of `{spoken.word.word}`")
            for field, (value, span) in spoken.places().items()
            if field in wanted
        }


def _role(field: str) -> str:
    return "network" if field == "form" else field.removesuffix(".form")


def _unfit(graph: Graph, demand: NestedDemand, span: Span) -> SpecError:
    real = "x".join(map(str, demand.input))
    contexts = ", ".join(str(context.word.state()) for context in graph.contexts) or "none"
    state = graph.input_state
    kind = "integers" if state.levels is not None else "real numbers"
    return fail(
        "FS310", f"flow `{graph.name}` does not fit here: it must have a real input of {real}, and may have one context of {real}", span,
        notes=(f"its input is {state} of {kind}; its contexts: {contexts}",),
        help=(f"write `input image({', '.join(map(str, demand.input))}, levels=real)` and `context image({', '.join(map(str, demand.context))})`",),
    )  # fmt: skip
