"""Elaboration of a flow's body: statement by statement, from text to blocks, steps and priors with their states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flowspec.diagnostics import Diagnostic, SpecError
from flowspec.elaborate.arguments import Spoken, from_fault, speak, unknown_word
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.frames import Frame, Slots, Wire, tap_names
from flowspec.elaborate.networks import Planner, build
from flowspec.elaborate.values import Deferred, Known, Scope, Symbol, Value, described, evaluate, fail, number, truth
from flowspec.graph import Block, End, Item, Mark, Network, Step
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import Demand, Fault, State
from flowspec.vocabulary.transforms.shape import Merge
from flowspec.vocabulary.word import Prior, Transform

LONGEST = 100_000
"""No flow may have more steps, counted with their repetitions."""
MOST_REPEATS = 10_000


@dataclass
class Section:
    """A body being elaborated: its scope, its items so far, and how often each name has been used."""

    scope: Scope
    items: list[Item]
    counts: dict[str, int]

    def named(self, name: str) -> str:
        """A name of its own for a new item: `actnorm`, `actnorm2`, …"""
        self.counts[name] = count = self.counts.get(name, 0) + 1
        return name if count == 1 else f"{name}{count}"

    def number(self, name: str) -> int:
        """The number of a new iteration, counted through the section."""
        self.counts[name] = count = self.counts.get(name, 0) + 1
        return count


class FlowElaborator:
    """Elaborates one flow's body. Faults are collected; what depends on a faulty state stays silent."""

    def __init__(self, definitions: Definitions, frame: Frame, slots: Slots):
        self.definitions, self.frame, self.slots = definitions, frame, slots
        self.planner = Planner(definitions)
        self.faults: list[Diagnostic] = []
        self.ends: list[Span] = []
        self.shapes: list[tuple[tree.Expect, Scope, State | None]] = []
        self.steps = 0
        self.parts: set[str] = set()
        self.turned = False
        """Inside `inverse { }`, where statements are read backwards and transforms are turned round."""

    # -------------------------------------------------------------------------------------------------------- bodies

    def body(self, body: tree.Body, scope: Scope) -> tuple[Item, ...]:
        """The items of a body."""
        section = Section(scope, [], {})
        self._statements(body, section)
        return tuple(section.items)

    def _statements(self, body: tree.Body, section: Section) -> None:
        for statement in reversed(_lets_first(body)) if self.turned else body.statements:
            self._guarded(lambda: _RULES[type(statement)](self, statement, section))

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except SpecError as error:
            chain = self.definitions.chain()
            found = (replace(d, chain=chain) if not d.chain else d for d in error.diagnostics)
            self.faults += [d for d in found if not any((d.code, d.primary) == (f.code, f.primary) for f in self.faults)]
            if self.slots.current in self.slots.open:
                self.slots.open[self.slots.current].state = None

    def _block(self, kind: str, name: str, body: tree.Body, scope: Scope, section: Section, first: int | None = None) -> Block:
        block = Block(kind=kind, name=name, items=self.body(body, scope), first=first, span=body.span)
        last = section.items[-1] if section.items else None
        if isinstance(last, Block) and _continues(last, block):
            section.items[-1] = last.model_copy(update={"times": last.times + 1})
        else:
            section.items.append(block)
        return block

    # ----------------------------------------------------------------------------------------------------- structure

    def _let(self, statement: tree.Let, section: Section) -> None:
        section.scope = section.scope.inner(**{statement.name.name: evaluate(statement.value, section.scope)})

    def _repeat(self, statement: tree.Repeat, section: Section) -> None:
        times = number(evaluate(statement.count, section.scope), statement.count.span)
        if not isinstance(times, int) or not 0 <= times <= MOST_REPEATS:
            raise fail("FS208", f"`repeat` needs a whole number from 0 to {MOST_REPEATS:_}; found {times}", statement.count.span)
        for done in range(1, times + 1):
            before, steps = self._snapshot(), self.steps
            self._block("repeat", "step", statement.body, section.scope, section, section.number("step"))
            if done < times and self._snapshot() == before:
                self._rest_alike(section, times - done, self.steps - steps, statement.span)
                return

    def _rest_alike(self, section: Section, times: int, steps: int, span: Span) -> None:
        last = section.items[-1]
        section.items[-1] = last.model_copy(update={"times": last.times + times})
        section.counts["step"] += times
        self._count(times * steps, span)

    def _count(self, steps: int, span: Span) -> None:
        self.steps += steps
        if self.steps > LONGEST:
            raise fail("FS805", f"the flow grows to more than {LONGEST:_} steps", span)

    def _snapshot(self) -> tuple:
        taps = {name: tuple(tap) if isinstance(tap, list) else tap for name, tap in self.frame.taps.items()}
        return self.slots.snapshot(), taps

    def _for(self, statement: tree.For, section: Section) -> None:
        values = evaluate(statement.values, section.scope)
        if not isinstance(values, list):
            raise fail("FS207", f"`for` needs a list or a range, found {described(values)}", statement.values.span)
        name = statement.name.name
        numbers = [section.number(name) for _ in values]
        pairs = list(zip(numbers, values))
        for first, value in reversed(pairs) if self.turned else pairs:
            self._block("for", name, statement.body, section.scope.inner(**{name: value}), section, first)

    def _if(self, statement: tree.If, section: Section) -> None:
        chosen = truth(evaluate(statement.condition, section.scope), statement.condition.span)
        body = statement.body if chosen else statement.otherwise
        if body is not None:
            scope = section.scope
            self._statements(body, section)
            section.scope = scope

    def _part(self, statement: tree.Part, section: Section) -> None:
        name = section.named(statement.name.name)
        if name != statement.name.name:
            raise fail("FS211", f"a part named `{statement.name.name}` stands here already", statement.name.span)
        self.parts.add(name)
        self._block("part", name, statement.body, section.scope, section)

    def _inverse(self, statement: tree.Inverse, section: Section) -> None:
        self.turned = not self.turned
        try:
            self._block("inverse", section.named("inverse"), statement.body, section.scope, section)
        finally:
            self.turned = not self.turned

    def _on(self, statement: tree.On, section: Section) -> None:
        slot = self._open_wire(statement.wire)
        outer, self.slots.current = self.slots.current, slot
        try:
            self._block("on", section.named(statement.wire.name), statement.body, section.scope, section)
        finally:
            self.slots.current = outer

    def _open_wire(self, name: tree.Name) -> str:
        slot = self.frame.wires.get(name.name)
        if slot in self.slots.open:
            return slot
        if slot is not None:
            raise fail("FS503", f"wire `{name.name}` is used up: it was merged or ended before", name.span)
        open_wires = ", ".join(f"`{wire}`" for wire, slot in self.frame.wires.items() if slot in self.slots.open)
        help = (f"open wires here: {open_wires}",) if open_wires else ("`split(half) as (a, b)` makes two wires",)
        raise fail("FS201", f"unknown wire `{name.name}`", name.span, help=help)

    # ------------------------------------------------------------------------------------------------------- states

    def _tap(self, statement: tree.Tap, section: Section) -> None:
        if self.turned:
            raise fail("FS404", "a tap cannot stand inside `inverse`", statement.span)
        name, wire = statement.name.name, self.slots.wire(statement.span)
        known = self.frame.taps.get(name)
        if name in self.frame.wires or name in self.frame.contexts or isinstance(known, list) != statement.append and known:
            raise fail("FS211", f"`{name}` is another state's name already", statement.name.span)
        items = known if isinstance(known, list) else []
        slot = self.frame.slot(f"{name}.{len(items)}" if statement.append else name)
        tapped = Known(slot, wire.state)
        self.frame.taps[name] = [*items, tapped] if statement.append else tapped
        if wire.state is not None:
            mark = Mark(name=section.named(name), reads=(self.slots.current,), writes=(slot,), before=(wire.state,), span=statement.span)
            section.items.append(mark)

    def _merge(self, statement: tree.Merge, section: Section) -> None:
        if len(statement.wires) < 1:
            raise fail("FS205", "`merge` needs the names of wires", statement.span)
        slots = [self._open_wire(name) for name in statement.wires]
        if self.slots.current in self.slots.open and self.slots.current not in slots:
            raise fail("FS504", "`merge` would overwrite the current wire, which is still open", statement.span)
        double = next((name for i, name in enumerate(statement.wires) if slots[i] in slots[:i]), None)
        if double is not None:
            raise fail("FS503", f"wire `{double.name}` is merged twice", double.span)
        states = [self.slots.open.pop(slot).state for slot in slots]
        merged = self._merged(states, statement)
        self.slots.open[self.slots.current] = Wire(merged, statement.span)
        if merged is not None:
            self._emit(section, Step(
                name=section.named("merge"), word=Merge(), reads=tuple(slots), writes=(self.slots.current,),
                before=tuple(states), after=(merged,), span=statement.span,
            ))  # fmt: skip

    def _merged(self, states: list[State | None], statement: tree.Merge) -> State | None:
        if None in states:
            return None
        first = states[0]
        for state, name in zip(states, statement.wires):
            if state.shape[1:] != first.shape[1:]:
                raise fail("FS301", f"dimension mismatch: `merge` joins channels at the same positions; {first} and {state} differ", name.span)
        return first.with_shape(sum(state.channels for state in states), *first.shape[1:])

    def _prior(self, statement: tree.Prior, section: Section) -> None:
        if self.turned:
            raise fail("FS404", "a prior cannot stand inside `inverse`", statement.span)
        value = evaluate(statement.value, section.scope)
        spoken = speak(Prior, value, section.scope, statement.value.span)
        wire = self.slots.wire(statement.span)
        self._end(section, spoken, self.slots.current, wire.state, self._given(spoken, section.scope), "prior", statement.span)
        del self.slots.open[self.slots.current]

    def _end(self, section: Section, spoken: Spoken, slot: str, state: State | None, given: list[Known] | None, name: str, span: Span) -> None:
        self.ends.append(span)
        if state is None or given is None:
            return
        if state.levels is not None:
            raise fail("FS307", f"`{spoken.word.word}` is a density of real numbers; integers 0 … {state.levels - 1} arrive", spoken.span,
                       help=("put `dequantize(uniform)` before it",))  # fmt: skip
        networks = self._networks(spoken, state, given, lambda shapes: spoken.word.demands(state, shapes), lambda: spoken.word.check(state))
        section.items.append(End(
            name=section.named(name), word=spoken.word, reads=(slot,), given=tuple(k.slot for k in given), before=(state,),
            given_states=tuple(k.state for k in given), networks=networks, span=span,
        ))  # fmt: skip

    # --------------------------------------------------------------------------------------------------------- steps

    def _do(self, statement: tree.Do, section: Section) -> None:
        if statement.body is not None:
            raise fail("FS209", "a transform takes no body", statement.body.span)
        value, span = evaluate(statement.value, section.scope), statement.value.span
        name = _called(value)
        definition = self.definitions.find("def", name) if name else None
        if definition is not None:
            self._call(definition, value, section, span)
        elif name in Transform.words and name != "merge":
            self._transform(speak(Transform, value, section.scope, span), statement, section)
        else:
            raise self._not_a_transform(value, name, span)

    def _not_a_transform(self, value: Value, name: str | None, span: Span) -> SpecError:
        if name is None:
            return fail("FS207", f"a transform is needed here, found {described(value)}", span)
        kind = self.definitions.kind(name)
        if kind:
            help = (f"put it inside a transform, as in `coupling(affine, {name})`",) if kind == "net" else ()
            what = "a network has no inverse and no log-det" if kind == "net" else "a flow has a prior of its own"
            return fail("FS204", f"`{name}` is a `{kind}`; a transform is needed here", span, notes=(what,), help=help)
        place = value.span if isinstance(value, Symbol) else value.expression.name_span
        return unknown_word(Transform, name, place, self.definitions.names("def"))

    def _call(self, definition: tree.Definition, value: Value, section: Section, span: Span) -> None:
        arguments = value.expression.arguments if isinstance(value, Deferred) else ()
        scope = value.scope if isinstance(value, Deferred) else section.scope
        with self.definitions.inside(definition, span):
            inner = self.definitions.bind(definition, arguments, scope, span)
            outer, self.frame = self.frame, Frame(self.frame.depth + 1, contexts=self.frame.contexts)
            inner.states = self.find_state
            try:
                opened = set(self.slots.open)
                self._block("def", section.named(definition.name.name), definition.body, inner, section)
                self._all_merged(opened, definition)
            finally:
                self.frame = outer

    def _all_merged(self, opened: set[str], definition: tree.Definition) -> None:
        for name, slot in self.frame.wires.items():
            if slot in self.slots.open and slot not in opened:
                span = self.slots.open.pop(slot).span
                self.slots.open.setdefault(self.slots.current, Wire(None, span))
                self._guarded(_raiser(fail("FS505", f"wire `{name}` is dropped: `{definition.name.name}` ends while it is open", span,
                                           help=("merge it, or end it with a prior",))))  # fmt: skip

    def _transform(self, spoken: Spoken, statement: tree.Do, section: Section) -> None:
        given = self._given(spoken, section.scope)
        wire = self.slots.wire(statement.span)
        state = wire.state
        if state is None:
            self._outputs_unknown(spoken, statement, section)
            return
        if self.turned:
            if len(statement.names) or spoken.word.closes:
                raise fail("FS404", f"`{spoken.word.word}` cannot stand inside `inverse`", statement.span)
            domain, codomain = self._turned_states(spoken, state)
            outputs = (domain,)
        else:
            domain, outputs = state, self._outputs(spoken, state)
        networks = self._step_networks(spoken, domain, given)
        writes = self._writes(spoken, statement, outputs)
        name = section.named(spoken.word.word)
        if given is not None and networks is not None:
            self._emit(section, Step(
                name=name, word=spoken.word, reads=(self.slots.current,), writes=writes, given=tuple(k.slot for k in given),
                before=(state,), after=outputs, given_states=tuple(k.state for k in given), networks=networks,
                inverted=self.turned, span=statement.span,
            ))  # fmt: skip
        self._move_on(spoken, statement, section, writes, outputs, name)

    def _emit(self, section: Section, step: Step) -> None:
        self._count(1, step.span)
        section.items.append(step)

    def _outputs(self, spoken: Spoken, state: State) -> tuple[State, ...]:
        if state.levels is not None and spoken.word.reads == "real":
            raise fail("FS307", f"`{spoken.word.word}` needs real numbers; integers 0 … {state.levels - 1} arrive", spoken.span,
                       help=("put `dequantize(uniform)` before it",))  # fmt: skip
        try:
            return spoken.word.outputs(state)
        except Fault as fault:
            raise from_fault(fault, spoken.spans, spoken.span) from None

    def _turned_states(self, spoken: Spoken, state: State) -> tuple[State, State]:
        try:
            domain = spoken.word.inputs(state)
            if spoken.word.facts(domain).kind != "bijection":
                raise fail("FS404", f"`{spoken.word.word}` is not a bijection: it cannot be turned round", spoken.span)
            spoken.word.outputs(domain)
        except Fault as fault:
            raise from_fault(fault, spoken.spans, spoken.span) from None
        return domain, state

    def _writes(self, spoken: Spoken, statement: tree.Do, outputs: tuple[State, ...]) -> tuple[str, ...]:
        names = statement.names
        if len(outputs) == 1:
            if names:
                raise fail("FS506", f"`{spoken.word.word}` has one output, which needs no name", names[0].span)
            return (self.slots.current,)
        if self._closing(spoken):
            if names:
                raise fail("FS506", f"`{spoken.word.closes}` ends the second output: there is nothing to name", names[0].span)
            return (self.slots.current, self.frame.slot(f"{spoken.word.word}.{self.steps}"))
        if len(names) != len(outputs):
            raise fail(
                "FS506", f"`{spoken.word.word}` has {len(outputs)} outputs; {len(names) or 'none'} named", statement.span,
                label="the second part goes nowhere",
                help=("end it: `split(half, prior=gaussian)`", "or name both: `split(half) as (a, b)`"),
            )  # fmt: skip
        return tuple(self._new_wire(name) for name in names)

    def _closing(self, spoken: Spoken) -> Spoken | None:
        return (spoken.inner or {}).get(spoken.word.closes or "")

    def _new_wire(self, name: tree.Name) -> str:
        old = self.frame.wires.get(name.name)
        if old in self.slots.open or name.name in self.frame.taps or name.name in self.frame.contexts:
            raise fail("FS211", f"`{name.name}` is another state's name already", name.span)
        self.frame.wires[name.name] = slot = self.frame.slot(name.name)
        return slot

    def _move_on(self, spoken: Spoken, statement: tree.Do, section: Section, writes: tuple[str, ...], outputs: tuple[State, ...], name: str) -> None:
        del self.slots.open[self.slots.current]
        for slot, state in zip(writes, outputs):
            self.slots.open[slot] = Wire(state, statement.span)
        closing = self._closing(spoken)
        if closing is not None:
            given = [Known(writes[0], outputs[0])] if closing.networks and closing.given is None else self._given(closing, section.scope)
            dropped = self.slots.open.pop(writes[1])
            self._end(section, closing, writes[1], dropped.state, given, f"{name}_prior", closing.span)

    def _outputs_unknown(self, spoken: Spoken, statement: tree.Do, section: Section) -> None:
        if statement.names:
            del self.slots.open[self.slots.current]
            for name in statement.names:
                self.slots.open[self._new_wire(name)] = Wire(None, statement.span)
        elif self._closing(spoken):
            self.ends.append(statement.span)

    # ------------------------------------------------------------------------------------------- conditions, networks

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
        if not spoken.networks and not spoken.word.network_fields():
            raise fail("FS212", f"`{spoken.word.word}` has no network that could read a condition", spoken.at("given"))
        return items if all(item.state is not None for item in items) else None

    def _no_state(self, item: Value, span: Span) -> SpecError:
        if isinstance(item, Symbol):
            known = sorted({*self.frame.taps, *self.frame.wires, *self.frame.contexts})
            help = ("known here: " + ", ".join(f"`{name}`" for name in known),) if known else ()
            return fail("FS201", f"unknown state `{item.name}`: `given` takes taps, wires and contexts", item.span, help=help)
        return fail("FS207", f"`given` takes taps, wires and contexts; found {described(item)}", span)

    def _step_networks(self, spoken: Spoken, domain: State, given: list[Known] | None) -> dict[str, Network] | None:
        if given is None:
            return None
        return self._networks(spoken, domain, given, lambda shapes: spoken.word.demands(domain, shapes), lambda: None)

    def _networks(self, spoken: Spoken, state: State, given: list[Known], demands: Callable[[tuple], dict[str, Demand]], check: Callable[[], None]) -> dict[str, Network]:  # fmt: skip
        try:
            check()
            wanted = demands(tuple(known.state.shape for known in given))
        except Fault as fault:
            raise from_fault(fault, spoken.spans, spoken.span) from None
        return {
            field: build(self.planner.plan(value, spoken.at(field)), wanted[field], field, f"the {_role(field)} of `{spoken.word.word}`")
            for field, value in spoken.networks.items()
            if field in wanted
        }

    # ----------------------------------------------------------------------------------------------------- contracts

    def _expect(self, statement: tree.Expect, section: Section) -> None:
        wire = self.slots.open.get(self.slots.current)
        self.shapes.append((statement, section.scope, wire.state if wire else None))

    def _misplaced(self, statement: tree.Statement, section: Section) -> None:
        raise fail("FS210", f"{_PLACES[type(statement)]}", statement.span)

    def _skip(self, statement: tree.Skipped, section: Section) -> None:
        if self.slots.current in self.slots.open:
            self.slots.open[self.slots.current].state = None


