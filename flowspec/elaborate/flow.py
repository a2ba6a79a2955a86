"""Elaboration of a flow's body: its structure, statement by statement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from flowspec.diagnostics import Fix, Label
from flowspec.elaborate.arguments import items_of
from flowspec.elaborate.calls import call_of, called
from flowspec.elaborate.contracts import Expectation
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.frames import Frame, Section, Wire, chosen
from flowspec.elaborate.misplaced import not_a_transform
from flowspec.elaborate.recovery import Recovery
from flowspec.elaborate.repeating import listed, repetitions, shown
from flowspec.elaborate.values import LOST, Scope, Value, fail, truth
from flowspec.graph import Block, Item
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.word import Transform


class FlowElaborator(Recovery):
    """Elaborates one flow's body. Faults are collected; what depends on a faulty state stays silent."""

    rules: ClassVar[dict[type, Callable[[FlowElaborator, Any, Section], None]]]
    """What is done with each kind of statement."""

    # -------------------------------------------------------------------------------------------------------- bodies

    def body(self, body: tree.Body, scope: Scope) -> tuple[Item, ...]:
        """The items of a body."""
        section = Section(scope, [], {}, taken={f"context_{name}" for name in self.frame.contexts})
        self._statements(body, section)
        return tuple(section.items)

    def _statements(self, body: tree.Body, section: Section) -> None:
        self.definitions.reached.add(body.span)
        for statement in reversed(_lets_first(body)) if self.turned else body.statements:
            self._guarded(statement, section, lambda: self.rules[type(statement)](self, statement, section))

    def _block(self, kind: str, name: str, body: tree.Body, scope: Scope, section: Section, first: int | None = None) -> Block:
        self.definitions.effort.spend(body.span)
        self._count(1, body.span)
        block = Block(kind=kind, name=name, items=self.body(body, scope), first=first, span=body.span)
        last = section.items[-1] if section.items else None
        if isinstance(last, Block) and _continues(last, block):
            section.items[-1] = last.model_copy(update={"times": last.times + 1})
        else:
            section.items.append(block)
        return block

    # ----------------------------------------------------------------------------------------------------- structure

    def _let(self, statement: tree.Let, section: Section) -> None:
        value = self._tried(lambda: evaluate(statement.value, section.scope))
        section.scope = section.scope.inner(**{statement.name.name: LOST if value is None else value})

    def _repeat(self, statement: tree.Repeat, section: Section) -> None:
        times = repetitions(evaluate(statement.count, section.scope), statement.count.span)
        for done in range(1, times + 1):
            before, steps = self._snapshot(), self.steps
            with self._later(done, f"`repeat`, iteration {done}", statement.count.span):
                self._block("repeat", "step", statement.body, section.scope, section, section.number("step"))
            if done < times and self._snapshot() == before and section.numbers_follow("step", times - done):
                self._rest_alike(section, times - done, self.steps - steps, statement.span)
                return

    def _rest_alike(self, section: Section, times: int, steps: int, span: Span) -> None:
        last = section.items[-1]
        section.items[-1] = last.model_copy(update={"times": last.times + times})
        self._count(times * steps, span)

    def _snapshot(self) -> tuple:
        taps = {name: tuple(tap) if isinstance(tap, list) else tap for name, tap in self.frame.taps.items()}
        return self.slots.snapshot(), taps

    def _for(self, statement: tree.For, section: Section) -> None:
        values = listed(evaluate(statement.values, section.scope), statement.values.span)
        name = _free(statement.name.name, statement.name.span)
        numbers = [section.number(name) for _ in values]
        pairs = list(zip(numbers, values))
        for first, value in reversed(pairs) if self.turned else pairs:
            with self._later(first, f"`for`, {name} = {shown(value)}", statement.name.span):
                self._block("for", name, statement.body, section.scope.inner(**{name: value}), section, first)

    def _later(self, iteration: int, text: str, span: Span) -> AbstractContextManager[None]:
        """What follows is of an iteration, which is worth a word in messages unless it is the first."""
        return self.definitions.frame(Label(span, text)) if iteration > 1 else nullcontext()

    def _if(self, statement: tree.If, section: Section) -> None:
        holds = truth(evaluate(statement.condition, section.scope), statement.condition.span)
        for body in chosen(statement, holds):
            scope = section.scope
            self.chosen += 1
            self._statements(body, section)
            self.chosen -= 1
            section.scope = scope

    def _part(self, statement: tree.Part, section: Section) -> None:
        name = section.named(_free(statement.name.name, statement.name.span))
        if name != statement.name.name:
            raise fail("FS211", f"something named `{statement.name.name}` stands here already", statement.name.span,
                       fixes=(Fix("give it a name of its own", statement.name.span, name),))  # fmt: skip
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
            self._block("on", section.named(_free(statement.wire.name, statement.wire.span)), statement.body, section.scope, section)
        finally:
            self.slots.current = outer

    # --------------------------------------------------------------------------------------------------------- steps

    def _do(self, statement: tree.Do, section: Section) -> None:
        if statement.body is not None:
            raise fail("FS209", "a transform takes no body", statement.body.span,
                       help=("what follows it is written on the next line, or after `;`",))  # fmt: skip
        value, span = evaluate(statement.value, section.scope), statement.value.span
        name = called(value)
        definition = self.definitions.find("def", name)
        if definition is not None:
            self._call(definition, value, section, span)
        elif name in Transform.words and name != "merge":
            spoken = self._speak(Transform, value, section.scope, span)
            self.definitions.effort.spend(span, items_of(spoken))
            self._transform(spoken, statement, section)
        else:
            wire = self.slots.open.get(self.slots.current)
            raise not_a_transform(value, span, self.definitions, wire and wire.state)

    def _call(self, definition: tree.Definition, value: Value, section: Section, span: Span) -> None:
        with self.definitions.inside(definition, span):
            inner = self._bound(definition, value, span)
            outer, self.frame = self.frame, Frame(self.frame.depth + 1, contexts=self.frame.contexts)
            inner.states = self.find_state
            try:
                opened = set(self.slots.open)
                before = self.slots.open.get(self.slots.current)
                self._block("def", section.named(_free(definition.name.name, span)), definition.body, inner, section)
                self._all_merged(opened, definition)
                self._one_step(before, definition.name.name, span)
            finally:
                self.frame = outer

    def _bound(self, definition: tree.Definition, value: Value, span: Span) -> Scope:
        """The scope of a `def`'s body, from its call."""
        _, _, arguments, scope = call_of("a transform", value, Scope({}), span)
        return self.definitions.bind(definition, arguments, scope, span)

    def _one_step(self, before: Wire | None, name: str, span: Span) -> None:
        """From outside, what a `def` does to the shape is one step of the path."""
        wire = self.slots.open.get(self.slots.current)
        if before is not None and before.trail and wire is not None and wire.state is not None:
            wire.trail = before.trail.to(name, wire.state, span)

    def _all_merged(self, opened: set[str], definition: tree.Definition) -> None:
        for name, slot in self.frame.wires.items():
            if slot in self.slots.open and slot not in opened:
                span = self.slots.open.pop(slot).span
                self.slots.open.setdefault(self.slots.current, Wire(None, span))
                self._report(fail("FS505", f"wire `{name}` is dropped: `{definition.name.name}` ends while it is open", span, label="opened here",
                                  help=(f"name it in a `merge`, as in `merge({', '.join(self.frame.wires)})`, or end it: `on {name} {{ prior gaussian }}`",)))  # fmt: skip

    # ----------------------------------------------------------------------------------------------------- contracts

    def _expect(self, statement: tree.Expect, section: Section) -> None:
        fact = getattr(statement.condition, "left", None)
        if isinstance(fact, tree.Name) and fact.name == "shape":
            self.slots.wire(statement.span)
        wire = self.slots.open.get(self.slots.current)
        self.expectations.append(Expectation(statement, section.scope, wire.state if wire else None, self.chosen > 0))

    def _misplaced(self, statement: tree.Statement, section: Section) -> None:
        said, form = _PLACES[type(statement)]
        if isinstance(statement, tree.Freeze | tree.Bypass):
            form = form.replace("encoder", ", ".join(part.name for part in statement.parts))
        raise fail("FS210", said, statement.span, label="not here", help=(form,))


