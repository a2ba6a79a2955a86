"""Plans: networks as words one after another and within one another, before any shape is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from flowspec.diagnostics import SpecError
from flowspec.elaborate.arguments import Spoken, items_of, speak
from flowspec.elaborate.beside import networks_of
from flowspec.elaborate.calls import call_of, unknown_word
from flowspec.elaborate.definitions import Definitions
from flowspec.elaborate.examples import example
from flowspec.elaborate.expressions import evaluate
from flowspec.elaborate.frames import chosen
from flowspec.elaborate.gathered import Gathered
from flowspec.elaborate.repeating import listed, repetitions
from flowspec.elaborate.values import LOST, Deferred, Scope, Value, fail, truth
from flowspec.source import Span
from flowspec.syntax import tree
from flowspec.vocabulary.networks.structure import Chain
from flowspec.vocabulary.rules import Shape
from flowspec.vocabulary.word import NetworkWord

Result = TypeVar("Result")
_BODIES = {"residual": "relu; conv(3)"}
"""What a body may hold, for messages about a combinator that has none, where it is bound to a width."""


@dataclass(frozen=True)
class Plan:
    """A network before its shapes are known."""

    name: str
    word: NetworkWord
    span: Span
    arguments: dict[str, tree.Argument] = field(default_factory=dict)
    children: tuple[Plan, ...] = ()
    first: int | None = None
    net: bool = False
    """Whether this is a call of a `net`, which messages from within it tell."""

    def wants(self, wanted: Shape | None) -> Shape | None:
        """The input that is wanted where this output is, as far as it follows."""
        if wanted is None or not isinstance(self.word, Chain):
            return self.word.wants(wanted) if wanted else None
        for child in reversed(self.children):
            wanted = child.wants(wanted)
        return wanted

    def ordered(self) -> bool | None:
        """What the word says of itself, or for a chain its pieces together."""
        if not isinstance(self.word, Chain):
            return self.word.ordered()
        found = [child.ordered() for child in self.children]
        return False if False in found else True if True in found else None

    def causal(self) -> bool:
        """Whether row r of the output depends on rows up to r only."""
        return all(child.causal() for child in self.children) if self.children else self.word.causal()

    def lipschitz_constant(self) -> float | None:
        """A Lipschitz constant composed from those of the pieces; None if one of them has none."""
        return self.word.lipschitz_constant(tuple(child.lipschitz_constant() for child in self.children))

    def takes_conditions(self) -> bool:
        """Whether the first word reads its conditions beside its input, and does not take them for inputs."""
        return self.children[0].takes_conditions() if isinstance(self.word, Chain) else not self.word.joins


class Planner:
    """Makes plans of networks out of the text and the definitions."""

    def __init__(self, definitions: Definitions):
        self.definitions = definitions

    def plan(self, value: Value, span: Span) -> Plan:
        """A chain for the network that a value stands for."""
        pieces = self.pieces(value, span)
        return Plan("chain", Chain(), span, children=named(pieces))

    def pieces(self, value: Value, span: Span) -> list[Plan]:
        """The networks that stand one after another in a value."""
        if not isinstance(value, Deferred) or not isinstance(value.expression, tree.Compose):
            return [self._single(value, span)]
        faults = Gathered()
        found = [faults.tried(lambda: self.pieces(evaluate(part, value.scope), part.span)) for part in value.expression.parts]
        faults.end()
        return [piece for pieces in found for piece in pieces]

    def _single(self, value: Value, span: Span) -> Plan:
        self.definitions.effort.spend_piece(span)
        name, _, arguments, scope = call_of("a network", value, Scope({}), span)
        definition = self.definitions.find("net", name)
        if definition is not None:
            return self._net(definition, arguments, scope, span)
        spoken = self._spoken(value, span)
        if spoken.word.body is not None and not spoken.networks:
            raise fail("FS209", f"`{name}` needs a body: `{name} {{ … }}`", span, notes=("a body stands in a `net`, not within the arguments of a call",),
                       help=(f"define it below the flow, `net blocks {{ {name} {{ {_BODIES.get(name, 'conv(3, 32)')} }} }}`, and write `blocks` here",
                             "for a vector `linear` stands in place of `conv(3)`"))  # fmt: skip
        inner = [piece for field, value in spoken.networks.items() for piece in self.pieces(value, spoken.at(field))]
        return Plan(name, spoken.word, span, spoken.arguments, named(inner))

    def _spoken(self, value: Value, span: Span) -> Spoken:
        name, place, _, scope = call_of("a network", value, Scope({}), span)
        if name not in NetworkWord.words:
            raise self._no_network(name, place)
        faults = Gathered()
        spoken = faults.tried(lambda: speak(NetworkWord, value, scope, span))
        for network, place in networks_of(NetworkWord, value, scope, span) if faults.failed else ():
            faults.tried(lambda: self.pieces(network, place))
        faults.end()
        self.definitions.effort.spend_piece(span, items_of(spoken))
        return spoken

    def _no_network(self, name: str, span: Span) -> SpecError:
        kind = self.definitions.kind(name)
        if kind is None:
            return unknown_word(NetworkWord, name, span, self.definitions.names("net"))
        own = f"or of a `net` of your own: `net {name} {{ linear(64); relu; linear }}`, written below the flow in place of the `{kind}`"
        return fail("FS204", f"`{name}` is a `{kind}`; a network is needed here", span, help=(*example("a network", None), own))

    def _net(self, definition: tree.Definition, arguments: tuple[tree.Argument, ...], scope: Scope, span: Span) -> Plan:
        with self.definitions.inside(definition, span):
            inner = self.definitions.bind(definition, arguments, scope, span)
            children = self.body(definition.body, inner)
        return Plan(definition.name.name, Chain(), span, children=children, net=True)

    def _combined(self, value: Value, span: Span, body: tree.Body, scope: Scope) -> Plan:
        self.definitions.effort.spend_piece(span)
        faults = Gathered()
        spoken = faults.tried(lambda: self._combinator(value, span, body))
        children = faults.tried(lambda: self.body(body, scope))
        faults.end()
        return Plan(spoken.word.word, spoken.word, span, spoken.arguments, children)

    def _combinator(self, value: Value, span: Span, body: tree.Body) -> Spoken:
        name, *_ = call_of("a network", value, Scope({}), span)
        spoken = None if self.definitions.find("net", name) else self._spoken(value, span)
        if spoken is None or spoken.word.body is None or spoken.networks:
            raise fail("FS209", f"`{name}` takes no body", body.span, help=("what follows it is written on the next line, or after `;` or `>>`",))
        return spoken

    def body(self, body: tree.Body, scope: Scope) -> tuple[Plan, ...]:
        """The networks of a body, named."""
        plans = self._statements(body, scope)
        if not plans:
            raise fail("FS209", "a network needs at least one piece", body.span, help=("for example `linear(8); relu; linear`: the width of the last piece is taken from what is needed",))
        return named(plans)

    def _statements(self, body: tree.Body, scope: Scope) -> list[Plan]:
        self.definitions.reached.add(body.span)
        plans: list[Plan] = []
        faults = Gathered()
        for statement in body.statements:
            self.definitions.effort.spend_piece(statement.span)
            if isinstance(statement, tree.Let):
                value = faults.tried(lambda: evaluate(statement.value, scope))
                scope = scope.inner(**{statement.name.name: LOST if value is None else value})
            else:
                plans += faults.tried(lambda: self._statement(statement, scope)) or []
        faults.end()
        return plans

    def _statement(self, statement: tree.Statement, scope: Scope) -> list[Plan]:
        match statement:
            case tree.Do(value=value, body=None):
                return self.pieces(evaluate(value, scope), value.span)
            case tree.Do(value=value, body=body):
                return [self._combined(evaluate(value, scope), value.span, body, scope)]
            case tree.Repeat(count=count, body=body):
                times = self._head(lambda: repetitions(evaluate(count, scope), count.span), scope, body)
                return [self._iteration("step", body, scope) for _ in range(times)]
            case tree.For(name=name, values=values, body=body):
                items = self._head(lambda: listed(evaluate(values, scope), values.span), scope.inner(**{name.name: LOST}), body)
                return [self._iteration(name.name, body, scope.inner(**{name.name: item})) for item in items]
            case tree.If(condition=condition, body=body, otherwise=otherwise):
                holds = self._head(lambda: truth(evaluate(condition, scope), condition.span), scope, body, otherwise)
                return [plan for inner in chosen(statement, holds) for plan in self._statements(inner, scope)]
            case tree.Skipped():
                raise SpecError(())
        raise fail("FS210", "this statement belongs in a flow, not in a network", statement.span,
                   help=("take it out: a `net` holds networks, `let`, `repeat`, `for` and `if`",))  # fmt: skip

    def _head(self, head: Callable[[], Result], scope: Scope, *bodies: tree.Body | None) -> Result:
        """What the head of a structure gives. Where it fails, its bodies are looked at for faults of their own."""
        faults = Gathered()
        result = faults.tried(head)
        for body in filter(None, bodies if faults.failed else ()):
            faults.tried(lambda: self._statements(body, scope))
        faults.end()
        return result

    def _iteration(self, name: str, body: tree.Body, scope: Scope) -> Plan:
        return Plan(name, Chain(), body.span, children=self.body(body, scope), first=1)


def named(plans: list[Plan]) -> tuple[Plan, ...]:
    """Plans with names of their own: `conv`, `conv2`, …; iterations are counted from 1."""
    counts: dict[str, int] = {}
    taken: set[str] = set()
    result = []
    for plan in plans:
        count, iterates = counts.get(plan.name, 0) + 1, plan.first is not None
        while (name := plan.name if count == 1 and not iterates else f"{plan.name}{count}") in taken:
            count += 1
        counts[plan.name] = count
        taken.add(name)
        result.append(replace(plan, first=count) if iterates else replace(plan, name=name))
    return tuple(result)
