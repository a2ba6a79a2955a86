"""Steps: transforms, priors, taps and merges, each at its place with its states."""

from __future__ import annotations

from flowspec.diagnostics import Fix, Label, SpecError
from flowspec.elaborate.arguments import Spoken
from flowspec.elaborate.calls import called
from flowspec.elaborate.conditions import Conditions
from flowspec.elaborate.effort import LARGEST_STATE, too_large
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.frames import Section, Wire
from flowspec.elaborate.mending import changed_call
from flowspec.elaborate.values import Known, fail, unknown
from flowspec.graph import MAIN, End, Mark, Step
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.rules import Demand, Fault, Shape, State
from flowspec.vocabulary.transforms.shape import Merge
from flowspec.vocabulary.word import Prior


class Steps(Conditions):
    """Makes the steps of a body."""

    def _open_wire(self, name: tree.Name) -> str:
        slot = self.frame.wires.get(name.name)
        if slot in self.slots.open:
            return slot
        if slot is not None:
            raise self._used_up(name.name, name.span, _too_late(name.name, self.used.get(slot), self.ends))
        known = [wire for wire, slot in self.frame.wires.items() if slot in self.slots.open]
        open_wires = ", ".join(f"`{wire}`" for wire in known)
        made = f"make two wires before it, `split(half) as ({name.name}, rest)`, and join them after it: `merge({name.name}, rest)`"
        help = (f"open wires here: {open_wires}" if known else made,)
        raise unknown(f"unknown wire `{name.name}`", name.name, name.span, known, help)

    def _tap(self, statement: tree.Tap, section: Section) -> None:
        if self.turned:
            raise fail("FS404", "a tap cannot stand inside `inverse`", statement.span, help=("take it out of `inverse`, and put it on a line before that or behind it",))
        name, wire = statement.name.name, self.slots.wire(statement.span)
        known = self.frame.taps.get(name)
        if name in self.frame.wires or name in self.frame.contexts or isinstance(known, list) != statement.append and known:
            raise fail("FS211", f"`{name}` is another state's name already", statement.name.span, fixes=(Fix("choose another name", statement.name.span, f"{name}_tap"),))
        items = known if isinstance(known, list) else []
        slot = self.frame.slot(f"{name}.{len(items)}" if statement.append else name)
        tapped = Known(slot, wire.state)
        self.frame.taps[name] = [*items, tapped] if statement.append else tapped
        if wire.state is not None:
            mark = Mark(name=section.named(name), reads=(self.slots.current,), writes=(slot,), before=(wire.state,), span=statement.span)
            section.items.append(mark)

    def _merge(self, statement: tree.Merge, section: Section) -> None:
        if self.turned:
            self._forget_wires(statement.span)
            raise fail("FS404", "`merge` cannot stand inside `inverse`", statement.span, help=("take it out of `inverse`, and put it on a line before that",))
        slots = self._merging(statement)
        wires = [self.slots.open.pop(slot) for slot in slots]
        self.used |= dict.fromkeys(slots, statement.span)
        states = [wire.state for wire in wires]
        self.slots.open[self.slots.current] = now = Wire(None, statement.span)
        merged = now.state = self._merged(states, wires, statement)
        if merged is not None and wires[0].trail:
            now.trail = wires[0].trail.to("merge", merged, statement.span)
        if merged is not None:
            self._emit(section, Step(
                name=section.named("merge"), word=Merge(), reads=tuple(slots), writes=(self.slots.current,),
                before=tuple(states), after=(merged,), span=statement.span,
            ))  # fmt: skip

    def _merging(self, statement: tree.Merge) -> list[str]:
        """The slots that a `merge` joins; if it is faulty, the wires that it names are taken as joined all the same."""
        try:
            slots = [self._open_wire(name) for name in statement.wires]
            current = self.slots.open.get(self.slots.current)
            if current and self.slots.current not in slots and current.state is not None:
                wire = "the current wire" if self.slots.current == MAIN else f"wire `{self.slots.current}`"
                names = ", ".join(dict.fromkeys((*(self.frame.wires if self.slots.current != MAIN else ()), *(name.name for name in statement.wires))))
                help = (f"take it out of `on`: `merge({names})` on a line of its own joins them",) if self.slots.current != MAIN else ("end it with a prior first",)
                raise fail("FS504", f"`merge` would overwrite {wire}, which is still open", statement.span,
                           secondary=(Label(current.span, "this state would be lost"),), help=help)  # fmt: skip
            double = next((i for i, slot in enumerate(slots) if slot in slots[:i]), None)
            if double is not None:
                first, second = statement.wires[slots.index(slots[double])], statement.wires[double]
                other = next((name for name, slot in self.frame.wires.items() if slot in self.slots.open and slot not in slots), None)
                raise fail("FS503", f"wire `{second.name}` is merged twice", second.span, secondary=(Label(first.span, "first merged here"),),
                           fixes=(Fix(f"merge `{other}`, which is open too", second.span, other),) if other else (),
                           help=() if other else ("name it once: a wire is used once",))  # fmt: skip
        except SpecError:
            self._forget_wires(statement.span)
            raise
        return slots

    def _forget_wires(self, span: Span) -> None:
        for slot in self.frame.wires.values():
            self.slots.open.pop(slot, None)
        self.slots.open[self.slots.current] = Wire(None, span)

    def _merged(self, states: list[State | None], wires: list[Wire], statement: tree.Merge) -> State | None:
        if None in states:
            return None
        first = states[0]
        for state, wire, name in zip(states, wires, statement.wires):
            if state.shape[1:] != first.shape[1:]:
                causes = tuple(Label(w.trail.span, f"{w.state} leaves here") for w in (wires[0], wire) if w.trail and w.trail.before)
                raise fail("FS301", f"dimension mismatch: `merge` joins channels at the same positions; {first} and {state} differ", name.span,
                           label=f"{state}", secondary=causes, help=("let the same steps change height and width of both, or take them out of one",))  # fmt: skip
        return first.with_shape(sum(state.channels for state in states), *first.shape[1:])

    def _prior(self, statement: tree.Prior, section: Section) -> None:
        if self.turned:
            raise fail("FS404", "a prior cannot stand inside `inverse`", statement.span, help=("take it out of `inverse`, and put it behind the `}`",))
        wire = self.slots.wire(statement.span)
        self.slots.ended = self.used[self.slots.current] = statement.span
        spoken = self._tried(lambda: self._spoken_prior(statement, section))
        if spoken is None:
            del self.slots.open[self.slots.current]
            return
        self._tried(lambda: self._end(section, spoken, self.slots.current, wire.state, self._given(spoken), "prior", statement.span))
        del self.slots.open[self.slots.current]

    def _spoken_prior(self, statement: tree.Prior, section: Section) -> Spoken:
        value = evaluate(statement.value, section.scope)
        name = called(value)
        kind = self.definitions.kind(name)
        if kind and name not in Prior.words:
            raise fail("FS204", f"`{name}` is a `{kind}`; a prior is needed here", statement.value.span, fixes=(Fix("write a prior, for example `gaussian`", statement.value.span, "gaussian"),))
        return self._speak(Prior, value, section.scope, statement.value.span)

    def _end(self, section: Section, spoken: Spoken, slot: str, state: State | None, given: list[Known] | None, name: str, span: Span) -> None:
        self.ends.append(span)
        if state is None or given is None:
            return
        if state.levels is not None and spoken.word.reads == "real":
            before = (_dequantized(span),) if span != spoken.span else ()
            raise fail("FS307", f"`{spoken.word.word}` is a density of real numbers; integers 0 … {state.levels - 1} arrive", spoken.span, fixes=before,
                       help=() if before else ("put `dequantize(uniform)` before this step",))  # fmt: skip
        networks = self._networks(spoken, lambda: _checked_demands(spoken.word, state, tuple(known.state.shape for known in given)))
        section.items.append(End(
            name=section.named(name), word=spoken.word, reads=(slot,), given=tuple(k.slot for k in given), before=(state,),
            given_states=tuple(k.state for k in given), networks=networks, span=span,
        ))  # fmt: skip

    def _transform(self, spoken: Spoken, statement: tree.Do, section: Section) -> None:
        readings = self._readings(spoken)
        wire = self.slots.wire(statement.span)
        state = wire.state
        if state is None:
            self._outputs_unknown(spoken, statement)
            self._plan_only(spoken)
            return
        if self.turned:
            if len(statement.names) or spoken.word.closes:
                raise fail("FS404", f"`{spoken.word.word}` cannot stand inside `inverse`", statement.span,
                           notes=("the body of `inverse` holds bijections, each from one state to one",),
                           help=("put it before `inverse`, and say what becomes of its outputs: `split(half) as (a, b)`, `on a { reverse }`, `merge(a, b)`",))  # fmt: skip
            domain = self._turned_domain(spoken, state)
            outputs = (domain,)
        else:
            domain, outputs = state, self._outputs(spoken, state)
        networks = self._tried(lambda: self._step_networks(spoken, domain, readings))
        flows = self._tried(lambda: self._flows(spoken, domain, readings))
        writes = self._writes(spoken, statement, outputs)
        name = section.named(spoken.word.word)
        if readings is not None and networks is not None and flows is not None:
            given = [known for reading in readings.values() for known in reading]
            readers = tuple(reader for reader, reading in readings.items() for _ in reading) if spoken.word.holds else ()
            self._emit(section, Step(
                name=name, word=spoken.word, reads=(self.slots.current,), writes=writes, given=tuple(k.slot for k in given),
                before=(state,), after=outputs, given_states=tuple(k.state for k in given), readers=readers, networks=networks,
                flows=flows, inverted=self.turned, span=statement.span,
            ))  # fmt: skip
        self._move_on(spoken, statement, section, writes, outputs, name)

    def _emit(self, section: Section, step: Step) -> None:
        self._count(1, step.span)
        section.items.append(step)

    def _outputs(self, spoken: Spoken, state: State) -> tuple[State, ...]:
        if state.levels is not None and spoken.word.reads == "real":
            raise fail("FS307", f"`{spoken.word.word}` needs real numbers; integers 0 … {state.levels - 1} arrive", spoken.span, fixes=(_dequantized(spoken.span),))
        try:
            outputs = spoken.word.outputs(state)
        except Fault as fault:
            raise spoken.refused(fault) from None
        large = next((output for output in outputs if output.size > LARGEST_STATE), None)
        if large is not None:
            raise too_large(str(large), spoken.span)
        return outputs

    def _turned_domain(self, spoken: Spoken, state: State) -> State:
        """What enters a transform as it is declared, of one that is turned round on a state."""
        try:
            domain = spoken.word.inputs(state)
            if spoken.word.facts(domain).kind != "bijection":
                raise fail("FS404", f"`{spoken.word.word}` is not a bijection: it cannot be turned round", spoken.span,
                           help=("take it out of `inverse`, and put it on a line before that",))  # fmt: skip
            spoken.word.outputs(domain)
        except Fault as fault:
            raise spoken.refused(fault) from None
        return domain

    def _writes(self, spoken: Spoken, statement: tree.Do, outputs: tuple[State, ...]) -> tuple[str, ...]:
        names = statement.names
        if len(outputs) == 1:
            if names:
                raise fail("FS506", f"`{spoken.word.word}` has one output, which needs no name", names[0].span,
                           help=(f"leave `as {names[0].name}` out; to name the state for later, write `tap {names[0].name}` on the next line",))  # fmt: skip
            return (self.slots.current,)
        if self._closing(spoken):
            if names:
                raise fail("FS506", f"`{spoken.word.closes}` ends the second output: there is nothing to name", names[0].span,
                           help=(f"leave `as (…)` out, or leave `{spoken.word.closes}` out and end or merge both wires",))  # fmt: skip
            return (self.slots.current, self.frame.slot(f"{spoken.word.word}.{self.steps}"))
        if len(names) != len(outputs):
            raise fail(
                "FS506", f"`{spoken.word.word}` has {len(outputs)} outputs; {len(names) or 'none'} named", statement.span,
                label="the second part goes nowhere",
                fixes=() if names else (Fix("end it with a prior", spoken.span, changed_call(spoken.word.word, spoken.arguments, {"prior": "gaussian"})),),
                help=(f"{'' if names else 'or '}name both, `{changed_call(spoken.word.word, spoken.arguments, {})} as (a, b)`, and join them in the end: `merge(a, b)`",),
            )  # fmt: skip
        return tuple(self._new_wire(name) for name in names)

    def _closing(self, spoken: Spoken) -> Spoken | None:
        return (spoken.inner or {}).get(spoken.word.closes or "")

    def _new_wire(self, name: tree.Name) -> str:
        old = self.frame.wires.get(name.name)
        if old in self.slots.open or name.name in self.frame.taps or name.name in self.frame.contexts:
            raise fail("FS211", f"`{name.name}` is another state's name already", name.span, help=("choose another name, here and where this one is used",))
        self.frame.wires[name.name] = slot = self.frame.slot(name.name)
        return slot

    def _move_on(self, spoken: Spoken, statement: tree.Do, section: Section, writes: tuple[str, ...], outputs: tuple[State, ...], name: str) -> None:
        trail = self.slots.open.pop(self.slots.current).trail
        for slot, state in zip(writes, outputs):
            self.slots.open[slot] = Wire(state, statement.span, trail and trail.to(spoken.word.word, state, statement.span))
        closing = self._closing(spoken)
        if closing is not None:
            dropped = self.slots.open.pop(writes[1])
            own = closing.networks and closing.given is None
            self._tried(lambda: self._end(
                section, closing, writes[1], dropped.state, [Known(writes[0], outputs[0])] if own else self._given(closing),
                f"{name}_prior", closing.span,
            ))  # fmt: skip

    def _outputs_unknown(self, spoken: Spoken, statement: tree.Do) -> None:
        if statement.names:
            del self.slots.open[self.slots.current]
            for name in statement.names:
                self.slots.open[self._new_wire(name)] = Wire(None, statement.span)
        elif self._closing(spoken):
            self.ends.append(statement.span)


def _dequantized(span: Span) -> Fix:
    """Integers made real before a statement."""
    return Fix("put `dequantize(uniform)` before it", Span(span.file, span.start, span.start), "dequantize(uniform); ")


def _too_late(name: str, used: Span | None, ends: list[Span]) -> str:
    """What is to be done where a wire is used behind its end."""
    if used in ends:
        return f"take out the prior that ends `{name}`, or leave `{name}` out here"
    return f"use `{name}` before it is merged: move this above the `merge`"


def _checked_demands(word: Prior, state: State, given: tuple[Shape, ...]) -> dict[str, Demand]:
    word.check(state)
    return word.demands(state, given)