def _free(name: str, span: Span) -> str:
    """A name that a section may have. Raises SpecError for that of the networks that iterations share."""
    if name.rstrip("0123456789") == "shared":
        raise fail("FS211", f"a section cannot be called `{name}`: in paths that is what iterations share", span)
    return name


def _continues(last: Block, block: Block) -> bool:
    if last.first is None or block.first != last.first + last.times:
        return False
    return (last.kind, last.name) == (block.kind, block.name) and last.items == block.items


def _lets_first(body: tree.Body) -> list[tree.Statement]:
    """Read backwards, a body still has its names: `let` comes last, so that it is read first."""
    lets = [statement for statement in body.statements if isinstance(statement, tree.Let)]
    return [statement for statement in body.statements if not isinstance(statement, tree.Let)] + lets[::-1]


_PLACES = {
    tree.Input: ("`input` stands once, at the top of the flow's body", "take it out here"),
    tree.Context: ("`context` stands at the top of the flow's body", "move it below `input`"),
    tree.Freeze: ("`freeze` stands in a `phase` of `train`", "write it so, below the prior: `train(epochs=20) { phase first { freeze encoder } }`"),
    tree.Bypass: ("`bypass` stands in a `phase` of `train`", "write it so, below the prior: `train(epochs=20) { phase first { bypass encoder } }`"),
    tree.Phase: ("`phase` stands in the body of `train`", "write it so, below the prior: `train(epochs=20) { phase first(lr=1e-4) {} }`"),
    tree.Settings: ("settings of a run stand in the flow's own body", "move it into the `flow`, below its prior"),
}

FlowElaborator.rules = {
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