def _role(field: str) -> str:
    return "network" if field == "form" else field


def _raiser(error: SpecError) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def _called(value: Value) -> str | None:
    if isinstance(value, Symbol):
        return value.name
    return value.expression.name if isinstance(value, Deferred) and isinstance(value.expression, tree.Call) else None


def _continues(last: Block, block: Block) -> bool:
    if last.first is None or block.first != last.first + last.times:
        return False
    return (last.kind, last.name) == (block.kind, block.name) and last.items == block.items


def _lets_first(body: tree.Body) -> list[tree.Statement]:
    """Read backwards, a body still has its names: `let` comes last, so that it is read first."""
    lets = [statement for statement in body.statements if isinstance(statement, tree.Let)]
    return [statement for statement in body.statements if not isinstance(statement, tree.Let)] + lets[::-1]


_PLACES = {
    tree.Input: "`input` stands once, at the top of the flow's body",
    tree.Context: "`context` stands at the top of the flow's body",
    tree.Freeze: "`freeze` stands in a `phase` of `train`",
    tree.Bypass: "`bypass` stands in a `phase` of `train`",
    tree.Phase: "`phase` stands in the body of `train`",
    tree.Settings: "settings of a run stand in the flow's own body",
}

_RULES: dict[type, Callable[[FlowElaborator, object, Section], None]] = {
    tree.Do: FlowElaborator._do,
    tree.Let: FlowElaborator._let,
    tree.Repeat: FlowElaborator._repeat,
    tree.For: FlowElaborator._for,
    tree.If: FlowElaborator._if,
    tree.Part: FlowElaborator._part,
    tree.Inverse: FlowElaborator._inverse,
    tree.On: FlowElaborator._on,
    tree.Tap: FlowElaborator._tap,
    tree.Merge: FlowElaborator._merge,
    tree.Prior: FlowElaborator._prior,
    tree.Expect: FlowElaborator._expect,
    tree.Skipped: FlowElaborator._skip,
    **dict.fromkeys(_PLACES, FlowElaborator._misplaced),
}

__all__ = ["FlowElaborator", "tap_names"]
