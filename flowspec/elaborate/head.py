"""The head of a flow: its input, and the contexts that it is conditioned on."""

from __future__ import annotations

from collections.abc import Iterator

from flowspec.diagnostics import Label, SpecError, nearest
from flowspec.elaborate.arguments import Spoken, speak
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.effort import LARGEST_STATE, too_large
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.frames import Frame, chosen
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.independence import Hidden
from flowspec.elaborate.networks import shaped
from flowspec.elaborate.plans import Plan, Planner
from flowspec.elaborate.values import Deferred, Known, Scope, Symbol, fail, truth
from flowspec.graph import ContextNode, Network
from flowspec.syntax import tree
from flowspec.syntax.format import write
from flowspec.vocabulary.rules import State
from flowspec.vocabulary.word import Input


class Head:
    """Elaborates the head of a flow. Faults are gathered; the contexts can be named in the frame."""

    def __init__(self, definitions: Definitions, frame: Frame):
        self.definitions, self.frame = definitions, frame
        self.planner = Planner(definitions)
        self.faults = Gathered()
        self.hidden: set[Hidden] = set()
        self.input: tuple[tree.Input, Spoken] | None = None
        self.contexts: list[ContextNode] = []

    def declare(self, body: tree.Body, scope: Scope) -> list[tree.Statement]:
        """Declares what a body holds of the head. Returns its other statements, but for the settings."""
        rest = []
        for statement in self._statements(body.statements, scope):
            if isinstance(statement, tree.Input):
                self.faults.tried(lambda: self._declare_input(statement, scope))
            elif isinstance(statement, tree.Context):
                self._context(statement, scope)
            elif not isinstance(statement, tree.Settings):
                rest.append(statement)
        return rest

    def state(self, flow: tree.Definition) -> State | None:
        """The state of the input; None if there is none, or a faulty one."""
        if not any(isinstance(statement, tree.Input) for statement in flow.body.statements):
            self.faults.tried(lambda: self._no_input(flow))
        return self.input and self.faults.tried(lambda: self._bounded(*self.input))

    def _no_input(self, flow: tree.Definition) -> None:
        raise fail("FS507", f"flow `{flow.name.name}` has no input", flow.name.span, help=("say first in its body what the data look like, for example `input vector(2)`, or `input image(3, 32, 32, levels=real)`",))

    def _bounded(self, statement: tree.Input, spoken: Spoken) -> State:
        state = spoken.word.state()
        if state.size > LARGEST_STATE:
            raise too_large(str(state), statement.value.span)
        return state

    def _statements(self, statements: tuple[tree.Statement, ...], scope: Scope) -> Iterator[tree.Statement]:
        """The statements, with those of an `if` that holds nothing but contexts in its place."""
        for statement in statements:
            if holds_contexts(statement):
                for body in self._chosen(statement, scope):
                    self.definitions.reached.add(body.span)
                    yield from body.statements
            else:
                yield statement

    def _chosen(self, statement: tree.If, scope: Scope) -> tuple[tree.Body, ...]:
        return chosen(statement, self.faults.tried(lambda: truth(evaluate(statement.condition, scope), statement.condition.span)))

    def _declare_input(self, statement: tree.Input, scope: Scope) -> None:
        if self.input is not None:
            raise fail("FS507", "a flow has one input", statement.span, secondary=(Label(self.input[0].span, "declared here"),),
                       help=("keep one of the two; what the flow is conditioned on is a `context`, as in `context vector(8) as theta`",))  # fmt: skip
        spoken = speak(Input, evaluate(statement.value, scope), scope, statement.value.span)
        if spoken.word.constant:
            raise fail("FS204", f"`{spoken.word.word}` is a constant; data are needed here", statement.value.span,
                       help=("for example `input vector(4)`", f"a constant that networks read is a context: `context {spoken.word.word}(1) as nothing`"))  # fmt: skip
        self.input = statement, spoken

    def _context(self, statement: tree.Context, scope: Scope) -> None:
        node = self.faults.tried(lambda: self._declared_context(statement, scope))
        if node is not None:
            self.contexts.append(node)
            self.frame.contexts[node.name] = Known(node.name, node.state)
            return
        for name in _likely_names(statement):
            self.frame.contexts.setdefault(name, Known(name, None))
            self.hidden.add((name, statement.span))

    def _declared_context(self, statement: tree.Context, scope: Scope) -> ContextNode:
        expression = statement.value
        first, *rest = expression.parts if isinstance(expression, tree.Compose) else (expression,)
        value = evaluate(first, scope)
        origin = self.frame.contexts.get(value.name) if isinstance(value, Symbol) and rest else None
        word = None if origin else speak(Input, value, scope, first.span).word
        name = statement.name.name if statement.name else value.name if origin else word.word
        if name in self.frame.contexts:
            others = tuple(Label(context.span, "declared here") for context in self.contexts if context.name == name)
            raise fail("FS211", f"a context named `{name}` is declared already", statement.span, secondary=others, help=(f"take it out, or give it another name, `context {write(statement.value)} as label`, and let a step read it: `given=label`",))
        state, network = origin.state if origin else word.state(), None
        if rest:
            plan = self.planner.plan(Deferred(tree.Compose(expression.span, tuple(rest)), scope), expression.span)
            network = self._network(plan, state)
            state = State(shape=network.ports.output)
        return ContextNode(name=name, word=word, origin=origin and origin.slot, state=state, network=network, span=statement.span)

    def _network(self, plan: Plan, state: State | None) -> Network:
        if state is None:  # of a context that is faulty itself
            raise SpecError(())
        return shaped(plan, state.shape, (), None).model_copy(update={"name": "network"})


def _likely_names(statement: tree.Context) -> tuple[str, ...]:
    """The names that a faulty context would have, as far as can be told."""
    if statement.name:
        return (statement.name.name,)
    word = getattr(statement.value, "name", "")
    return tuple(filter(None, (word, nearest(word, Input.words))))


def holds_contexts(statement: tree.Statement) -> bool:
    """Whether a statement is an `if` of contexts, which belongs to the head of a flow."""
    return isinstance(statement, tree.If) and all(isinstance(inner, tree.Context) for inner in statement.body.statements)
